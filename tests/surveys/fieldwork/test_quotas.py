import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import FieldworkError
from surveys.fieldwork import ReleaseRule, ReplicateProgress, expected_completes, should_release_next

RULE = ReleaseRule()


def test_the_first_replicate_opens_at_once():
    """Nothing released and a quota to meet; a quota of 0 opens nothing."""
    assert should_release_next(156, [], RULE).reason == "first"
    assert not should_release_next(0, [], RULE).release


def test_the_next_waits_until_four_fifths_of_the_last_are_final():
    """47 of 60 final is not enough, 48 is."""
    assert should_release_next(156, [ReplicateProgress(60, 47, 14)], RULE).reason == "unfinished"
    assert should_release_next(156, [ReplicateProgress(60, 48, 14)], RULE).release


def test_no_more_opens_once_enough_completes_are_expected():
    """150 completes and 40 open cases at about 30 % are expected to pass 156."""
    progress = [ReplicateProgress(500, 460, 150)]
    decision = should_release_next(156, progress, RULE)
    assert decision.reason == "enough"
    assert decision.expected_completes == pytest.approx(150 + 40 * (150 + 9) / (460 + 30))


def test_the_prior_decides_before_any_outcome():
    """Nothing final: expected completes are the planned share of the cases."""
    assert expected_completes([ReplicateProgress(60, 0, 0)], RULE) == pytest.approx(18)


@given(st.integers(1, 500), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60)), max_size=5))
@settings(max_examples=60)
def test_a_met_quota_never_releases(quota, parts):
    """Completes at the quota stop the release, and no fewer are expected than there are."""
    progress = [ReplicateProgress(a + b + c, a + b, a) for a, b, c in parts]
    completes = sum(part.completes for part in progress)
    decision = should_release_next(quota, progress, RULE)
    assert decision.expected_completes >= completes
    if completes >= quota:
        assert not decision.release


def test_impossible_progress_and_rules_are_refused():
    """More completes than final cases, a negative quota, a share above one."""
    with pytest.raises(FieldworkError):
        ReplicateProgress(10, 3, 4)
    with pytest.raises(FieldworkError):
        should_release_next(-1, [], RULE)
    with pytest.raises(FieldworkError):
        ReleaseRule(final_share=1.2)
