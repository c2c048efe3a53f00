"""The preview walks every channel as respondents would, says what would be stored, and stores nothing."""

from __future__ import annotations

import html as markup
import re

import pytest

from evalsys.accounts.actions import add_user
from evalsys.base.database import db
from tests.evalsys.faces.staff import PASSWORD, signed_in
from tests.evalsys.installation import copy_of, make_draft, tiny_city
from tests.house.database_content import read_content

PAGE = "/design/programmes/example-2026/preview"
NEGATIVE = {
    "Q0": "1",
    **{f"I{number}": "5" for number in range(1, 7)},
    "A1": "5",
    "A2": "5",
    "A3": "2",
    "P1": "1",
    "P2": "",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = make_draft(tmp_path_factory.mktemp("draft"))
    place.act(
        lambda s, r: [
            add_user(s, r.clock, name=name, display_name=name, password=PASSWORD, roles=[name])
            for name in ("designer", "interviewer")
        ]
    )
    return place


class Walker:
    """Somebody with the page open, without scripts."""

    def __init__(self, place, channel: str, language: str = "zh", name: str = "designer") -> None:
        self.browser = signed_in(place.app, name)
        answer = self.browser.get(f"{PAGE}?channel={channel}&in={language}&lang=en")
        self.status, self.html = answer.status_code, answer.text

    def send(self, **form: str) -> int:
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.html))
        sent = {name: markup.unescape(value) for name, value in hidden.items()} | form
        answer = self.browser.post(f"{PAGE}?lang=en", data=sent)
        self.status, self.html = answer.status_code, answer.text
        return answer.status_code

    def way(self) -> list[tuple[str, str]]:
        return re.findall(
            r"<tr><td><code>(\w+)</code></td><td>.*?</td><td>.*?</td><td>.*?</td><td>([^<]*)</td>", self.html
        )

    def stored(self) -> dict[str, str]:
        return dict(re.findall(r"<tr><td><code>(\w+)</code></td><td><code>([^<]*)</code></td>", self.html))


@pytest.mark.parametrize("channel", ["web", "voice", "sms", "interviewer"])
def test_an_all_negative_walk_ends_as_a_complete_interview_with_what_was_answered_and_nothing_is_stored(place, channel):
    def content():
        with place.app.app_context():
            return {name: rows for name, rows in read_content(db.engine).items() if name not in ("user", "audit_entry")}

    before = content()
    walker = Walker(place, channel)
    assert "nothing is stored" in walker.html
    walker.send(answer="1")
    order = [
        code
        for code in tiny_city().configuration["questionnaire"]["order"]
        if channel in ("web", "interviewer") or code != "P2"
    ]
    for place_in_order, code in enumerate(order):
        assert [step for step, _ in walker.way()] == order[:place_in_order]
        assert walker.send(answer=NEGATIVE[code]) == 200
    assert "1.1 " in walker.html
    assert {code: value for code, value in walker.stored().items() if code != "P2"} == {
        code: value for code, value in NEGATIVE.items() if code != "P2"
    }
    assert content() == before


def test_the_rule_that_led_on_is_named_and_who_was_not_served_leaves_nothing(place):
    walker = Walker(place, "web")
    walker.send(answer="1")
    walker.send(answer="2")
    assert "4.10" in walker.html and walker.stored() == {} and "No answer." in walker.html
    assert walker.way() == [("Q0", "routing rule 1")]


def test_a_refusal_for_good_says_that_the_person_goes_on_the_list(place):
    walker = Walker(place, "voice", "en")
    walker.send(answer="3")
    assert "2.11" in walker.html and "Do-not-contact list" in walker.html


def test_one_goes_back_and_changes_an_answer(place):
    walker = Walker(place, "web")
    for answer in ("1", "1", "4"):
        walker.send(answer=answer)
    assert walker.send(back="I1") == 200
    assert re.search(r'<input checked[^>]*value="4"', walker.html)
    walker.send(answer="2")
    assert ("I1", "the order") in walker.way() and "满意" in walker.html


def test_what_is_no_answer_is_explained_as_to_a_respondent(place):
    walker = Walker(place, "web", "en")
    walker.send(answer="1")
    assert walker.send() == 422
    assert "don't know” is an answer too" in markup.unescape(walker.html)


def test_by_telephone_the_keys_are_said_and_by_message_its_segments(place):
    voice, sms = Walker(place, "voice"), Walker(place, "sms")
    assert "请按1" in voice.html
    assert "Segments" in sms.html and "UCS-2" in sms.html and "Invitation" in sms.html


def test_a_walk_that_somebody_made_up_is_refused_and_only_designers_walk(place, tmp_path):
    walker = Walker(place, "web")
    assert walker.send(state="made-up") == 422
    assert Walker(copy_of(place, tmp_path / "home"), "web", name="interviewer").status == 403
