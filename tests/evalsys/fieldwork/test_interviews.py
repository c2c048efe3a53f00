"""The one door for answers: nothing lost, nothing taken twice, and opt-outs that hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evalsys.base.errors import Refused
from evalsys.design.queries import get_round
from evalsys.fieldwork.cases import call_instead
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.interviews import QUIET, opt_out, record_answer
from evalsys.fieldwork.releases import pause_round
from evalsys.samples.frames import Earlier, preview_report
from surveys.errors import InstrumentError
from tests.evalsys.fieldwork.working import answer, contact, end, go_to_due, interview, keep_one, talk_to
from tests.evalsys.installation import ROUND


def give(place, talk, code: str, value: str, channel: str = "web"):
    return place.act(lambda s, r: record_answer(s, r, talk, code, value, channel=channel))


def test_the_same_answers_through_web_and_telephone_are_kept_alike(opened):
    rows = opened.sql("SELECT case_id FROM interview ORDER BY case_id LIMIT 2")
    (web,), (voice,) = rows
    answer(opened, web, "web")
    answer(opened, voice, "voice")
    by_web, by_voice = talk_to(opened, web).answers, talk_to(opened, voice).answers
    assert {code: value for code, value in by_web.items() if code in by_voice} == by_voice
    assert interview(opened, web).outcome == interview(opened, voice).outcome == "1.1"


def test_an_answer_from_a_page_that_is_behind_is_refused_and_nothing_is_lost(opened):
    case_id = keep_one(opened, "sms")
    stale = talk_to(opened, case_id)
    give(opened, stale, "Q0", "1")
    with pytest.raises(Refused):
        give(opened, stale, "Q0", "2")
    assert dict(talk_to(opened, case_id).answers) == {"Q0": "1"}


def test_fifty_submissions_of_one_page_are_one_answer(opened):
    case_id = keep_one(opened, "sms")
    talk = talk_to(opened, case_id)
    taken = 0
    for _ in range(50):
        try:
            give(opened, talk, "Q0", "1")
            taken += 1
        except Refused:
            pass
    assert (taken, interview(opened, case_id).version) == (1, 1)


def test_answers_off_the_path_count_for_nothing_but_are_there_when_the_path_leads_back(opened):
    case_id = keep_one(opened, "sms")
    answer(opened, case_id, "web", 3)
    talk = give(opened, talk_to(opened, case_id), "I2", "4")
    assert talk.outcome == ""
    assert talk.questionnaire.presented({**talk.answers, "Q0": "2"}) == ()
    assert dict(talk.answers) == {"Q0": "1", "I1": "1", "I2": "4"}


def test_who_was_no_user_is_not_eligible_and_nothing_of_the_answers_stays(opened):
    case_id = keep_one(opened, "sms")
    answer(opened, case_id, "web", 2)
    give(opened, talk_to(opened, case_id), "Q0", "2")
    case = interview(opened, case_id)
    assert (case.state, case.outcome, case.answers_cipher) == ("ended", "4.10", None)


def test_a_value_that_the_question_does_not_have_is_refused(opened):
    case_id = keep_one(opened, "sms")
    with pytest.raises(InstrumentError):
        give(opened, talk_to(opened, case_id), "I1", "7")
    assert interview(opened, case_id).version == 0


def test_a_finished_interview_takes_no_more_answers(opened):
    case_id = keep_one(opened, "sms")
    answer(opened, case_id, "web")
    with pytest.raises(Refused):
        give(opened, talk_to(opened, case_id), "I1", "5")


def test_a_paused_round_still_takes_answers_and_a_closed_one_does_not(opened):
    case_id = keep_one(opened, "sms")
    opened.on_round(pause_round, actor="chair")
    talk = give(opened, talk_to(opened, case_id), "Q0", "1")
    opened.on_round(close_round, actor="chair")
    with pytest.raises(Refused):
        give(opened, talk, "I1", "1")


def test_the_telephone_waits_half_an_hour_for_somebody_who_answers_on_the_web(opened):
    case_id = keep_one(opened, "sms")
    end(opened, contact(opened, "sms"), "delivered")
    go_to_due(opened, case_id)
    answer(opened, case_id, "web", 1)
    assert interview(opened, case_id).due_at == opened.clock.now() + QUIET["web"]


def test_an_answer_on_the_web_does_not_bring_a_later_call_forward(opened):
    case_id = keep_one(opened, "sms")
    end(opened, contact(opened, "sms"), "delivered")
    due = interview(opened, case_id).due_at
    assert due > opened.clock.now() + timedelta(hours=1)
    answer(opened, case_id, "web", 1)
    assert interview(opened, case_id).due_at == due


def test_an_answer_on_the_web_makes_no_call_due_where_none_was_to_come(opened):
    case_id = keep_one(opened, "sms")
    opened.sql("UPDATE interview SET due_at = NULL, next_channel = '' WHERE case_id = :case", case=case_id)
    answer(opened, case_id, "web", 1)
    assert interview(opened, case_id).due_at is None


def test_answers_are_not_readable_in_the_database(opened):
    case_id = keep_one(opened, "sms")
    answer(opened, case_id, "web", 3)
    ((cipher,),) = opened.sql("SELECT answers_cipher FROM interview WHERE case_id = :case", case=case_id)
    assert b"Q0" not in cipher and b"I1" not in cipher


def test_an_opt_out_ends_the_case_forgets_its_answers_and_holds_for_later_frames(opened):
    case_id = keep_one(opened, "sms")
    answer(opened, case_id, "web", 2)
    before = opened.act(lambda s, r: preview_report(s, get_round(s, ROUND), Earlier()))
    opened.act(lambda s, r: opt_out(s, r, case_id))
    opened.act(lambda s, r: opt_out(s, r, case_id))
    case = interview(opened, case_id)
    assert (case.state, case.outcome, case.answers_cipher) == ("ended", "2.11", None)
    after = opened.act(lambda s, r: preview_report(s, get_round(s, ROUND), Earlier()))
    assert "opt_out" not in {reason for reason, count in before["excluded"].items() if count}
    assert after["excluded"]["opt_out"] == 1
    assert after["entries"] == before["entries"] - 1
    assert opened.sql("SELECT count(*) FROM opt_out") == [(1,)]


def test_who_asks_for_a_call_on_the_web_is_called_next_in_the_calling_hours(opened):
    case_id = keep_one(opened, "sms")
    end(opened, contact(opened, "sms"), "delivered")
    assert interview(opened, case_id).due_at > opened.clock.now() + timedelta(days=1)
    opened.clock.at = opened.clock.at.replace(hour=22)
    due = opened.act(lambda s, r: call_instead(s, r, case_id))
    case = interview(opened, case_id)
    assert (case.state, case.next_channel, case.due_at) == ("waiting", "voice", due)
    assert timedelta(0) < due - opened.clock.now() < timedelta(days=1)
    go_to_due(opened, case_id)
    contact(opened, "voice")
    assert interview(opened, case_id).state == "calling"


def test_no_call_is_promised_while_one_is_under_way_or_after_the_field_period(opened):
    case_id = keep_one(opened, "sms")
    contact(opened, "sms")
    assert opened.act(lambda s, r: call_instead(s, r, case_id)) is None
    other = opened.sql("SELECT min(case_id) FROM interview WHERE state = 'waiting'")[0][0]
    opened.clock.advance(timedelta(days=200))
    assert opened.act(lambda s, r: call_instead(s, r, other)) is None
