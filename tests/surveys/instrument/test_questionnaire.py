"""A questionnaire asked question by question, through every channel, and what its answers amount to."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import InstrumentError
from surveys.instrument import Questionnaire
from tests.surveys.instrument.documents import make_configuration

INDICATORS = ("I1", "I2", "I3", "I4", "I5", "I6")
UNIT = {"unit": "市公安局"}


@pytest.fixture(scope="module")
def questionnaire():
    return Questionnaire.from_configuration(make_configuration())


def ask_everything(questionnaire, choose, channel):
    """Answer until nothing is asked; the codes in the order asked, and the answers."""
    answers, asked = {}, []
    while question := questionnaire.next_question(answers, channel):
        assert len(asked) < 50
        asked.append(question.code)
        answers[question.code] = questionnaire.validate_answer(question.code, choose(question))
    return asked, answers


def worst(question):
    rated = [option for option in question.options if option.kind == "rated"]
    return rated[-1].value if rated else ("1" if question.options else "bad")


def best(question):
    return question.options[0].value if question.options else "good"


@pytest.mark.parametrize("channel", ["web", "voice", "interviewer"])
def test_an_all_negative_interview_takes_exactly_the_steps_of_an_all_positive_one(questionnaire, channel):
    negative, worst_answers = ask_everything(questionnaire, worst, channel)
    positive, best_answers = ask_everything(questionnaire, best, channel)
    assert negative == positive
    assert questionnaire.outcome(worst_answers) == questionnaire.outcome(best_answers) == "1.1"


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(INDICATORS), st.sampled_from(["1", "2", "3", "4", "5", "8"])))
def test_no_answer_to_an_indicator_changes_what_is_asked(answers):
    questionnaire = Questionnaire.from_configuration(make_configuration())
    assert questionnaire.path({"Q0": "1", **answers}) == questionnaire.path({"Q0": "1"})


def test_the_same_answers_follow_the_same_path_in_each_channel_that_asks_them(questionnaire):
    by_voice, voice_answers = ask_everything(questionnaire, best, "voice")
    by_web, web_answers = ask_everything(questionnaire, best, "web")
    assert [code for code in by_web if code in by_voice] == by_voice
    assert {code: web_answers[code] for code in by_voice} == voice_answers
    assert set(by_web) - set(by_voice) == {"P2"}


def test_someone_who_was_not_served_is_asked_nothing_more(questionnaire):
    answers = {"Q0": "2"}
    assert questionnaire.path(answers) == ("Q0",)
    assert questionnaire.next_question(answers) is None
    assert questionnaire.outcome(answers) == "4.10"


@pytest.mark.parametrize(
    ("count", "outcome"), [(0, None), (1, "1.2"), (2, "1.2"), (3, "1.2"), (4, "1.1"), (5, "1.1"), (6, "1.1")]
)
def test_four_presented_indicators_make_a_complete_and_one_to_three_a_partial(questionnaire, count, outcome):
    answers = {"Q0": "1", **dict.fromkeys(INDICATORS[:count], "3")}
    assert questionnaire.presented(answers) == INDICATORS[:count]
    assert questionnaire.outcome(answers) == outcome


def test_do_not_know_counts_as_presented(questionnaire):
    assert questionnaire.outcome({"Q0": "1", **dict.fromkeys(INDICATORS[:4], "8")}) == "1.1"


def test_auxiliary_questions_do_not_make_an_interview_complete(questionnaire):
    assert questionnaire.outcome({"Q0": "1", "I1": "1", "I2": "1", "I3": "1", "A1": "1", "P1": "2"}) == "1.2"


def test_nothing_is_decided_before_the_screener(questionnaire):
    assert questionnaire.is_eligible({}) is None
    assert questionnaire.outcome({}) is None
    assert questionnaire.outcome({"Q0": "1"}) is None


def test_a_changed_screener_answer_takes_the_indicators_off_the_path(questionnaire):
    """Answers stay stored when the respondent goes back, but what is not on the way does not count."""
    assert questionnaire.outcome({"Q0": "2", **dict.fromkeys(INDICATORS, "1")}) == "4.10"
    assert questionnaire.presented({"Q0": "2", **dict.fromkeys(INDICATORS, "1")}) == ()


def test_going_back_leads_to_the_question_before(questionnaire):
    assert questionnaire.previous_question({}) is None
    assert questionnaire.previous_question({"Q0": "1"}).code == "Q0"
    assert questionnaire.previous_question({"Q0": "1", "I1": "5"}).code == "I1"
    assert questionnaire.previous_question({"Q0": "1", "I1": "5"}, code="I1").code == "Q0"
    _, answers = ask_everything(questionnaire, best, "voice")
    assert questionnaire.previous_question(answers, "voice").code == "P1"
    assert questionnaire.previous_question(answers, "web").code == "P1"


@pytest.mark.parametrize(
    ("code", "value", "problem"),
    [
        ("I1", "6", "unknown-option"),
        ("I1", "", "unknown-option"),
        ("I1", "非常满意", "unknown-option"),
        ("Q0", "8", "unknown-option"),
        ("I1", None, "unknown-option"),
        ("X9", "1", "unknown-question"),
        ("P2", "x" * 21, "too-long"),
        ("P2", 5, "not-text"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(questionnaire, code, value, problem):
    with pytest.raises(InstrumentError) as caught:
        questionnaire.validate_answer(code, value)
    assert caught.value.code == problem
    assert code in str(caught.value)


def test_an_answer_is_stored_without_the_spaces_around_it(questionnaire):
    assert questionnaire.validate_answer("I1", " 5 ") == "5"


def test_an_open_comment_keeps_its_lines_and_loses_signs_that_could_forge_text(questionnaire):
    assert questionnaire.validate_answer("P2", " 好\r\n很好\u202e\x07 ") == "好\n很好"
    assert questionnaire.validate_answer("P2", "") == ""


def test_a_telephone_key_stands_for_one_answer(questionnaire):
    question = questionnaire.question("I1")
    assert [question.value_of_key(key) for key in "123456"] == ["1", "2", "3", "4", "5", "8"]
    with pytest.raises(InstrumentError, match="key '7'"):
        question.value_of_key("7")


def test_the_consent_question_is_asked_like_any_other(questionnaire):
    assert questionnaire.text("CONSENT", "zh", "voice", UNIT) == "这里是调查中心，请评价市公安局，可以吗？"
    assert questionnaire.question("CONSENT").value_of_key("2") == "2"
    assert "CONSENT" not in questionnaire.path({})


def test_speech_says_the_key_of_each_option_after_the_question(questionnaire):
    chinese = questionnaire.spoken("I1", "zh")
    assert chinese == ("I1如何？非常满意请按1，满意请按2，基本满意请按3，不满意请按4，非常不满意请按5，不了解请按6。")
    english = questionnaire.spoken("Q0", "en", {"unit": "the Library"})
    assert english == "Have you dealt with the Library? For yes press 1. For no press 2."
    assert questionnaire.spoken("P2", "en") == "Anything else?"


def test_a_message_is_found_by_its_code_and_channel(questionnaire):
    assert questionnaire.message("complete", "en", "web") == "Thank you!"
    assert questionnaire.message("no_key", "zh", "voice") == "没有听到。"
    with pytest.raises(InstrumentError, match="no message 'farewell'"):
        questionnaire.message("farewell", "en")
    with pytest.raises(InstrumentError) as caught:
        questionnaire.message("no_key", "zh", "web")
    assert caught.value.code == "missing-wording"


def test_an_indicator_can_have_another_wording_by_telephone():
    configuration = make_configuration()
    configuration["questionnaire"]["questions"].append(
        {
            "code": "I2",
            "kind": "scale",
            "role": "indicator",
            "scale": "CN5",
            "channels": [],
            "longest": 500,
            "wording": {"voice": {"zh": "电话里的问法？", "en": "As asked by telephone?"}},
        }
    )
    questionnaire = Questionnaire.from_configuration(configuration)
    assert questionnaire.text("I2", "en", "voice") == "As asked by telephone?"
    assert questionnaire.text("I2", "en", "web") == "How is I2?"
    assert questionnaire.scored == INDICATORS


def test_what_is_dumped_loads_to_the_same_questionnaire(questionnaire):
    dumped = json.loads(json.dumps(questionnaire.dump()))
    again = Questionnaire.from_configuration(dumped)
    assert again == questionnaire
    assert again.dump() == make_configuration()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda part: part["order"].append("I9"), "unknown-question"),
        (lambda part: part["questions"][1].update(scale="CN9"), "unknown-scale"),
        (lambda part: part["questions"][1].update(kind="matrix"), "unknown-kind"),
    ],
)
def test_a_questionnaire_that_cannot_be_built_is_refused(change, problem):
    configuration = make_configuration()
    change(configuration["questionnaire"])
    with pytest.raises(InstrumentError) as caught:
        Questionnaire.from_configuration(configuration)
    assert caught.value.code == problem
