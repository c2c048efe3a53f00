"""What lies in the repository, and how."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.house.sources import ROOT, list_files, name_of

#: spelt in halves, so that this file does not find itself
MARKS = re.compile("TO" + "DO|FIX" + "ME|XX" + "X|raise Not" + "ImplementedError|pragma: no" + " cover")
OF_THIS_MACHINE = re.compile(r"(?<![\w.])/wo" + r"rk/|/tm" + r"p/[a-z]+_|\.\./sha" + "red")
REGISTRIES = re.compile(r"https?://|index-url|find-links|\bresolved\b|\bregistry\b", re.IGNORECASE)
TEXT = (
    "*.py",
    "*.md",
    "*.html",
    "*.xml",
    "*.js",
    "*.css",
    "*.toml",
    "*.cfg",
    "*.csv",
    "*.json",
    "*.po",
    "dev",
    ".ci/run",
)


@pytest.mark.parametrize("path", list_files("*.py"), ids=name_of)
def test_a_python_file_is_short_enough_to_live_in(path):
    if name_of(path).startswith("migrations/versions/"):
        return
    # The stand-alone verifier is one file, so that a stranger can copy it; everything else can be split.
    most = 500 if path.name == "verify_draw.py" else 400
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= most, f"{name_of(path)} has {lines} lines; make two of it"


def test_nothing_is_left_to_do():
    found = [f"{name_of(path)}:{n}" for path in list_files("*.py", "*.html", "dev") for n in find_lines(path, MARKS)]
    assert not found, found


def test_no_path_of_one_machine_is_written_down():
    found = [f"{name_of(path)}:{n}" for path in list_files(*TEXT) for n in find_lines(path, OF_THIS_MACHINE)]
    assert not found, found


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-spark.lock", "requirements-bench.lock", "package-lock.json"]
)
def test_a_lock_file_names_no_host_to_fetch_from(name):
    lines = [
        line
        for line in (ROOT / name).read_text().splitlines()
        if REGISTRIES.search(line) and '"url": "https://' not in line  # npm's lines about funding
    ]
    assert not lines, lines[:5]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-spark.lock", "requirements-bench.lock"])
def test_every_python_package_is_pinned_by_hash(name):
    text = (ROOT / name).read_text().replace("\\\n", " ")
    pins = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    assert pins
    loose = [pin.split()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin]
    assert not loose, f"not pinned: {loose}"


def test_every_page_package_is_pinned_by_hash():
    import json

    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    loose = [name for name, entry in packages.items() if name and not entry.get("integrity", "").startswith("sha512-")]
    assert packages and not loose, f"not pinned: {loose}"


@pytest.mark.parametrize("name", ["dev", ".ci/run"])
def test_a_script_can_be_run_and_its_syntax_is_right(name):
    path = ROOT / name
    assert path.stat().st_mode & 0o111, f"{name} is not executable"
    shell = "bash" if "bash" in path.read_text().splitlines()[0] else "dash"
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_dev_help_lists_each_task_with_one_line():
    text = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    tasks = re.findall(r"^  (\w+) .*\w", text, re.MULTILINE)
    assert tasks == ["setup", "demo", "run", "test", "check", "fix", "bench"]


def test_dev_refuses_a_task_it_does_not_know():
    done = subprocess.run([ROOT / "dev", "dance"], capture_output=True, text=True)
    assert done.returncode != 0
    assert "dance" in done.stderr


def test_the_licence_is_complete():
    text = (ROOT / "LICENSE").read_text()
    assert text.lstrip().startswith("GNU AFFERO GENERAL PUBLIC LICENSE")
    assert "13. Remote Network Interaction" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_nothing_generated_or_large_is_kept():
    kept = list_files()
    wrong = [name_of(path) for path in kept if path.suffix in {".mo", ".pyc", ".sqlite"} or "/vendor/" in name_of(path)]
    assert not wrong, wrong
    large = [name_of(path) for path in kept if path.stat().st_size > 2_000_000]
    assert not large, f"over 2 MB: {large}"


def find_lines(path, pattern) -> list[int]:
    """The numbers of the lines of ``path`` that match."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return [n for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
