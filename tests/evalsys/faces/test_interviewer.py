"""The interviewers' pages as a browser without scripts uses them, with a telephone that only writes down."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import request

from evalsys.accounts.actions import add_user
from evalsys.fieldwork.holds import LEASE
from evalsys.fieldwork.jobs import apply_callbacks, reconcile_attempts
from evalsys.gateways.port import ProviderCall, ProviderRefused, ProviderUnknown
from tests.evalsys.faces.interviewers import FULL_NUMBER, Person, make_office
from tests.evalsys.faces.staff import PASSWORD
from tests.evalsys.fieldwork.desks import make_staffed
from tests.evalsys.fieldwork.working import attempts, interview, keep_one, report
from tests.evalsys.installation import ROUND, copy_of


@pytest.fixture(scope="module")
def _office(tmp_path_factory):
    return make_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def office(_office, tmp_path):
    """A round in which interviewers call, with two of them."""
    return copy_of(_office, tmp_path / "home")


def test_a_whole_interview_is_stored_and_its_call_concluded_once(office):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.talk()
    assert f">{wang.room}</Conference>" in wang.page
    wang.answer_all()
    found, (attempt,) = interview(office, case), attempts(office, case)
    assert (found.state, found.outcome, found.channel) == ("answered", "1.1", "interviewer")
    assert (attempt.state, attempt.outcome, attempt.interviewer) == ("ended", "1.1", "i1")
    report(office, attempt.key, "completed", CallDuration="77", CallSid="CA1")
    office.do_job(apply_callbacks)
    assert attempts(office, case)[0].outcome == "1.1" and interview(office, case).state == "answered"


def test_when_the_respondent_has_hung_up_the_interviewer_states_the_outcome_and_the_callback_does_not(office):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.talk()
    report(office, wang.key(), "completed", CallDuration="33", CallSid="CA1")
    office.do_job(apply_callbacks)
    assert attempts(office, case)[0].state == "placed"
    assert "The call is over. State what it came to." in wang.look().html
    assert wang.press("/outcome", outcome="2.111") == 302
    (attempt,) = attempts(office, case)
    assert (attempt.state, attempt.outcome, attempt.seconds) == ("ended", "2.111", 33)
    assert (interview(office, case).state, interview(office, case).next_channel) == ("waiting", "interviewer")


def test_whoever_does_not_answer_is_concluded_by_the_callback(office):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.call()
    report(office, wang.key(), "no-answer", CallSid="CA1")
    office.do_job(apply_callbacks)
    assert attempts(office, case)[0].outcome == "3.13"
    assert "The last call: 3.13" in wang.look().html
    assert wang.press("/next") == 302


def test_a_call_that_is_left_alone_ends_by_itself_and_its_answers_stay(office):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.talk()
    wang.press("/answers", answer="1")
    report(office, wang.key(), "completed", CallDuration="33", CallSid="CA1")
    office.do_job(apply_callbacks)
    office.clock.advance(LEASE + timedelta(seconds=1))
    office.do_job(reconcile_attempts)
    (attempt,) = attempts(office, case)
    assert (attempt.state, attempt.outcome, attempt.seconds) == ("ended", "2.30", 33)
    assert interview(office, case).state == "waiting" and interview(office, case).version == 1


def test_a_call_is_placed_once_however_often_the_button_is_pressed(office):
    keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    page = wang.html
    wang.call()
    before = len(office.telephone.placed)
    wang.html = page
    assert wang.press("/call") == 409
    assert len(office.telephone.placed) == before


def test_a_call_that_the_provider_may_have_taken_is_never_placed_again(office):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    office.telephone.fails = ProviderUnknown("nobody knows")
    wang.call()
    assert attempts(office, case)[0].state == "unknown"
    office.telephone.fails = None
    placed = len(office.telephone.placed)
    office.clock.advance(timedelta(minutes=2))
    number = office.telephone.placed[-1].to
    office.telephone.calls = [ProviderCall("CA9", number, "in-progress", office.clock.now())]
    office.do_job(reconcile_attempts)
    assert attempts(office, case)[0].state == "placed" and len(office.telephone.placed) == placed


def test_a_call_that_the_provider_refuses_rests_and_does_not_use_up_a_try(office):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    office.telephone.fails = ProviderRefused("20429", "later", retry_later=True)
    wang.call()
    (attempt,) = attempts(office, case)
    assert (attempt.state, attempt.outcome, attempt.counts) == ("ended", "3.16", False)


def test_nobody_is_called_while_the_interviewers_own_telephone_is_not_on_the_line(office):
    keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.fetch(office.telephone.placed[0].status_url, CallStatus="completed")
    wang.press("/next")
    assert "Your own telephone is not on the line" in wang.html and 'action="/interviewing/cases' in wang.html
    assert not re.search(r'action="[^"]*/call"', wang.html)


def test_ones_own_telephone_is_called_once(office):
    wang = Person(office)
    wang.press("/shift", round=ROUND, number="13900000001")
    page = wang.html
    wang.press("/line")
    wang.html = page
    assert wang.press("/line") == 409
    assert [call.to for call in office.telephone.placed] == ["+8613900000001"]


@pytest.mark.parametrize(
    ("change", "heard"),
    [
        (lambda place: place.clock.advance(timedelta(hours=13)), "not_now"),
        (lambda place: place.sql("update staff_call set state = 'ended'"), "not_now"),
        (lambda place: place.sql("update interview set state = 'ended', outcome = '2.11'"), "closed"),
    ],
)
def test_who_answers_at_the_wrong_moment_hears_goodbye_and_joins_nobody(office, change, heard):
    keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    call = wang.call()
    change(office)
    page = wang.fetch(call.voice_url)
    assert "<Hangup" in page and "Conference" not in page
    assert attempts(office, interview_of(office, call))[0].said == heard


def interview_of(place, call) -> int:
    return place.sql("select case_id from attempt where key = :key", key=call.attempt_key)[0][0]


def test_an_answer_over_a_lease_that_was_lost_is_refused_and_stays_before_the_interviewer(office):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.talk()
    office.clock.advance(LEASE + timedelta(seconds=1))
    assert wang.press("/answers", answer="1") == 409
    refused = wang.shown[-1]
    assert "no longer with you" in refused and "Q0" in refused and "What you entered" in refused
    assert interview(office, case).version == 0
    wang.look().press("/next")
    assert wang.press("/answers", answer="1") == 302
    assert interview(office, case).version == 1


def test_an_answer_over_a_state_that_another_page_changed_is_refused(office):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.talk()
    page = wang.html
    wang.press("/answers", answer="1")
    wang.html = page
    assert wang.press("/answers", answer="2") == 409
    assert interview(office, case).version == 1


def test_an_appointment_is_offered_to_its_interviewer_a_little_before_and_later_to_everybody(office):
    case = keep_one(office, "interviewer")
    wang, li = Person(office).begin(), Person(office, "li").begin("139 0000 0002")
    wang.press("/next")
    wang.talk()
    assert wang.press("/appointment", day="2026-06-09", time="15:00") == 302
    assert "15:00" in wang.look("/interviewing/appointments").html
    office.clock.advance(timedelta(hours=28, minutes=44))
    wang.look().press("/next")
    assert "Nobody is to be called" in wang.html
    office.clock.advance(timedelta(minutes=3))
    li.look().press("/next")
    assert "Nobody is to be called" in li.html
    wang.look().press("/next")
    assert "Appointment: 2026-06-09 15:00" in wang.html
    wang.press("/end")
    office.clock.advance(timedelta(minutes=14))
    li.look().press("/next")
    assert "Appointment: 2026-06-09 15:00" in li.html
    assert interview(office, case).tries == 1


@pytest.mark.parametrize(("day", "time"), [("2026-06-08", "09:00"), ("2026-06-09", "03:00"), ("2027-01-01", "15:00")])
def test_an_appointment_that_cannot_be_kept_is_refused_and_the_call_goes_on(office, day, time):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.talk()
    assert wang.press("/appointment", day=day, time=time) == 409
    assert time in wang.shown[-1]
    assert attempts(office, case)[0].state != "ended"


def test_a_refusal_ends_the_case_and_with_the_wish_never_to_be_contacted_the_person_too(office):
    case = keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.talk()
    wang.press("/outcome", outcome="2.11", never_again="y")
    assert (interview(office, case).state, interview(office, case).outcome) == ("ended", "2.11")
    assert office.sql("select count(*) from opt_out") == [(1,)]


def test_a_talk_that_has_its_outcome_is_hung_up(office):
    keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.talk()
    sid = attempts(office, interview_of(office, office.telephone.placed[-1]))[0].provider_sid
    wang.press("/outcome", outcome="2.111")
    assert office.telephone.ended == [sid]


def test_no_page_of_an_interviewer_shows_a_name_or_a_whole_number(office):
    """Every route of theirs once, its refusals too, over a call, its answers, an appointment and a note."""
    visited = set()
    office.app.before_request(lambda: visited.add(request.endpoint))
    wang = Person(office).begin()
    wang.press("/break")
    wang.press("/go-on")
    wang.press("/next")
    wang.press("/notes", text="evening")
    wang.press("/language", language="en")
    wang.talk()
    assert re.search(r"174\*{4}\d{4}", wang.html)
    fields = re.search(r'data-heartbeat="([^"]*)" data-fence="([^"]*)" data-token="([^"]*)"', wang.html)
    heard = wang.browser.post(fields[1], data={"fence": fields[2], "csrf_token": fields[3]})
    assert heard.status_code == 204
    wang.shown.append(wang.browser.get("/interviewing/state?seen=x").text)
    wang.press("/answers", answer="1")
    wang.press("/appointment", day="2026-06-09", time="03:00")
    wang.look().press("/appointment", day="2026-06-09", time="15:00")
    wang.look("/interviewing/appointments").look("/interviewing/figures").look().press("/next")
    wang.talk()
    page = wang.html
    wang.press("/outcome", outcome="2.111")
    wang.html = page
    assert wang.press("/outcome", outcome="2.111") == 409
    wang.look().press("/end")
    routes = {rule.endpoint for rule in office.app.url_map.iter_rules() if rule.endpoint.startswith("interviewer.")}
    assert routes <= visited
    for html in wang.shown:
        assert not FULL_NUMBER.findall(html)
        assert "1740" not in re.sub(r'value="[^"]*"|data-[a-z]+="[^"]*"', "", html)


def test_without_a_telephone_line_the_desk_says_so_and_shows_no_number(tmp_path):
    place = make_staffed(tmp_path / "home")
    place.act(
        lambda s, r: add_user(s, r.clock, name="wang", display_name="w", password=PASSWORD, roles=["interviewer"])
    )
    place.runtime.settings = replace(place.runtime.settings, telephone="files")
    wang = Person(place)
    wang.press("/shift", round=ROUND, number="")
    wang.press("/next")
    assert "No call can be placed from here" in wang.html
    assert not re.search(r'action="[^"]*/call"', wang.html) and not FULL_NUMBER.findall(wang.html)


def test_a_supervisor_hears_a_talk_and_is_not_heard_and_it_stands_in_the_trail(office):
    keep_one(office, "interviewer")
    wang = Person(office).begin()
    chair = Person(office, "chair", f"/commission/rounds/{ROUND}/interviewers/")
    assert "i1" in chair.html and "on the line" in chair.html
    office.clock.advance(timedelta(seconds=5))
    assert chair.press("", shift="1", number="13900000003") == 302
    call = office.telephone.placed[-1]
    page = wang.fetch(call.voice_url)
    assert call.to == "+8613900000003"
    assert f">{wang.room}</Conference>" in page and 'muted="true"' in page
    assert office.sql("select actor, action from audit_entry order by id desc limit 1") == [("chair", "listened in")]
    assert not FULL_NUMBER.findall("".join(chair.shown))


def test_nobody_listens_in_to_whom_is_not_on_the_line_or_at_a_number_that_cannot_be_called(office):
    wang = Person(office).begin()
    chair = Person(office, "chair", f"/commission/rounds/{ROUND}/interviewers/")
    assert chair.press("", shift="1", number="12") == 422
    wang.fetch(office.telephone.placed[0].status_url, CallStatus="completed")
    assert chair.press("", shift="1", number="13900000003") == 409
    assert len(office.telephone.placed) == 1


def test_own_figures_count_calls_and_outcomes(office):
    wang = Person(office).begin()
    for outcome in ("2.111", "3.13"):
        wang.look().press("/next")
        wang.talk()
        wang.press("/outcome", outcome=outcome)
    wang.look().press("/next")
    wang.talk()
    office.clock.advance(timedelta(seconds=90))
    wang.answer_all()
    cells = re.findall(r'<td class="number">([^<]*)</td>', wang.look("/interviewing/figures").html)
    assert cells == ["3", "3", "2", "2", "1", "1", "50.0%", "50.0%", "1.5", "1.5"]


def test_the_page_is_loaded_anew_only_when_the_call_has_changed(office):
    keep_one(office, "interviewer")
    wang = Person(office).begin()
    wang.press("/next")
    wang.talk()
    address = re.search(r'hx-get="([^"]*)"', wang.html)[1].replace("&amp;", "&")
    same = wang.browser.get(address)
    assert (same.status_code, same.headers.get("HX-Refresh")) == (204, None)
    report(office, wang.key(), "completed", CallDuration="33", CallSid="CA1")
    office.do_job(apply_callbacks)
    assert wang.browser.get(address).headers["HX-Refresh"] == "true"
