"""One question a page or all on one, with a review or without: the same answers are stored."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from evalsys.fieldwork.closing import close_round
from evalsys.gateways.simulator.hearing import Hearing
from evalsys.gateways.simulator.messages import visit
from evalsys.gateways.simulator.wire import Answer
from surveys.instrument import hearing_table
from tests.evalsys.installation import Installation, make_open
from tests.journeys.players import WebPlayer

ANSWERS = {"Q0": "1", **{f"I{number}": str(1 + number % 5) for number in range(1, 7)}}


def make(home, **web) -> WebPlayer:
    place = make_open(home, web=web)
    return WebPlayer(place, place.sql("SELECT min(case_id) FROM interview")[0][0])


@pytest.fixture
def reviewed(tmp_path) -> WebPlayer:
    return make(tmp_path / "home", review=True)


@pytest.fixture
def single(tmp_path) -> WebPlayer:
    return make(tmp_path / "home", layout="single")


def everything(player: WebPlayer, **others: str) -> dict[str, str]:
    """An answer to every question that the web asks, by code."""
    asked = player.questionnaire.asked_by("web")
    first = {
        code: question.options[0].value for code in asked if (question := player.questionnaire.question(code)).options
    }
    return {code: "" for code in asked} | first | ANSWERS | others


def form(answers: dict[str, str]) -> dict[str, str]:
    return {f"{code}-answer": value for code, value in answers.items()}


def stored(player: WebPlayer) -> dict:
    return player.stored() | {"answers": {code: player.stored()["answers"].get(code) for code in ANSWERS}}


def answer_to_the_end(player: WebPlayer) -> None:
    player.consent()
    answers = everything(player)
    while (code := player.at.split("?")[0].rsplit("/", 1)[1]) in answers:
        player._send(player.at, answer=answers[code])


def test_with_a_review_nothing_is_handed_in_before_the_respondent_says_so(reviewed):
    answer_to_the_end(reviewed)
    assert reviewed.at.endswith("/review")
    assert reviewed.stored()["state"] == "open"
    page = reviewed.client.get(reviewed.at + "?lang=en").text
    assert page.count("Change") == len(reviewed.questionnaire.asked_by("web"))
    reviewed._send(f"{reviewed.link}/I3", answer="5")
    assert reviewed.at.endswith("/review")
    reviewed._send(reviewed.at, choice="submit")
    assert stored(reviewed) == {"answers": ANSWERS | {"I3": "5"}, "state": "answered", "outcome": "1.1"}
    assert "Change" not in reviewed.client.get(f"{reviewed.link}/review?lang=en").text


def test_an_answer_changed_in_the_review_that_opens_a_question_leads_there_first(reviewed):
    answer_to_the_end(reviewed)
    reviewed._send(f"{reviewed.link}/Q0", answer="2")
    assert reviewed.at.endswith("/review"), "nothing more is asked of who was not served"
    reviewed._send(reviewed.at, choice="submit")
    assert (reviewed.stored()["state"], reviewed.stored()["outcome"]) == ("ended", "4.10")


def test_the_review_cannot_be_handed_in_while_a_question_is_open(reviewed):
    reviewed.consent()
    reviewed._send(reviewed.at, answer="1")
    for answer in (reviewed.client.get(f"{reviewed.link}/review"), reviewed.client.post(f"{reviewed.link}/review")):
        assert (answer.status_code, answer.location) == (302, reviewed.at)
    assert reviewed.stored()["state"] == "open"


def test_who_answered_everything_and_never_handed_it_in_has_answered(reviewed):
    answer_to_the_end(reviewed)
    reviewed.place.on_round(close_round, actor="chair")
    assert reviewed.place.sql("SELECT outcome FROM interview WHERE case_id = :case", case=reviewed.case_id) == [
        ("1.1",)
    ]


def test_all_on_one_page_is_kept_at_once(single):
    single.consent()
    assert single.at.endswith("/all")
    single._send(single.at, **form(everything(single)))
    assert stored(single) == {"answers": ANSWERS, "state": "answered", "outcome": "1.1"}


def test_what_is_missing_on_the_page_is_asked_again_beside_it_and_in_a_summary_and_the_rest_is_saved(single):
    single.consent()
    given = everything(single)
    del given["I2"], given["I5"]
    page = single.client.post(f"{single.at}?lang=en", data=form(given))
    assert page.status_code == 422
    assert page.text.count("Please choose one of the answers") == 2
    assert 'href="#I2-answer-0"' in page.text and 'href="#I5-answer-0"' in page.text
    assert 'href="#I3-answer-0"' not in page.text
    saved = single.stored()["answers"]
    assert (saved.get("I1"), saved.get("I2"), saved.get("I6")) == (ANSWERS["I1"], None, ANSWERS["I6"])
    resumed = single.client.get(single.at).text
    assert resumed.count("checked") == sum(bool(value) for value in given.values())
    single._send(single.at, **form(everything(single)))
    assert stored(single)["outcome"] == "1.1"


def test_what_the_first_answer_makes_needless_is_not_kept_though_it_was_filled_in(single):
    single.consent()
    single._send(single.at, **form(everything(single, Q0="2")))
    assert (single.stored()["state"], single.stored()["outcome"]) == ("ended", "4.10")


def test_a_round_that_asks_one_question_a_page_has_no_page_of_all(tmp_path):
    player = make(tmp_path / "home")
    player.consent()
    first = player.at
    assert player.client.get(f"{player.link}/all").location == first
    assert player.client.post(f"{player.link}/all", data=form(everything(player))).location == first
    assert player.stored()["answers"] == {}


@pytest.mark.parametrize("web", [{"layout": "single", "review": True}, {"layout": "single"}, {"review": True}])
def test_the_simulators_citizens_can_fill_in_every_layout(tmp_path, web):
    player = make(tmp_path / "home", **web)
    assert visited_by_a_citizen(player.place, player) == "answered"


def visited_by_a_citizen(place: Installation, player: WebPlayer) -> str:
    """A citizen of the simulator opens the link and fills in what is there; the interview's state afterwards."""

    answers = everything(player)

    def browse(method, address, fields=None):
        page = player.client.open(address, method=method, data=fields, follow_redirects=True)
        return Answer(page.status_code, page.text, page.request.path)

    world = SimpleNamespace(
        wire=SimpleNamespace(browse=browse),
        hearing=Hearing(hearing_table(player.questionnaire.dump())),
        population=SimpleNamespace(answer=lambda citizen, code: answers[code]),
        count=lambda what: None,
    )
    visit(player.link, None, None, world)
    return player.stored()["state"]
