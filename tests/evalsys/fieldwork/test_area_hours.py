"""Cases are called in the hours of their county, with its holidays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evalsys.fieldwork.calls import why_not_now
from evalsys.fieldwork.jobs import dial_numbers, send_messages
from evalsys.fieldwork.rules import rules_of
from tests.evalsys.fieldwork.working import contact, end, interview, talk_to
from tests.evalsys.installation import COUNTIES, make_open

USUAL, OWN = COUNTIES
#: local time is eight hours on: from seven to eight in the morning, and from half past eight to half past nine at night
EARLY_AND_LATE = {
    "county": OWN,
    "calling_hours": [{"from": "07:00", "to": "08:00"}, {"from": "20:30", "to": "21:30"}],
    "holidays": ["2026-06-10"],
}
COUNTY = 'SELECT DISTINCT r.county FROM attempt a JOIN "case" c ON c.id = a.case_id JOIN service_record r ON r.id = c.record_id'


@pytest.fixture
def place(tmp_path):
    """A round by telephone whose second county has hours of its own; ten in the morning of the first day."""
    return make_open(tmp_path, mode_sequence=["phone"], random_arm_share=0, area_hours=[EARLY_AND_LATE])


def cases_of(place, county: str) -> list[int]:
    rows = place.sql(
        'SELECT i.case_id FROM interview i JOIN "case" c ON c.id = i.case_id '
        "JOIN service_record r ON r.id = c.record_id WHERE r.county = :county ORDER BY 1",
        county=county,
    )
    return [case_id for (case_id,) in rows]


def dues(place, county: str) -> set[str]:
    """When the cases of a county are due, by the clock on the wall."""
    found = {interview(place, case_id).due_at for case_id in cases_of(place, county)}
    return {(due + timedelta(hours=8)).strftime("%m-%d %H:%M") for due in found if due}


def test_released_cases_are_due_when_their_county_opens(place):
    assert dues(place, USUAL) == {"06-08 10:00"}
    assert dues(place, OWN) == {"06-08 20:30"}


@pytest.mark.parametrize(
    ("at", "called"),
    [
        (datetime(2026, 6, 8, 2, 0, tzinfo=UTC), {USUAL}),  # 10:00
        (datetime(2026, 6, 8, 12, 30, tzinfo=UTC), {OWN}),  # 20:30: the programme's hours are over
        (datetime(2026, 6, 8, 23, 30, tzinfo=UTC), {OWN}),  # 07:30
        (datetime(2026, 6, 9, 23, 30, tzinfo=UTC), set()),  # 07:30 on the county's holiday
        (datetime(2026, 6, 10, 2, 0, tzinfo=UTC), {USUAL}),  # 10:00, a holiday in the other county only
        (datetime(2026, 6, 18, 23, 30, tzinfo=UTC), set()),  # 07:30 on a holiday of the programme
        (datetime(2026, 6, 8, 5, 0, tzinfo=UTC), set()),  # 13:00: nobody's hour
    ],
)
def test_only_cases_whose_county_is_open_are_called_however_long_others_are_due(place, at, called):
    place.sql("UPDATE interview SET due_at = '2026-06-08 01:00:00.000000'")
    place.clock.at = at
    place.do_job(dial_numbers)
    assert {county for (county,) in place.sql(COUNTY)} == called


def test_cases_that_are_due_too_early_rest_until_their_county_opens_and_do_not_hold_up_the_others(place):
    """More of them are due, and for longer, than are looked at at once."""
    place.sql("UPDATE interview SET due_at = '2026-06-08 01:00:00.000000'")
    rest = cases_of(place, USUAL)[5:]
    place.sql(f"UPDATE interview SET due_at = NULL WHERE case_id IN ({', '.join(map(str, rest))})")
    later = cases_of(place, USUAL)[:5]
    place.sql(
        f"UPDATE interview SET due_at = '2026-06-08 01:30:00.000000' WHERE case_id IN ({', '.join(map(str, later))})"
    )
    assert len(cases_of(place, OWN)) > 40
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) == 5
    assert dues(place, OWN) == {"06-08 20:30"}


def test_a_case_whose_county_does_not_open_again_in_the_field_period_is_due_no_more(place):
    place.sql("UPDATE interview SET due_at = '2026-06-08 01:00:00.000000'")
    place.clock.at = datetime(2026, 7, 5, 13, 45, tzinfo=UTC)  # 21:45 on the last day
    place.sql("UPDATE interview SET due_at = '2026-07-05 12:00:00.000000'")
    place.do_job(dial_numbers)
    assert place.telephone.placed == []
    place.clock.at = datetime(2026, 7, 5, 12, 0, tzinfo=UTC)  # 20:00: the other county's evening
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) > 0
    assert dues(place, OWN) == {"07-05 20:30"}


def test_the_next_try_after_an_outcome_is_in_the_countys_hours(place):
    case_id = cases_of(place, OWN)[0]
    place.sql("UPDATE interview SET due_at = NULL WHERE case_id != :case", case=case_id)
    place.clock.at = datetime(2026, 6, 8, 12, 30, tzinfo=UTC)
    end(place, contact(place, "voice"), "no-answer")
    due = interview(place, case_id).due_at + timedelta(hours=8)
    assert due.strftime("%m-%d %H:%M") == "06-09 07:00"


def test_a_call_that_connects_outside_the_countys_hours_says_goodbye(place):
    usual, own = (talk_to(place, cases_of(place, county)[0]) for county in (USUAL, OWN))
    assert (why_not_now(place.runtime, usual), why_not_now(place.runtime, own)) == ("", "not_now")
    place.clock.at = datetime(2026, 6, 8, 13, 0, tzinfo=UTC)
    assert (why_not_now(place.runtime, usual), why_not_now(place.runtime, own)) == ("not_now", "")


def test_messages_keep_the_countys_hours_too(tmp_path):
    place = make_open(tmp_path, mode_sequence=["sms"], random_arm_share=0, area_hours=[EARLY_AND_LATE])
    place.sql("UPDATE interview SET due_at = '2026-06-08 01:00:00.000000'")
    place.do_job(send_messages)
    assert {county for (county,) in place.sql(COUNTY)} == {USUAL}


def test_somebody_may_be_called_as_soon_as_one_county_opens(place):
    rules = place.on_round(lambda s, r, round_: rules_of(round_.configuration))
    until = datetime(2026, 7, 6, tzinfo=UTC)
    evening = datetime(2026, 6, 8, 14, 0, tzinfo=UTC)
    assert rules.next_open_anywhere(evening, until) == datetime(2026, 6, 8, 23, 0, tzinfo=UTC)
    assert rules.next_open_anywhere(until, until) is None
