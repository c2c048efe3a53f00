"""The questionnaire on paper: one description, two writers, both languages, with the head that official forms bear."""

from __future__ import annotations

import builtins
import copy
import io
import re
import zlib
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn

import evalsys.examples
from evalsys.base.errors import Refused
from evalsys.design.programme_files import read_programme
from evalsys.render.printed_form import HEAD, describe_form, list_missing_head
from evalsys.render.printed_form_pdf import make_page, write_form_pdf
from evalsys.render.printed_form_word import write_form_word
from surveys.errors import InstrumentError
from tests.journeys.every_kind import every_kind

CITY = read_programme(Path(evalsys.examples.__file__).parent / "city").configuration
HEADED = copy.deepcopy(CITY)
HEADED["questionnaire"]["form"] = {
    "number": "行评01表",
    "authority": {"zh": "市统计局", "en": "Bureau of Statistics"},
    "approval": "",
    "valid_until": "2027-12-31",
}


def test_the_form_asks_what_paper_asks_in_order_with_a_box_for_every_option():
    form = describe_form(CITY, "zh", unit="市公安局", month="2026-03", serial="1-0001-A")
    assert [item.code for item in form.items] == [
        "CONSENT",
        "Q0",
        *(f"I{n}" for n in range(1, 7)),
        "A1",
        "A2",
        "A3",
        "P1",
    ]
    assert [item.number for item in form.items] == ["", *map(str, range(1, 12))]
    assert form.items[1].text == "近12个月（例如2026-03），您是否在市公安局办过事？"
    assert "市公安局" in form.introduction and "市公安局" in form.about and form.serial == "1-0001-A"
    assert [choice.label for choice in form.items[2].choices] == [
        "非常满意",
        "满意",
        "基本满意",
        "不满意",
        "非常不满意",
        "不了解",
    ]


@pytest.mark.parametrize(
    ("language", "end", "on"),
    [
        ("zh", "问卷到此结束，请交回", "如果第2题选“满意”或“不满意”，并且第1题已作答，请跳至第5题。"),
        (
            "en",
            "this is the end, please hand in the form",
            "If the answer to question 2 is “satisfied” or “dissatisfied”, and question 1 is answered: go to question 5.",
        ),
    ],
)
def test_rules_are_said_in_words(language, end, on):
    content = copy.deepcopy(CITY)
    when = {"all": [{"question": "I1", "any_of": ["2", "4"]}, {"question": "Q0", "answered": True}]}
    content["questionnaire"]["routing"].append({"after": "I1", "goto": "I4", "when": when})
    items = describe_form(content, language).items
    assert [choice.then for choice in items[1].choices] == ["", end]
    assert items[2].then == (on,)


def test_a_rule_that_leads_to_a_question_which_paper_does_not_ask_leads_to_the_next_that_it_asks():
    content = copy.deepcopy(CITY)
    content["questionnaire"]["order"] = [*content["questionnaire"]["order"][:-2], "P2", "P1"]
    content["questionnaire"]["routing"] = [{"after": "Q0", "goto": "P2", "when": {"question": "Q0", "any_of": ["2"]}}]
    choices = describe_form(content, "en").items[1].choices
    assert choices[1].then == "go to question 11"


def test_an_open_question_has_lines_to_write_on():
    content = copy.deepcopy(CITY)
    content["questionnaire"]["questions"][-1]["channels"] = []
    assert describe_form(content, "en").items[-1].lines > 0


def test_several_answers_numbers_and_days_say_how_they_are_answered():
    content = copy.deepcopy(CITY)
    content["questionnaire"] |= every_kind(content["questionnaire"]["questions"])
    many, number, tenths, day = (
        item for item in describe_form(content, "en").items if item.code in ("M1", "N1", "N2", "D1")
    )
    assert many.takes_several and many.hint == "(tick 1 to 3 boxes)" and len(many.choices) == 6
    assert (number.choices, number.lines) == ((), 1) and "from 0 to 20" in number.hint and "to 50" in tenths.hint
    assert day.lines == 1 and "year, month and day" in day.hint
    assert "（可多选，1至3项）" in make_page([describe_form(content, "zh")])


def test_what_the_head_lacks_is_named_and_printed_as_a_blank_line():
    assert list_missing_head(CITY) == list(HEAD)
    assert list_missing_head(HEADED) == ["approval"]
    form = describe_form(HEADED, "en")
    assert form.head == (
        ("Form number", "行评01表"),
        ("Issued by", "Bureau of Statistics"),
        ("Approval number", ""),
        ("Valid until", "31 December 2027"),
    )
    assert "<dt>Approval number</dt><dd></dd>" in make_page([form])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pdf_is_of_the_accessible_kind_and_has_each_form_on_pages_of_its_own(language):
    forms = [describe_form(HEADED, language, unit="市公安局", serial=f"1-000{n}-A") for n in (1, 2)]
    one, two = (plain_pdf(some) for some in (forms[:1], forms))
    assert b"pdfuaid:part" in two and b"/MarkInfo" in two and b"/StructTreeRoot" in two
    assert b"NotoSansCJK" in two.replace(b"-", b"")
    pages = [len(re.findall(rb"/Type ?/Page\b", plain)) for plain in (one, two)]
    assert pages[1] == 2 * pages[0] > 0


def plain_pdf(forms) -> bytes:
    """What a PDF says, its packed parts unpacked."""
    content = write_form_pdf(forms)
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    return content + b"".join(map(unpack, parts))


def unpack(part: bytes) -> bytes:
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""


def test_text_cannot_break_out_of_the_page():
    content = copy.deepcopy(CITY)
    content["indicators"][0]["wording"]["zh"] = '<img src="file:///etc/passwd">{unit}'
    page = make_page([describe_form(content, "zh", unit="<b>局</b>")])
    assert "<img" not in page and "&lt;img" in page and "<b>" not in page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_word_document_has_the_same_form_and_names_a_chinese_face(language):
    form = describe_form(HEADED, language)
    document = Document(io.BytesIO(write_form_word(form)))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for item in form.items:
        assert item.text in text
        assert all(f"☐ {choice.label}" in text for choice in item.choices)
    assert [cell.text for cell in document.tables[0].columns[0].cells] == [name for name, _ in form.head]
    for name in ("Normal", "Heading 1", "Heading 2"):
        assert document.styles[name].element.rPr.rFonts.get(qn("w:eastAsia")) == "Noto Sans CJK SC"
    assert form.introduction in text and form.privacy in text


def test_without_pango_the_missing_packages_are_named(monkeypatch):
    true_import = builtins.__import__

    def fails(name, *args, **kwargs):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango'")
        return true_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(Refused, match="libpango-1.0-0"):
        write_form_pdf([describe_form(CITY, "zh")])


def test_a_wording_that_is_missing_is_named():
    content = copy.deepcopy(CITY)
    content["questionnaire"]["questions"][0]["wording"] = {"web": {"zh": "问", "en": "Ask"}}
    with pytest.raises(InstrumentError, match="Q0"):
        describe_form(content, "zh")
