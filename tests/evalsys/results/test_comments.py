"""Comments are held until the close, read unit by unit from ten answers on, covered, and passed on only when released."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalsys.accounts.actions import add_user
from evalsys.base.errors import NotFound, Refused
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.interviews import finish_interview, load_conversation
from evalsys.results.comments import count_comments, decide_comment, list_comments, list_released
from tests.evalsys.faces.staff import PASSWORD, signed_in
from tests.evalsys.installation import ROUND, UNITS, copy_of, make_open

PAGE = f"/commission/rounds/{ROUND}/comments"
WROTE = "窗口的张伟科长态度差，打13812345678"
RATED = {"Q0": "1", **{f"I{number}": "2" for number in range(1, 7)}, "A1": "2", "A2": "2", "A3": "1", "P1": "2"}


@pytest.fixture(scope="module")
def _answered(tmp_path_factory):
    place = make_open(tmp_path_factory.mktemp("answered"), quota=60, replicate_size=60)
    for name, role in (("chair", "commission"), ("designer", "designer")):
        place.act(
            lambda s, r, n=name, k=role: add_user(s, r.clock, name=n, display_name=n, password=PASSWORD, roles=[k])
        )
    by_unit = {unit: [] for unit in UNITS}
    for case, unit in place.sql("SELECT case_id, unit_code FROM interview ORDER BY case_id"):
        by_unit[unit].append(case)
    for unit, count in zip(UNITS, (20, 20, 6), strict=True):
        for number, case in enumerate(by_unit[unit][:count]):
            answers = RATED | {"P2": WROTE if number == 0 else "很好" if number == 1 else ""}

            def take(session, runtime, case=case, answers=answers):
                talk = replace(load_conversation(session, runtime, case), answers=answers)
                finish_interview(session, runtime, talk, channel="web")

            place.act(take)
    return place


@pytest.fixture
def place(_answered, tmp_path):
    return copy_of(_answered, tmp_path / "home")


@pytest.fixture
def closed(place):
    place.on_round(close_round, actor="chair")
    return place


def read(place, unit):
    return place.on_round(lambda s, r, round_: list_comments(s, round_, unit))


def test_before_the_close_nobody_reads_a_comment(place):
    with pytest.raises(Refused, match="held until it is closed"):
        read(place, UNITS[0])
    assert signed_in(place.app, "chair").get(PAGE).status_code == 409


def test_after_it_they_are_read_with_what_names_somebody_covered_and_of_few_answers_none(closed):
    found = read(closed, UNITS[0])
    assert sorted(one.text for one in found) == ["很好", "窗口的███科长态度差，打███"]
    assert read(closed, UNITS[2]) == []
    counts = closed.on_round(lambda s, r, round_: count_comments(s, round_))
    assert [(one.unit_code, one.comments, one.is_readable) for one in counts] == [
        (UNITS[0], 2, True),
        (UNITS[1], 2, True),
        (UNITS[2], 2, False),
    ]
    page = signed_in(closed.app, "chair").get(f"{PAGE}/{UNITS[0]}?lang=en").text
    assert "13812345678" not in page and "张伟" not in page and "telephone number" in page


def decide(place, key, decision, text=""):
    place.on_round(lambda s, r, round_: decide_comment(s, r, round_, key, decision, text, actor="chair"))


def test_only_what_is_released_is_passed_on_and_what_was_covered_stays_so_whatever_is_typed(closed):
    told, praise = sorted(read(closed, UNITS[0]), key=lambda one: one.text != "窗口的███科长态度差，打███")
    decide(closed, told.key, "released", "科长张伟：张伟科长 13812345678 态度差")
    decide(closed, praise.key, "held")
    released = closed.on_round(lambda s, r, round_: list_released(s, round_, UNITS[0]))
    assert len(released) == 1 and "13812345678" not in released[0] and "态度差" in released[0]
    decide(closed, told.key, "held")
    assert closed.on_round(lambda s, r, round_: list_released(s, round_, UNITS[0])) == []
    acts = [action for (action,) in closed.sql("SELECT action FROM audit_entry ORDER BY id")]
    assert acts[-3:] == ["comment released", "comment held", "comment held"]
    assert WROTE not in str(closed.sql("SELECT details FROM audit_entry"))


def test_a_comment_of_a_unit_with_few_answers_or_of_nobody_cannot_be_released(closed):
    key = closed.sql("SELECT key FROM sealed_answer WHERE unit_code = :unit LIMIT 1", unit=UNITS[2])[0][0]
    for wrong in (key, "0" * 32):
        with pytest.raises(NotFound):
            decide(closed, wrong, "released", "很好")


def test_on_the_page_one_click_releases_and_a_designer_reads_none(closed):
    browser = signed_in(closed.app, "chair")
    key = next(one.key for one in read(closed, UNITS[0]) if one.text == "很好")
    html = browser.get(f"{PAGE}/{UNITS[0]}").text
    token = html.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    sent = {"csrf_token": token, "key": key, "text": "很好", "decision": "released"}
    assert browser.post(f"{PAGE}/{UNITS[0]}", data=sent).status_code == 302
    assert closed.on_round(lambda s, r, round_: list_released(s, round_, UNITS[0])) == ["很好"]
    assert signed_in(closed.app, "designer").get(PAGE).status_code == 403
