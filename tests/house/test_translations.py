"""Everything that a person reads is there in Chinese and in English."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest
from babel.messages.pofile import read_po

from evalsys.results.archive import BundleError
from surveys.errors import Phrase, SurveyError
from tests.house.sources import ROOT, list_files, name_of, parse

CHINESE = re.compile("[\u3400-\u9fff]")
#: a language is offered under its own name
OWN_NAME = "中文"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+.\d]*[a-zA-Z%]")
#: the verifier ships alone and knows nothing of the catalogue
SPEAKS_ENGLISH = "surveys/sampling/verify_draw.py"


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    """The messages that the program can show, collected as ./dev fix does; English is the language of their ids."""
    template = tmp_path_factory.mktemp("messages") / "messages.pot"
    keywords = re.findall(r"-k (\w+)", (ROOT / "dev").read_text())
    words = [word for keyword in keywords for word in ("-k", keyword)]
    subprocess.run(
        [
            sys.executable,
            "-m",
            "babel.messages.frontend",
            "-q",
            "extract",
            "-F",
            "babel.cfg",
            *words,
            "-o",
            template,
            ".",
        ],
        cwd=ROOT,
        check=True,
    )
    with template.open("rb") as file:
        return [message for message in read_po(file) if message.id]


@pytest.fixture(scope="module")
def chinese():
    """The Chinese catalogue."""
    with (ROOT / "evalsys/translations/zh_Hans/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="zh_Hans")


def test_every_message_has_its_chinese_translation(messages, chinese):
    assert messages
    missing = []
    for message in messages:
        known = chinese.get(message.id, context=message.context)
        forms = known.string if known and isinstance(known.string, tuple) else (known.string if known else "",)
        if not all(forms) or known.fuzzy:
            missing.append(message.id)
    assert not missing, f"{len(missing)} messages lack a translation; run ./dev fix, then translate: {missing}"


def test_a_translation_keeps_the_places_of_its_values(messages, chinese):
    for message in chinese:
        if message.id and message.string and isinstance(message.id, str):
            wanted, found = (sorted(PLACEHOLDER.findall(text)) for text in (message.id, message.string))
            assert wanted == found, f"{message.id!r} and its translation have different values"


def family(kind: type) -> set[str]:
    """The names of a class and of all that derive from it."""
    return {kind.__name__}.union(*map(family, kind.__subclasses__()))


def refusals(path):
    """Every call in a file that makes an error of the survey method, or a phrase of one: line, arguments, keywords."""
    names = family(SurveyError) | {BundleError.__name__, Phrase.__name__}
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node.lineno, node.args, [keyword.arg for keyword in node.keywords]


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in list_files("surveys/*.py", "evalsys/*.py")
        if name_of(path) != SPEAKS_ENGLISH and any(refusals(path))
    ],
    ids=name_of,
)
def test_every_error_of_the_survey_method_can_be_said_in_chinese(path, chinese):
    for line, arguments, given in refusals(path):
        where = f"{name_of(path)}:{line}"
        assert len(arguments) == 1 and isinstance(arguments[0], ast.Constant), (
            f"{where}: make the text a literal template"
        )
        text = arguments[0].value
        known = chinese.get(text)
        assert known and CHINESE.search(known.string), f"{where}: {text!r} has no Chinese translation"
        if None not in given:
            lacking = [name for name in re.findall(r"%\((\w+)\)", text) if name not in given]
            assert not lacking, f"{where}: the sentence names {lacking}, which the call does not give"


def test_the_stand_alone_verifier_raises_no_error_of_the_survey_method():
    assert not list(refusals(ROOT / SPEAKS_ENGLISH))


def test_the_chinese_catalogue_has_nothing_that_the_program_no_longer_says(messages, chinese):
    said = {(message.id if isinstance(message.id, str) else message.id[0]) for message in messages}
    stale = [
        message.id
        for message in chinese
        if message.id and (message.id if isinstance(message.id, str) else message.id[0]) not in said
    ]
    assert not stale, f"run ./dev fix to remove {stale}"


def test_message_ids_are_english_sentences_that_at_most_name_a_chinese_column(messages):
    wrong = [message.id for message in messages if len(CHINESE.findall(str(message.id))) > len(str(message.id)) / 5]
    assert [text for text in wrong if text != OWN_NAME] == []


@pytest.mark.parametrize(
    "path", list_files("evalsys/faces/*.py", "evalsys/faces/*.html", "evalsys/faces/*.js"), ids=name_of
)
def test_no_face_has_chinese_words_outside_the_catalogue(path):
    lines = path.read_text(encoding="utf-8").replace(OWN_NAME, "").splitlines()
    found = [f"{name_of(path)}:{n}: {line.strip()}" for n, line in enumerate(lines, 1) if CHINESE.search(line)]
    assert not found, found


@pytest.mark.parametrize("path", list_files("evalsys/faces/*.html"), ids=name_of)
def test_no_template_has_english_words_outside_the_catalogue(path):
    text = path.read_text(encoding="utf-8")
    for part in (r"{#.*?#}", r"{%.*?%}", r"{{.*?}}", r"<(script|style)\b.*?</\1>", r"<!--.*?-->", r"<[^>]*>", r"&\w+;"):
        text = re.sub(part, " ", text, flags=re.DOTALL)
    words = [word for word in re.findall(r"[A-Za-z]{3,}", text) if word not in {"English", "evalsys", "xlsx", "csv"}]
    assert not words, f"{name_of(path)} says {words} in every language; put it into gettext"
