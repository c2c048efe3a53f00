"""The board's figures are those of the ledger: each released case once, each call once, and nothing from answers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from scipy import stats
from sqlalchemy import create_engine, literal, select, text
from sqlalchemy.orm import Session

from evalsys.fieldwork.board import PLANNED_DEVIATION, describe_board
from evalsys.fieldwork.call_times import Calls, _ten_minutes, count_calls
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers
from evalsys.fieldwork.models import Attempt
from tests.evalsys.fieldwork.working import answer, end, report
from tests.evalsys.installation import OPENING, UNITS, copy_of, make_open

PRICES = {"cost_per_minute": 0.1, "cost_per_message": 0.05, "budget": 900}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A round by telephone alone, just opened."""
    return make_open(tmp_path_factory.mktemp("board"), mode_sequence=["phone"], random_arm_share=0, **PRICES)


@pytest.fixture
def place(opened, tmp_path):
    """A copy of it for one test to change."""
    return copy_of(opened, tmp_path / "home")


def board(place):
    return place.on_round(describe_board)


def call_all(place) -> list[str]:
    """A beat of the dialler; the keys of the calls it placed."""
    before = len(place.telephone.placed)
    place.do_job(dial_numbers)
    return [call.attempt_key for call in place.telephone.placed[before:]]


def case_of(place, key: str) -> int:
    return place.sql("SELECT case_id FROM attempt WHERE key = :key", key=key)[0][0]


def complete(place, key: str, seconds: int = 90) -> None:
    """A call in which everything is answered."""
    report(place, key, "in-progress")
    place.do_job(apply_callbacks)
    answer(place, case_of(place, key), "voice")
    end(place, key, "completed", CallDuration=str(seconds))


def test_a_round_just_opened_foretells_nothing(place):
    shown = board(place)
    assert shown.whole.completes == 0 and shown.whole.final == 0 and shown.whole.open == shown.whole.released > 0
    assert shown.quotas_met.reason == "no_pace" and shown.worked_out.reason == "no_pace"
    assert all(row.margin is None and row.worked.rates.RR1 is None for row in shown.units)
    assert shown.cost == 0 and shown.cost_per_complete is None


def test_every_released_case_stands_once_under_a_channel(place):
    keys = call_all(place)
    complete(place, keys[0])
    end(place, keys[1], "failed", ErrorCode="13224")
    answer(place, case_of(place, keys[1]), "web")
    shown = board(place)
    assert shown.whole.completes == 2
    assert (shown.by_channel["voice"].completes, shown.by_channel["web"].completes) == (1, 1)
    assert sum(one.released for one in shown.by_channel.values()) == shown.whole.released
    assert sum(row.worked.released for row in shown.units) == shown.whole.released
    # the call that failed is this case's last attempt, but it was answered on the web
    assert shown.by_channel["voice"].released == len(keys) - 1
    assert shown.by_channel["voice"].final == 1 and shown.by_channel["voice"].rates.RR1 == 1.0


def test_a_case_stands_under_the_interviewer_of_its_last_call_only(place):
    first, second = call_all(place)[:2]
    place.sql("UPDATE attempt SET interviewer = 'A01' WHERE key IN (:first, :second)", first=first, second=second)
    complete(place, first)
    end(place, second, "no-answer")
    assert {who: one.released for who, one in board(place).by_interviewer.items()} == {"A01": 2}
    again = "UPDATE interview SET due_at = '2026-06-08 02:00:00.000000' WHERE case_id = :case"
    place.sql(again, case=case_of(place, second))
    place.clock.advance(timedelta(hours=5))
    (third,) = call_all(place)
    place.sql("UPDATE attempt SET interviewer = 'B02' WHERE key = :key", key=third)
    shown = board(place).by_interviewer
    assert {who: (one.completes, one.open) for who, one in shown.items()} == {"A01": (1, 0), "B02": (0, 1)}


def test_calls_are_counted_by_hour_slot_and_day_and_once_however_often_the_board_is_read(place):
    keys = call_all(place)
    complete(place, keys[0])
    for key in keys[1:]:
        end(place, key, "no-answer")
    # Monday, ten in the morning in Jinan
    expected = Calls(len(keys), 1, 1)
    for _ in range(3):
        times = place.on_round(count_calls)
        assert times.by_hour == {10: expected} and times.by_slot == {"weekday_daytime": expected}
        assert {f"{day}": calls for day, calls in times.by_day.items()} == {"2026-06-08": expected}
        place.clock.advance(timedelta(minutes=20))
    place.sql("UPDATE interview SET due_at = '2026-06-08 02:00:00.000000' WHERE state = 'waiting'")
    place.clock.at = OPENING + timedelta(hours=8, minutes=10)
    evening = call_all(place)
    times = place.on_round(count_calls)
    assert times.by_slot["weekday_evening"] == Calls(len(evening)) and times.by_hour[18] == Calls(len(evening))
    assert evening and times.by_hour[10] == expected
    assert [calls.calls for calls in times.by_day.values()] == [len(keys) + len(evening)]


def test_a_margin_follows_from_completes_frame_allocation_and_plan(place):
    for key in call_all(place)[:5]:
        complete(place, key)
    row = next(row for row in board(place).units if row.worked.completes)
    strata = place.sql('SELECT "group", size, sample_size FROM stratum WHERE unit_code = :unit', unit=row.unit.code)
    weight = {"individuals": 0.5, "enterprises": 0.25, "representatives": 0.25}
    in_group = {group: sum(size for name, size, _ in strata if name == group) for group in weight}
    shares = [weight[group] * size / in_group[group] for group, size, _ in strata]
    sizes = [drawn for _, _, drawn in strata]
    deff = sum(sizes) * sum(s**2 / n for s, n in zip(shares, sizes, strict=True)) / sum(shares) ** 2
    n, population = row.worked.completes, sum(size for _, size, _ in strata)
    assert row.deff == pytest.approx(deff) and deff > 1
    expected = stats.norm.ppf(0.975) * PLANNED_DEVIATION * (deff * (1 / n - 1 / population)) ** 0.5
    assert row.margin == pytest.approx(expected)


def test_the_forecast_goes_by_the_calling_hours_and_ends_with_them(place):
    for key in call_all(place)[::6]:
        complete(place, key)
    place.clock.at = OPENING + timedelta(hours=1)
    shown = board(place)
    # opened at ten, and now it is eleven
    assert shown.recent_hours == pytest.approx(1.0) and shown.pace == pytest.approx(shown.whole.completes)
    met = shown.quotas_met
    assert place.clock.at < met.low < met.middle and met.reason == "foretold"
    place.on_round(close_round, actor="chair")
    assert board(place).quotas_met.reason == "over"


def test_what_came_before_the_recent_calling_hours_gives_no_pace(place):
    for key in call_all(place)[:6]:
        complete(place, key)
    place.clock.at = OPENING + timedelta(days=3)
    shown = board(place)
    assert shown.whole.completes == 6 and shown.pace == 0.0 and shown.quotas_met.reason == "no_pace"


def test_cost_and_provider_are_those_of_the_attempts(place):
    keys = call_all(place)
    complete(place, keys[0], seconds=61)
    place.sql("UPDATE attempt SET state = 'unknown', provider_sid = NULL WHERE key = :key", key=keys[1])
    place.sql("UPDATE attempt SET state = 'ended', fault = '20429' WHERE key = :key", key=keys[2])
    report(place, keys[3], "ringing")
    shown = board(place)
    assert (shown.cost, shown.cost_per_complete, shown.budget) == (Decimal("0.2"), Decimal("0.2"), 900)
    (voice,) = shown.providers
    assert voice.unknown == 1 and voice.in_flight == len(keys) - 2 and dict(voice.faults) == {"20429": 1}
    assert voice.pace == pytest.approx(len(keys) / 60) and shown.callbacks_waiting == 1
    place.clock.advance(timedelta(minutes=16))
    (voice,) = board(place).providers
    assert not voice.faults and voice.pace == 0


def test_other_answers_with_the_same_outcomes_make_the_same_board(opened, tmp_path):
    boards = []
    for value in ("1", "2"):
        place = copy_of(opened, tmp_path / value)
        for key in call_all(place)[:8]:
            report(place, key, "in-progress")
            place.do_job(apply_callbacks)
            case_id = case_of(place, key)
            answer(place, case_id, "voice", 2)  # consent, and that they were served
            answer(place, case_id, "voice", value=value)
            end(place, key, "completed", CallDuration="90")
        boards.append(board(place))
    first, second = boards
    assert first.whole.completes == 8 and first.whole == second.whole and first.by_channel == second.by_channel
    for one, other in zip(first.units, second.units, strict=True):
        assert (one.worked, one.margin, one.expected, one.finish) == (
            other.worked,
            other.margin,
            other.expected,
            other.finish,
        )
    assert [row.unit.code for row in first.units] == list(UNITS)


def test_postgresql_counts_calls_by_the_same_ten_minutes_in_utc(place, postgres_url):
    at = OPENING + timedelta(minutes=17)
    engine = create_engine(postgres_url)
    with Session(engine) as session:
        session.execute(text("SET TIME ZONE 'Asia/Shanghai'"))
        found = session.scalar(select(_ten_minutes(session, literal(at, Attempt.planned_at.type))))
    engine.dispose()
    own = place.act(lambda s, r: s.scalar(select(_ten_minutes(s, literal(at, Attempt.planned_at.type)))))
    assert found == own == "2026-06-08 02:1"
