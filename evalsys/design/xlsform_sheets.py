"""A configuration's questionnaire as an XLSForm: sheets ``survey``, ``choices``, ``settings``, and three of our own.

What XLSForm has no word for stands in further columns and in the sheets ``wordings``, ``routing``, ``questionnaire``; other programs
pass over these. The sheet ``notes`` names it, so that nobody takes such a form for the whole.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xlsxwriter

from evalsys.base.errors import Refused
from evalsys.design.programme_layout import QUESTION, QUESTIONNAIRE, TOML_FILES
from evalsys.design.xlsform_conditions import NoCondition, write_condition
from evalsys.design.xlsform_relevance import relevant_by_question
from surveys.instrument import CONSENT, LANGUAGES

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LABELS = {"zh": "label::中文 (zh)", "en": "label::English (en)"}
#: the columns of XLSForm, then our own
SURVEY = ("type", "name", *LABELS.values(), "relevant", "constraint", "required", "calculation")
OWN_SURVEY = (
    "kind",
    "role",
    "indicator_role",
    "weight",
    "name_zh",
    "name_en",
    "channels",
    "label_channel",
    "recording_zh",
    "recording_en",
    "question_place",
    "indicator_place",
    "settings",
)
CHOICES = ("list_name", "name", *LABELS.values(), "kind", "points", "satisfied", "phone_key")
SETTINGS = ("form_title", "form_id", "version", "default_language")
WORDINGS = ("place", "channel", "zh", "en")
ROUTING = ("after", "goto", "when")
QUESTIONNAIRE_COLUMNS = ("key", "value")
NOTES = ("zh", "en")
GROUP = "interview"
#: settings of a question that have a column or a place of their own; any other stands in ``settings`` as JSON
PLACED = ("code", "kind", "role", "scale", "channels", "recording", "wording")
#: keys of the questionnaire that have a sheet of their own; any other stands in the sheet ``questionnaire``
SHEETED = ("order", "questions", "routing", "messages", "consent")
#: settings of a question that its constraint says, and how
CONSTRAINTS = {
    "longest": "string-length(.) <= {}",
    "at_least": "count-selected(.) >= {}",
    "at_most": "count-selected(.) <= {}",
    "minimum": ". >= {}",
    "maximum": ". <= {}",
    "not_before": ". >= date('{}')",
    "not_after": ". <= date('{}')",
}
#: kind of question → its type in XLSForm; ``{}`` stands for its scale
TYPES = {
    "scale": "select_one {}",
    "yes_no": "select_one {}",
    "multiple": "select_multiple {}",
    "text": "text",
    "number": "integer",
    "date": "date",
}
LEFT_TO_OTHERS = {
    "optional": (
        "题目中方括号内的部分在本系统中仅在已知时显示；其他程序会连同方括号一起显示：%s。",
        "A part of a question in square brackets is left out here where it is not known; other programs show it, brackets included: %s.",
    ),
    "channel": (
        "按渠道的措辞（wordings 表）、只在某些渠道提问的题目（channels 列）和录音：其他程序不加区分。",
        "Wordings by channel (sheet wordings), questions of some channels only (column channels) and recordings: other programs make no "
        "difference.",
    ),
    "scoring": (
        "指标、权重、分值、满意与否、电话按键（survey 与 choices 表右侧各列）以及问卷设置（questionnaire 表，如随机顺序）其他程序不读取。",
        "Indicators, weights, points, satisfied or not, telephone keys (columns on the right of survey and choices) and the settings "
        "(sheet questionnaire), such as a random order: other programs do not read them.",
    ),
    "piped": (
        "单位、月份等在 survey 表开头是计算字段；在其他程序中请把 calculation 换成自己的来源。",
        "Unit, month and the like are calculated fields at the top of survey; elsewhere, put your own source into calculation.",
    ),
}
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_PIPE = re.compile(r"\{([^{}]+)\}")
_OPTIONAL = re.compile(r"\[[^\[\]]*\{[^{}]*\}[^\[\]]*\]")


def write_xlsform(configuration: Mapping[str, Any], version: str = "") -> bytes:
    """The workbook, .xlsx; same configuration, same cells.

    version : stands in the sheet ``settings``. Raises ``Refused`` naming a routing rule that XLSForm cannot say.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        bold, plain = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"num_format": "@"})
        for name, rows in make_sheets(configuration, version).items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(rows[0]) - 1, 24 if name in ("wordings", "notes") else 16)
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    sheet.write_string(at, column, value, plain if at else bold)
    return buffer.getvalue()


def make_sheets(configuration: Mapping[str, Any], version: str = "") -> dict[str, list[Sequence[str]]]:
    """The sheets by name, each with its header first; every cell is text."""
    try:
        survey = [*_survey_rows(configuration)]
        _refuse_bad_names([row["name"] for row in survey if row["type"] != "end_group"])
        routing = [
            [rule["after"], rule["goto"], write_condition(rule["when"])] for rule in _part(configuration)["routing"]
        ]
    except NoCondition as error:
        raise Refused(
            "A routing rule looks at “%(values)s”, which an XLSForm cannot say; write values without spaces and quotation marks.",
            values=str(error),
        ) from error
    columns = (*SURVEY, *OWN_SURVEY)
    programme = configuration["programme"]
    settings = (programme["name"][programme["language"]], _form_id(programme["code"]), version or "1", "中文 (zh)")
    return {
        "survey": [columns, *([row.get(column, "") for column in columns] for row in survey)],
        "choices": [CHOICES, *_choice_rows(configuration)],
        "settings": [SETTINGS, settings],
        "wordings": [WORDINGS, *_wording_rows(configuration)],
        "routing": [ROUTING, *routing],
        "questionnaire": [QUESTIONNAIRE_COLUMNS, *_setting_rows(configuration)],
        "notes": [NOTES, *_notes(survey)],
    }


def _refuse_bad_names(names: Sequence[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name) or names.count(name) > 1:
            raise Refused(
                "An XLSForm cannot have a question named %(question)s: a name begins with a letter and stands once, also among what is "
                "piped in.",
                question=name,
            )


def _part(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    return configuration["questionnaire"]


def _form_id(code: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", code)


def _survey_rows(configuration: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    part = _part(configuration)
    questions = {question["code"]: (number, question) for number, question in enumerate(part["questions"], 1)}
    indicators = {row["code"]: (number, row) for number, row in enumerate(configuration["indicators"], 1)}
    consent = {
        "code": CONSENT,
        "kind": "yes_no",
        "role": "consent",
        "scale": part["consent"]["scale"],
        **part["consent"],
    }
    asked = [_question_row(consent)]
    relevant = relevant_by_question(part["order"], part["routing"])
    for code in part["order"]:
        if code in indicators:
            row = _indicator_row(*indicators[code], *questions.get(code, (0, None)))
        else:
            number, question = questions[code]
            row = {**_question_row(question), "question_place": str(number)}
        if relevant[code] is not None:
            row["relevant"] = write_condition(relevant[code], list_several(part["questions"]))
        asked.append(row)
    piped = {pipe for row in asked for label in LABELS.values() for pipe in re.findall(r"\$\{([^{}]+)\}", row[label])}
    for pipe in sorted(piped):
        yield {"type": "calculate", "name": pipe, "calculation": _calculation(configuration, pipe)}
    consent_row, *others = asked
    yield consent_row
    # Whoever does not take part is asked nothing: the first option is the one that takes part.
    options = next(scale["options"] for scale in configuration["scales"] if scale["code"] == consent["scale"])
    yield {"type": "begin_group", "name": GROUP, "relevant": f"${{{CONSENT}}}='{options[0]['value']}'"}
    yield from others
    yield {"type": "end_group", "name": GROUP}


def list_several(questions: Sequence[Mapping[str, Any]]) -> set[str]:
    """The codes of the questions that take several answers."""
    return {question["code"] for question in questions if question["kind"] == "multiple"}


def _calculation(configuration: Mapping[str, Any], pipe: str) -> str:
    programme = configuration["programme"]
    known = programme.get(pipe, "")
    text = known[programme["language"]] if isinstance(known, Mapping) else known
    return f"'{(text or pipe).replace(chr(39), '’')}'"


def _question_row(question: Mapping[str, Any]) -> dict[str, str]:
    """A question of the questionnaire's own, or the consent."""
    wording = question["wording"]
    channel = "any" if "any" in wording else next(iter(wording))
    row = {
        "type": xlsform_type(question),
        "name": question["code"],
        **_labels(wording[channel]),
        "kind": question["kind"],
        "role": question["role"],
        "label_channel": "" if channel == "any" else channel,
        **write_constraint(question),
    }
    return row | _own_settings(question)


def _own_settings(question: Mapping[str, Any]) -> dict[str, str]:
    more = {
        name: QUESTION.fields[name].kind.dump(question[name])
        for name in QUESTION.fields
        if name not in PLACED
        and (name not in CONSTRAINTS or name == "longest" and question["kind"] != "text")
        and question.get(name, QUESTION.fields[name].default) != QUESTION.fields[name].default
    }
    recording = question.get("recording") or {}
    return {
        "channels": " ".join(question.get("channels") or ()),
        "recording_zh": recording.get("zh", ""),
        "recording_en": recording.get("en", ""),
        "settings": json.dumps(more, ensure_ascii=False, default=str) if more else "",
    }


def _indicator_row(place: int, row: Mapping[str, Any], own_place: int, own: Mapping[str, Any] | None) -> dict[str, str]:
    written = {
        "type": f"select_one {row['scale']}",
        "name": row["code"],
        **_labels(row["wording"]),
        "required": "yes",
        "kind": "scale",
        "role": "indicator",
        "indicator_role": row["role"],
        "weight": str(row["weight"]),
        "name_zh": row["name"]["zh"],
        "name_en": row["name"]["en"],
        "indicator_place": str(place),
    }
    return written | ({"question_place": str(own_place), **_own_settings(own)} if own else {})


def xlsform_type(question: Mapping[str, Any]) -> str:
    """The type of XLSForm that a question of ours has; raises ``Refused`` for a kind that has none."""
    kind = question["kind"]
    if kind not in TYPES:
        raise Refused(
            "Question %(question)s is of kind %(kind)s, which an XLSForm cannot say.",
            question=question["code"],
            kind=kind,
        )
    return "decimal" if kind == "number" and question.get("decimals") else TYPES[kind].format(question.get("scale", ""))


def write_constraint(question: Mapping[str, Any]) -> dict[str, str]:
    """What an answer must be like, and whether there must be one: numbers, dates and texts may be left empty."""
    parts = [how.format(value) for how, value in _said_by_constraint(question)]
    needed = question["kind"] not in ("text", "number", "date")
    return {"constraint": " and ".join(parts), "required": "yes" if needed else ""}


def _said_by_constraint(question: Mapping[str, Any]) -> list[tuple[str, Any]]:
    values = {name: question.get(name) for name in CONSTRAINTS}
    if question["kind"] != "text":
        values["longest"] = None
    elif values["longest"] is None:
        values["longest"] = QUESTION.fields["longest"].default
    return [(how, values[name]) for name, how in CONSTRAINTS.items() if values[name] is not None]


def write_label(text: str) -> str:
    """A text of ours as a label: ``{unit}`` becomes ``${unit}``."""
    return _PIPE.sub(r"${\1}", text)


def read_label(label: str) -> str:
    """The text that a label stands for."""
    return re.sub(r"\$\{([^{}]+)\}", r"{\1}", label)


def _labels(texts: Mapping[str, str]) -> dict[str, str]:
    return {LABELS[language]: write_label(texts[language]) for language in LANGUAGES}


def _choice_rows(configuration: Mapping[str, Any]) -> Iterator[list[str]]:
    for scale in configuration["scales"]:
        for option in scale["options"]:
            points = "" if option["points"] is None else str(option["points"])
            labels = [option["label"][language] for language in LANGUAGES]
            satisfied = "yes" if option["satisfied"] else "no"
            yield [scale["code"], option["value"], *labels, option["kind"], points, satisfied, option["phone_key"]]


def _wording_rows(configuration: Mapping[str, Any]) -> Iterator[list[str]]:
    """Texts that no label shows: of a question in single channels, of an indicator in the questionnaire's own words, and messages."""
    part = _part(configuration)
    indicators = {row["code"] for row in configuration["indicators"]}
    for question in ({"code": CONSENT, **part["consent"]}, *part["questions"]):
        wording = question["wording"]
        shown = None if question["code"] in indicators else "any" if "any" in wording else next(iter(wording))
        for channel, texts in wording.items():
            if channel != shown:
                yield [question["code"], channel, texts["zh"], texts["en"]]
    for code, wording in part["messages"].items():
        for channel, texts in wording.items():
            yield [f"messages.{code}", channel, texts["zh"], texts["en"]]


def _setting_rows(configuration: Mapping[str, Any]) -> Iterator[list[str]]:
    dumped = TOML_FILES["questionnaire.toml"].dump(_part(configuration))
    for key in QUESTIONNAIRE.fields:
        if key in dumped and key not in SHEETED:
            value = dumped[key]
            yield [key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)]


def _notes(survey: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    optional = [row["name"] for row in survey if any(_OPTIONAL.search(row.get(label, "")) for label in LABELS.values())]
    if optional:
        zh, en = LEFT_TO_OTHERS["optional"]
        yield zh % "、".join(optional), en % ", ".join(optional)
    yield from (LEFT_TO_OTHERS[key] for key in ("channel", "scoring", "piped"))
