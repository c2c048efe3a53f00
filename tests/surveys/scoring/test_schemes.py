from decimal import Decimal

import pytest

from surveys.errors import ScoringError
from surveys.scoring.schemes import SATISFACTION_PRESETS, Scheme, hundredths


def test_points_are_exact_hundredths(scheme):
    """CN5 as the default says; don't know has no points."""
    assert [scheme.points_of("I1", value) for value in "12345"] == [10000, 8000, 6000, 3000, 0]
    assert scheme.points_of("I1", "8") is None


def test_presets_change_the_points_and_nothing_else(scheme):
    """LIN5 gives 75 for the second option; weights stay; an unknown preset is named."""
    other = scheme.with_preset("LIN5")
    assert other.points_of("I1", "2") == 7500
    assert other.groups == scheme.groups
    with pytest.raises(ScoringError, match="NOPE"):
        scheme.with_preset("NOPE")


def test_presets_never_reward_a_worse_answer():
    """In every preset points fall from the best option to the worst."""
    for points in SATISFACTION_PRESETS.values():
        values = [points[value] for value in "12345"]
        assert values == sorted(values, reverse=True) and values[0] == 100


def test_weights_are_the_decimals_that_were_typed(scheme):
    """0.15 stays 0.15, and auxiliary indicators weigh 0."""
    assert scheme.indicators[1].weight == Decimal("0.15")
    assert not scheme.indicators[-1].is_scored
    assert scheme.annual_weights(True).mid_year == Decimal("0.3")
    assert scheme.annual_weights(False).mid_year == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["groups"][0].update(weight=0.4), "groups sum to 0.9"),
        (lambda d: d["indicators"][0].update(weight=0.3), "indicators sum to 1.1"),
        (lambda d: d["indicators"][0].update(weight=-0.2), "I1"),
        (lambda d: d["scoring"]["methods"].update(survey=0.8), "methods"),
        (lambda d: d["scoring"]["hotline"].update(response=0.5), "hotline rates"),
        (lambda d: d["scoring"]["annual"]["other"].update(year_end=0.5), "other units"),
        (lambda d: d["scoring"]["gates"].update(internal_below=5), "gates"),
        (lambda d: d["scoring"]["gates"].update(reliability_from=1.5), "between 0 and 1"),
        (lambda d: d["grades"].reverse(), "best to worst"),
        (lambda d: d["scoring"]["adjustment"].update(cap=-1), "negative"),
        (lambda d: d["scales"][0]["options"][0].update(points=101), "option 1"),
        (lambda d: d["indicators"][0].update(scale="GONE"), "'GONE'"),
        (lambda d: d["indicators"][0].update(code="I2"), "twice"),
        (lambda d: d["scoring"]["presets"][0]["points"].pop("5"), "LIN5"),
        (lambda d: d["scoring"].pop("methods"), "'methods'"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place(document, change, says):
    """Each mistake is answered by one sentence that names the part."""
    change(document)
    with pytest.raises(ScoringError, match=says):
        Scheme.from_configuration(document)


def test_points_have_at_most_two_decimals():
    """33.33 is 3333 hundredths; 33.333 is refused."""
    assert hundredths(33.33, "here") == 3333
    with pytest.raises(ScoringError, match="33.333"):
        hundredths(33.333, "here")
