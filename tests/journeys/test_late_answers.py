"""A round is closed while a hundred people are on the line: nobody else is called, and what they still say is not kept but counted."""

from __future__ import annotations

from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers, send_messages
from evalsys.fieldwork.late_answers import count_late_answers
from tests.evalsys.fieldwork.working import report
from tests.journeys.players import VoicePlayer, WebPlayer

IN_FLIGHT = 100


def in_flight(place) -> list[int]:
    rows = place.sql("SELECT case_id FROM attempt WHERE state = 'placed' ORDER BY case_id LIMIT :most", most=IN_FLIGHT)
    assert len(rows) == IN_FLIGHT
    return [case_id for (case_id,) in rows]


def late(place) -> dict[str, int]:
    return place.on_round(lambda s, r, round_: count_late_answers(s, round_))


def content(place) -> list:
    return place.sql("SELECT unit_code, stratum, channel, outcome, answers FROM sealed_answer ORDER BY key")


def test_calls_in_flight_at_the_close_end_with_a_goodbye_and_are_settled_and_counted(called):
    calls = [VoicePlayer(called, case_id) for case_id in in_flight(called)]
    for call in calls:
        call.play(["consent", "Q0=1"])
    called.on_round(close_round, actor="chair")
    kept, placed = content(called), len(called.telephone.placed)
    for job in (dial_numbers, send_messages):
        called.do_job(job)
    assert len(called.telephone.placed) == placed
    assert called.telephone.sent == []
    for call in calls:
        call._press("1")
        assert call.is_over
        assert call.stored()["answers"] == {}
    assert late(called) == {"voice": IN_FLIGHT}
    for (key,) in called.sql("SELECT key FROM attempt WHERE state = 'placed'"):
        report(called, key, "completed", CallDuration="20")
    called.do_job(apply_callbacks)
    assert called.sql("SELECT id FROM attempt WHERE state != 'ended'") == []
    assert content(called) == kept


def test_whoever_answers_twice_after_the_close_is_counted_once(called):
    (case_id, *_) = in_flight(called)
    web, voice = WebPlayer(called, case_id), VoicePlayer(called, case_id)
    web.play(["consent", "Q0=1"])
    address = web.at
    voice.play(["consent"])
    called.on_round(close_round, actor="chair")
    for _ in range(2):
        page = web.client.post(f"{address}?lang=en", data={"answer": "1"})
        assert page.status_code == 200
        assert "Thank you for taking part" not in page.text
    voice._press("1")
    assert late(called) == {"web": 1}


def test_opening_a_link_or_finishing_before_the_close_is_no_late_answer(called):
    first, second, *_ = in_flight(called)
    finished = WebPlayer(called, first)
    steps = [f"{code}=1" for code in finished.questionnaire.order if code not in ("P1", "P2")]
    finished.play(["consent", *steps])
    finished.client.post(f"{finished.link}/P1", data={"answer": "1"})
    finished.client.post(f"{finished.link}/P2", data={"answer": ""})
    called.on_round(close_round, actor="chair")
    assert finished.client.post(f"{finished.link}/P2", data={"answer": "too late"}).status_code == 200
    assert WebPlayer(called, second).client.get(WebPlayer(called, second).link).status_code == 200
    assert late(called) == {}
