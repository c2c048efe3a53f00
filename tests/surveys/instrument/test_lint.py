"""What would go wrong in the field is found before a round opens."""

from __future__ import annotations

import pytest

from surveys.instrument import Finding, Questionnaire
from surveys.instrument.lint import MOST_WAYS
from tests.surveys.instrument.documents import make_configuration, option

ENDS = {"question": "Q0", "any_of": ["1"]}


def lint(change):
    configuration = make_configuration()
    change(configuration)
    return Questionnaire.from_configuration(configuration).lint()


def rule(after, goto, when):
    return lambda document: document["questionnaire"]["routing"].append({"after": after, "goto": goto, "when": when})


def own(number, **values):
    return lambda document: document["questionnaire"]["questions"][number].update(values)


def recorded(number, address):
    return own(number, recording={"zh": address, "en": address})


def part(**values):
    return lambda document: document["questionnaire"].update(values)


def scale_points(code, points):
    def change(document):
        for scale in document["scales"]:
            if scale["code"] == code:
                rated = [f"{place}" for place in range(1, len(points) + 1)]
                scale["options"] = [
                    option(value, "好", "good", "rated", point, value)
                    for value, point in zip(rated, points, strict=True)
                ]

    return change


def drop_label(document):
    document["scales"][1]["options"][0]["label"]["en"] = ""


def test_a_sound_questionnaire_has_no_finding():
    assert lint(lambda document: None) == []


@pytest.mark.parametrize(
    ("change", "place", "problem"),
    [
        (rule("I1", "Q0", {"question": "I1", "any_of": ["5"]}), "routing[2]", "goes-back"),
        (rule("I1", "I1", {"question": "I1", "any_of": ["5"]}), "routing[2]", "goes-back"),
        (rule("I1", "I3", {"question": "I5", "any_of": ["5"]}), "routing[2]", "looks-ahead"),
        (rule("I1", "I3", {"not": {"any": [{"question": "P1", "answered": True}]}}), "routing[2]", "looks-ahead"),
        (rule("X1", "I3", ENDS), "routing[2]", "unknown-question"),
        (rule("I1", "X1", ENDS), "routing[2]", "unknown-question"),
        (rule("I1", "I3", {"question": "X1", "any_of": ["1"]}), "routing[2]", "unknown-question"),
        (rule("I1", "I3", {"all": [{"question": "I1", "any_of": ["7"]}]}), "routing[2]", "unknown-value"),
        (rule("I1", "I3", {"question": "I1", "answered": True}), "I2", "unreachable"),
        (rule("I1", "END", {"not": {"question": "I1", "any_of": ["x"]}}), "P2", "unreachable"),
        (part(order=["Q0", "I1", "I2", "I3", "I4", "I5", "I6", "A1", "P1"]), "P2", "never-asked"),
        (part(order=["Q0", "I1", "I2", "I3", "I4", "I5", "I6", "A1", "P1", "P2", "I1"]), "I1", "asked-twice"),
        (own(1, wording={"any": {"zh": "有人告诉吗？", "en": ""}}), "P1", "missing-wording"),
        (own(1, wording={"web": {"zh": "问", "en": "ask"}}), "P1", "missing-wording"),
        (own(1, wording={"any": {"zh": "{who}说的？", "en": "Who?"}}), "P1", "unknown-pipe"),
        (drop_label, "CONSENT", "missing-label"),
        (scale_points("CN5", [0, 50, 100]), "CN5", "scale-direction-mixed"),
        (scale_points("CN5", [100, 0, 50]), "CN5", "scale-not-ordered"),
        (part(repeat_key="0"), "back_key", "key-used-twice"),
        (part(later_key="*", language_key="*"), "later_key", "key-used-twice"),
        (part(later_key="*"), "later_key", "message-missing"),
        (part(interviewer_key="#"), "interviewer_key", "message-missing"),
        (part(language_key="1"), "CONSENT", "key-used-twice"),
        (part(language_key="8"), "language_key", "message-missing"),
        (recorded(0, "https://example.org/Q0.mp3"), "Q0", "recording-of-one-unit"),
        (recorded(0, "http://example.org/{unit_code}.mp3"), "Q0", "recording-address"),
        (recorded(1, "https://example.org/{unit}.mp3"), "P1", "recording-address"),
        (part(screener="Q7"), "screener", "unknown-question"),
        (part(eligible_values=["7"]), "eligible_values", "unknown-value"),
        (part(complete_at_least=7), "complete_at_least", "more-than-indicators"),
        (part(partial_at_least=5), "partial_at_least", "partial-above-complete"),
        (part(messages={"complete": {"web": {"zh": "谢", "en": "thanks"}}}), "messages.complete", "missing-wording"),
    ],
)
def test_each_fault_is_found_where_it_is(change, place, problem):
    assert (place, problem) in [(finding.place, finding.problem) for finding in lint(change)]


def test_a_key_that_stands_for_two_answers_is_found():
    def change(document):
        document["scales"][1]["options"][1]["phone_key"] = "1"

    assert Finding("Q0", "key-used-twice", {"key": "1"}) in lint(change)


def test_a_key_that_repeats_or_goes_back_cannot_be_an_answer():
    def change(document):
        document["scales"][1]["options"][1]["phone_key"] = "9"

    assert Finding("P1", "key-used-twice", {"key": "9"}) in lint(change)


def test_the_language_key_may_be_an_answer_after_the_greeting():
    choose = {"choose_language": {"any": {"zh": "中文请按6。", "en": "For English press 6."}}}
    assert lint(part(language_key="6", messages=choose)) == []


def test_a_recording_of_its_own_for_each_unit_is_no_fault():
    assert lint(recorded(0, "https://example.org/Q0/{unit_code}.mp3")) == []


def test_a_question_behind_some_answers_only_is_reachable():
    assert lint(rule("I1", "I3", {"question": "I1", "any_of": ["1", "2"]})) == []


def test_a_question_behind_answers_that_exclude_each_other_is_unreachable():
    """I2 is skipped when I1 is 1, and again when it is anything else: by two rules that each look harmless."""

    def change(document):
        rule("I1", "I3", {"question": "I1", "any_of": ["1"]})(document)
        rule("I1", "I3", {"not": {"question": "I1", "any_of": ["1"]}})(document)

    assert [finding.place for finding in lint(change)] == ["I2"]


def test_a_rule_that_looks_at_every_indicator_can_still_be_checked():
    def change(document):
        bad = {"any": [{"question": f"I{number}", "any_of": ["4", "5"]} for number in range(1, 7)]}
        document["questionnaire"]["routing"].append({"after": "A1", "goto": "P2", "when": {"not": bad}})

    assert lint(change) == []


def test_rules_with_more_ways_than_anybody_can_check_are_refused():
    def change(document):
        tells_all_apart = [
            {"question": f"I{number}", "any_of": [value]} for number in range(1, 7) for value in "123458"
        ]
        document["questionnaire"]["routing"].append({"after": "I6", "goto": "P1", "when": {"all": tells_all_apart}})

    assert Finding("routing", "too-many-ways", {"most": MOST_WAYS}) in lint(change)
