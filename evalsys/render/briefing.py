"""The briefing of a published round as a Word document: what was done, the scores with their intervals, and what they cannot say."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from evalsys.render import words
from evalsys.render.printed_form_word import set_face
from evalsys.render.score_table import ScoreCategory, ScoreRow, ScoreTable


def write_briefing(table: ScoreTable, disclosure: Mapping[str, Any], round_name: str) -> bytes:
    """The .docx in the page's language, from published figures alone; Chinese is set in a Chinese face."""
    from docx import Document
    from docx.shared import Mm, Pt

    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(20)
    for name in ("Normal", "Title", "Heading 1", "Heading 2", "List Bullet"):
        set_face(document.styles[name])
    document.styles["Normal"].font.size = Pt(10.5)
    programme = table.configuration["programme"]
    title = f"{programme['name'][table.language]} · {round_name}"
    document.core_properties.title = title
    document.core_properties.language = "zh-CN" if table.language == "zh" else "en"
    document.add_heading(title, level=1)
    if programme.get("banner"):
        document.add_paragraph().add_run(programme["banner"][table.language]).bold = True
    document.add_heading(gettext("What was done"), level=2)
    for sentence in describe_work(disclosure):
        document.add_paragraph(sentence)
    for category in table.categories:
        document.add_heading(category.name, level=2)
        _add_scores(document, table, category)
        for sentence in describe_category(category):
            document.add_paragraph(sentence)
    for heading, item in ((gettext("Limitations"), "limitations"), (gettext("Method"), "weighting")):
        document.add_heading(heading, level=2)
        for fact in disclosure[item]:
            document.add_paragraph(str(words.FACTS[fact]), style="List Bullet")
    document.add_paragraph(f"{gettext('Configuration (SHA-256)')} {disclosure['configuration_sha256']}")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def describe_work(disclosure: Mapping[str, Any]) -> tuple[str, ...]:
    """Who asked whom, when, and how many answered, in sentences."""
    precision, dates = disclosure["precision"], disclosure["dates"]
    return (
        gettext(
            "%(conductor)s asked a random sample of the people whom %(units)s units served, for %(sponsor)s, from %(first)s to %(last)s.",
            conductor=words.name_in_language(disclosure["conductor"]),
            sponsor=words.name_in_language(disclosure["sponsor"]),
            units=words.show_count(precision["units"]),
            first=dates["first"],
            last=dates["last"],
        ),
        gettext(
            "%(completes)s people were interviewed completely; the response rate (RR3) is %(rate)s.",
            completes=words.show_count(precision["completes"]),
            rate=words.show_share(disclosure["rates"]["RR3"]),
        ),
        gettext("Every score stands with its %(level)s interval.", level=words.show_share(precision["level"], 0)),
    )


def describe_category(category: ScoreCategory) -> tuple[str, ...]:
    """The worst set and the units that are not shown, in words."""
    said = []
    if category.worst_names:
        said.append(
            gettext(
                "Units that cannot be excluded as last (worst set): %(names)s.",
                names=gettext(", ").join(category.worst_names),
            )
        )
    else:
        said.append(gettext("No unit of this category is ranked, and none is said to be last."))
    if category.hidden_count:
        said.append(
            gettext("%(count)s units have too few answers; nothing of them is shown.", count=category.hidden_count)
        )
    return tuple(said)


def _add_scores(document, table: ScoreTable, category: ScoreCategory) -> None:
    from docx.oxml import OxmlElement

    level = words.show_share(table.configuration["scoring"]["confidence_level"], 0)
    heads = (
        gettext("Unit"),
        gettext("Completes"),
        gettext("Survey score"),
        gettext("%(level)s interval", level=level),
        gettext("Hotline score"),
        gettext("Composite"),
        gettext("Grade"),
        gettext("Rank set"),
    )
    grid = document.add_table(rows=1, cols=len(heads), style="Table Grid")
    for cell, head in zip(grid.rows[0].cells, heads, strict=True):
        cell.paragraphs[0].add_run(head).bold = True
    # A head that Word repeats on every page, and that a screen reader takes for one.
    grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row in category.rows:
        for cell, text in zip(grid.add_row().cells, _texts(row), strict=True):
            cell.text = text


def _texts(row: ScoreRow) -> tuple[str, ...]:
    low, high = row.get("survey_low"), row.get("survey_high")
    return (
        row.name,
        words.show_count(row.get("completes")),
        words.show_number(row.get("survey_score")),
        f"{words.show_number(low)}–{words.show_number(high)}" if low else words.HIDDEN,
        words.show_number(row.hotline_score),
        words.show_number(row.composite),
        row.grade_name or words.HIDDEN,
        row.rank_set or words.HIDDEN,
    )
