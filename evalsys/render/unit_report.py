"""The report of one unit on one page: what was found, how sure it is, and how to read it; from published figures alone."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from markupsafe import Markup

from evalsys.base.errors import Refused
from evalsys.render import words
from evalsys.render.charts_svg import Point, points_chart
from evalsys.render.score_table import ScoreCategory, ScoreRow, ScoreTable
from surveys.estimation import independent_change

PDF = "application/pdf"
FONTS = '"Noto Sans CJK SC", "Noto Sans", sans-serif'
#: the most units of a category that the chart shows beside the unit itself
DRAWN = 9
STYLE = f"""
@page {{ size: A4; margin: 13mm 16mm 14mm; font-family: {FONTS}; font-size: 8pt;
  @bottom-right {{ content: counter(page) " / " counter(pages); }} }}
html {{ font-family: {FONTS}; font-size: 9pt; line-height: 1.35; color: #1a2430; }}
h1 {{ font-size: 16pt; margin: 0; }}
h2 {{ font-size: 10.5pt; margin: 2.5mm 0 .5mm; }}
p {{ margin: 0 0 1mm; }}
.about {{ color: #4a5766; }}
.notice {{ border: .5pt solid #e0c77a; padding: .5mm 2mm; }}
ul.figures {{ display: flex; list-style: none; margin: 2mm 0; padding: 0; }}
ul.figures li {{ flex: 1; border: .5pt solid #c3ccd6; padding: 1mm 2mm; }}
strong {{ display: block; font-size: 13pt; }}
table {{ width: 100%; border-collapse: collapse; }}
th, td {{ text-align: left; padding: .3mm 1mm; border-bottom: .4pt solid #c3ccd6; font-weight: normal; }}
thead th {{ font-weight: bold; }}
.number {{ text-align: right; }}
img {{ width: 150mm; display: block; }}
ul.reading {{ margin: 0; padding-left: 4mm; }}
.foot {{ font-size: 7pt; color: #4a5766; overflow-wrap: anywhere; margin-top: 2mm; }}
"""


def write_unit_report(
    table: ScoreTable, row: ScoreRow, disclosure: Mapping[str, Any], round_name: str, earlier: Mapping[str, Any] | None
) -> bytes:
    """The report as PDF/UA-1 in the page's language.

    earlier : the unit's published figures of the same round a year before, or ``None``.
    Raises ``Refused`` where nothing may be shown of the unit, or where the libraries that PDF is made with are missing.
    """
    if not row.is_shown:
        raise Refused("Unit %(unit)s has too few answers; nothing of it may be shown.", unit=row.code)
    try:
        from weasyprint import HTML
    except OSError as error:
        raise Refused(
            "PDF cannot be made on this machine: install the Debian packages libpango-1.0-0, libpangoft2-1.0-0, "
            "libharfbuzz-subset0 and fonts-noto-cjk."
        ) from error
    return HTML(string=str(make_page(table, row, disclosure, round_name, earlier))).write_pdf(pdf_variant="pdf/ua-1")


def make_page(
    table: ScoreTable, row: ScoreRow, disclosure: Mapping[str, Any], round_name: str, earlier: Mapping[str, Any] | None
) -> Markup:
    """The report as an HTML document that stands by itself."""
    category = table.category_of(row)
    programme = table.configuration["programme"]
    language = "zh-Hans" if table.language == "zh" else "en"
    body = [
        Markup("<h1>{}</h1>").format(row.name),
        _paragraph(f"{category.name} · {programme['name'][table.language]} · {round_name}", "about"),
        _paragraph(programme["banner"][table.language], "notice") if programme.get("banner") else Markup(""),
        _headline(table, row),
        *(_paragraph(sentence) for sentence in describe_standing(table, row)),
        _paragraph(describe_change(row, earlier, table.configuration["scoring"]["confidence_level"])),
        Markup("<h2>{}</h2>").format(gettext("Indicators beside the category")),
        _indicators(table, row, category),
        Markup("<h2>{}</h2>").format(gettext("The survey score beside others of the category")),
        _neighbours(table, row, category),
        Markup("<h2>{}</h2>").format(gettext("How to read this")),
        _reading(table, disclosure),
        _paragraph(
            f"{gettext('Configuration (SHA-256)')} {disclosure['configuration_sha256']} · "
            f"{gettext('Frozen answers (SHA-256)')} {disclosure['dataset_sha256']}",
            "foot",
        ),
    ]
    return Markup(
        '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>{}</title><style>{}</style></head><body>{}</body></html>'
    ).format(language, f"{row.name} · {round_name}", Markup(STYLE), Markup("").join(body))


def describe_standing(table: ScoreTable, row: ScoreRow) -> tuple[str, ...]:
    """Band, rank set and worst set in words; what may not be said is said to be so."""
    level = words.show_share(table.configuration["scoring"]["confidence_level"], 0)
    said = []
    if row.get("band"):
        said.append(gettext("Compared with its category: %(band)s.", band=words.BANDS[row.get("band")]))
    if row.rank_set:
        said.append(
            gettext(
                "Rank %(rank)s; rank set at %(level)s confidence for all units at once: %(set)s.",
                rank=row.get("rank"),
                level=level,
                set=row.rank_set,
            )
        )
    else:
        said.append(gettext("No grade or rank: too few answers, or too unreliable."))
    if row.get("in_worst_set"):
        said.append(gettext("It cannot be excluded that this unit is last in its category."))
    return tuple(said)


def describe_change(row: ScoreRow, earlier: Mapping[str, Any] | None, level: float | str) -> str:
    """The change of the survey score since a year before and whether it is more than chance, in a sentence."""
    parts = (row.figures, earlier or {"visibility": "nothing"})
    if any(one["visibility"] == "nothing" or one.get("survey_std_error") is None for one in parts):
        return gettext("No comparison with the year before: nothing of it is published here.")
    now, before = (
        [float(one[name]) for name in ("survey_score", "survey_std_error", "df")] for one in (row.figures, earlier)
    )
    test = independent_change(*before, *now, level=float(level))
    values = {
        "before": words.show_number(before[0]),
        "change": f"{test.estimate:+.2f}",
        "low": f"{test.low:+.2f}",
        "high": f"{test.high:+.2f}",
    }
    if test.low <= 0 <= test.high:
        return gettext(
            "A year before the survey score was %(before)s; the change of %(change)s (%(low)s to %(high)s) may be chance.",
            **values,
        )
    return gettext(
        "A year before the survey score was %(before)s; the change of %(change)s (%(low)s to %(high)s) is more than chance.",
        **values,
    )


def category_mean(category: ScoreCategory, indicator: str) -> float | None:
    """The plain mean of an indicator over the units of a category that are shown; ``None`` below two, where it would be the unit's own."""
    means = [float(row.mean(indicator)) for row in category.rows if row.mean(indicator) is not None]
    return sum(means) / len(means) if len(means) > 1 else None


def _headline(table: ScoreTable, row: ScoreRow) -> Markup:
    interval = ""
    if row.get("survey_low"):
        interval = f" ({words.show_number(row.get('survey_low'))}–{words.show_number(row.get('survey_high'))})"
    level = words.show_share(table.configuration["scoring"]["confidence_level"], 0)
    tiles = (
        (
            words.show_number(row.composite),
            gettext("composite score") + (f" · {row.grade_name}" if row.grade_name else ""),
        ),
        (words.show_number(row.get("survey_score")), f"{gettext('survey score')}{interval}, {level}"),
        (words.show_number(row.hotline_score), gettext("hotline score")),
        (words.show_count(row.get("completes")), gettext("complete interviews")),
    )
    items = Markup("").join(Markup("<li><strong>{}</strong>{}</li>").format(value, label) for value, label in tiles)
    return Markup('<ul class="figures">{}</ul>').format(items)


def _indicators(table: ScoreTable, row: ScoreRow, category: ScoreCategory) -> Markup:
    heads = (gettext("Indicator"), gettext("Weight"), gettext("Mean (0–100)"), gettext("Category"), gettext("Answers"))
    lines, points = [], []
    for item in (*table.scored, *table.auxiliary):
        code, name = item["code"], f"{item['code']} {item['name'][table.language]}"
        part, beside = row.get("indicators")[code], category_mean(category, item["code"])
        hidden = part["mean"] is None
        weight = words.show_share(item["weight"], 0) if item["role"] == "scored" else gettext("reported only")
        count = words.HIDDEN if hidden else words.show_count(part["n"])
        lines.append((name, weight, words.show_number(part["mean"]), words.show_number(beside), count))
        if not hidden and item["role"] == "scored":
            points.append(Point(name, float(part["mean"]), mark=beside, strong=True))
    chart = points_chart(points, language=table.language, row=17)
    label = gettext(
        "Means of the indicators as points, those of the category as strokes; the same numbers stand in the table."
    )
    return _table(heads, lines) + _picture(chart, label)


def _neighbours(table: ScoreTable, row: ScoreRow, category: ScoreCategory) -> Markup:
    """The unit among those of its category that are nearest to it; units without an interval are left out."""
    if row.get("survey_low") is None:
        return _paragraph(gettext("The score has no interval and is not drawn."))
    own = float(row.get("survey_score"))
    shown = [one for one in category.rows if one.get("survey_low") is not None]
    near = sorted(shown, key=lambda one: (one is not row, abs(float(one.get("survey_score")) - own)))[: DRAWN + 1]
    near.sort(key=lambda one: -float(one.get("survey_score")))
    points = [
        Point(
            one.name,
            float(one.get("survey_score")),
            float(one.get("survey_low")),
            float(one.get("survey_high")),
            strong=one is row,
        )
        for one in near
    ]
    target = category.shared.get("target")
    chart = points_chart(points, middle=None if target is None else float(target), language=table.language, row=16)
    label = gettext(
        "Survey scores with intervals of the units nearest to this one: %(list)s",
        list="; ".join(f"{p.name} {p.value:.2f} ({p.low:.2f}–{p.high:.2f})" for p in points),
    )
    return _picture(chart, label)


def _reading(table: ScoreTable, disclosure: Mapping[str, Any]) -> Markup:
    methods = table.configuration["scoring"]["methods"]
    sentences = (
        gettext(
            "Scores run from 0 to 100. Units are compared within their own category only;"
            " an interval shows how far chance alone could have moved a score."
        ),
        gettext(
            "Survey %(survey)s and hotline %(hotline)s of the round.",
            survey=words.show_share(methods["survey"], 0),
            hotline=words.show_share(methods["hotline"], 0),
        ),
        gettext(
            "The ranks that a unit may really have, for all units of the category at once. Units whose sets overlap cannot be told apart."
        ),
        gettext(
            "A random sample of the people whom the unit served was asked from %(first)s to %(last)s.",
            first=disclosure["dates"]["first"],
            last=disclosure["dates"]["last"],
        ),
    )
    return Markup('<ul class="reading">{}</ul>').format(
        Markup("").join(Markup("<li>{}</li>").format(sentence) for sentence in sentences)
    )


def _paragraph(text: str, kind: str = "said") -> Markup:
    return Markup('<p class="{}">{}</p>').format(kind, text)


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> Markup:
    def cells(texts: Sequence[str], opened: str, closed: str) -> Markup:
        return Markup("").join(Markup(opened) + text + Markup(closed) for text in texts)

    head = cells(heads[:1], '<th scope="col">', "</th>") + cells(heads[1:], '<th scope="col" class="number">', "</th>")
    body = Markup("").join(
        Markup("<tr>{}{}</tr>").format(
            cells(line[:1], '<th scope="row">', "</th>"), cells(line[1:], '<td class="number">', "</td>")
        )
        for line in lines
    )
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)


def _picture(chart: Markup, label: str) -> Markup:
    """A chart as an image with its words, which is how a PDF tells people who hear it."""
    if not chart:
        return Markup("")
    data = base64.b64encode(str(chart).encode()).decode()
    return Markup('<img alt="{}" src="data:image/svg+xml;base64,{}">').format(label, data)
