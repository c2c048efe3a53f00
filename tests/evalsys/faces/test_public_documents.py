"""Documents that are handed around: each is read back by a program other than the one that wrote it."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile

import openpyxl
import pytest

from tests.evalsys.faces.published_city import YEAR_END, publish_city

LANGUAGES = ("zh_Hans", "en")


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """An application with two published rounds."""
    return publish_city(tmp_path_factory.mktemp("city"))


@pytest.fixture
def client(city):
    return city.test_client()


def without_cached_values(workbook: bytes) -> bytes:
    """The workbook without what its formulas came to, so that whoever opens it has to compute."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.startswith("xl/worksheets/"):
                content = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
            new.writestr(name, content)
    return buffer.getvalue()


def test_libreoffice_computes_the_published_scores_from_the_workbook_s_formulas(client, tmp_path):
    published = client.get(f"/results/{YEAR_END}/scores.xlsx?lang=en").data
    (tmp_path / "scores.xlsx").write_bytes(without_cached_values(published))
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx"]
    subprocess.run(
        [*command, "--outdir", tmp_path / "out", tmp_path / "scores.xlsx"], check=True, capture_output=True, timeout=120
    )
    empty = openpyxl.load_workbook(tmp_path / "scores.xlsx", data_only=True)
    assert empty["Scores"]["L3"].value is empty["Scores"]["S3"].value is None, "nothing is left to copy"
    again = openpyxl.load_workbook(tmp_path / "out" / "scores.xlsx", data_only=True)
    stated = openpyxl.load_workbook(io.BytesIO(published), data_only=True)
    formulas = openpyxl.load_workbook(io.BytesIO(published))
    computed = [cell for sheet in formulas for row in sheet.rows for cell in row if cell.data_type == "f"]
    composite = next(cell.column for cell in formulas["Scores"][1] if cell.value == "Composite")
    assert sum(cell.parent.title == "Scores" and cell.column == composite for cell in computed) == 9
    for cell in computed:
        here, there = (book[cell.parent.title][cell.coordinate].value for book in (stated, again))
        assert there == pytest.approx(here, abs=1e-9), (cell.parent.title, cell.coordinate)


def test_every_sheet_prints_on_the_width_of_a_page(client):
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/results/{YEAR_END}/scores.xlsx?lang=zh_Hans").data))
    for sheet in book:
        assert sheet.print_area and sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.title
    assert book["总表"].freeze_panes == "C2" and book["总表"].print_title_rows
