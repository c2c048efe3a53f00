"""``evalsys programme`` hands a questionnaire out as a form and takes one into a programme's folder."""

from __future__ import annotations

import shutil

import openpyxl
import pytest
from click.testing import CliRunner

from evalsys.cli import main
from tests.evalsys.installation import CITY


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A command in an installation that has the example programme."""
    monkeypatch.setenv("EVALSYS_HOME", str(tmp_path / "home"))

    def invoke(*words):
        return CliRunner().invoke(main, [str(word) for word in words])

    for words in (("db", "upgrade"), ("programme", "load", CITY)):
        assert invoke(*words).exit_code == 0
    return invoke


def test_a_form_goes_out_is_changed_and_comes_into_the_folder_or_names_its_bad_row(run, tmp_path):
    form, folder = tmp_path / "form.xlsx", tmp_path / "city"
    shutil.copytree(CITY, folder)
    assert "12 questions" in run("programme", "export-form", "example-2026", form).output
    assert run("programme", "import-form", form, folder).exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in CITY.iterdir()
    }
    book = openpyxl.load_workbook(form)
    row = next(row for row in range(2, 40) if book["survey"].cell(row, 2).value == "I1")
    book["survey"].cell(row, 1).value = "geopoint"
    book.save(form)
    refused = run("programme", "import-form", form, folder)
    assert refused.exit_code == 1 and f"survey:{row}: type" in refused.output
    assert (folder / "indicators.csv").read_bytes() == (CITY / "indicators.csv").read_bytes()


def test_a_printed_form_is_written_by_its_ending_and_names_what_its_head_lacks(run, tmp_path):
    for name, begins in (("form.pdf", b"%PDF"), ("form.docx", b"PK")):
        done = run("programme", "print-form", "example-2026", tmp_path / name, "--language", "en")
        assert "11 questions; blank: number, authority, approval, valid_until" in done.output
        assert (tmp_path / name).read_bytes().startswith(begins)
    assert run("programme", "print-form", "example-2026", tmp_path / "form.odt").exit_code == 1
