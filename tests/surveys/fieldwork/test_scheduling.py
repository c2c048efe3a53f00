from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import FieldworkError
from surveys.fieldwork import CallingHours, RetryRule, Try, Window, call_later_at, next_try

ZONE = ZoneInfo("Asia/Shanghai")
CONFIGURATION = {
    "calling_hours": [{"from": "09:00", "to": "12:00"}, {"from": "14:00", "to": "20:30"}],
    "slots": [
        {"code": "day", "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"},
        {"code": "evening", "days": ["mon", "tue", "wed", "thu", "fri"], "from": "18:00", "to": "20:30"},
        {"code": "weekend", "days": ["sat", "sun"], "from": "09:00", "to": "20:30"},
    ],
    "holidays": ["2026-06-19"],
    "delays_minutes": {"busy": 60, "no_answer": 240, "machine": 240, "soft_refusal": 10080, "technical": 60},
    "max_tries": 5,
    "tries_per_day": 1,
    "appointment_early_minutes": 15,
    "phone_after_sms_hours": 48,
}
HOURS = CallingHours.from_configuration(CONFIGURATION, "Asia/Shanghai")
RULE = RetryRule.from_configuration(CONFIGURATION)
UNTIL = datetime(2026, 7, 6, tzinfo=ZONE)


def at(day: int, clock: str, month: int = 6) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def test_an_untried_case_is_called_at_once_in_calling_hours():
    """8 June 2026 is a Monday; at noon the next opening is 14:00, at night the next morning."""
    assert next_try(RULE, HOURS, [], at(8, "10:15"), UNTIL) == at(8, "10:15")
    assert next_try(RULE, HOURS, [], at(8, "12:00"), UNTIL) == at(8, "14:00")
    assert next_try(RULE, HOURS, [], at(8, "20:30"), UNTIL) == at(9, "09:00")


def test_a_case_is_not_tried_again_in_the_slot_that_just_failed():
    """Monday daytime failed: Tuesday evening; Friday evening failed: Saturday; weekend failed: Monday daytime."""
    assert next_try(RULE, HOURS, [Try(at(8, "10:00"), "3.13")], at(8, "10:01"), UNTIL) == at(9, "18:00")
    assert next_try(RULE, HOURS, [Try(at(12, "19:00"), "3.13")], at(12, "19:01"), UNTIL) == at(13, "09:00")
    assert next_try(RULE, HOURS, [Try(at(13, "10:00"), "3.13")], at(13, "10:01"), UNTIL) == at(15, "09:00")


def test_the_failed_slot_is_used_where_no_other_opens_any_more():
    """With the field period ending on Tuesday noon only daytime is left."""
    assert next_try(RULE, HOURS, [Try(at(8, "10:00"), "3.13")], at(8, "10:01"), at(9, "12:00")) == at(9, "09:00")


def test_delays_follow_the_outcome():
    """With several tries a day allowed: an hour after busy, four after no answer, a week after a soft refusal."""
    rule = RetryRule.from_configuration({**CONFIGURATION, "tries_per_day": 3})
    one_slot = CallingHours.from_configuration({**CONFIGURATION, "slots": []}, "Asia/Shanghai")
    start = at(8, "10:00")
    assert next_try(rule, one_slot, [Try(start, "3.12")], start, UNTIL) == at(8, "11:00")
    assert next_try(rule, one_slot, [Try(start, "3.13")], start, UNTIL) == at(8, "14:00")
    assert next_try(rule, one_slot, [Try(start, "2.113")], start, UNTIL) == at(15, "10:00")


def test_the_phone_follows_a_message_after_its_rest():
    """48 hours after a delivered SMS; at once (in hours) after an undeliverable one.

    A message fills neither day nor slot.
    """
    sent = at(8, "10:00")
    assert next_try(RULE, HOURS, [Try(sent, "3.19", by_phone=False)], sent, UNTIL) == at(10, "10:00")
    assert next_try(RULE, HOURS, [Try(sent, "3.30", counts=False, by_phone=False)], sent, UNTIL) == sent


def test_only_tries_that_rang_are_counted():
    """Five provider errors leave a case open; five unanswered calls do not."""
    errors = [Try(at(8 + n, "10:00"), "3.16", counts=False) for n in range(5)]
    rang = [Try(at(8 + n, "10:00"), "3.13") for n in range(5)]
    assert next_try(RULE, HOURS, errors, at(13, "12:00"), UNTIL) is not None
    assert next_try(RULE, HOURS, rang, at(13, "12:00"), UNTIL) is None


def test_a_case_that_ended_is_never_called_again():
    """A refusal by the respondent, a complete and a dead number end it."""
    for outcome in ("2.11", "1.1", "4.30"):
        assert next_try(RULE, HOURS, [Try(at(8, "10:00"), outcome)], at(9, "10:00"), UNTIL) is None


def test_an_appointment_is_kept_to_the_minute_and_offered_early():
    """Even after the last try; a missed one at the next opening; never beyond the field period."""
    history = [Try(at(8 + n, "10:00"), "3.13") for n in range(4)] + [
        Try(at(12, "10:00"), "2.20", appointment_at=at(13, "16:07"))
    ]
    assert next_try(RULE, HOURS, history, at(12, "10:01"), UNTIL) == at(13, "16:07")
    assert next_try(RULE, HOURS, history, at(13, "20:45"), UNTIL) == at(14, "09:00")
    assert next_try(RULE, HOURS, history, at(12, "10:01"), at(13, "16:00")) is None
    assert RULE.offered_from(at(13, "16:07")) == at(13, "15:52")


def test_who_asks_to_be_called_later_is_called_a_day_later_at_the_earliest_and_in_another_slot():
    """Friday the 12th by day: the weekend; Monday evening: not before Tuesday evening, so Wednesday by day."""
    assert call_later_at(HOURS, at(12, "10:00"), UNTIL) == at(13, "10:00")
    assert call_later_at(HOURS, at(15, "18:30"), UNTIL) == at(17, "09:00")
    assert call_later_at(HOURS, at(15, "10:00"), UNTIL) == at(16, "18:00")


def test_who_asks_to_be_called_later_is_called_in_the_same_slot_where_no_other_is_left():
    assert call_later_at(HOURS, at(15, "10:00"), at(16, "17:00")) == at(16, "10:00")
    assert call_later_at(HOURS, at(15, "10:00"), at(16, "09:30")) is None


def test_no_call_rings_on_a_holiday():
    """19 June 2026 is a Friday and closed; after it comes the weekend."""
    assert not HOURS.is_open(at(19, "10:00"))
    assert next_try(RULE, HOURS, [], at(19, "10:00"), UNTIL) == at(20, "09:00")


def test_slots_go_by_the_local_clock():
    """11:00 UTC is 19:00 in Shanghai: an evening."""
    assert HOURS.slot_of(datetime(2026, 6, 8, 11, tzinfo=ZoneInfo("UTC"))) == "evening"
    assert HOURS.slot_of(at(8, "20:30")) == ""
    assert HOURS.slot_of(at(13, "20:00")) == "weekend"


@given(
    st.lists(
        st.tuples(st.integers(0, 60 * 24 * 10), st.sampled_from(["3.12", "3.13", "3.14", "3.16", "2.113"])), max_size=4
    ),
    st.integers(0, 60 * 24 * 30),
)
@settings(max_examples=60)
def test_the_next_try_always_obeys_the_hours(minutes, now_minutes):
    """Whatever the history: in calling hours, not before now, before the end, not a second time on a day."""
    start = at(8, "00:00")
    history = [Try(start + timedelta(minutes=m), code) for m, code in sorted(minutes)]
    now = start + timedelta(minutes=now_minutes)
    found = next_try(RULE, HOURS, history, now, UNTIL)
    if found is not None:
        assert HOURS.is_open(found) and now <= found < UNTIL
        assert found.date() not in {entry.at.date() for entry in history}


def test_impossible_rules_are_refused():
    """An empty window, an unknown weekday, an unreadable time, no hours at all and no tries each say what is wrong."""
    with pytest.raises(FieldworkError, match="12:00 to 09:00"):
        Window(at(8, "12:00").time(), at(8, "09:00").time())
    with pytest.raises(FieldworkError, match="'someday'"):
        CallingHours.from_configuration(
            {"calling_hours": [{"from": "09:00", "to": "10:00", "days": ["someday"]}]}, ZONE
        )
    with pytest.raises(FieldworkError, match="9 o'clock"):
        CallingHours.from_configuration({"calling_hours": [{"from": "9 o'clock", "to": "10:00"}]}, ZONE)
    with pytest.raises(FieldworkError, match="calling hours"):
        CallingHours.from_configuration({"calling_hours": []}, ZONE)
    with pytest.raises(FieldworkError, match="max_tries"):
        RetryRule(max_tries=0)
    assert (
        CallingHours.from_configuration({**CONFIGURATION, "holidays": [date(2026, 6, 8)]}, ZONE).is_open(at(8, "10:00"))
        is False
    )
