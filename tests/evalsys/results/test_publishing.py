"""From a closed round to its bundle: in this order only, by two people, and checkable by anybody."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from evalsys.base.errors import Refused
from evalsys.cli import main
from evalsys.fieldwork.closing import close_round
from evalsys.results.freezing import freeze_round, get_dataset
from evalsys.results.publishing import publish_round
from evalsys.results.queries import get_publication
from evalsys.results.scoring import get_latest_run, score_round
from surveys.sampling import verify_draw
from tests.evalsys.installation import ROUND, answer_all, copy_of, make_open

TWO = {"approved_by": "chair", "seconded_by": "deputy"}


@pytest.fixture(scope="module")
def _closed(tmp_path_factory):
    place = make_open(tmp_path_factory.mktemp("closed"))
    answer_all(place)
    place.clock.advance(timedelta(days=20))
    place.on_round(close_round, actor="chair")
    return place


@pytest.fixture
def closed(_closed, tmp_path):
    """A round whose fieldwork is over."""
    return copy_of(_closed, tmp_path / "home")


@pytest.fixture
def scored(closed):
    """A round that is scored and not published."""
    closed.on_round(freeze_round, actor="chair")
    closed.on_round(score_round, actor="chair")
    return closed


@pytest.fixture
def bundle(scored) -> Path:
    """The public bundle of a published round."""
    publication = scored.on_round(publish_round, **TWO)
    return scored.runtime.published_folder / publication.files["public"]


@pytest.mark.parametrize(("stage", "state"), [("opened", "open"), ("closed", "closed")])
def test_scoring_before_freezing_is_refused(request, stage, state):
    with pytest.raises(Refused, match=f"is {state}; scoring"):
        request.getfixturevalue(stage).on_round(score_round, actor="chair")


def test_an_open_round_is_not_frozen(opened):
    with pytest.raises(Refused, match="is open; freezing"):
        opened.on_round(freeze_round, actor="chair")


def test_a_round_that_was_never_scored_is_not_published(closed):
    with pytest.raises(Refused, match="is closed; publishing"):
        closed.on_round(publish_round, **TWO)
    closed.on_round(freeze_round, actor="chair")
    with pytest.raises(Refused, match="is not scored"):
        closed.on_round(publish_round, **TWO)


@pytest.mark.parametrize("second", ["", "chair"])
def test_one_person_alone_cannot_publish(scored, second):
    with pytest.raises(Refused, match="two different people"):
        scored.on_round(publish_round, approved_by="chair", seconded_by=second)


def test_answers_that_do_not_balance_block_freezing(closed):
    closed.sql("delete from sealed_answer where key = (select max(key) from sealed_answer)")
    with pytest.raises(Refused, match="answers where .* were sealed"):
        closed.on_round(freeze_round, actor="chair")


def test_answers_that_do_not_balance_block_publishing_and_nothing_is_written(scored):
    scored.sql("delete from sealed_answer where key = (select max(key) from sealed_answer)")
    with pytest.raises(Refused, match="answers where .* were sealed"):
        scored.on_round(publish_round, **TWO)
    assert scored.sql("select count(*) from publication") == [(0,)]
    assert list(scored.runtime.published_folder.glob("*.zip")) == []


def test_a_revision_wants_its_reason_and_stands_beside_the_first(scored):
    scored.on_round(publish_round, **TWO)
    with pytest.raises(Refused, match="needs its reason"):
        scored.on_round(publish_round, **TWO)
    scored.on_round(publish_round, reason="a misprint", **TWO)
    assert scored.sql("select revision, reason from publication order by revision") == [(1, ""), (2, "a misprint")]


def test_same_answers_and_seed_give_the_same_bytes(scored):
    first = scored.on_round(lambda s, r, round_: get_latest_run(s, round_).sha256)
    scored.clock.advance(timedelta(days=3))
    scored.on_round(score_round, actor="deputy")
    assert scored.on_round(lambda s, r, round_: get_latest_run(s, round_).sha256) == first
    assert scored.sql("select count(*) from score_run") == [(2,)]


def test_a_unit_s_indicator_means_are_those_of_a_direct_computation(scored):
    dataset = scored.on_round(lambda s, r, round_: get_dataset(s, round_))
    run = scored.on_round(lambda s, r, round_: get_latest_run(s, round_))
    content = scored.on_round(lambda s, r, round_: round_.configuration.content)
    scale = next(one for one in content["scales"] if one["code"] == "CN5")
    points = {o["value"]: float(o["points"]) for o in scale["options"] if o["kind"] == "rated"}
    weight_of_group = {group["code"]: float(group["weight"]) for group in content["groups"]}
    rows = [row for row in pq.read_table(dataset.path).to_pylist() if row["outcome"] == "1.1"]
    weight = {}
    for stratum in dataset.strata:
        counted = stratum["complete"] + stratum["eligible_rest"]
        eligible = counted / (counted + stratum["ineligible"]) if counted else 0
        people = (
            stratum["population"]
            * (counted + eligible * stratum["unknown"])
            / (counted + stratum["ineligible"] + stratum["unknown"])
        )
        weight[stratum["stratum"]] = people / stratum["complete"] if stratum["complete"] else 0
    figures = {unit["unit"]: unit for unit in run.figures["units"]}
    for unit, shown in figures.items():
        for indicator in (one for one in content["indicators"] if one["role"] == "scored"):
            top = bottom = 0.0
            for group, share in weight_of_group.items():
                rated = [
                    (weight[row["stratum"]], points[row[indicator["code"]]])
                    for row in rows
                    if row["unit"] == unit and row["evaluator_group"] == group and row[indicator["code"]] in points
                ]
                if rated:
                    w, x = np.array(rated).T
                    top, bottom = top + share * (w @ x / w.sum()), bottom + share
            stated = shown["indicators"][indicator["code"]]["mean"]
            assert float(stated) == pytest.approx(top / bottom, abs=1e-5)


def test_the_bundle_verifies_by_both_verifiers(bundle):
    answer = CliRunner().invoke(main, ["verify", str(bundle)])
    assert answer.exit_code == 0, answer.output
    alone = subprocess.run(
        [sys.executable, "-I", verify_draw.__file__, str(bundle)], capture_output=True, text=True, check=False
    )
    assert alone.returncode == 0, alone.stdout + alone.stderr


def test_the_auditor_s_bundle_verifies_from_the_answers(bundle):
    answer = CliRunner().invoke(main, ["verify", str(bundle).replace(".zip", "-auditor.zip")])
    assert answer.exit_code == 0, answer.output
    assert "answers" in answer.output


def test_any_flipped_byte_of_a_bundle_is_found(bundle):
    content = bundle.read_bytes()
    generator = np.random.default_rng(5)
    for position in generator.choice(len(content), 60, replace=False):
        bundle.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert CliRunner().invoke(main, ["verify", str(bundle)]).exit_code == 1, position


def test_a_flipped_byte_is_named_by_its_line_by_both_verifiers(bundle):
    with zipfile.ZipFile(bundle) as archive:
        name = next(name for name in archive.namelist() if name.endswith("sample.csv") and "lines" not in name)
        member = archive.read(name)
    content = bundle.read_bytes()
    position = content.index(member) + member.index(b"\n", member.index(b"\n") + 1) + 5
    bundle.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
    answer = CliRunner().invoke(main, ["verify", str(bundle)])
    assert answer.exit_code == 1
    assert f"{name}, line 3" in answer.output
    alone = subprocess.run(
        [sys.executable, "-I", verify_draw.__file__, str(bundle)], capture_output=True, text=True, check=False
    )
    assert alone.returncode != 0
    assert "line 3" in alone.stdout + alone.stderr


def test_what_is_published_shows_no_figure_of_a_unit_below_the_gate(opened):
    answer_all(opened, most={"U001": 8})
    opened.clock.advance(timedelta(days=20))
    opened.on_round(close_round, actor="chair")
    opened.on_round(freeze_round, actor="chair")
    opened.on_round(score_round, actor="chair")
    opened.on_round(publish_round, **TWO)
    run = opened.on_round(lambda s, r, round_: get_latest_run(s, round_))
    own = next(unit for unit in run.figures["units"] if unit["unit"] == "U001")
    assert own["score"] is not None, "the commission itself sees the figure"
    published = opened.act(lambda s, r: get_publication(s, ROUND).figures["round"])
    hidden = next(unit for unit in published["units"] if unit["unit"] == "U001")
    assert hidden["visibility"] == "nothing"
    for path in opened.runtime.published_folder.glob(f"bundle-{ROUND}.zip"):
        with zipfile.ZipFile(path) as archive:
            text = archive.read("scores/figures.json").decode()
        assert f'"{own["survey_score"]}"' not in text
    assert not any(hidden.get(name) for name in ("score", "survey_score", "survey_low", "grade", "rank_low"))


def test_a_round_whose_frame_supplier_nobody_stated_is_not_published(scored):
    scored.sql("update round set frame_supplier = ''")
    with pytest.raises(Refused, match="lacks: frame_supplier"):
        scored.on_round(publish_round, **TWO)
    assert scored.sql("select count(*) from publication") == [(0,)]
    assert not list(scored.runtime.published_folder.glob("*.zip"))


@pytest.mark.parametrize(
    ("opened_at", "closed_at", "first", "last"),
    [
        # midnight in Jinan is 16:00 of the day before in UTC
        ("2026-06-05 16:00:00.000000", "2026-07-05 16:00:00.000000", "2026-06-08", "2026-07-05"),
        ("2026-06-09 17:00:00.000000", "2026-06-20 02:00:00.000000", "2026-06-10", "2026-06-20"),
        ("2026-06-05 16:00:00.000000", "2026-09-01 02:00:00.000000", "2026-06-08", "2026-07-05"),
    ],
)
def test_the_published_days_of_fieldwork_are_those_of_the_programmes_calendar(
    scored, opened_at, closed_at, first, last
):
    scored.sql("UPDATE round SET opened_at = :o, closed_at = :c", o=opened_at, c=closed_at)
    publication = scored.on_round(publish_round, **TWO)
    assert publication.disclosure["dates"] == {"first": first, "last": last}
