from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from surveys.errors import ScoringError
from surveys.estimation import Sample, estimate_means, sums_from_rows
from surveys.scoring.estimates import RoundEstimates, ScoredUnit
from surveys.scoring.figures import canonical_json
from surveys.scoring.hotline import HotlineCounts
from surveys.scoring.publication import differences, figures_of, public_figures
from surveys.scoring.rounds import score_round

DRAWS = 500
HOTLINE = {f"U{k:02}": HotlineCounts(200, 190 - k, 150, 120 - 3 * k, 140, 110 - 2 * k) for k in range(8)}


def scored(scheme, estimates, hotline=HOTLINE):
    return score_round(scheme, estimates, hotline, "seed", draws=DRAWS)


def with_counts(estimates: RoundEstimates, unit: int, n: tuple[int, ...]) -> RoundEstimates:
    counts = estimates.n.copy()
    counts[unit] = np.array(n)[:, None]
    return replace(estimates, n=counts)


def test_the_same_arguments_give_the_same_bytes(scheme, estimates):
    """Scored twice, a round's canonical figures are equal byte for byte.

    Another seed changes simulated quantiles only.
    """
    one = figures_of(scored(scheme, estimates))
    assert canonical_json(one) == canonical_json(figures_of(scored(scheme, estimates)))
    other = figures_of(score_round(scheme, estimates, HOTLINE, "other", draws=DRAWS))
    assert [c["critical_values"] for c in one["categories"]] != [c["critical_values"] for c in other["categories"]]
    assert [u["score"] for u in one["units"]] == [u["score"] for u in other["units"]]


def test_every_figure_follows_from_the_published_ones(scheme, estimates):
    """The table computed again from itself agrees, in the commission's version and in the public one."""
    figures = figures_of(scored(scheme, with_counts(estimates, 2, (10, 9, 3))))
    assert differences(figures, scheme) == []
    assert differences(public_figures(figures, scheme.gates), scheme) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("survey_score", "99.99"),
        ("survey_low", "1.00"),
        ("grade", "fail"),
        ("rank", 7),
        ("band", "no band at all"),
        ("score", "1.00"),
    ],
)
def test_a_changed_figure_is_named(scheme, estimates, key, value):
    """Whatever figure of a unit is altered, the comparison says which one."""
    figures = figures_of(scored(scheme, estimates))
    figures["units"][3][key] = value
    assert any(line.startswith(f"figures.units[U03].{key}:") for line in differences(figures, scheme))


def test_a_changed_indicator_mean_changes_the_score(scheme, estimates):
    """An altered published mean is found through the survey score that no longer follows from it."""
    figures = figures_of(scored(scheme, estimates))
    figures["units"][0]["indicators"]["I1"]["mean"] = "12.000000"
    assert any("units[U00].survey_score" in line for line in differences(figures, scheme))


def test_the_score_is_the_published_arithmetic(scheme, estimates):
    """Survey = Σ a I rounded, round = .70 survey + .30 hotline rounded, each from the figures as published."""
    for row in scored(scheme, estimates).units:
        parts = row.inputs.indicators
        total = sum(i.weight * parts[i.code].mean for i in scheme.indicators if i.is_scored)
        assert row.survey_score == round_half_up(total)
        assert row.score == round_half_up(Decimal("0.7") * row.survey_score + Decimal("0.3") * row.hotline.score)


def round_half_up(value: Decimal) -> Decimal:
    return (value * 100 + Decimal("0.5")).to_integral_value(rounding="ROUND_FLOOR") / 100


def test_gates_decide_what_is_shown(scheme, estimates):
    """9 answers nothing, 29 internal, 99 a score without grade, rank or band."""
    cases = [((3, 3, 3), "nothing"), ((15, 9, 5), "internal"), ((60, 30, 9), "score")]
    for n, expected in cases:
        row = scored(scheme, with_counts(estimates, 2, n)).of("U02")
        assert row.standing.visibility == expected
        assert (row.grade, row.standing.rank, row.standing.band) == (None, None, None)


def test_a_hidden_unit_leaves_no_trace_in_the_public_figures(scheme, estimates):
    """Whatever a hidden unit's answers are, the public table is the same bytes."""
    hidden = with_counts(estimates, 2, (10, 6, 3))
    other = replace(hidden, means=hidden.means.copy())
    other.means[2] = 1.0
    tables = [public_figures(figures_of(scored(scheme, e)), scheme.gates) for e in (hidden, other)]
    assert canonical_json(tables[0]) == canonical_json(tables[1])
    assert set(tables[0]["units"][2]) == {"unit", "category", "is_key", "visibility"}


def test_groups_are_published_with_the_unit_and_make_up_its_score(scheme, estimates):
    """Σ W_g score_g is the survey score up to rounding; a small group leaves two without numbers, and the table verifies."""
    figures = public_figures(figures_of(scored(scheme, with_counts(estimates, 0, (90, 45, 40)))), scheme.gates)
    assert differences(figures, scheme) == []
    groups = figures["units"][0]["groups"]
    total = sum(weight * Decimal(groups[code]["score"]) for code, weight in scheme.groups.items())
    assert abs(total - Decimal(figures["units"][0]["survey_score"])) <= Decimal("0.01")
    second = figures["units"][1]["groups"]
    assert second["representatives"] == {"n": None, "score": None, "std_error": None, "hidden": True}
    assert sum(cell["score"] is None for cell in second.values()) == 2


def test_few_hotline_orders_are_not_published(scheme, estimates):
    """Below ten orders the rates stay inside, the hotline score remains, and the table still verifies."""
    figures = figures_of(scored(scheme, estimates, {**HOTLINE, "U01": HotlineCounts(7, 6, 5, 4, 5, 3)}))
    table = public_figures(figures, scheme.gates)
    assert table["units"][1]["hotline"]["counts"] is None
    assert table["units"][1]["hotline"]["score"] == figures["units"][1]["hotline"]["score"]
    assert differences(table, scheme) == []


FEW, OTHER_FEW = HotlineCounts(7, 6, 5, 4, 5, 3), HotlineCounts(9, 2, 4, 1, 6, 5)


def test_hidden_counts_of_hotline_orders_move_no_other_published_figure(scheme, estimates):
    """Neither those of a unit below the gate nor the few of one that is shown: only its own hotline and round score differ."""
    hidden = with_counts(estimates, 2, (10, 6, 3))
    tables = [
        public_figures(figures_of(scored(scheme, hidden, {**HOTLINE, "U01": few, "U02": many})), scheme.gates)
        for few, many in (
            (FEW, HotlineCounts(90, 80, 70, 60, 70, 60)),
            (OTHER_FEW, HotlineCounts(300, 20, 70, 6, 70, 6)),
        )
    ]
    for table in tables:
        shown = table["units"][1]
        for figure in ("hotline", "score", "grade"):
            shown.pop(figure)
    assert canonical_json(tables[0]) == canonical_json(tables[1])


def test_where_no_unit_of_a_category_tells_its_orders_the_category_does_not_either(scheme, estimates):
    """The units' hotline scores are shown all the same, and the table verifies."""
    few = {code: HotlineCounts(9 - k % 4, 5 - k % 3, 5, 4, 5, 3) for k, code in enumerate(HOTLINE)}
    table = public_figures(figures_of(scored(scheme, estimates, few)), scheme.gates)
    for entry in table["categories"]:
        assert set(entry["hotline_rates"].values()) == {None}
    assert all(unit["hotline"]["score"] is not None for unit in table["units"])
    assert differences(table, scheme) == []


def test_an_auxiliary_indicator_with_few_answers_is_left_out(scheme, estimates):
    """Twenty answers to A1 in a unit whose score is shown: no mean, no count, and the table still verifies."""
    counts = estimates.n.copy()
    counts[0, :, -1] = (10, 6, 4)
    figures = figures_of(scored(scheme, replace(estimates, n=counts)))
    table = public_figures(figures, scheme.gates)
    assert figures["units"][0]["visibility"] == table["units"][0]["visibility"] == "full"
    assert table["units"][0]["indicators"]["A1"]["mean"] is None
    assert differences(table, scheme) == []


def test_a_missing_group_is_renormalised_and_said(scheme, estimates):
    """Without representatives, individuals and enterprises carry .6667 and .3333, and the notes name the group."""
    means = estimates.means.copy()
    means[0, 2] = np.nan
    row = scored(scheme, with_counts(replace(estimates, means=means), 0, (90, 45, 0))).of("U00")
    expected = (means[0, 0] * 0.5 + means[0, 1] * 0.25) / 0.75
    assert [float(part.mean) for part in row.inputs.indicators.values()] == pytest.approx(expected, abs=1e-6)
    assert "missing-group:representatives" in row.notes


def test_no_hotline_leaves_the_survey_alone(scheme, estimates):
    """Without an order in the whole category the round's score is the survey's, and that is said."""
    row = scored(scheme, estimates, {}).of("U00")
    assert row.score == row.survey_score
    assert "no-hotline" in row.notes


def test_a_unit_without_orders_takes_its_category_rates(scheme, estimates):
    """Shrinking no orders gives the category's rates, and that is said."""
    row = scored(scheme, estimates, {"U01": HOTLINE["U01"]}).of("U03")
    assert "hotline-of-category" in row.notes
    assert row.hotline.score is not None


def test_a_unit_nobody_answered_has_no_score(scheme, estimates):
    """n = 0: no score from the hotline alone, nothing shown."""
    means = estimates.means.copy()
    means[1] = np.nan
    row = scored(scheme, with_counts(replace(estimates, means=means), 1, (0, 0, 0))).of("U01")
    assert (row.score, row.survey_score, row.standing.visibility) == (None, None, "nothing")
    assert "no-survey" in row.notes


def test_covariance_between_units_reaches_the_rank_sets(scheme, estimates):
    """A common error (a mode effect) widens no difference.

    Rank sets with it are those without it, and are verifiable.
    """
    units, groups, indicators = estimates.means.shape
    full = np.zeros((units, groups, indicators) * 2)
    for u in range(units):
        full[u, :, :, u] = estimates.covariance[u]
    apart = scored(scheme, replace(estimates, covariance=full))
    plain = scored(scheme, estimates)
    assert [r.standing for r in apart.units] == [r.standing for r in plain.units]
    common = scored(scheme, replace(estimates, covariance=full + 4.0))
    assert differences(figures_of(common), scheme) == []
    assert all(
        a.inputs.survey_std_error > b.inputs.survey_std_error for a, b in zip(common.units, plain.units, strict=True)
    )


def test_estimates_by_domain_are_put_in_their_place(scheme, estimates):
    """D domains in any order give the same round as the U × G arrays."""
    domains = [(u, g) for u in range(len(estimates.units)) for g in range(3)]
    order = np.random.default_rng(3).permutation(len(domains))
    shuffled = [domains[k] for k in order]
    covariance = np.zeros((len(domains), 7, len(domains), 7))
    for d, (u, g) in enumerate(shuffled):
        for e, (v, h) in enumerate(shuffled):
            if u == v:
                covariance[d, :, e, :] = estimates.covariance[u, g, :, h, :]
    again = RoundEstimates.from_domains(
        estimates.units,
        scheme.group_codes,
        [(estimates.units[u].code, scheme.group_codes[g]) for u, g in shuffled],
        np.stack([estimates.means[u, g] for u, g in shuffled]),
        covariance,
        np.stack([estimates.n[u, g] for u, g in shuffled]),
        df=estimates.df,
        completes=estimates.completes,
        dont_know=estimates.dont_know,
        satisfied=estimates.satisfied,
    )
    assert figures_of(scored(scheme, again)) == figures_of(scored(scheme, estimates))


def test_strangers_are_refused(scheme, estimates):
    """Hotline orders or domains of a unit that is not in the round, and a unit twice, are named."""
    with pytest.raises(ScoringError, match="'X9'"):
        scored(scheme, estimates, {"X9": HOTLINE["U01"]})
    with pytest.raises(ScoringError, match="twice"):
        scored(scheme, replace(estimates, units=(estimates.units[0],) * 8))
    with pytest.raises(ScoringError, match="X9"):
        RoundEstimates.from_domains(
            [ScoredUnit("U1", "c", True)], ["individuals"], [("X9", "individuals")], np.ones((1, 7)),
            np.ones((1, 7, 1, 7)), np.ones((1, 7)), df=np.ones(1), completes=np.ones(1), dont_know=np.zeros((1, 7)),
        )  # fmt: skip


def test_a_round_is_scored_from_answers_as_estimation_gives_them(scheme):
    """Rows → sums → means → scores.

    I1 of a unit is the weighted mean of its groups' weighted means, worked out apart.
    """
    generator = np.random.default_rng(4)
    n, units, groups = 900, 3, 3
    unit, group = generator.integers(0, units, n), generator.integers(0, groups, n)
    points = generator.choice([0, 3000, 6000, 8000, 10000], (n, 7))
    answered = generator.uniform(0, 1, (n, 7)) > 0.1
    stratum = unit * groups + group
    weights = generator.uniform(1, 3, units * groups)
    sums = sums_from_rows(stratum, stratum, stratum, points, answered)
    sampled = np.bincount(stratum, minlength=units * groups)
    found = estimate_means(sums, Sample(sampled, np.full(sampled.shape, np.inf), weights))
    members = [ScoredUnit(f"U{k}", "services", True) for k in range(units)]
    domains = [(f"U{d // groups}", scheme.group_codes[d % groups]) for d in range(units * groups)]
    estimates = RoundEstimates.from_means(
        members, scheme.group_codes, domains, found,
        completes=np.bincount(unit), dont_know=np.zeros((units, 7), int),
    )  # fmt: skip
    row = scored(scheme, estimates, {}).of("U1")
    parts = [points[(unit == 1) & (group == g) & answered[:, 0], 0].mean() / 100 for g in range(groups)]
    assert float(row.inputs.indicators["I1"].mean) == pytest.approx(np.dot([0.5, 0.25, 0.25], parts), abs=1e-6)
    assert row.inputs.df == (unit == 1).sum() - groups
    assert not estimates.between_units
    assert row.inputs.survey_std_error > 0


def test_groups_that_share_strata_need_their_units_degrees_of_freedom(scheme):
    """Summing the groups' degrees would count shared strata twice, so it is refused; given, they are taken."""
    points = np.tile(np.array([[0], [10000], [6000], [8000]]), (1, 7))
    group = np.array([0, 1, 0, 1])
    sums = sums_from_rows(np.zeros(4, int), group, group, points, np.ones((4, 7), bool))
    found = estimate_means(sums, Sample(np.array([4]), np.array([np.inf]), np.ones(2)))
    unit, domains = [ScoredUnit("U0", "c", False)], [("U0", group) for group in scheme.group_codes[:2]]
    counts = {"completes": np.array([4]), "dont_know": np.zeros((1, 7), int)}
    with pytest.raises(ScoringError, match="'U0' share strata"):
        RoundEstimates.from_means(unit, scheme.group_codes, domains, found, **counts)
    given = RoundEstimates.from_means(unit, scheme.group_codes, domains, found, **counts, df=np.array([3]))
    assert scored(scheme, given, {}).of("U0").inputs.df == 3
