"""When nothing can be stored, nobody is thanked, and what was acknowledged before is there afterwards."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from evalsys.base.database import db
from evalsys.faces.respondent import routes
from tests.journeys.players import VoicePlayer, WebPlayer
from tests.journeys.test_channels import NEGATIVE
from tests.journeys.test_links import answers_of

LONG = "服务态度很好，一次办成。" * 40


@pytest.fixture
def case(called) -> int:
    return called.sql("select min(case_id) from attempt")[0][0]


@pytest.fixture
def full_disk(called):
    """A disk on which the database can grow no more: what SQLite is told is what it tells the program when a disk is full."""

    def fill(connection, *_):
        connection.execute("PRAGMA max_page_count = 1")

    def start():
        with called.app.app_context():
            event.listen(db.engine, "checkout", fill)
            # Whatever room is left in pages that are there already.
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA max_page_count = 1")

    def end():
        with called.app.app_context():
            event.remove(db.engine, "checkout", fill)
            db.engine.dispose()

    return start, end


def test_on_a_full_disk_the_respondent_is_told_and_not_thanked_and_may_send_again(called, case, full_disk):
    web = WebPlayer(called, case)
    web.play(NEGATIVE[:-1])
    web.client.post(f"{web.link}/P1", data={"answer": "1"})
    acknowledged = web.stored()["answers"]
    start, end = full_disk
    start()
    # The comment needs room that is not there: the answers are kept as one text, which grows.
    refused = [web.client.post(f"{web.link}/P2", data={"answer": LONG}) for _ in range(2)]
    for answer in refused:
        assert answer.status_code == 503 and answer.headers["Retry-After"]
        assert "请过几分钟再提交一次" in answer.text
    end()
    assert web.stored()["state"] == "open"
    assert web.stored()["answers"] == acknowledged == answers_of(NEGATIVE) | {"P1": "1"}
    assert web.client.post(f"{web.link}/P2", data={"answer": LONG}).status_code == 302
    assert web.stored()["state"] == "answered"


def test_while_the_database_is_away_pages_say_so_and_answers_given_before_are_there_afterwards(called, case):
    web, voice = WebPlayer(called, case), VoicePlayer(called, case)
    web.play(NEGATIVE[:4])
    before = web.stored()
    path = called.home / "evalsys.sqlite"
    with called.app.app_context():
        db.engine.dispose()
    path.rename(called.home / "away")
    path.mkdir()  # nothing can be opened there
    for answer in (
        web.client.get(web.link),
        web.client.post(f"{web.link}/I3", data={"answer": "1"}),
        web.client.get("/sign-in", headers={"Cookie": "session=none"}),
    ):
        assert answer.status_code in (200, 503), answer.status
        assert "感谢" not in answer.text
    assert web.client.post(f"{web.link}/I3", data={"answer": "1"}).status_code == 503
    path.rmdir()
    (called.home / "away").rename(path)
    assert web.stored() == before
    assert voice.stored() == before


def test_a_fault_of_the_program_is_told_in_the_readers_language(called, case, monkeypatch):
    web = WebPlayer(called, case)
    called.app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(routes, "find_by_token", lambda *_: 1 / 0)
    answer = web.client.get(f"{web.link}?lang=en")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text and "ZeroDivision" not in answer.text
