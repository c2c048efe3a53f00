"""The picture of the house is that of the house."""

from __future__ import annotations

import configparser
import re

import pytest

from tests.house.sources import ROOT, imported_modules, list_files, name_of, parse

TEXT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PACKAGES = [path.parent for path in list_files("evalsys/*/__init__.py", "surveys/*/__init__.py")]
METHOD = [path for path in list_files("surveys/*.py") if path.parent != ROOT / "surveys"]


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_every_room_stands_in_the_picture_with_one_line(package):
    lines = re.findall(rf"^\| `{re.escape(name_of(package))}` \| (.+?) \|", TEXT, re.MULTILINE)
    assert len(lines) == 1, f"give {name_of(package)} one line in a table of docs/architecture.md; it has {len(lines)}"


def test_every_room_of_the_picture_exists():
    named = re.findall(r"^\| `((?:evalsys|surveys)/[\w/.]+)` \|", TEXT, re.MULTILINE)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_floors_of_the_picture_are_those_of_the_import_contract():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    layers = setup["importlinter:contract:rooms"]["layers"].split("\n")
    built = [layer.strip("() ") for layer in layers if layer.strip()]
    # a room in brackets may be missing; it stands in the picture once it is built
    standing = [floor for floor in (keep_built(layer) for layer in built) if floor]
    (drawn,) = re.findall(r"From the top:\n\n```\n(.+?)\n```", TEXT, re.DOTALL)
    assert drawn.split("\n") == standing


@pytest.mark.parametrize("path", METHOD, ids=name_of)
def test_a_room_of_the_method_imports_only_what_the_picture_says(path):
    own = path.relative_to(ROOT).parts[1]
    (said,) = re.findall(rf"^\| `surveys/{own}` \| .+? \| (.+?) \|$", TEXT, re.MULTILINE)
    used = {name.split(".")[1] for name in imported_modules(parse(path)) if name.startswith("surveys.")}
    beyond = used - {own, "errors", *re.findall(r"\w+", said)}
    assert not beyond, f"{name_of(path)} imports {beyond}; let evalsys join them"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:evalsys|surveys|migrations)/[\w./]+)`", TEXT))))
def test_every_file_that_the_picture_names_exists(name):
    assert (ROOT / name).exists(), f"docs/architecture.md names {name}"


def keep_built(layer: str) -> str:
    """A floor of the contract with only those of its rooms that exist."""
    rooms = [room.strip("() ") for room in layer.split(":")]
    folder = ROOT / "evalsys"
    return " : ".join(room for room in rooms if (folder / room).is_dir() or (folder / f"{room}.py").is_file())
