import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import FieldworkError
from surveys.fieldwork import (
    MESSAGE_OUTCOMES,
    OUTCOMES,
    TELEPHONE_OUTCOMES,
    final_outcome,
    message_outcome,
    stated_outcome,
    telephone_outcome,
)

tries = st.lists(st.sampled_from([code for code in OUTCOMES if code != "4.80"]), max_size=8)


@pytest.mark.parametrize(
    ("outcomes", "final"),
    [
        (["3.12", "1.1"], "1.1"),
        (["2.12", "1.2", "2.11"], "1.2"),
        (["3.13", "4.10"], "4.10"),
        (["2.113", "3.13", "3.13"], "2.113"),
        (["3.14", "3.13", "3.12"], "3.14"),
        (["3.12", "3.13", "3.12"], "3.13"),
        (["3.12", "3.12"], "3.12"),
        (["3.30", "3.13"], "3.13"),
        (["3.19", "3.16"], "3.19"),
        (["2.20", "3.21"], "2.20"),
        (["2.30", "2.113"], "2.113"),
        (["4.33", "3.13"], "4.33"),
        ([], "3.11"),
    ],
)
def test_the_most_informative_try_speaks_for_the_case(outcomes, final):
    """Answers first, then what ended the case, then refusal, other, non-contact, and the kinds of unknown."""
    assert final_outcome(outcomes, tries_exhausted=True, field_period_over=True) == final


def test_a_case_stays_open_while_tries_and_time_remain():
    """Interim outcomes decide nothing before tries or the field period are used up."""
    assert final_outcome(["3.13", "2.113"], tries_exhausted=False, field_period_over=False) is None
    assert final_outcome(["3.13", "2.11"], tries_exhausted=False, field_period_over=False) == "2.11"


def test_a_quota_never_closes_a_released_case():
    """4.80 in a case's ledger is refused."""
    with pytest.raises(FieldworkError, match=r"4\.80"):
        final_outcome(["4.80"], tries_exhausted=True, field_period_over=True)


def test_a_stated_outcome_uses_a_try_up_where_a_telephone_rang():
    """What a call centre states counts as what a provider reports: the same codes leave the case's tries alone."""
    for reported in TELEPHONE_OUTCOMES.values():
        assert stated_outcome(reported.outcome) == reported
    assert not stated_outcome("3.11").counts_as_try and not stated_outcome("4.31").counts_as_try
    for code in ("4.80", "9.99"):
        with pytest.raises(FieldworkError, match=code):
            stated_outcome(code)


@given(tries)
@settings(max_examples=80)
def test_the_final_code_is_one_of_the_tries(outcomes):
    """Nothing is invented: the final code of a tried case stands in its ledger, and an answered case is never lost."""
    final = final_outcome(outcomes, tries_exhausted=True, field_period_over=False)
    assert final in (outcomes or ["3.11"])
    if {"1.1", "1.2"} & set(outcomes):
        assert final in ("1.1", "1.2")


def test_call_statuses_become_outcomes():
    """What the provider reports, and whether it eats one of the case's tries."""
    assert telephone_outcome("busy") == TELEPHONE_OUTCOMES["busy"]
    assert telephone_outcome("completed", answered_by="machine_end_beep").outcome == "3.14"
    assert telephone_outcome("completed", answered_by="fax").outcome == "4.20"
    assert telephone_outcome("completed", answered_by="human") is None
    assert telephone_outcome("ringing") is None
    assert telephone_outcome("failed", error_code="21211").outcome == "4.30"
    assert not telephone_outcome("failed", error_code="20429").counts_as_try
    assert not telephone_outcome("canceled").counts_as_try
    assert telephone_outcome("no-answer").counts_as_try


def test_message_statuses_become_outcomes():
    """Sent is not delivered; an unsubscribed number is a refusal."""
    assert message_outcome("sent") is None
    assert message_outcome("delivered").outcome == "3.19"
    assert message_outcome("failed", error_code="21610").outcome == "2.11"
    assert message_outcome("undelivered").outcome == "3.30"


def test_an_unknown_status_is_refused_and_every_mapped_code_exists():
    """A provider's new word is not guessed at."""
    with pytest.raises(FieldworkError, match="exploded"):
        telephone_outcome("exploded")
    assert {entry.outcome for table in (TELEPHONE_OUTCOMES, MESSAGE_OUTCOMES) for entry in table.values()} <= set(
        OUTCOMES
    )
