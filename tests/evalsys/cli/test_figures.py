"""Every command has its help; one that prints figures prints them as one JSON value too, and nothing besides on standard output."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from contextlib import nullcontext
from datetime import timedelta

import click
import pytest
from click.testing import CliRunner

from evalsys.base.clock import VirtualClock
from evalsys.cli import main
from evalsys.design.programme_files import write_programme
from evalsys.examples.orders import ORDER_HEADER
from tests.evalsys.installation import (
    BEACON,
    BEFORE,
    DICE,
    OPENING,
    ROUND,
    SECRET,
    UNITS,
    Installation,
    answer_all,
    tiny_city,
    write_records,
)

#: the module; in the package its name is the command's
DEMO = sys.modules["evalsys.cli.demo"]
#: commands that print no figures: they change one thing, write one document, or serve until they are ended
WITHOUT_FIGURES = {"db upgrade", "db downgrade", "field pause", "simulator", "worker", "serve"}
WITHOUT_FIGURES |= {"user add", "user lock", "user unlock", "user roles", "user reset-second-factor"}
WITHOUT_FIGURES |= {"audit checkpoint", "programme print-form"}
SUPPLIER = ("--frame-supplier", "the units")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty installation on a clock of its own."""
    clock = VirtualClock(tmp_path / "clock", start=BEFORE)
    settings = {"HOME": tmp_path / "home", "SECRET_KEY": SECRET, "CLOCK": f"virtual:{clock.path}"}
    for name, value in settings.items():
        monkeypatch.setenv(f"EVALSYS_{name}", str(value))
    return settings["HOME"]


def run(*words: object, status: int = 0):
    """A command's result, which must be of this status."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result


def ask(*words: object):
    """What a command prints with ``--json``."""
    return json.loads(run(*words, "--json").stdout)


def list_commands(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """Every command that does something, by its words."""
    found = {}
    for name, command in group.commands.items():
        words = f"{before} {name}".strip()
        found |= list_commands(command, words) if isinstance(command, click.Group) else {words: command}
    return found


def test_every_command_has_help_and_all_but_those_without_figures_have_json():
    commands = list_commands(main)
    for words, command in commands.items():
        assert command.help and run(*words.split(), "--help").output.startswith("Usage"), words
    options = {
        words: {name for option in command.params for name in option.opts} for words, command in commands.items()
    }
    assert {words for words, names in options.items() if "--json" not in names} == WITHOUT_FIGURES


def test_a_round_can_be_held_by_commands_whose_figures_are_json(home, tmp_path):
    """From the empty database to the checked bundle, every figure read from a command's standard output."""
    run("db", "upgrade")
    files = tiny_city()
    code, folder = files.configuration["programme"]["code"], tmp_path / "programme"
    write_programme(folder, files.configuration, files.areas, files.units, files.stations)
    held = {"code": code, "units": 3, "stations": len(files.stations), "areas": len(files.areas)}
    assert ask("programme", "load", folder) == held
    assert ask("programme", "export", code, tmp_path / "again") == held
    assert ask("round", "make", code, ROUND, *SUPPLIER) == {"code": ROUND, "units": 3}

    imported = ask("frame", "import", ROUND, write_records(tmp_path / "records.csv"))
    assert imported["staff_numbers"] == 0
    assert imported["files"] == [
        {
            "file": "records.csv",
            "encoding": "utf-8",
            "lines": 600,
            "imported": 600,
            "refused": 0,
            "set_aside": {},
            "problems": [],
        }
    ]
    entries = ask("frame", "report", ROUND)["entries"]
    sources = ("--beacon-source", BEACON, "--dice-source", "twenty dice")
    committed = ask("sample", "commit", ROUND, *sources)
    assert committed["frame_size"] == entries
    assert {len(committed[name]) for name in ("frame_root", "commitment_sha256")} == {64}
    drawn = ("--beacon", f"{BEACON}:{'11' * 32}", "--dice", DICE, "--entered-by", "chair", "--confirmed-by", "deputy")
    assert len(ask("sample", "draw", ROUND, *drawn)["seed"]) == 64

    clock = VirtualClock(tmp_path / "clock")
    clock.set(OPENING)
    started = ask("field", "start", ROUND)["released"]
    assert run("field", "pause", ROUND).output == "fieldwork is paused\n"
    assert ask("field", "start", ROUND) == {"released": 0}
    released = ask("sample", "release", ROUND)["released"]
    assert sum(ask("field", "status", ROUND)["outcomes"].values()) == started + released > 0
    answered = answer_all(Installation(home, OPENING))

    clock.set(OPENING + timedelta(days=20))
    assert ask("round", "close", ROUND)["1.1"] == answered
    assert ask("round", "freeze", ROUND)["answers"] == answered
    assert ask("hotline", "import", ROUND, write_orders(tmp_path / "orders.csv")) == {"orders": 9}
    assert [unit["unit"] for unit in ask("score", ROUND)["units"]] == list(UNITS)
    refused = run("assess", code, "--json", status=1)
    assert refused.stdout == "" and "no scored year-end round" in refused.stderr
    published = ask("publish", ROUND, "--approved-by", "chair", "--seconded-by", "deputy")
    assert published["revision"] == 1
    key = ask("key", "show")["public_key"]
    for bundle in published["files"].values():
        checks = ask("verify", bundle, "--public-key", key)
        assert {check["check"] for check in checks} >= {"archive", "draw", "figures"}
        assert not any(check["problems"] for check in checks)
    assert ask("round", "list") == [{"code": ROUND, "state": "published", "units": 3}]


def write_orders(path):
    """Three orders of each unit, all answered."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(ORDER_HEADER)
        for number, unit in enumerate(UNITS * 3):
            writer.writerow((f"T{number}", unit, "2026-03-02", "是", "是", "是"))
    return path


def test_bad_lines_are_named_in_json_and_the_good_ones_counted(home, tmp_path):
    """Without leave to import the good lines the command is refused, its standard output empty."""
    run("db", "upgrade")
    files = tiny_city()
    write_programme(tmp_path / "programme", files.configuration, files.areas, files.units, files.stations)
    run("programme", "load", tmp_path / "programme")
    run("round", "make", files.configuration["programme"]["code"], ROUND, *SUPPLIER)
    good = ("1", "U001", "", "个人", "17400000001", "2026-03-02", "办证", "370102")
    path = write_records(tmp_path / "records.csv", [good, ("2", "U999", *good[2:])])
    refused = run("frame", "import", ROUND, path, "--json", status=1)
    assert refused.stdout == "" and "line 3" in refused.stderr and "U999" in refused.stderr
    (taken,) = ask("frame", "import", ROUND, path, "--accept-good")["files"]
    assert (taken["lines"], taken["imported"], taken["refused"]) == (2, 1, 1)
    assert len(taken["problems"]) == 1 and "U999" in taken["problems"][0]
    assert "problems" not in run("frame", "report", ROUND).output


def test_the_key_is_told_without_a_database_and_its_fingerprint_is_that_of_its_bytes(home):
    """The same key every time, in hex, with the SHA-256 of what the hex stands for; nothing secret beside it."""
    told = ask("key", "show")
    assert told["algorithm"] == "Ed25519" and len(bytes.fromhex(told["public_key"])) == 32
    assert told["fingerprint"] == hashlib.sha256(bytes.fromhex(told["public_key"])).hexdigest()
    plain = run("key", "show").output
    assert told["public_key"] in plain and told["fingerprint"] in plain
    assert SECRET not in plain and not list(home.glob("*.sqlite"))


class ShortYear:
    """A year that is over at once: it says something on the way, and has figures at the end."""

    def __init__(self, **asked) -> None:
        self.summaries, self.seconds, self.passwords = [{"code": ROUND, "published": 3}], {"programme": 0.5}, {}

    def prepare(self) -> None:
        click.echo("database and programme")

    def hold(self) -> None:
        print("fieldwork")


def test_the_demo_s_standard_output_is_its_figures_alone(tmp_path, monkeypatch):
    """Progress, whoever prints it, goes to the other stream."""
    short = {
        "Year": ShortYear,
        "stage": lambda environment, port: nullcontext(),
        "wait_for_stage": lambda port: None,
        "make_environment": lambda home, port: {},
    }
    for name, thing in short.items():
        monkeypatch.setattr(DEMO, name, thing)
    monkeypatch.setattr(DEMO.signal, "signal", lambda *_: None)
    result = run("demo", "--no-serve", "--home", tmp_path / "demo", "--json")
    assert json.loads(result.stdout) == {
        "rounds": [{"code": ROUND, "published": 3}],
        "seconds": {"programme": 0.5},
        "passwords": {},
    }
    assert result.stderr == "database and programme\nfieldwork\n"
