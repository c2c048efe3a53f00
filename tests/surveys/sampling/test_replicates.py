"""Release in replicates."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DrawError
from surveys.sampling.replicates import check_release, plan_replicates

SIZES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30), min_size=1)


def test_a_worked_plan():
    """7 + 2 + 3 cases dealt to three: 3/2/2, then 1 to the second and third, then 1 each: four cases a replicate."""
    plan = plan_replicates({"a": 7, "b": 2, "c": 3}, 3)
    assert plan.last_ranks == {"a": (3, 5, 7), "b": (0, 1, 2), "c": (1, 2, 3)}
    assert [sum(len(plan.ranks(stratum, number)) for stratum in "abc") for number in (1, 2, 3)] == [4, 4, 4]
    assert plan.replicate_of("b", 1) == 2
    assert plan.released_counts(2) == {"a": 5, "b": 1, "c": 2}


def test_the_reserve_goes_on_with_replicates_of_the_same_sizes_until_it_is_used_up():
    plan = plan_replicates({"a": 4, "b": 2}, 2, {"a": 9, "b": 2})
    assert plan.last_ranks == {"a": (2, 4, 6, 8, 9), "b": (1, 2)}
    assert (plan.sample_replicates, plan.replicate_count) == (2, 5)
    assert plan.released_counts(5) == {"a": 9, "b": 2}
    assert list(plan.ranks("b", 4)) == []


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(1, 7), st.data())
def test_replicates_are_even_in_every_stratum_and_over_the_unit_and_prefixes_of_the_order(sizes, count, data):
    """Each of the sample's replicates differs by at most one case, per stratum and in all; together they are all ranks once."""
    frame = {name: size + data.draw(st.integers(0, 20)) for name, size in sizes.items()}
    plan = plan_replicates(sizes, count, frame)
    sample_numbers = range(1, count + 1)
    totals = [sum(len(plan.ranks(name, number)) for name in sizes) for number in sample_numbers]
    assert max(totals) - min(totals) <= 1
    for name, size in sizes.items():
        parts = [len(plan.ranks(name, number)) for number in sample_numbers]
        assert max(parts) - min(parts) <= 1 and sum(parts) == size
        every = [rank for number in range(1, plan.replicate_count + 1) for rank in plan.ranks(name, number)]
        assert every == list(range(1, (frame[name] if size else 0) + 1))
        assert all(rank in plan.ranks(name, plan.replicate_of(name, rank)) for rank in every)


def test_cases_are_released_only_in_the_order_of_the_draw():
    """Check 3: a reserve case out of order is refused, and so is one released twice."""
    assert check_release("S", 0, range(1, 5)) == 4
    assert check_release("S", 4, [5, 6]) == 6
    assert check_release("S", 4, []) == 4
    for wrong in ([6], [4], [5, 7], [5, 5]):
        with pytest.raises(DrawError) as refusal:
            check_release("S", 4, wrong)
        assert refusal.value.code == "out_of_order"


@pytest.mark.parametrize(
    "call",
    [
        lambda: plan_replicates({"a": 3}, 0),
        lambda: plan_replicates({"a": 3}, 2, {"a": 2}),
        lambda: plan_replicates({"a": 3}, 2, {}),
        lambda: plan_replicates({"a": 3}, 2).replicate_of("a", 4),
        lambda: plan_replicates({"a": 3}, 2).replicate_of("a", 0),
        lambda: plan_replicates({"a": 3}, 2).ranks("b", 1),
    ],
)
def test_plans_and_ranks_that_do_not_exist_are_refused(call):
    with pytest.raises(DrawError):
        call()


def test_no_stratum_and_no_sample_make_empty_plans():
    assert plan_replicates({}, 3).replicate_count == 0
    assert plan_replicates({"a": 0}, 2, {"a": 5}).released_counts(2) == {"a": 0}
