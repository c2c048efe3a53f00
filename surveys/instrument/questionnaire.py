"""A questionnaire: made from a configuration document, asked question by question, judged by its answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from surveys.errors import InstrumentError
from surveys.instrument.lengths import estimate_minutes
from surveys.instrument.lint import Finding, find_hints, find_problems
from surveys.instrument.questions import Question, question_from
from surveys.instrument.routing import Answers, Rule, follow
from surveys.instrument.scales import Scale
from surveys.instrument.wording import ANY, LANGUAGES, UNIT_CODE, Wording, choose_text, fill

COMPLETE = "1.1"
PARTIAL = "1.2"
NOT_ELIGIBLE = "4.10"
CONSENT = "CONSENT"
PARTS = ("programme", "indicators", "scales", "questionnaire")


@dataclass(frozen=True)
class Block:
    """Questions that follow one another: asked in an order of chance, or shown as one matrix, or both."""

    questions: tuple[str, ...]
    is_shuffled: bool = False
    is_matrix: bool = False


@dataclass(frozen=True)
class Questionnaire:
    """Questions in order, rules between them, and the texts around them. Answers are ``{question code: value}``.

    Nothing about a respondent is kept here: the path, the next question and the outcome are derived from the answers.
    ``language_key`` (at consent), ``later_key`` and ``interviewer_key`` (at any time) are empty where the telephone offers no such thing.
    """

    questions: Mapping[str, Question]
    order: tuple[str, ...]
    rules: tuple[Rule, ...]
    consent: Question
    messages: Mapping[str, Wording]
    scored: tuple[str, ...]
    screener: str
    eligible_values: tuple[str, ...]
    complete_at_least: int
    partial_at_least: int
    repeat_key: str
    back_key: str
    language_key: str
    later_key: str
    interviewer_key: str
    context: Mapping[str, Mapping[str, str]]
    document: str
    blocks: tuple[Block, ...] = ()
    longest_minutes: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Questionnaire:
        """The questionnaire of a configuration document (docs/configuration.md).

        Raises ``InstrumentError`` where it cannot be built (a question without definition, an unknown kind or scale);
        everything that can be built and is still wrong is found by ``lint``.
        """
        part = configuration["questionnaire"]
        scales = {scale["code"]: Scale.from_document(scale) for scale in configuration["scales"]}
        documents = _question_documents(configuration["indicators"], part["questions"])
        for code in part["order"]:
            if code not in documents:
                raise InstrumentError(
                    "The order names question %(question)s, which is neither an indicator nor among the questions.",
                    code="unknown-question",
                    question=code,
                )
        consent = {"code": CONSENT, "kind": "yes_no", "role": "consent", **part["consent"]}
        return cls(
            questions={code: question_from(document, scales) for code, document in documents.items()},
            order=tuple(part["order"]),
            rules=tuple(Rule(**rule) for rule in part["routing"]),
            consent=question_from(consent, scales),
            messages=part["messages"],
            scored=tuple(row["code"] for row in configuration["indicators"] if row["role"] == "scored"),
            screener=part["screener"],
            eligible_values=tuple(part["eligible_values"]),
            complete_at_least=part["complete_at_least"],
            partial_at_least=part["partial_at_least"],
            repeat_key=part["repeat_key"],
            back_key=part["back_key"],
            language_key=part.get("language_key", ""),
            later_key=part.get("later_key", ""),
            interviewer_key=part.get("interviewer_key", ""),
            context=_programme_context(configuration["programme"]),
            blocks=tuple(
                Block(tuple(block["questions"]), block.get("shuffled", False), block.get("matrix", False))
                for block in part.get("blocks", ())
            ),
            longest_minutes=part.get("longest_minutes") or {},
            document=json.dumps({name: configuration[name] for name in PARTS}, sort_keys=True, ensure_ascii=False),
        )

    def dump(self) -> dict[str, Any]:
        """The parts of the configuration document that this questionnaire was made from."""
        return json.loads(self.document)

    def question(self, code: str) -> Question:
        """The question of that code (``CONSENT`` too); raises ``InstrumentError`` where there is none."""
        if code == CONSENT:
            return self.consent
        if code not in self.questions:
            raise InstrumentError("There is no question %(question)r.", code="unknown-question", question=code)
        return self.questions[code]

    def validate_answer(self, code: str, value: str) -> str:
        """The value as it is stored; raises ``InstrumentError`` for an unknown question or a value that is none."""
        return self.question(code).validate(value)

    def arranged(self, ticket: str) -> Questionnaire:
        """The questionnaire as the case of that ticket is asked it: the same, but for the order within shuffled blocks.

        By SHA-256("evalsys-order-v1\\n" + ticket + "\\n" + code), so that it is the same each time and stands nowhere.
        """
        order = list(self.order)
        for block in self.blocks:
            if block.is_shuffled:
                places = sorted(order.index(code) for code in block.questions)
                for place, code in zip(places, sorted(block.questions, key=partial(_order_key, ticket)), strict=True):
                    order[place] = code
        return self if tuple(order) == self.order else replace(self, order=tuple(order))

    def matrix_of(self, code: str) -> tuple[str, ...]:
        """The questions that are shown as one matrix with this one, itself among them; it alone where there is none."""
        block = next((block for block in self.blocks if block.is_matrix and code in block.questions), None)
        return tuple(one for one in self.order if block and one in block.questions) or (code,)

    def path(self, answers: Answers, channel: str | None = None) -> tuple[str, ...]:
        """The codes on the way that these answers lead, answered or still open; with ``channel`` only what it asks."""
        way = follow(self.order, self.rules, answers)
        return tuple(code for code in way if channel is None or channel in self.questions[code].channels)

    def asked_by(self, channel: str) -> tuple[str, ...]:
        """The codes of all questions that a channel asks, in order, whatever was answered."""
        return tuple(code for code in self.order if channel in self.questions[code].channels)

    def next_question(self, answers: Answers, channel: str | None = None) -> Question | None:
        """The first question on the path that has no answer; ``None`` at the end."""
        code = next((code for code in self.path(answers, channel) if code not in answers), None)
        return self.questions[code] if code else None

    def previous_question(
        self, answers: Answers, channel: str | None = None, code: str | None = None
    ) -> Question | None:
        """The question before ``code`` (by default before the next one; at the end, the last), or ``None``."""
        path = self.path(answers, channel)
        here = code or next((code for code in path if code not in answers), None)
        before = path[: path.index(here)] if here in path else path
        return self.questions[before[-1]] if before else None

    def presented(self, answers: Answers) -> tuple[str, ...]:
        """The scored indicators on the path that got an answer, don't know and refusal included."""
        return tuple(code for code in self.path(answers) if code in self.scored and code in answers)

    def is_eligible(self, answers: Answers) -> bool | None:
        """Whether the screener let the respondent in; ``None`` while it has no answer."""
        if self.screener not in answers:
            return None
        return answers[self.screener] in self.eligible_values

    def outcome(self, answers: Answers) -> str | None:
        """``1.1`` complete, ``1.2`` partial, ``4.10`` not eligible (AAPOR); ``None`` while the answers decide nothing.

        Complete: eligible and at least ``complete_at_least`` scored indicators presented; partial: at least
        ``partial_at_least`` of them.
        """
        eligible = self.is_eligible(answers)
        if not eligible:
            return None if eligible is None else NOT_ELIGIBLE
        count = len(self.presented(answers))
        if count >= self.complete_at_least:
            return COMPLETE
        return PARTIAL if count >= self.partial_at_least else None

    def text(self, code: str, language: str, channel: str = ANY, context: Mapping[str, str] | None = None) -> str:
        """A question (or ``CONSENT``) as it is put in a channel; ``context`` gives ``unit``, ``month``, ``link``."""
        return self.question(code).text(language, channel, {**self.context[language], **(context or {})})

    def message(self, code: str, language: str, channel: str = ANY, context: Mapping[str, str] | None = None) -> str:
        """A text around the questions: ``complete``, ``ineligible``, ``refused``, ``closed``, …"""
        if code not in self.messages:
            raise InstrumentError("There is no message %(message_code)r.", code="unknown-message", message_code=code)
        text = choose_text(self.messages[code], language, channel, code)
        return fill(text, {**self.context[language], **(context or {})}, code)

    def spoken(self, code: str, language: str, context: Mapping[str, str] | None = None) -> str:
        """What the telephone says: the question, then ``LABEL请按N`` or ``For LABEL press N`` for each option."""
        return self.text(code, language, "voice", context) + self.choices(code, language)

    def written(self, code: str, language: str, context: Mapping[str, str] | None = None) -> str:
        """What a text message says: the question, then a line ``N LABEL`` for each option."""
        options = [f"{option.phone_key} {option.label[language]}" for option in self.question(code).options]
        return "\n".join([self.text(code, language, "sms", context), *options])

    def choices(self, code: str, language: str) -> str:
        """The part of what the telephone says that names the keys; empty for an open question."""
        question = self.question(code)
        if language == "zh":
            keys = "，".join(f"{option.label['zh']}请按{option.phone_key}" for option in question.options)
            named = keys + "。" if keys else ""
        else:
            named = "".join(f" For {option.label['en']} press {option.phone_key}." for option in question.options)
        return named + self._how_to_press(question, language)

    def _how_to_press(self, question: Question, language: str) -> str:
        """What to do where an answer takes several keys; empty where one is enough."""
        chinese = language == "zh"
        if question.kind == "multiple":
            return "可选多项，按完请按井号键。" if chinese else " You may press several; then press hash."
        if question.kind == "number":
            point = (
                ("小数点请按星号键，" if chinese else " Press star for the decimal point.") if question.decimals else ""
            )
            how = f"请按数字键，{point}按完请按井号键。" if chinese else f" Press the digits.{point} Then press hash."
        elif question.kind == "date":
            how = (
                "请按八位数字：年四位，月两位，日两位，按完请按井号键。"
                if chinese
                else " Press eight digits: four for the year, two for the month, two for the day. Then press hash."
            )
        else:
            return ""
        if chinese:
            return f"{how}不清楚请按星号键和井号键；重听请按星号键、{self.repeat_key}和井号键。"
        return (
            f"{how} If you don’t know, press star and hash. To hear this again, press star, {self.repeat_key} and hash."
        )

    def recording(self, code: str, language: str, unit_code: str) -> str:
        """The address of the recording that is played instead of what is spoken, for a unit; empty where there is none."""
        return self.question(code).recording.get(language, "").replace(UNIT_CODE, unit_code)

    def lint(self) -> list[Finding]:
        """Everything that would go wrong in the field; empty for a questionnaire that can be used."""
        return find_problems(self)

    def hints(self) -> list[Finding]:
        """What a designer should look at again, and may leave as it is."""
        return find_hints(self)

    def minutes(self, channel: str, language: str) -> float:
        """How long an interview takes that is asked every question of a channel, see ``surveys.instrument.lengths``."""
        return estimate_minutes(self, channel, language)


def _order_key(ticket: str, code: str) -> str:
    return hashlib.sha256(f"evalsys-order-v1\n{ticket}\n{code}".encode()).hexdigest()


def _question_documents(indicators: list[Mapping], own: list[Mapping]) -> dict[str, dict[str, Any]]:
    """Questions by code: each indicator's, with another wording or channels where the questions give one."""
    documents = {
        row["code"]: {
            "code": row["code"],
            "kind": "scale",
            "role": "indicator",
            "scale": row["scale"],
            "wording": {ANY: row["wording"]},
        }
        for row in indicators
    }
    for question in own:
        indicator = documents.get(question["code"])
        if indicator is None:
            documents[question["code"]] = dict(question)
        else:
            wording = {**indicator["wording"], **question["wording"]}
            own_settings = {"channels": question.get("channels", []), "recording": question.get("recording")}
            documents[question["code"]] = {**indicator, "wording": wording, **own_settings}
    return documents


def _programme_context(programme: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    day = date.fromisoformat(programme["contacts_destroyed_on"])
    days = {"zh": f"{day.year}年{day.month}月{day.day}日", "en": f"{day.day} {day:%B} {day.year}"}
    return {
        language: {
            "programme": programme["name"][language],
            "sponsor": programme["sponsor"][language],
            "conductor": programme["conductor"][language],
            "contacts_destroyed_on": days[language],
        }
        for language in LANGUAGES
    }
