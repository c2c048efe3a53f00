"""Made-up citizens do what the rates say, and always the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsys.gateways.simulator.hearing import Hearing
from evalsys.gateways.simulator.population import Citizen, Population, pick, true_answers, uniforms
from surveys.errors import SurveyError

SHARES = {
    "Q0": {"1": 0.95, "2": 0.05},
    "I1": {"1": 0.4, "2": 0.3, "3": 0.15, "4": 0.06, "5": 0.04, "8": 0.05},
    "A3": {"1": 0.9, "2": 0.09, "9": 0.01},
}
TRUTH = {"units": {"U1": {"G1": SHARES, "G2": SHARES | {"I1": {"1": 0.0, "2": 1.0}}}}}
CODES = ("Q0", "I1", "A3", "P1", "P2")
PINNED = (0.22834964413282666, 0.017661148029253226, 0.025514518145534404, 0.32931599797283106)
HEADER = "phone,cid,unit,group,county\n"


def make_population(count=0, seed="7"):
    citizens = {f"+86138{n:08d}": Citizen(f"c{n}", "U1", "G1") for n in range(count)}
    return Population(citizens, TRUTH, Hearing({}), seed)


def doings(population, citizen):
    return (
        [population.answer(citizen, code) for code in CODES],
        [population.plan_call(citizen, number) for number in range(1, 6)],
        population.plan_message(citizen),
    )


def test_the_directory_says_who_answers_a_number(tmp_path):
    path = tmp_path / "directory.csv"
    path.write_text(HEADER + "+8613800000001,c1,U1,G1,K1\n+8613800000002,c2,U1,G2,K1\n+8613800000001,c3,U1,G2,K1\n")
    population = Population.load(path, TRUTH, Hearing({}), "7")
    assert population.find("+8613800000002") == Citizen("c2", "U1", "G2")
    assert population.find("+8613800000001").cid == "c1", "a shared number is answered by the first person"
    assert population.find("+8613899999999") is None


def test_a_directory_without_a_column_is_refused_by_name(tmp_path):
    path = tmp_path / "directory.csv"
    path.write_text("phone,cid,unit\n")
    with pytest.raises(SurveyError, match="no column group, county"):
        Population.load(path, TRUTH, Hearing({}), "7")


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(12)))
def test_what_a_citizen_does_depends_neither_on_the_order_nor_on_the_others(order):
    alone = {n: doings(make_population(), Citizen(f"c{n}", "U1", "G1")) for n in range(12)}
    together = make_population(12)
    assert {n: doings(together, Citizen(f"c{n}", "U1", "G1")) for n in order} == alone


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8), st.integers(0, 99))
def test_uniforms_lie_in_the_unit_interval_and_repeat(seed, cid, label, number):
    drawn = uniforms(seed, cid, label, number)
    assert drawn == uniforms(seed, cid, label, number)
    assert len(drawn) == 4
    assert all(0 <= uniform < 1 for uniform in drawn)


def test_draws_never_change_between_versions():
    """Pinned: another recipe would make every recorded demo another one."""
    assert uniforms("7", "c1", "call", 1) == pytest.approx(PINNED, abs=1e-15)


def test_another_seed_citizen_label_or_try_draws_something_else():
    base = ("7", "c1", "call", 1)
    others = [("8", "c1", "call", 1), ("7", "c2", "call", 1), ("7", "c1", "message", 1), ("7", "c1", "call", 2)]
    assert len({uniforms(*arguments) for arguments in [base, *others]}) == 5


@given(st.floats(0, 1, exclude_max=True))
def test_a_value_without_share_is_never_picked_and_the_order_of_writing_does_not_matter(uniform):
    shares = {"3": 0.2, "1": 0.0, "2": 0.8, "9": 0.0}
    assert pick(shares, uniform) == ("2" if uniform < 0.8 else "3")


def test_answers_have_the_shares_of_the_truth_and_the_documented_defaults():
    population = make_population(20_000)
    people = list(population.citizens.values())
    expected = SHARES | {"P1": {"1": 0.03, "2": 0.97}}
    for code, shares in expected.items():
        counts = Counter(population.answer(citizen, code) for citizen in people)
        assert set(counts) <= set(shares)
        for value, share in shares.items():
            assert counts[value] / len(people) == pytest.approx(share, abs=0.012)
    silent = sum(population.answer(citizen, "P2") == "" for citizen in people)
    assert silent / len(people) == pytest.approx(0.92, abs=0.01)


def test_people_outside_the_directory_answer_by_the_same_rule():
    population = make_population()
    for n in range(50):
        citizen = Citizen(f"c{n}", "U1", "G2")
        answers = {code: population.answer(citizen, code) for code in CODES}
        assert true_answers("7", citizen.cid, "U1", "G2", TRUTH, CODES) == answers
        assert answers["I1"] == "2"


def test_what_the_truth_lacks_is_named():
    with pytest.raises(SurveyError, match="group G9 of unit U1"):
        true_answers("7", "c1", "U1", "G9", TRUTH, CODES)
    with pytest.raises(SurveyError, match="how I7 is answered"):
        true_answers("7", "c1", "U1", "G1", TRUTH, ["I7"])


def test_a_dead_number_is_dead_at_every_try_and_for_messages():
    population = make_population(2_000)
    dead = 0
    for citizen in population.citizens.values():
        kinds = {population.plan_call(citizen, number).kind == "dead" for number in range(1, 6)}
        assert kinds == {not population.plan_message(citizen).delivered}
        dead += True in kinds
    assert dead / 2_000 == pytest.approx(0.07, abs=0.02)


def test_whoever_takes_part_does_so_at_every_try():
    population = make_population(1_000)
    for citizen in population.citizens.values():
        takes_part = {population.plan_call(citizen, number).cooperation == "answers" for number in range(1, 6)}
        assert len(takes_part) == 1


def test_plans_keep_their_ranges_and_rates():
    population = make_population(10_000)
    calls = [population.plan_call(citizen, 1) for citizen in population.citizens.values()]
    messages = [population.plan_message(citizen) for citizen in population.citizens.values()]
    assert all(1 <= call.ring_seconds <= 25 and 1 <= call.seconds_per_answer <= 6 for call in calls)
    assert {call.break_off_after for call in calls} == {None, *range(1, 9)}
    assert {call.slip_at for call in calls} == set(range(8))
    assert {call.slip for call in calls} == {None, "silence", "wrong_key"}
    assert sum(call.break_off_after is not None for call in calls) / 10_000 == pytest.approx(0.04, abs=0.008)
    assert sum(call.slip is not None for call in calls) / 10_000 == pytest.approx(0.06, abs=0.01)
    assert all(5 <= message.opens_after_minutes <= 2000 for message in messages)
    assert all(message.delivered for message in messages if message.opens or message.scanner)
    assert sum(message.opens for message in messages) / 10_000 == pytest.approx(0.93 * 0.12, abs=0.012)
    assert sum(message.scanner for message in messages) / 10_000 == pytest.approx(0.93 * 0.05, abs=0.01)
    assert {message.leaves_after for message in messages} == {None, *range(1, 9)}


@dataclass
class Field:
    """A round as the field rules play it: a message first, then at most five calls."""

    population: Population
    calls: int = 0

    def completes(self, citizen):
        message = self.population.plan_message(citizen)
        if message.opens and self._is_complete(citizen, message.leaves_after):
            return True
        hang_ups = 0
        for number in range(1, 6):
            self.calls += 1
            plan = self.population.plan_call(citizen, number)
            if plan.kind == "dead":
                return False
            if plan.kind != "human":
                continue
            if plan.cooperation == "answers":
                return self._is_complete(citizen, plan.break_off_after)
            hang_ups += 1
            if plan.cooperation != "hangs_up" or hang_ups == 2:
                return False
        return False

    def _is_complete(self, citizen, answered):
        """Served, and at least four indicators after the screener."""
        return self.population.answer(citizen, "Q0") == "1" and (answered is None or answered >= 5)


@pytest.fixture(scope="module")
def played():
    population = make_population(20_000, seed="2026")
    field = Field(population)
    outcome = [(citizen, field.completes(citizen)) for citizen in population.citizens.values()]
    return population, field, outcome


def test_a_complete_interview_costs_eight_to_nine_calls(played):
    _, field, outcome = played
    completes = sum(done for _, done in outcome)
    assert 8.0 <= field.calls / completes <= 9.2


def test_whether_somebody_responds_has_nothing_to_do_with_what_they_think(played):
    """Among those who were served, completes answer I1 like the others: chi-square by hand, 5 degrees of freedom."""
    population, _, outcome = played
    served = [(citizen, done) for citizen, done in outcome if population.answer(citizen, "Q0") == "1"]
    table = Counter((done, population.answer(citizen, "I1")) for citizen, done in served)
    rows, columns = Counter(done for _, done in served), Counter()
    for (_, value), count in table.items():
        columns[value] += count
    distance = sum(
        (table[done, value] - rows[done] * columns[value] / len(served)) ** 2
        / (rows[done] * columns[value] / len(served))
        for done in rows
        for value in columns
    )
    assert distance < 15.09, "the 1 % point"
