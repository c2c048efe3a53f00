"""The files for analysts: SPSS reads the answers with their labels, and R's survey package finds the scores of the bundle again."""

from __future__ import annotations

import csv
import io
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pyreadstat
import pytest

from evalsys.base.errors import Refused
from evalsys.fieldwork.closing import close_round
from evalsys.results.analysis_files import write_analysis_files
from evalsys.results.freezing import freeze_round
from evalsys.results.publishing import publish_round
from evalsys.results.scoring import score_round
from tests.evalsys.installation import answer_all, make_open


@pytest.fixture(scope="module")
def bundles(tmp_path_factory) -> dict[str, Path]:
    """Both bundles of a published round."""
    place = make_open(tmp_path_factory.mktemp("analysed"))
    answer_all(place)
    place.clock.advance(timedelta(days=20))
    for act in (close_round, freeze_round, score_round):
        place.on_round(act, actor="chair")
    publication = place.on_round(publish_round, approved_by="chair", seconded_by="deputy")
    return {kind: place.runtime.published_folder / name for kind, name in publication.files.items()}


@pytest.fixture(scope="module")
def folder(bundles, tmp_path_factory) -> Path:
    """The analysts' files, unpacked."""
    folder = tmp_path_factory.mktemp("files")
    with zipfile.ZipFile(io.BytesIO(write_analysis_files(bundles["auditor"]))) as archive:
        archive.extractall(folder)
    return folder


def test_the_public_bundle_has_no_answers_to_hand_to_analysts(bundles):
    with pytest.raises(Refused, match="has no answers"):
        write_analysis_files(bundles["public"])


@pytest.mark.parametrize(("language", "label"), [("zh", "非常满意"), ("en", "very satisfied")])
def test_the_spss_file_has_every_answer_with_labels(folder, language, label):
    frame, about = pyreadstat.read_sav(str(folder / f"answers-{language}.sav"))
    answers = pq.read_table(folder / "answers.parquet")
    assert len(frame) == answers.num_rows > 50 and list(frame.columns) == answers.column_names
    said = [float(value) if value else None for value in answers["I1"].to_pylist()]
    assert [None if value != value else value for value in frame["I1"]] == said and set(said) > {1.0, 2.0}
    assert about.variable_value_labels["I1"][1.0] == label
    assert about.column_names_to_labels["I1"] == ("依法履职" if language == "zh" else "Acts lawfully and fairly")


def test_r_finds_every_score_and_standard_error_of_the_bundle_again(folder):
    run = subprocess.run(
        ["Rscript", "--vanilla", folder / "main_table.R", folder], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    stated, again = (list(csv.DictReader((folder / name).open())) for name in ("main_table.csv", "again.csv"))
    assert len(stated) == len(again) and sum(bool(row["survey_score"]) for row in stated) >= 2
    for one, other in zip(stated, again, strict=True):
        for name, most in (("survey_score", 0.0101), ("survey_std_error", 0.00101)):
            assert not one[name] or float(one[name]) == pytest.approx(float(other[name]), abs=most)


def test_the_r_script_says_so_where_a_score_is_not_that_of_the_answers(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rows = list(csv.reader((folder / "main_table.csv").open()))
    unit = next(row for row in rows[1:] if row[1])
    unit[1] = str(float(unit[1]) + 1)
    with (tmp_path / "main_table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    run = subprocess.run(
        ["Rscript", "--vanilla", tmp_path / "main_table.R", tmp_path], capture_output=True, text=True, timeout=120
    )
    assert run.returncode != 0 and unit[0] in run.stderr
