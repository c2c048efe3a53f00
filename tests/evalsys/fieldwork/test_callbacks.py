"""Callbacks come twice, late and in any order; the final state is the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalsys.fieldwork.callbacks import receive_status
from evalsys.fieldwork.calls import keep_said
from evalsys.fieldwork.interviews import load_conversation, opt_out, record_answer, refuse_interview
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers
from tests.evalsys.installation import OPENING, copy_of, make_open

EVENTS = ("initiated", "ringing", "in-progress")
ENDS = [
    ({"CallStatus": "completed", "AnsweredBy": "human", "CallDuration": "31"}, "2.113", True),
    ({"CallStatus": "completed", "AnsweredBy": "machine_start", "CallDuration": "9"}, "3.14", True),
    ({"CallStatus": "busy"}, "3.12", True),
    ({"CallStatus": "no-answer"}, "3.13", True),
    ({"CallStatus": "failed"}, "3.16", False),
    ({"CallStatus": "failed", "ErrorCode": "21211"}, "4.30", False),
    ({"CallStatus": "failed", "SipResponseCode": "404"}, "4.30", False),
    ({"CallStatus": "canceled"}, "3.16", False),
]


@pytest.fixture(scope="module")
def _dialled(tmp_path_factory):
    place = make_open(tmp_path_factory.mktemp("dialled"), mode_sequence=["phone"], random_arm_share=0.0)
    place.sql("update interview set due_at = null where case_id > (select min(case_id) from interview)")
    place.do_job(dial_numbers)
    return place


@pytest.fixture
def dialled(_dialled, tmp_path):
    """One call under way."""
    return copy_of(_dialled, tmp_path / "home")


def only_attempt(place) -> tuple[int, str]:
    return place.sql("select case_id, key from attempt")[0]


def tell(place, *forms: dict) -> None:
    key = only_attempt(place)[1]
    for form in forms:
        place.act(lambda s, r, f=form: receive_status(s, r, key, {"CallSid": "CA1", **f}))


def outcome(place) -> list:
    place.do_job(apply_callbacks)
    return place.sql("select state, outcome, counts, seconds, connected_at is not null from attempt")


@pytest.mark.parametrize(("form", "code", "counts"), ENDS)
def test_the_last_status_of_a_call_gives_its_outcome(dialled, form, code, counts):
    tell(dialled, {"CallStatus": "ringing"}, form)
    assert [row[:3] for row in outcome(dialled)] == [("ended", code, counts)]


@pytest.mark.parametrize(
    ("form", "least"),
    [
        ({"CallStatus": "busy"}, timedelta(minutes=60)),
        ({"CallStatus": "no-answer"}, timedelta(minutes=240)),
        ({"CallStatus": "completed", "AnsweredBy": "machine_start"}, timedelta(minutes=240)),
        ({"CallStatus": "completed", "AnsweredBy": "human"}, timedelta(days=7)),
    ],
)
def test_a_case_is_tried_again_after_the_delay_of_its_outcome_and_in_calling_hours(dialled, form, least):
    tell(dialled, form)
    dialled.do_job(apply_callbacks)
    state, due = dialled.sql("select state, due_at from interview where tries = 1")[0]
    assert state == "waiting"
    assert due >= (OPENING + least).strftime("%Y-%m-%d %H:%M:%S")
    dialled.do_job(dial_numbers)
    assert len(dialled.sql("select id from attempt")) == 1


def test_a_number_that_does_not_exist_ends_its_case(dialled):
    tell(dialled, {"CallStatus": "failed", "ErrorCode": "21211"})
    dialled.do_job(apply_callbacks)
    assert dialled.sql("select state, outcome from interview where tries = 1") == [("ended", "4.30")]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_each_callback_ten_times_and_shuffled_ends_in_the_same_state(_dialled, tmp_path_factory, data):
    form, code, counts = data.draw(st.sampled_from(ENDS))
    answered = form["CallStatus"] == "completed"
    events = [{"CallStatus": status} for status in EVENTS[: 3 if answered else 2]] + [form]
    order = data.draw(st.permutations([event for event in events for _ in range(10)]))
    between = data.draw(st.sets(st.integers(0, len(order) - 1), max_size=4))
    place = copy_of(_dialled, tmp_path_factory.mktemp("shuffled") / "home")
    for position, event in enumerate(order):
        tell(place, event)
        if position in between:
            place.do_job(apply_callbacks)
    seconds = int(form["CallDuration"]) if "CallDuration" in form else None
    assert outcome(place) == [("ended", code, counts, seconds, answered)]
    assert place.sql("select count(*) from status_receipt") == [(len(events),)]


def test_that_a_call_connected_does_not_depend_on_the_order_of_its_callbacks(dialled):
    tell(dialled, {"CallStatus": "completed", "AnsweredBy": "human"}, {"CallStatus": "in-progress"})
    assert outcome(dialled)[0][4] == 1


@pytest.mark.parametrize("late", [form for form, _, _ in ENDS])
def test_a_late_callback_does_not_move_a_final_state(dialled, late):
    tell(dialled, {"CallStatus": "no-answer"})
    before = outcome(dialled)
    interview = dialled.sql("select state, outcome, due_at from interview where tries = 1")
    tell(dialled, {"CallStatus": "ringing"}, late)
    assert [row[:4] for row in outcome(dialled)] == [row[:4] for row in before]
    assert dialled.sql("select state, outcome, due_at from interview where tries = 1") == interview


def talk_to(place, *answers: tuple[str, str]) -> None:
    case_id, key = only_attempt(place)

    def talk(session, runtime):
        keep_said(session, key, "consented")
        now = load_conversation(session, runtime, case_id)
        for code, value in answers:
            now = record_answer(session, runtime, now, code, value, channel="voice", language="zh")

    place.act(talk)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ((), "3.21"),
        ((("Q0", "1"),), "2.12"),
        ((("Q0", "2"),), "4.10"),
    ],
)
def test_what_was_said_on_a_call_decides_over_its_status(dialled, answers, code):
    talk_to(dialled, *answers)
    tell(dialled, {"CallStatus": "completed", "AnsweredBy": "human"})
    assert outcome(dialled)[0][1] == code


@pytest.mark.parametrize(("leave", "listed"), [(refuse_interview, 0), (opt_out, 1)])
def test_a_refusal_ends_the_case_for_good_and_an_opt_out_is_remembered(dialled, leave, listed):
    case_id, key = only_attempt(dialled)
    talk_to(dialled, ("Q0", "1"))
    dialled.act(lambda s, r: (keep_said(s, key, "refused"), leave(s, r, case_id)))
    tell(dialled, {"CallStatus": "completed", "AnsweredBy": "human"})
    assert outcome(dialled)[0][1] == "2.11"
    assert dialled.sql("select state, outcome, answers_cipher from interview where tries = 1") == [
        ("ended", "2.11", None)
    ]
    assert dialled.sql("select count(*) from opt_out") == [(listed,)]
