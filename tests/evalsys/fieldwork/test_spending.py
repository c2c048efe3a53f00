"""The budget: what a round has cost follows from its attempts, and nothing is made that it does not cover."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from evalsys.base.errors import Refused
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers, send_messages
from evalsys.fieldwork.notices import list_notices
from evalsys.fieldwork.spending import find_cost, find_use
from evalsys.fieldwork.staff_calls import OWN, keep_staff_status, new_room, plan_staff_call
from evalsys.gateways.port import ProviderRefused
from tests.evalsys.fieldwork.working import report
from tests.evalsys.installation import make_open

PRICES = {"cost_per_minute": 0.1, "cost_per_message": 0.05}
BY_PHONE = {"mode_sequence": ["phone"], "random_arm_share": 0}
BY_MESSAGE = {"mode_sequence": ["sms"], "random_arm_share": 0}


def cost(place) -> Decimal | None:
    return place.on_round(lambda s, r, round_: find_cost(s, round_, r.clock.now()))


def dial(place) -> int:
    """A beat of the dialler; how many calls it made."""
    before = len(place.telephone.placed)
    place.do_job(dial_numbers)
    return len(place.telephone.placed) - before


def hang_up(place, number: int, status: str, seconds: int) -> None:
    """The last callback of the call made as ``number``-th."""
    report(place, place.telephone.placed[number].attempt_key, status, CallDuration=str(seconds))
    place.do_job(apply_callbacks)


def notices(place) -> list[str]:
    return [str(notice) for notice in place.on_round(list_notices)]


def trail(place) -> list:
    return place.sql("SELECT action, details FROM audit_entry WHERE actor = 'dialler' ORDER BY seq")


def test_a_call_costs_its_minutes_begun_and_nothing_where_nobody_answered(tmp_path):
    place = make_open(tmp_path, **PRICES, **BY_PHONE)
    dial(place)
    for number, (status, seconds) in enumerate(
        [("completed", 1), ("completed", 60), ("completed", 61), ("no-answer", 0), ("busy", 0)]
    ):
        hang_up(place, number, status, seconds)
    assert cost(place) == Decimal("0.4")


def test_a_message_costs_its_segments_unless_the_provider_refused_it(tmp_path):
    place = make_open(tmp_path, **PRICES, **BY_MESSAGE)
    place.telephone.fails = ProviderRefused("21211", "not a number")
    place.do_job(send_messages)
    assert cost(place) == 0
    place = make_open(tmp_path / "taken", **PRICES, **BY_MESSAGE)
    place.do_job(send_messages)
    assert place.sql("SELECT DISTINCT segments FROM attempt") == [(2,)]
    assert cost(place) == len(place.telephone.sent) * 2 * Decimal("0.05") > 0


def test_no_message_is_sent_that_the_budget_does_not_cover_and_staff_are_told_once(tmp_path):
    place = make_open(tmp_path, **PRICES, **BY_MESSAGE, budget=0.32)
    for _ in range(3):
        place.do_job(send_messages)
        place.clock.advance(timedelta(minutes=1))
    assert len(place.telephone.sent) == 3
    assert notices(place) == [
        "Text messages have stopped: of the budget of 0.32, 0.30 are spent. Answers are still taken."
    ]
    assert [action for action, _ in trail(place)] == ["budget spent"]


def test_a_minute_is_set_aside_for_each_call_under_way_and_given_back_where_it_cost_nothing(tmp_path):
    place = make_open(tmp_path, **PRICES, **BY_PHONE, budget=0.5)
    assert dial(place) == 5
    place.clock.advance(timedelta(minutes=1))
    assert dial(place) == 0
    assert (notices(place), trail(place)) == ([], []), "nothing is spent yet"
    hang_up(place, 0, "no-answer", 0)
    hang_up(place, 1, "completed", 30)
    place.clock.advance(timedelta(minutes=1))
    assert dial(place) == 1
    hang_up(place, 2, "completed", 200)
    place.clock.advance(timedelta(minutes=1))
    assert dial(place) == 0
    assert notices(place) != []


def test_a_budget_that_allows_no_call_may_still_allow_a_message(tmp_path):
    prices = PRICES | {"cost_per_message": 0.025}
    place = make_open(tmp_path, **prices, budget=0.19, random_arm_share=0.5)
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) == 1
    hang_up(place, 0, "completed", 20)
    place.clock.advance(timedelta(minutes=1))
    place.do_job(dial_numbers)
    place.do_job(send_messages)
    assert (len(place.telephone.placed), len(place.telephone.sent)) == (1, 1)
    place.clock.advance(timedelta(minutes=1))
    place.do_job(send_messages)
    assert len(place.telephone.sent) == 1
    assert len(notices(place)) == 2


def test_without_a_budget_nothing_stops_and_without_prices_nothing_is_said_to_cost_anything(opened, tmp_path):
    assert cost(opened) is None
    place = make_open(tmp_path / "prices", **PRICES, **BY_PHONE)
    assert (dial(place) > 5, notices(place)) == (True, [])


def test_what_was_added_up_once_is_the_same_as_the_whole_ledger_at_any_time(tmp_path):
    """Ended attempts are added up once a process; callbacks that come late must not be lost by that."""
    place = make_open(tmp_path, **PRICES, **BY_PHONE, concurrent_calls=10)
    late, seen = [], []
    for beat in range(6):
        first = len(place.telephone.placed)
        made = range(first, first + dial(place))
        for number in [*late, *made[::2]]:
            hang_up(place, number, "completed", 30 + 60 * beat)
        late = made[1::2]
        seen.append(place.on_round(lambda s, r, round_: find_use(s, round_, r.clock.now()).minutes))
        ledger = place.sql("SELECT sum((coalesce(seconds, 0) + 59) / 60) FROM attempt WHERE state = 'ended'")
        assert ledger == [(seen[-1],)]
        place.clock.advance(timedelta(minutes=4))
    assert seen == sorted(set(seen)) and len(late) > 0


def test_calls_to_staff_cost_their_minutes_and_keep_the_pace_and_the_budget(tmp_path):
    place = make_open(tmp_path, **PRICES, **BY_PHONE, calls_per_second=1, budget=0.4, quota=10)

    def ring():
        return place.on_round(
            lambda s, r, round_: plan_staff_call(
                s, r, round_, "+8613900000001", purpose=OWN, person="i1", room=new_room()
            )
        ).attempt_key

    first = ring()
    assert dial(place) == 0
    with pytest.raises(Refused, match="No call can be placed"):
        ring()
    place.clock.advance(timedelta(seconds=2))
    second = ring()
    for key in (first, second):
        place.act(lambda s, r, key=key: keep_staff_status(s, key, "completed", 61))
        # Said twice, it costs once.
        place.act(lambda s, r, key=key: keep_staff_status(s, key, "completed", 600))
    assert cost(place) == Decimal("0.4")
    place.clock.advance(timedelta(seconds=2))
    assert dial(place) == 0
    with pytest.raises(Refused, match="No call can be placed"):
        ring()
