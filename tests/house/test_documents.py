"""The documents tell the truth: their commands exist, their links lead somewhere, their settings are the program's."""

from __future__ import annotations

import configparser
import json
import re
import subprocess

import click
import pytest

from evalsys.base.config import KNOWN
from evalsys.cli import main
from tests.house.sources import ROOT, list_files, name_of

DOCUMENTS = list_files("*.md")
READMES = ("README.md", "README.zh.md")
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^ {4}|`)((?:\./dev|evalsys) [^`\n]+)", re.MULTILINE)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_a_file_and_heading_that_exist(path):
    dead = []
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, heading = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (heading and heading not in headings_of(file)):
            dead.append(target)
    assert not dead, f"{name_of(path)} links to what is not there: {dead}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_command_that_a_document_shows_exists(path):
    text = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    tasks = {"help", *re.findall(r"^  (\w+)", text, re.MULTILINE)}
    for command in COMMAND.findall(path.read_text(encoding="utf-8")):
        program, *words = command.split()
        if program == "./dev":
            assert words[0] in tasks, f"{name_of(path)}: {command}"
        else:
            find_command(words, f"{name_of(path)}: {command}")


@pytest.mark.parametrize("name", READMES)
def test_the_readme_lists_exactly_the_settings_that_the_program_knows(name):
    said = set(re.findall(r"`EVALSYS_(\w+)`", (ROOT / name).read_text(encoding="utf-8")))
    assert said == set(KNOWN)


def test_both_readmes_show_the_same_commands_and_links():
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in READMES)
    # the words after the command's own differ in language
    assert [" ".join(c.split()[:2]) for c in COMMAND.findall(english)] == [
        " ".join(c.split()[:2]) for c in COMMAND.findall(chinese)
    ]
    own = {"README.md", "README.zh.md"}
    assert set(LINK.findall(english)) - own == set(LINK.findall(chinese)) - own


def test_continuous_integration_runs_the_test_command_of_the_readme():
    assert "./dev test" in (ROOT / ".ci/run").read_text().splitlines()
    assert "\n    ./dev test\n" in (ROOT / "README.md").read_text()


def test_every_decision_has_context_decision_and_consequences_and_is_listed():
    index = (ROOT / "docs/decisions/README.md").read_text()
    pages = list_files("docs/decisions/0*.md")
    assert pages
    for page in pages:
        text = page.read_text()
        assert page.name in index, f"{page.name} is not listed"
        for part in ("**Context.**", "**Decision.**", "**Consequences.**"):
            assert part in text, f"{page.name} lacks its {part}"


def test_every_direct_dependency_has_its_reason_written_down():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    wanted = setup["options"]["install_requires"] + setup["options.extras_require"]["test"]
    names = [re.split(r"[\[>=<]", line)[0] for line in wanted.split()]
    names += json.loads((ROOT / "package.json").read_text())["dependencies"]
    reasons = (ROOT / "docs/decisions/0002-dependencies.md").read_text().lower()
    assert len(names) > 20
    assert [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", reasons)] == []


def find_command(words: list[str], where: str) -> None:
    """Follow ``words`` through the groups of the console script; placeholders and options end the way."""
    command: click.Command = main
    for word in words:
        if not re.fullmatch(r"[a-z][a-z-]*(\|[a-z-]+)*", word) or not isinstance(command, click.Group):
            return
        for name in word.split("|"):
            assert name in command.commands, f"{where}: there is no command “{name}”"
        command = command.commands[word.split("|")[0]]


def headings_of(path) -> set[str]:
    """The anchors of a Markdown file, as GitHub makes them."""
    lines = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
