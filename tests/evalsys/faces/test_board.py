"""The board's page: who may see it, that it says what the ledger says, and that nothing is sent while nothing changed."""

from __future__ import annotations

import json

import pytest

from evalsys.accounts.actions import add_user
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers
from tests.evalsys.faces.staff import PASSWORD, PEOPLE, signed_in
from tests.evalsys.fieldwork.working import answer, end, report
from tests.evalsys.installation import ROUND, copy_of, make_draft, make_open

PAGE = f"/commission/rounds/{ROUND}/board"
ASKED_AGAIN = {"HX-Request": "true"}


def add_people(place) -> None:
    """One person per sign-in name of ``PEOPLE``."""
    for name, role in PEOPLE.items():
        place.act(
            lambda s, r, n=name, k=role: add_user(s, r.clock, name=n, display_name=n, password=PASSWORD, roles=[k])
        )


@pytest.fixture(scope="module")
def called(tmp_path_factory):
    """A round whose people are being called."""
    place = make_open(tmp_path_factory.mktemp("board"), mode_sequence=["phone"], random_arm_share=0)
    add_people(place)
    place.do_job(dial_numbers)
    return place


def keys_of(place) -> list[str]:
    return [key for (key,) in place.sql("SELECT key FROM attempt ORDER BY id")]


def take(place, key: str, value: str) -> None:
    """An interview on the telephone, every opinion the same."""
    report(place, key, "in-progress")
    place.do_job(apply_callbacks)
    ((case_id,),) = place.sql("SELECT case_id FROM attempt WHERE key = :key", key=key)
    answer(place, case_id, "voice", 2)  # consent, and that they were served
    answer(place, case_id, "voice", value=value)
    end(place, key, "completed", CallDuration="90")


def test_a_round_that_was_not_opened_has_no_board(tmp_path):
    place = make_draft(tmp_path)
    add_people(place)
    answer = signed_in(place.app, "chair").get(PAGE)
    assert answer.status_code == 404 and "not been opened" in answer.text


def test_only_who_may_read_fieldwork_sees_the_board(called):
    assert signed_in(called.app, "planner").get(PAGE).status_code == 200
    assert signed_in(called.app, "looker").get(PAGE).status_code == 403
    assert called.app.test_client().get(PAGE).status_code == 302


def test_nothing_is_sent_while_nothing_changed_and_the_new_figures_once_something_did(called, tmp_path):
    place = copy_of(called, tmp_path / "home")
    client = signed_in(place.app, "chair")
    first = client.get(PAGE, headers=ASKED_AGAIN)
    assert "0 of 60 completes" in first.text and "<html" not in first.text
    known = ASKED_AGAIN | {"If-None-Match": first.headers["ETag"]}
    again = client.get(PAGE, headers=known)
    assert again.status_code == 304 and again.data == b""
    take(place, keys_of(place)[0], "1")
    changed = client.get(PAGE, headers=known)
    assert changed.status_code == 200 and "1 of 60 completes" in changed.text


def test_a_page_without_scripts_holds_every_figure(called):
    page = signed_in(called.app, "chair").get(PAGE).text
    frame = signed_in(called.app, "chair").get(PAGE, headers=ASKED_AGAIN).text
    assert frame in page
    for name in ("RR1", "RR6", "COOP4", "REF3", "CON3"):
        assert page.count(f">{name}</abbr>") == 2, "one column by channel and one by unit"


def test_other_answers_with_the_same_outcomes_make_the_same_page_byte_for_byte(called, tmp_path):
    pages = []
    for value in ("1", "2"):
        place = copy_of(called, tmp_path / value)
        for key in keys_of(place)[:8]:
            take(place, key, value)
        pages.append(signed_in(place.app, "chair").get(PAGE, headers=ASKED_AGAIN).data)
    assert b"8 of 60 completes" in pages[0] and pages[0] == pages[1]


def test_the_figures_show_what_the_tables_say(called, tmp_path):
    place = copy_of(called, tmp_path / "home")
    keys = keys_of(place)
    take(place, keys[0], "1")
    client = signed_in(place.app, "chair")

    def drawn(name: str) -> list[dict]:
        return json.loads(client.get(f"{PAGE}/{name}.json").text)["data"]

    for name, label in (("hours", "10"), ("slots", "weekday, by day"), ("days", "06-08")):
        calls, connected = drawn(name)
        assert (calls["x"], calls["y"], connected["y"]) == ([label], [len(keys)], [1])
    quota, completes = drawn("units")
    assert quota["x"] == [20, 20, 20] and sorted(completes["x"]) == [0, 0, 1]
    assert client.get(f"{PAGE}/answers.json").status_code == 404


def test_the_board_of_a_closed_round_does_not_ask_again(called, tmp_path):
    place = copy_of(called, tmp_path / "home")
    client = signed_in(place.app, "chair")
    assert 'hx-trigger="every 5s"' in client.get(PAGE).text
    place.sql("UPDATE round SET closed_at = opened_at")
    assert "hx-get" not in client.get(PAGE).text
