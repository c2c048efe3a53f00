"""What the made-up people think is consistent, spread out, and always the same for a seed."""

from __future__ import annotations

import json

import pytest

from evalsys.design.programme_files import read_programme
from evalsys.examples.make_city import CITY
from evalsys.examples.truth import make_truth, true_score, write_truth


@pytest.fixture(scope="module")
def files():
    return read_programme(CITY)


@pytest.fixture(scope="module")
def truth(files):
    return make_truth(files, round_kind="year_end", seed=7)


def list_shares(truth):
    return [shares for groups in truth["units"].values() for asked in groups.values() for shares in asked.values()]


def test_every_answer_has_a_share_and_they_sum_to_one(files, truth):
    assert set(truth["units"]) == {unit["code"] for unit in files.units}
    for shares in list_shares(truth):
        assert sum(round(share * 10_000) for share in shares.values()) == 10_000
        assert min(shares.values()) >= 0


def test_every_question_with_options_has_shares_for_exactly_its_options(files, truth):
    values = {
        scale["code"]: {option["value"] for option in scale["options"]} for scale in files.configuration["scales"]
    }
    scale_of = {row["code"]: row["scale"] for row in files.configuration["indicators"]}
    scale_of |= {q["code"]: q["scale"] for q in files.configuration["questionnaire"]["questions"] if q["scale"]}
    for groups in truth["units"].values():
        assert set(groups) == {row["code"] for row in files.configuration["groups"]}
        for asked in groups.values():
            assert {code: set(shares) for code, shares in asked.items()} == {
                code: values[scale] for code, scale in scale_of.items()
            }


def test_true_scores_are_spread_from_62_to_92_in_each_category(files, truth):
    for category in files.configuration["categories"]:
        scores = sorted(
            true_score(files.configuration, truth["units"][unit["code"]])
            for unit in files.units
            if unit["category"] == category["code"]
        )
        assert 61.5 < scores[0] < 66
        assert 88 < scores[-1] < 92.5


def test_a_true_score_is_the_weighted_mean_of_points_without_do_not_know(files):
    shares = {"1": 0.4, "2": 0.2, "3": 0.2, "4": 0.0, "5": 0.0, "8": 0.2}
    asked = {row["code"]: shares for row in files.configuration["indicators"]}
    by_group = {group["code"]: asked for group in files.configuration["groups"]}
    assert true_score(files.configuration, by_group) == pytest.approx((40 + 16 + 12) / 0.8)


def test_the_rounds_of_a_year_differ_by_little(files, truth):
    mid_year = make_truth(files, round_kind="mid_year", seed=7)
    changes = [
        true_score(files.configuration, truth["units"][code]) - true_score(files.configuration, groups)
        for code, groups in mid_year["units"].items()
    ]
    assert any(changes)
    assert max(map(abs, changes)) < 8


def test_truth_is_written_the_same_for_the_same_seed(files, truth, tmp_path):
    write_truth(truth, tmp_path / "truth.json")
    write_truth(make_truth(files, round_kind="year_end", seed=7), tmp_path / "again.json")
    assert (tmp_path / "truth.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8")) == truth
    assert make_truth(files, round_kind="year_end", seed=8) != truth
