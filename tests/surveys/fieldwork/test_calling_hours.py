"""Counties with calling hours and holidays of their own."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from surveys.fieldwork import CallingHours, RetryRule, next_try

ZONE = ZoneInfo("Asia/Shanghai")
FIELDWORK = {
    "calling_hours": [{"from": "09:00", "to": "12:00"}],
    "slots": [{"code": "day", "days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}],
    "holidays": ["2026-06-19"],
    "area_hours": [
        {"county": "N", "calling_hours": [{"from": "08:00", "to": "09:00"}], "holidays": ["2026-06-22"]},
        {"county": "S", "calling_hours": [{"from": "20:00", "to": "21:00"}]},
    ],
}
HOURS = CallingHours.by_county(FIELDWORK, "Asia/Shanghai")
UNTIL = datetime(2026, 7, 6, tzinfo=ZONE)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 6, day, hour, 30, tzinfo=ZONE)


def test_a_countys_hours_stand_in_the_place_of_the_programmes():
    assert HOURS["N"].is_open(at(8, 8)) and not HOURS["N"].is_open(at(8, 9))
    assert HOURS["S"].is_open(at(8, 20)) and not HOURS["S"].is_open(at(8, 9))
    assert HOURS["N"].slot_of(at(8, 8)) == "day", "slots are the programme's"


def test_a_countys_holidays_come_on_top_of_the_programmes():
    open_days = {
        day: [HOURS[county].is_open(at(day, hour)) for county, hour in (("N", 8), ("S", 20))] for day in (19, 22)
    }
    assert open_days == {19: [False, False], 22: [False, True]}


def test_the_next_try_is_in_the_countys_hours():
    assert next_try(RetryRule(), HOURS["N"], [], at(18, 10), UNTIL) == datetime(2026, 6, 20, 8, tzinfo=ZONE)


def test_where_no_county_has_hours_of_its_own_there_are_none():
    assert CallingHours.by_county({"calling_hours": FIELDWORK["calling_hours"]}, ZONE) == {}
