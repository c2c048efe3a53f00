"""How a work list looks as a file for the call centre: CSV with the list alone, XLSX with what is asked and reported besides."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import PurePath

import xlsxwriter

from evalsys.base.errors import BadInput
from evalsys.fieldwork.result_lines import CHANNEL, COLUMNS
from evalsys.fieldwork.rules import FieldRules
from evalsys.fieldwork.worklists import WorkList
from surveys.fieldwork import OUTCOMES

KINDS = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
}
#: the language of the programme → names of the sheets and columns
SHEETS = {
    "zh": ("工作单", "结果回传", "问卷", "结果用语"),
    "en": ("Work list", "Results", "Questions", "Outcomes"),
}
LIST_COLUMNS = {
    "zh": ("编号", "电话号码", "单位", "办理月份", "语言", "第几次拨打", "可拨打时间"),
    "en": ("code", "phone", "unit", "service_month", "language", "try", "call_from"),
}
QUESTION_COLUMNS = {"zh": ("题号", "题目", "答案", "含义"), "en": ("question", "wording", "answer", "meaning")}
OUTCOME_COLUMNS = {"zh": ("结果", "AAPOR 代码", "含义"), "en": ("outcome", "AAPOR code", "meaning")}
#: whom the question is about, in the list's own columns
PIPES = {"zh": {"unit": "［单位］", "month": "［办理月份］"}, "en": {"unit": "[unit]", "month": "[service month]"}}

#: how an answer is written that is not one value of a list
HOW = {
    "zh": {
        "multiple": "（可选多项，用分号“;”连接）",
        "number": "（填数字；不清楚填“-”）",
        "date": "（按YYYY-MM-DD填写；不清楚填“-”）",
    },
    "en": {
        "multiple": " (one or several, joined by ;)",
        "number": " (a number; - if not known)",
        "date": " (YYYY-MM-DD; - if not known)",
    },
}


def check_kind(name: str) -> str:
    """The ending of a file's name; raises ``BadInput`` for a kind that cannot be written. Ask before a list is made."""
    kind = PurePath(name).suffix.lower()
    if kind not in KINDS:
        raise BadInput("A work list is written as .xlsx or .csv, not %(file)s.", file=PurePath(name).name)
    return kind


def write_work_list(work: WorkList, rules: FieldRules, kind: str) -> bytes:
    """The file of a list: ``.csv`` or ``.xlsx``. Texts in the programme's language."""
    rows = [LIST_COLUMNS[rules.language], *_list_rows(work)]
    if kind == ".csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        return text.getvalue().encode("utf-8-sig")
    sheets = (rows, [_result_columns(rules)], list(_question_rows(rules)), list(_outcome_rows(rules)))
    return _write_sheets(dict(zip(SHEETS[rules.language], sheets, strict=True)))


def _list_rows(work: WorkList) -> Iterator[Sequence[str | int]]:
    for row in work.rows:
        call_from = f"{row.call_from:%Y-%m-%d %H:%M}"
        yield row.code, row.phone, row.unit, row.month, row.language, row.number, call_from


def _result_columns(rules: FieldRules) -> list[str]:
    """The header of the file that comes back."""
    own = [names[0 if rules.language == "zh" else 1] for names in COLUMNS.values()]
    return [*own, *rules.questionnaire.asked_by(CHANNEL)]


def _question_rows(rules: FieldRules) -> Iterator[Sequence[str]]:
    """What is asked, one line per answer; the consent first."""
    language, questionnaire = rules.language, rules.questionnaire
    yield QUESTION_COLUMNS[language]
    yield "", questionnaire.text("CONSENT", language, "interviewer", PIPES[language]), "", ""
    for code in questionnaire.asked_by(CHANNEL):
        wording = questionnaire.text(code, language, "interviewer", PIPES[language])
        wording += HOW[language].get(questionnaire.question(code).kind, "")
        options = questionnaire.question(code).options
        yield code, wording, options[0].value if options else "", options[0].label[language] if options else ""
        for option in options[1:]:
            yield "", "", option.value, option.label[language]


def _outcome_rows(rules: FieldRules) -> Iterator[Sequence[str]]:
    """The words of the programme with what they mean, then the AAPOR codes, which may be written too."""
    language = rules.language
    yield OUTCOME_COLUMNS[language]
    words = [*rules.outcome_by_word.items(), *((code, code) for code in OUTCOMES if code != "4.80")]
    for word, code in words:
        yield word, code, OUTCOMES[code].name_zh if language == "zh" else OUTCOMES[code].name_en


def _write_sheets(rows_by_sheet: dict[str, Sequence[Sequence[str | int]]]) -> bytes:
    buffer = io.BytesIO()
    # Whatever stands in a cell is text: no formula, no number that a spreadsheet shortens.
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        bold = book.add_format({"bold": True})
        as_text = book.add_format({"num_format": "@"})
        for name, rows in rows_by_sheet.items():
            sheet = book.add_worksheet(name)
            sheet.set_column(0, len(rows[0]), 18, as_text)
            sheet.freeze_panes(1, 0)
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, int):
                        sheet.write_number(at, column, value)
                    else:
                        sheet.write_string(at, column, value, as_text if at else bold)
    return buffer.getvalue()
