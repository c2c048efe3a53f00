"""The pages of forms on paper: who keys sees neither name, number nor unit, and a batch goes from print to signature."""

from __future__ import annotations

import pytest

from tests.evalsys.faces.interviewers import FULL_NUMBER
from tests.evalsys.faces.meeting import KEYING, PAGE, key_form, make_batch, make_meeting
from tests.evalsys.faces.staff import send, signed_in
from tests.evalsys.fieldwork.paper import FILLED
from tests.evalsys.installation import ROUND, copy_of


@pytest.fixture(scope="module")
def _met(tmp_path_factory):
    return make_meeting(tmp_path_factory.mktemp("met"))


@pytest.fixture
def place(_met, tmp_path):
    """A round with people who key and sign, for one test to change."""
    return copy_of(_met, tmp_path / "home")


def test_a_batch_goes_from_print_to_signature_on_its_pages(place):
    first, second = make_batch(place, 2)
    chair, batch = signed_in(place.app, "chair"), f"{PAGE}/1"
    assert send(chair, batch, f"{batch}/forms").data.startswith(b"%PDF")
    handout = send(chair, batch, f"{batch}/handout").data.decode("utf-8-sig")
    assert first in handout and second in handout and FULL_NUMBER.search(handout)
    zhao, qian, observer = (signed_in(place.app, name) for name in ("zhao", "qian", "observer"))
    assert key_form(zhao, first, **FILLED).status_code == 302
    found = key_form(qian, first, **{**FILLED, "I1": "4"})
    assert found.location.endswith(f"/{first}/differences")
    page = qian.get(found.location).text
    assert "Reading 1" in page and "满意" in page and "不满意" in page
    assert send(qian, found.location, **{"f-I1": "4"}).status_code == 422
    assert send(qian, found.location, **{"f-I1": "4", "reason": "the tick is at 4"}).status_code == 302
    assert second in observer.get("/paper/signing").text
    assert send(observer, "/paper/signing", f"/paper/signing/{ROUND}/1").status_code == 409
    answer = send(chair, batch, f"{batch}/missing", serials=[second], said="not_returned")
    assert answer.status_code == 302, answer.text
    assert send(observer, "/paper/signing", f"/paper/signing/{ROUND}/1").status_code == 302
    assert "Signed by observer" in chair.get(batch).text
    assert place.sql("select outcome, channel from interview where channel = 'paper'") == [("1.1", "paper")]


def test_who_keys_sees_no_number_and_no_unit_and_not_what_the_other_typed(place):
    (serial,) = make_batch(place)
    key_form(signed_in(place.app, "zhao"), serial, **FILLED)
    qian = signed_in(place.app, "qian")
    shown = qian.get(KEYING).text + qian.get(f"{KEYING}/{ROUND}/{serial}").text
    units = [name for row in place.sql("select name_zh, name_en from round_unit") for name in row]
    assert units and not any(name in shown for name in units)
    assert not FULL_NUMBER.search(shown) and "1740" not in shown
    assert shown.count('value="" checked') == len(FILLED) - 1, "every question is empty, whatever the first typed"
    assert qian.get(f"{PAGE}/1").status_code == 403 and qian.get("/paper/signing").status_code == 403
    assert signed_in(place.app, "chair").get(KEYING).status_code == 403


def test_a_mistyped_serial_and_a_bad_reading_are_said_beside_what_was_typed(place):
    (serial,) = make_batch(place)
    zhao = signed_in(place.app, "zhao")
    wrong = serial[:-1] + ("A" if serial[-1] != "A" else "B")
    answer = send(zhao, KEYING, round=ROUND, serial=wrong)
    assert answer.status_code == 422 and f"{wrong} is not a serial" in answer.text
    assert send(zhao, KEYING, round=ROUND, serial=serial.lower()).location.endswith(serial)
    answer = key_form(zhao, serial, I1="4")
    assert answer.status_code == 422 and 'id="I1-4" value="4" checked' in answer.text
    assert key_form(zhao, serial, **{**FILLED, "I1": "99"}).status_code == 422
    assert key_form(zhao, serial, **FILLED).status_code == 302
    assert zhao.get(f"{KEYING}/{ROUND}/{serial}").status_code == 409


def test_a_limit_that_is_none_is_said_and_no_batch_made(place):
    answer = send(signed_in(place.app, "chair"), PAGE, language="zh", limit="900")
    assert answer.status_code == 422 and "1 to 100" in answer.text
    assert place.sql("select id from paper_batch") == []


def test_the_page_says_that_open_participation_is_never_scored(place):
    assert "open participation is never scored" in signed_in(place.app, "chair").get(PAGE).text
    assert "开放式参与不计分" in signed_in(place.app, "chair", "zh_Hans").get(PAGE).text
