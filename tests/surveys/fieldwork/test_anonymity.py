"""Which answers may leave their cases together, and what they may still tell."""

from __future__ import annotations

from collections import Counter
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from surveys.fieldwork.anonymity import choose_together, hide_rare

LEAST = 3
ANSWERS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=25)


def named(answers):
    return [(("stratum", stratum), ("mode", mode)) for stratum, mode in answers]


@given(ANSWERS)
def test_each_class_of_each_chosen_answer_is_shared_by_enough(answers):
    classes = named(answers)
    chosen = choose_together(classes, LEAST)
    sizes = Counter(chain.from_iterable(classes[place] for place in chosen))
    assert chosen == sorted(set(chosen))
    assert all(size >= LEAST for size in sizes.values())


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=9))
def test_no_larger_set_would_do(answers):
    classes = named(answers)
    chosen = set(choose_together(classes, LEAST))
    for size in range(len(answers) + 1):
        for some in combinations(range(len(answers)), size):
            sizes = Counter(chain.from_iterable(classes[place] for place in some))
            if all(count >= LEAST for count in sizes.values()):
                assert set(some) <= chosen


@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_choice_does_not_hang_on_the_order(answers, chance):
    places = list(range(len(answers)))
    chance.shuffle(places)
    chosen = choose_together(named(answers), LEAST)
    shuffled = choose_together(named([answers[place] for place in places]), LEAST)
    assert sorted(places[place] for place in shuffled) == chosen


def test_an_answer_without_a_class_may_always_leave():
    assert choose_together([(), (("stratum", "a"),)], LEAST) == [0]


@given(ANSWERS)
def test_a_value_that_is_told_is_shared_by_enough_and_a_class_is_told_whole_or_not_at_all(answers):
    told = hide_rare(answers, LEAST)
    sizes = Counter(zip((stratum for stratum, _ in answers), told, strict=True))
    for (stratum, mode), value in zip(answers, told, strict=True):
        assert value in ("", mode)
        assert not value or sizes[stratum, value] >= LEAST
    for stratum in {stratum for stratum, _ in answers}:
        values = [value for (one, _), value in zip(answers, told, strict=True) if one == stratum]
        assert all(values) or not any(values)
