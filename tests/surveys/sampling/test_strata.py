"""Strata, their collapse and the allocation of a sample."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DrawError
from surveys.sampling.strata import Stratum, allocate, collapse_strata

COUNTS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 400), min_size=1, max_size=9)


def county(code, unit="U1", group="individuals"):
    return Stratum(unit, group, code)


def test_a_stratum_is_written_and_read_as_unit_group_county():
    stratum = county("370102")
    assert stratum.name == "U1/individuals/370102"
    assert Stratum.from_name(stratum.name) == stratum


@pytest.mark.parametrize("codes", [("U/1", "g", "c"), ("", "g", "c"), ("U|1", "g", "c"), ("U1", "g\n", "c")])
def test_codes_that_a_name_cannot_hold_are_refused(codes):
    with pytest.raises(DrawError):
        Stratum(*codes)


def test_a_name_of_other_than_three_codes_is_refused():
    with pytest.raises(DrawError):
        Stratum.from_name("U1/individuals")


def test_a_small_stratum_joins_the_neighbour_that_is_named_for_it():
    """370105 (3 entries) goes to 370102, its first named neighbour that exists, and the step is recorded."""
    counts = {county("370102"): 50, county("370104"): 40, county("370105"): 3}
    result = collapse_strata(counts, 10, {"370105": ["370199", "370102", "370104"]})
    assert result.counts == {county("370102"): 53, county("370104"): 40}
    assert result.final_by_original[county("370105")] == county("370102")
    (step,) = result.collapses
    assert (step.stratum, step.into, step.count, step.neighbour_count) == (county("370105"), county("370102"), 3, 50)


def test_without_a_named_neighbour_the_next_county_code_takes_it_and_the_last_goes_to_the_one_before():
    counts = {county("370102"): 3, county("370103"): 40, county("370104"): 50, county("370105"): 2}
    result = collapse_strata(counts, 10)
    assert result.counts == {county("370103"): 43, county("370104"): 52}


def test_strata_collapse_step_by_step_until_large_enough():
    """1 joins 2 (3 together, still small), 3 joins 4: both originals end where the chain ends."""
    counts = {county("a"): 1, county("b"): 2, county("c"): 9}
    result = collapse_strata(counts, 5)
    assert result.counts == {county("c"): 12}
    assert set(result.final_by_original.values()) == {county("c")}
    assert [step.count for step in result.collapses] == [1, 3]


def test_groups_and_units_are_never_mixed_even_if_one_stays_lonely():
    """One representative of a unit stays a stratum of one: the weight of the group is its own."""
    lonely = county("370102", group="representatives")
    counts = {county("370102"): 50, lonely: 1, county("370102", unit="U2"): 2}
    result = collapse_strata(counts, 10)
    assert result.counts == counts
    assert result.collapses == ()


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.builds(Stratum, st.sampled_from(["U1", "U2"]), st.sampled_from(["g", "h"]), st.sampled_from("pqrst")),
        st.integers(0, 30),
        max_size=15,
    ),
    st.integers(1, 20),
    st.randoms(use_true_random=False),
)
def test_collapsing_loses_nobody_and_depends_on_no_order(counts, minimum, rng):
    """Counts add up per final stratum, only a unit × group as a whole stays small, and input order is irrelevant."""
    result = collapse_strata(counts, minimum)
    totals = dict.fromkeys(result.counts, 0)
    for original, final in result.final_by_original.items():
        assert (original.unit, original.group) == (final.unit, final.group)
        totals[final] += counts[original]
    assert totals == result.counts
    for stratum, count in result.counts.items():
        family = [other for other in result.counts if (other.unit, other.group) == (stratum.unit, stratum.group)]
        assert count >= minimum or family == [stratum]
    items = list(counts.items())
    assert collapse_strata(dict(rng.sample(items, len(items))), minimum) == result


def test_a_sample_is_shared_out_in_proportion_by_largest_remainders():
    """10 over 50, 30, 19: shares 5.05, 3.03, 1.92 → 5, 3, 2."""
    assert allocate({"a": 50, "b": 30, "c": 19}, 10, minimum=0) == {"a": 5, "b": 3, "c": 2}


def test_a_share_below_the_minimum_is_raised_and_the_others_pay():
    """20 over 900, 90, 10 with at least 2: 10 and 90 are fixed at 2 (shares .2 and 1.8), the rest goes to 900."""
    assert allocate({"a": 900, "b": 90, "c": 10}, 20, minimum=2) == {"a": 16, "b": 2, "c": 2}


def test_strata_up_to_a_size_are_taken_whole():
    assert allocate({"a": 900, "b": 100, "c": 8}, 28, take_all_up_to=10) == {"a": 18, "b": 2, "c": 8}


def test_equal_remainders_are_settled_by_name():
    assert allocate({"b": 10, "a": 10, "c": 10}, 4, minimum=1) == {"a": 2, "b": 1, "c": 1}


@settings(max_examples=80, deadline=None)
@given(COUNTS, st.integers(0, 900), st.integers(0, 4), st.integers(0, 30))
def test_an_allocation_adds_up_exactly_within_its_bounds_or_says_how_much_it_needs(counts, total, minimum, take_all):
    floors = {name: count if count <= take_all else min(minimum, count) for name, count in counts.items()}
    reachable = min(total, sum(counts.values()))
    if reachable < sum(floors.values()):
        with pytest.raises(DrawError) as refusal:
            allocate(counts, total, minimum=minimum, take_all_up_to=take_all)
        assert refusal.value.details["needed"] == sum(floors.values())
        return
    sizes = allocate(counts, total, minimum=minimum, take_all_up_to=take_all)
    assert sum(sizes.values()) == reachable
    assert all(floors[name] <= sizes[name] <= counts[name] for name in counts)
    free = [name for name in counts if sizes[name] > floors[name]]
    if free:
        rates = [(sizes[name] - 1) / counts[name] for name in free]
        upper = [(sizes[name] + 1) / counts[name] for name in free]
        assert max(rates) < min(upper) + 1e-12


@pytest.mark.parametrize("call", [lambda: allocate({"a": -1}, 1), lambda: collapse_strata({county("a"): 1}, 0)])
def test_senseless_counts_and_minima_are_refused(call):
    with pytest.raises(DrawError):
        call()
