"""What a made-up citizen understands: which question a text puts, which key or button stands for an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

#: what stands before an option in a spoken text
_BEGINS = r"(?:^|(?<=[，。；？！、,.;:?!\s]))"
_OFFERED = re.compile(r"(?:请按|\bpress)\s*([0-9*#])", re.IGNORECASE)
#: the keys that a slipping finger may hit, the likeliest first
_SLIPS = "7968543210*"
#: what stands in a recording's address for the code of a unit
_UNIT_CODE = "{unit_code}"
_SILENT = ("script", "style", "title")
_BLOCKS = ("p", "div", "h1", "h2", "h3", "li", "legend", "label", "button", "option", "br", "fieldset", "form")


@dataclass(frozen=True)
class Form:
    """A form on a page: what it sends, what may be chosen, and all the text that the page shows.

    ``radios`` is ``{name: [(value, label text)]}``; ``button`` is (name, value) of the first button with a name.
    """

    action: str
    fields: Mapping[str, str]
    radios: Mapping[str, list[tuple[str, str]]]
    textarea: str | None
    button: tuple[str, str] | None
    text: str
    language: str


class Hearing:
    """The questions by what is the same in their wording for every unit (``surveys.instrument.hearing_table``)."""

    def __init__(self, table: Mapping[str, Mapping[str, Any]]) -> None:
        self.table = table
        fragments = [
            (_bare(row[language]), code, language)
            for code, row in table.items()
            for language in ("zh", "en")
            if _bare(row[language])
        ]
        self._fragments = sorted(fragments, key=lambda fragment: -len(fragment[0]))

    def recognise(self, text: str) -> tuple[str, str] | None:
        """Code and language of the question put in ``text``: of all fragments in it the longest; ``None`` for none."""
        heard = _bare(text)
        return next(((code, language) for fragment, code, language in self._fragments if fragment in heard), None)

    def transcribe(self, address: str) -> str:
        """What is heard in the recording at an address, whichever unit it names; empty where nothing is known of it."""
        for row in self.table.values():
            for language, template in row.get("recording", {}).items():
                if re.fullmatch("[^/]*".join(map(re.escape, template.split(_UNIT_CODE))), address):
                    return row["recorded"][language]
        return ""

    def recognise_page(self, form: Form, address: str) -> tuple[str, str] | None:
        """Code and language of the question that a web page puts.

        A page can word a question unlike the telephone, or put one that the telephone never asks (a comment); then
        the last part of its address names the question. ``None`` for a page that asks nothing.
        """
        if not (form.radios or form.textarea):
            return None
        heard = self.recognise(form.text)
        if heard and heard[0] != "CONSENT":
            return heard
        code = urlsplit(address).path.rstrip("/").rpartition("/")[2]
        return (code, form.language) if code else None

    def key_for(self, text: str, code: str, value: str, language: str) -> str | None:
        """The telephone key that ``text`` offers for an answer; ``None`` when it offers none."""
        label = self._label(code, value, language)
        if label is None:
            return None
        words = r"\s+".join(re.escape(word) for word in label.split())
        chinese, english = rf"{_BEGINS}{words}\s*请按\s*([0-9*#])", rf"\bFor\s+{words}\s+press\s+([0-9*#])"
        pattern = chinese if language == "zh" else english
        key = re.search(pattern, text, re.IGNORECASE)
        return key[1] if key else None

    def wrong_key(self, text: str) -> str:
        """A key that ``text`` does not offer, so that pressing it answers nothing."""
        offered = set(_OFFERED.findall(text))
        return next((key for key in _SLIPS if key not in offered), "#")

    def radio_for(self, form: Form, code: str, value: str, language: str) -> tuple[str, str] | None:
        """Name and value of the radio button labelled with an answer; ``None`` when there is none."""
        label = self._label(code, value, language)
        if label is None:
            return None
        for name, options in form.radios.items():
            for sent, shown in options:
                if _bare(shown) == _bare(label):
                    return name, sent
        return None

    def _label(self, code: str, value: str, language: str) -> str | None:
        return self.table.get(code, {}).get("options", {}).get(value, {}).get(language) or None


def parse_form(html: str) -> Form | None:
    """The form that a respondent would fill in: the first posted one with radio buttons or a text area, or else the
    first with a button that has a name; ``None`` where a page has neither.
    """
    reader = _PageReader()
    reader.feed(html)
    reader.close()
    posted = [form for form in reader.forms if form.method == "post"]
    chosen = next((form for form in posted if form.radios or form.textarea), None)
    chosen = chosen or next((form for form in posted if form.button), None)
    if chosen is None:
        return None
    radios: dict[str, list[tuple[str, str]]] = {}
    for name, value, identity in chosen.radios:
        radios.setdefault(name, []).append((value, _spaced(reader.labels.get(identity, ""))))
    text = _spaced(reader.text)
    return Form(chosen.action, chosen.fields, radios, chosen.textarea, chosen.button, text, reader.language)


@dataclass
class _OpenForm:
    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    radios: list[tuple[str, str, str]] = field(default_factory=list)
    textarea: str | None = None
    button: tuple[str, str] | None = None


class _PageReader(HTMLParser):
    """Collects the forms, the labels by ``for`` and the visible text of one page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[_OpenForm] = []
        self.labels: dict[str, str] = {}
        self.text = ""
        self.language = "zh"
        self._form: _OpenForm | None = None
        self._label: str | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html" and given.get("lang", "").startswith("en"):
            self.language = "en"
        elif tag in _SILENT:
            self._silent += 1
        elif tag == "form":
            self._form = _OpenForm(given.get("method", "get").lower(), given.get("action", ""))
            self.forms.append(self._form)
        elif tag == "label":
            self._label = given.get("for")
        elif self._form is not None:
            self._read_control(self._form, tag, given)
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "form":
            self._form = None
        elif tag == "label":
            self._label = None
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.text += data
        if self._label is not None:
            self.labels[self._label] = self.labels.get(self._label, "") + data

    def _part(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.text += " "

    @staticmethod
    def _read_control(form: _OpenForm, tag: str, given: Mapping[str, str]) -> None:
        name = given.get("name", "")
        if not name:
            return
        kind = given.get("type", "text").lower()
        if tag == "input" and kind == "hidden":
            form.fields[name] = given.get("value", "")
        elif tag == "input" and kind == "radio":
            form.radios.append((name, given.get("value", "on"), given.get("id", "")))
        elif tag == "textarea":
            form.textarea = form.textarea or name
        elif tag == "button" and given.get("type", "submit") == "submit":
            form.button = form.button or (name, given.get("value", ""))


def _bare(text: str) -> str:
    return "".join(text.split())


def _spaced(text: str) -> str:
    return " ".join(text.split())
