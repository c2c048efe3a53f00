"""Blocks of questions, hints, and how long a questionnaire takes."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from surveys.instrument import Questionnaire
from tests.surveys.instrument.documents import make_configuration as configuration


def made(**changes) -> Questionnaire:
    document = configuration()
    document["questionnaire"] |= changes
    return Questionnaire.from_configuration(document)


def test_a_ticket_gives_an_order_within_the_block_and_nowhere_else():
    plain = made()
    block = plain.order[1:5]
    shuffled = made(blocks=[{"questions": list(block), "shuffled": True}])
    seen = Counter()
    for number in range(400):
        order = shuffled.arranged(f"{number:064x}").order
        assert order == shuffled.arranged(f"{number:064x}").order
        assert sorted(order[1:5]) == sorted(block) and order[:1] + order[5:] == plain.order[:1] + plain.order[5:]
        seen[order[1]] += 1
    # Each stands first about as often: 100 of 400, four standard deviations are 35.
    assert set(seen) == set(block) and all(65 < count < 135 for count in seen.values())
    assert plain.arranged("0" * 64) is plain


def test_the_order_of_a_known_ticket_never_changes():
    codes = list(made().order[1:5])
    found = made(blocks=[{"questions": codes, "shuffled": True}]).arranged("ab" * 32).order[1:5]

    def key(code: str) -> str:
        return hashlib.sha256(b"evalsys-order-v1\n" + b"ab" * 32 + b"\n" + code.encode()).hexdigest()

    assert list(found) == sorted(codes, key=key)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"blocks": [{"questions": ["I1", "I3"], "shuffled": True}]}, "block-not-together"),
        ({"blocks": [{"questions": ["I1", "NONE"], "shuffled": True}]}, "unknown-question"),
        (
            {"blocks": [{"questions": ["I1", "I2"], "shuffled": True}, {"questions": ["I2", "I3"], "matrix": True}]},
            "in-two-blocks",
        ),
        ({"blocks": [{"questions": ["Q0", "I1"], "matrix": True}]}, "matrix-of-one-scale"),
        ({"blocks": [{"questions": ["Q0", "I1"], "shuffled": True}]}, "rule-into-block"),
        ({"longest_minutes": {"voice": 0.1}}, "takes-too-long"),
    ],
)
def test_lint_finds_what_a_block_or_a_length_cannot_be(changes, problem):
    assert problem in [finding.problem for finding in made(**changes).lint()]


def test_a_question_about_two_things_is_hinted_at_and_nothing_more():
    document = configuration()
    row = next(row for row in document["indicators"] if row["code"] == "I1")
    row["wording"] = {"zh": "您对态度和效率是否满意？", "en": "Are you satisfied with manner and speed?"}
    questionnaire = Questionnaire.from_configuration(document)
    assert {("I1", "zh", "和"), ("I1", "en", "and")} <= {
        (hint.place, hint.params["language"], hint.params["word"]) for hint in questionnaire.hints()
    }
    assert "asks-two-things" not in [finding.problem for finding in questionnaire.lint()]


def test_more_questions_take_longer_and_a_channel_that_asks_fewer_takes_less():
    plain = made()
    fewer = made(order=list(plain.order[:4]), routing=[], complete_at_least=1)
    for channel in ("web", "voice", "interviewer"):
        for language in ("zh", "en"):
            assert 0 < fewer.minutes(channel, language) < plain.minutes(channel, language)
