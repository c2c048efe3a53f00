import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import FieldworkError
from surveys.fieldwork import OUTCOME_CLASSES, OUTCOMES, OutcomeCounts, rates

counts = st.builds(OutcomeCounts, **{name: st.integers(0, 10_000) for name in OUTCOME_CLASSES})


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((2171, 0, 868, 660, 1163, 4553, 0, 11935), (0.2895, 0.2306, 0.3513, 0.5167, 0.7144)),
        ((1224, 0, 457, 238, 767, 5450, 0, 9462), (0.2211, 0.1504, 0.3146, 0.5000, 0.7281)),
    ],
)
def test_rates_equal_the_published_ones(row, expected):
    """BMC Med Res Methodol 2012;12:177, table 2, to the four digits printed there."""
    found = rates(OutcomeCounts(*row))
    assert [round(x, 4) for x in (found.e, found.RR1, found.RR3, found.COOP1, found.COOP3)] == list(expected)


def test_every_rate_follows_its_definition():
    """All seventeen figures of one set of counts, worked out by hand."""
    found = rates(OutcomeCounts(I=40, P=10, R=20, NC=20, O=10, UH=30, UO=20, NE=100))
    assert found.e == 0.5
    assert (found.RR1, found.RR2) == (40 / 150, 50 / 150)
    assert (found.RR3, found.RR4) == (40 / 125, 50 / 125)
    assert (found.RR5, found.RR6) == (40 / 100, 50 / 100)
    assert (found.COOP1, found.COOP2, found.COOP3, found.COOP4) == (40 / 80, 50 / 80, 40 / 70, 50 / 70)
    assert (found.REF1, found.REF2, found.REF3) == (20 / 150, 20 / 125, 20 / 100)
    assert (found.CON1, found.CON2, found.CON3) == (80 / 150, 80 / 125, 80 / 100)


def test_no_case_gives_no_rate():
    """With nothing released every rate is None, never a division by zero."""
    assert set(vars(rates(OutcomeCounts())).values()) == {None}


def test_only_unknown_cases_leave_the_rates_with_e_open():
    """Without one case of known eligibility e is None, RR1 is 0 and RR3 is None."""
    found = rates(OutcomeCounts(UH=5))
    assert (found.e, found.RR1, found.RR3, found.COOP1) == (None, 0.0, None, None)


def test_an_own_estimate_of_e_is_used():
    """A passed e replaces the estimated one; outside 0-1 it is refused."""
    assert rates(OutcomeCounts(I=1, UH=2), e=0.5).RR3 == 0.5
    with pytest.raises(FieldworkError):
        rates(OutcomeCounts(I=1), e=1.5)


@given(counts)
@settings(max_examples=60)
def test_rates_are_shares_in_their_order(c):
    """Each rate lies in 0-1, RR1 <= RR3 <= RR5, and even rates are not below the odd ones they extend."""
    found = rates(c)
    assert all(x is None or (0 <= x <= 1 and not math.isnan(x)) for x in vars(found).values())
    for low, high in (
        ("RR1", "RR3"),
        ("RR3", "RR5"),
        ("RR1", "RR2"),
        ("COOP1", "COOP3"),
        ("REF1", "REF2"),
        ("CON1", "CON2"),
    ):
        if getattr(found, low) is not None and getattr(found, high) is not None:
            assert getattr(found, low) <= getattr(found, high) + 1e-12


def test_counts_follow_the_codes():
    """Codes are counted by their class, and counts add up over channels."""
    both = OutcomeCounts.from_codes(["1.1", "1.2", "2.113"]) + OutcomeCounts.from_code_counts({"3.13": 4, "4.10": 2})
    assert both == OutcomeCounts(I=1, P=1, R=1, UH=4, NE=2)
    assert both.total == 9


def test_unknown_code_and_negative_count_are_refused():
    """The sentence names the code or the class."""
    with pytest.raises(FieldworkError, match=r"'9\.9'"):
        OutcomeCounts.from_codes(["9.9"])
    with pytest.raises(FieldworkError, match="class R"):
        OutcomeCounts(R=-1)


def test_every_code_stands_in_the_class_of_its_first_digit():
    """1.x answered, 2.x eligible, 3.x unknown, 4.x not eligible; each has a name in both languages."""
    classes = {"1": {"I", "P"}, "2": {"R", "NC", "O"}, "3": {"UH", "UO"}, "4": {"NE"}}
    for code, outcome in OUTCOMES.items():
        assert outcome.code == code
        assert outcome.outcome_class in classes[code[0]]
        assert outcome.name_zh and outcome.name_en
