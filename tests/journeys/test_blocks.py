"""A matrix on one page, and an order of chance that is the same in every channel."""

from __future__ import annotations

import re

from evalsys.fieldwork.interviews import load_conversation
from tests.evalsys.faces.interviewers import add_people
from tests.evalsys.fieldwork.desks import make_staffed
from tests.evalsys.installation import make_open
from tests.journeys.players import InterviewerPlayer, WebPlayer

INDICATORS = ["I1", "I2", "I3", "I4", "I5", "I6"]
SAID = {"Q0": "1", **dict.fromkeys(INDICATORS, "5"), "A1": "5", "A2": "5", "A3": "2", "P1": "1"}


def with_block(**block: bool) -> dict:
    return {"blocks": [{"questions": INDICATORS, **block}]}


def stored(place, case_id: int) -> dict[str, str]:
    return dict(place.act(lambda s, r: load_conversation(s, r, case_id)).answers)


def by_web(place, case_id: int) -> list[str]:
    """Answer everything one page at a time, a matrix row by row on its page; the pages in their order."""
    player = WebPlayer(place, case_id)
    player.consent()
    pages = []
    while not player.at.endswith("/bye"):
        html = player.client.get(player.at).text
        names = list(dict.fromkeys(re.findall(r'name="((?:\w+-)?answer)"', html)))
        code = player.at.rsplit("/", 1)[1].partition("?")[0]
        pages.append(code)
        given = {}
        for name in names:
            one = name.partition("-")[0] if "-" in name else code
            given[name] = SAID.get(one, "")
        player._send(player.at, **given)
    return pages


def test_a_matrix_is_one_page_whose_rows_are_kept_each_by_itself(tmp_path):
    place = make_open(tmp_path, mode_sequence=["phone"], random_arm_share=0.0, questionnaire=with_block(matrix=True))
    first, second = (case for (case,) in place.sql("select case_id from interview order by case_id limit 2"))
    assert [code for code in by_web(place, first) if code in INDICATORS] == ["I1"]
    assert {code: stored(place, first)[code] for code in INDICATORS} == dict.fromkeys(INDICATORS, "5")
    player = WebPlayer(place, second)
    player.consent()
    player._send(player.at, answer="1")
    answer = player.client.post(player.at, data={"I1-answer": "2", "I3-answer": "4"})
    assert answer.status_code == 422 and answer.text.count('href="#I') == 4
    assert stored(place, second) == {"Q0": "1", "I1": "2", "I3": "4"}


def test_a_case_is_asked_in_one_order_of_its_own_in_every_channel_and_nothing_of_it_is_stored(tmp_path):
    shuffled = with_block(shuffled=True)
    place = make_open(tmp_path / "web", mode_sequence=["phone"], random_arm_share=0.0, questionnaire=shuffled)
    orders = {}
    for (case,) in place.sql("select case_id from interview order by case_id limit 6"):
        talk = place.act(lambda s, r, case=case: load_conversation(s, r, case))
        expected = [code for code in talk.questionnaire.order if code in INDICATORS]
        orders[case] = [code for code in by_web(place, case) if code in INDICATORS]
        assert orders[case] == expected
    assert len({tuple(order) for order in orders.values()}) > 1
    office = add_people(make_staffed(tmp_path / "desk", questionnaire=shuffled))
    player = InterviewerPlayer(office)
    player.consent()
    asked = []
    while 'id="answers"' in player.desk.html:
        asked.append(player.desk.asked())
        code = asked[-1]
        player.desk.press("/answers", answer=SAID.get(code, ""))
    talk = office.act(lambda s, r: load_conversation(s, r, player.case_id))
    assert asked[1:7] == [code for code in talk.questionnaire.order if code in INDICATORS]
