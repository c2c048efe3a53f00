"""Case identifiers and hash choices."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DrawError
from surveys.sampling.identifiers import case_identifier, labelled_ticket, mode_arm, record_choice, uniform

KEY = bytes(range(32))
SEED = "98a7e23eb8e3eea1f480d7654734c5952747657f01ac5f370874d82781a81c99"


def test_another_round_key_gives_another_identifier():
    """Identifiers of two rounds cannot be matched without both keys."""
    assert case_identifier(KEY, "SR-1") != case_identifier(KEY[::-1], "SR-1")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=8, unique=True), st.randoms(use_true_random=False)
)
def test_the_kept_duplicate_does_not_depend_on_the_order_of_the_records(numbers, rng):
    kept = record_choice(KEY, numbers)
    assert kept in numbers
    assert record_choice(KEY, rng.sample(numbers, len(numbers))) == kept


def test_which_duplicate_is_kept_depends_on_the_secret_key():
    """Over 50 keys both of two records are kept at times: nobody without the key can steer it."""
    assert {record_choice(bytes([number]) * 16, ["a", "b"]) for number in range(50)} == {"a", "b"}


def test_labels_give_unrelated_choices_and_the_arm_keeps_its_share():
    """Of 4,000 cases the arm swaps 10 % within 5 standard errors, and its tickets are not those of the draw."""
    arms = [mode_arm(SEED, "S", f"{number:064x}", 0.1) for number in range(4_000)]
    assert abs(arms.count("swap") - 400) < 5 * (4_000 * 0.1 * 0.9) ** 0.5
    assert set(arms) == {"swap", "base"}
    assert labelled_ticket(SEED, "arm", "S", "c") != labelled_ticket(SEED, "ticket", "S", "c")


@pytest.mark.parametrize(("share", "arm"), [(0.0, "base"), (1.0, "swap")])
def test_a_share_of_none_or_all_puts_every_case_into_one_arm(share, arm):
    assert {mode_arm(SEED, "S", f"{number:064x}", share) for number in range(200)} == {arm}


def test_a_ticket_as_a_number_runs_from_zero_to_just_below_one():
    assert uniform("0" * 64) == 0.0
    assert uniform("f" * 64) == 1 - 2**-52
    assert uniform("8" + "0" * 63) == 0.5


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(lambda: case_identifier(b"short", "SR-1"), id="short key"),
        pytest.param(lambda: case_identifier(KEY, ""), id="no record number"),
        pytest.param(lambda: record_choice(KEY, []), id="nothing to choose from"),
        pytest.param(lambda: labelled_ticket(SEED, "seed", "S", "c"), id="reserved label"),
        pytest.param(lambda: labelled_ticket(SEED, "an\narm", "S", "c"), id="label with a line break"),
        pytest.param(lambda: labelled_ticket(SEED.upper(), "arm", "S", "c"), id="upper-case seed"),
        pytest.param(lambda: uniform("zz"), id="no ticket"),
    ],
)
def test_what_would_weaken_or_blur_a_choice_is_refused(refused):
    with pytest.raises(DrawError):
        refused()
