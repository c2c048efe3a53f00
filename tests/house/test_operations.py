"""The page on operations knows the program's settings and commands."""

from __future__ import annotations

import re

import click

from evalsys.base.config import KNOWN, REQUIRED_FOR_TWILIO, REQUIRED_IN_PRODUCTION
from evalsys.cli import main
from tests.house.sources import ROOT

TEXT = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
SETTINGS = dict(re.findall(r"^\| `EVALSYS_(\w+)` \| (.+?) \|", TEXT, re.MULTILINE))


def test_the_table_of_settings_is_the_programs():
    assert list(SETTINGS) == list(KNOWN)


def test_the_table_says_of_each_setting_whether_production_wants_it():
    assert {name for name, said in SETTINGS.items() if said == "required"} == set(REQUIRED_IN_PRODUCTION)
    assert {name for name, said in SETTINGS.items() if "`twilio`" in said} == set(REQUIRED_FOR_TWILIO)


def test_the_year_names_every_command_but_the_database_backwards():
    missing = [command for command in list_commands(main) if not re.search(rf"evalsys {command}\b", TEXT)]
    assert missing == ["db downgrade"], f"docs/operations.md does not show {missing}"


def list_commands(group: click.Group, before: str = "") -> list[str]:
    """``programme load`` and the like, every command that does something."""
    found = []
    for name, command in group.commands.items():
        words = f"{before} {name}".strip()
        found += list_commands(command, words) if isinstance(command, click.Group) else [words]
    return found
