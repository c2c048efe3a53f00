"""The page of quality control: flags and never answers, two people for voiding, staff of the commission only."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from evalsys.accounts.actions import add_user
from evalsys.fieldwork.jobs import seal_ready_answers
from evalsys.fieldwork.monitoring import describe_monitoring
from evalsys.fieldwork.opt_outs import opt_out_case
from evalsys.fieldwork.recontacts import describe_recontacts
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case, ServiceRecord
from tests.evalsys.faces.interviewers import FULL_NUMBER, Person
from tests.evalsys.faces.staff import PASSWORD, PEOPLE, send, signed_in
from tests.evalsys.fieldwork.interviewed import take_interviews
from tests.evalsys.fieldwork.test_closing import HOLD, cases_by_class
from tests.evalsys.installation import ROUND, copy_of, make_open

PAGE = f"/commission/rounds/{ROUND}/quality"


@pytest.fixture(scope="module")
def _worked(tmp_path_factory):
    place = make_open(tmp_path_factory.mktemp("worked"), quota=150, replicate_size=120, random_arm_share=0.0)
    for name, role in PEOPLE.items():
        place.act(
            lambda s, r, n=name, k=role: add_user(s, r.clock, name=n, display_name=n, password=PASSWORD, roles=[k])
        )
    for cases in list(cases_by_class(place).values())[:4]:
        take_interviews(place, cases[:12], "A01", value=lambda case, code: "12"[(case + ord(code[-1])) % 2])
        take_interviews(place, cases[12:24], "B02", seconds=60)
        take_interviews(place, cases[24:25], "C03")
    return place


@pytest.fixture
def place(_worked, tmp_path):
    """A round in which three interviewers have worked, and people who sign in."""
    return copy_of(_worked, tmp_path / "home")


@pytest.fixture
def sealed(place):
    """The same after the hold: A01 and B02 have more than thirty sealed interviews."""
    place.clock.advance(HOLD)
    place.do_job(seal_ready_answers)
    return place


def one_case(place) -> str:
    return place.sql("SELECT c.cid FROM \"case\" c JOIN interview i ON i.case_id = c.id WHERE i.state = 'answered'")[0][
        0
    ]


def test_the_page_shows_no_number_and_nothing_about_anybody_before_thirty_interviews_are_sealed(place):
    text = signed_in(place.app, "chair").get(PAGE).text
    numbers = place.act(lambda s, r: [read_phone(r, record) for record in s.query(ServiceRecord).all()])
    assert not [number for number in numbers if number[3:] in text or number in text]
    assert "174****" in text
    interviewers = re.search(r'<section id="interviewers".*?</section>', text, re.DOTALL).group(0)
    assert "B02" not in interviewers and "3 interviewers have too few sealed interviews" in interviewers


def test_whose_scores_and_lengths_differ_is_shown_after_sealing(sealed):
    client = signed_in(sealed.app, "chair")
    section = re.search(r'<section id="interviewers".*?</section>', client.get(PAGE).text, re.DOTALL).group(0)
    row = re.search(r'<tr><th scope="row">B02</th>.*?</tr>', section).group(0)
    assert "scores, length" in row and "always the same answer" in row and "100.0%" in row
    assert "C03" not in section and "1 interviewer has too few" in section
    figure = json.loads(client.get(f"{PAGE}/interviewers.json").text)
    assert figure["data"][0]["y"] == ["A01", "B02"]


def test_two_people_void_an_interview_on_the_page(place):
    cid = one_case(place)
    chair, deputy = signed_in(place.app, "chair"), signed_in(place.app, "deputy")
    assert send(chair, PAGE, f"{PAGE}/voidings", case=cid[:12], reason="nobody was called").status_code == 302
    assert cid[:12] in chair.get(PAGE).text
    alone = send(chair, PAGE, f"{PAGE}/voidings/1/approval")
    assert alone.status_code == 409 and "Somebody else than who proposed it" in alone.text
    assert f'aria-label="Void: {cid[:12]}"' not in chair.get(PAGE).text
    assert f'aria-label="Void: {cid[:12]}"' in deputy.get(PAGE).text
    assert send(deputy, PAGE, f"{PAGE}/voidings/1/approval").status_code == 302
    left = place.sql(
        'SELECT i.state, i.answers_cipher FROM interview i JOIN "case" c ON c.id = i.case_id WHERE cid = :c', c=cid
    )
    assert left == [("waiting", None)]


def test_two_people_void_a_block_on_the_page(sealed):
    ((block,),) = sealed.sql("SELECT DISTINCT block FROM sealed_block WHERE interviewer = 'B02'")
    chair, deputy = signed_in(sealed.app, "chair"), signed_in(sealed.app, "deputy")
    assert send(chair, PAGE, f"{PAGE}/blocks", block=block, block_reason="a minute each").status_code == 302
    assert send(deputy, PAGE, f"{PAGE}/voidings/1/approval").status_code == 302
    assert set(sealed.sql("SELECT voided FROM sealed_answer WHERE block = :b", b=block)) == {(1,)}
    assert sealed.sql("SELECT count(*) FROM sealed_answer WHERE block != :b AND voided", b=block) == [(0,)]


def test_a_proposal_is_rejected_and_then_decided(place):
    chair = signed_in(place.app, "chair")
    send(chair, PAGE, f"{PAGE}/voidings", case=one_case(place), reason="too short?")
    assert send(chair, PAGE, f"{PAGE}/voidings/1/rejection").status_code == 302
    assert "rejected" in chair.get(PAGE).text and 'aria-label="Reject' not in chair.get(PAGE).text
    assert send(chair, PAGE, f"{PAGE}/voidings/1/nothing").status_code == 409


def test_what_came_of_asking_again_is_kept(place):
    due = place.on_round(describe_recontacts).due
    client = signed_in(place.app, "chair")
    assert send(client, PAGE, f"{PAGE}/recontacts/{due[0].case_id}", outcome="confirmed").status_code == 302
    assert place.sql("SELECT case_id, outcome, recorded_by FROM recontact") == [(due[0].case_id, "confirmed", "chair")]
    assert send(client, PAGE, f"{PAGE}/recontacts/{due[1].case_id}").status_code == 422


def test_a_verdict_on_a_call_is_kept(place):
    call = place.on_round(lambda s, r, round_: describe_monitoring(s, round_)).suggested[0]
    client = signed_in(place.app, "chair")
    address = f"{PAGE}/calls/{call.attempt_id}"
    assert send(client, PAGE, address, read_as_worded="1", recorded_right="1").status_code == 302
    assert place.sql("SELECT read_as_worded, neutral, recorded_right FROM monitoring") == [(1, 0, 1)]


def test_a_reason_that_is_missing_brings_the_form_back(place):
    answer = send(signed_in(place.app, "chair"), PAGE, f"{PAGE}/voidings", case=one_case(place), reason="")
    assert answer.status_code == 422 and "Fill this in." in answer.text
    assert place.sql("SELECT count(*) FROM voiding") == [(0,)]


@pytest.mark.parametrize("name", ["planner", "looker"])
def test_only_the_commission_controls_quality(place, name):
    client = signed_in(place.app, name)
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}/interviewers.json").status_code == 403
    assert send(client, "/", f"{PAGE}/voidings", case=one_case(place), reason="x").status_code == 403
    assert place.sql("SELECT count(*) FROM voiding") == [(0,)]


def test_the_page_of_the_round_leads_here(place):
    assert PAGE in signed_in(place.app, "chair").get(f"/commission/rounds/{ROUND}").text
    assert PAGE not in signed_in(place.app, "planner").get(f"/commission/rounds/{ROUND}").text


def test_whoever_is_asked_again_is_joined_to_the_telephone_of_quality_control_and_nobody_sees_the_number(place):
    due = place.on_round(describe_recontacts).due[0]
    chair = Person(place, "chair", PAGE)
    assert '/call"' not in chair.html
    assert chair.press("/telephone", number="12") == 422
    place.clock.advance(timedelta(seconds=5))
    chair.look()
    assert chair.press("/telephone", number="139 0000 0003") == 302
    own = place.telephone.placed[-1]
    assert own.to == "+8613900000003" and '/call"' not in chair.look().html
    room = re.search(r">(\w+)</Conference>", chair.fetch(own.voice_url))[1]
    place.clock.advance(timedelta(seconds=5))
    assert chair.look().press(f"/recontacts/{due.case_id}/call") == 302
    call = place.telephone.placed[-1]
    assert call.to == place.act(lambda s, r: read_phone(r, s.get(Case, due.case_id).record))
    assert f">{room}</Conference>" in chair.fetch(call.voice_url)
    place.clock.advance(timedelta(seconds=5))
    assert chair.press(f"/recontacts/{due.case_id}/call") == 409
    chair.fetch(call.status_url, CallStatus="completed", CallDuration="61")
    chair.fetch(own.status_url, CallStatus="completed", CallDuration="120")
    assert place.sql("SELECT purpose, seconds FROM staff_call ORDER BY id") == [("own", 120), ("recontact", 61)]
    assert not FULL_NUMBER.findall("".join(chair.shown).replace("139 0000 0003", ""))
    assert "re-contact called" in [action for (action,) in place.sql("SELECT action FROM audit_entry")]


def test_nobody_is_asked_again_at_night_or_who_wants_no_more_contact(place):
    due = place.on_round(describe_recontacts).due[0]
    chair = Person(place, "chair", PAGE)
    place.clock.advance(timedelta(seconds=5))
    chair.press("/telephone", number="13900000003")
    chair.fetch(place.telephone.placed[-1].voice_url)
    place.clock.advance(timedelta(seconds=5))
    page = chair.look().html
    place.act(lambda s, r: opt_out_case(s, r, due.case_id))
    assert chair.press(f"/recontacts/{due.case_id}/call") == 409
    chair.html = page
    place.clock.advance(timedelta(hours=12))
    other = place.on_round(describe_recontacts).due[1]
    assert chair.press(f"/recontacts/{other.case_id}/call") == 409
    assert len(place.telephone.placed) == 1
