"""The questionnaire as a form on paper: one description, which Word and PDF are both written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from surveys.errors import InstrumentError
from surveys.instrument import CONSENT, Question, Questionnaire
from surveys.instrument.routing import END, Rule

CHANNEL = "paper"
#: the parts of the head, in their order
HEAD = ("number", "authority", "approval", "valid_until")
LINES_OF_TEXT = 4
WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "number": "表号",
        "authority": "制定机关",
        "approval": "批准文号",
        "valid_until": "有效期至",
        "serial": "编号",
        "unit": "［单位］",
        "month": "［办理月份］",
        "about": "被评议单位：{unit}",
        "privacy": "本表不记名：请勿填写姓名、电话或证件号码。本表由调查人员直接收回，不经过被评议单位；回答严格保密，只用于汇总统计。",
        "how": "请在所选答案前的方框内打“√”，除另有说明外每题只选一项。",
        "part": "是否参加",
        "goto": "请跳至第{number}题",
        "end": "问卷到此结束，请交回",
        "if": "如果{condition}，{target}。",
        "is": "第{number}题选“{label}”",
        "or_labels": "”或“",
        "answered": "第{number}题已作答",
        "unanswered": "第{number}题未作答",
        "and": "，并且",
        "or": "，或者",
        "not": "不是（{part}）",
        "open": "（可不填）",
        "several": "（可多选，{low}至{high}项）",
        "a_number": "（填写数字，{low}至{high}；不知道可不填）",
        "a_date": "（填写年、月、日；不知道可不填）",
        "thanks": "填写完毕，谢谢您的参与！请将本表交给调查人员。",
    },
    "en": {
        "number": "Form number",
        "authority": "Issued by",
        "approval": "Approval number",
        "valid_until": "Valid until",
        "serial": "Serial number",
        "unit": "[unit]",
        "month": "[month of service]",
        "about": "Unit that is rated: {unit}",
        "privacy": "This form bears no name: please write down no name, telephone or identity number. It is collected by the survey's own "
        "staff and does not pass through the unit that is rated; answers are confidential and used only in totals.",
        "how": "Please tick the box before your answer; one answer to each question unless it says otherwise.",
        "part": "Taking part",
        "goto": "go to question {number}",
        "end": "this is the end, please hand in the form",
        "if": "If {condition}: {target}.",
        "is": "the answer to question {number} is “{label}”",
        "or_labels": "” or “",
        "answered": "question {number} is answered",
        "unanswered": "question {number} is not answered",
        "and": ", and ",
        "or": ", or ",
        "not": "it is not so that {part}",
        "open": "(may be left empty)",
        "several": "(tick {low} to {high} boxes)",
        "a_number": "(write a number from {low} to {high}; leave it empty if you do not know)",
        "a_date": "(write year, month and day; leave it empty if you do not know)",
        "thanks": "This is the end. Thank you for taking part! Please hand this form to the survey's staff.",
    },
}


@dataclass(frozen=True)
class Choice:
    """A box to tick; ``then``: where to go on after it, empty for the next question."""

    value: str
    label: str
    then: str = ""


@dataclass(frozen=True)
class Item:
    """A question on paper: its ``number`` on the form, boxes or ``lines`` to write on, and ``hint``: how to answer.

    ``then``: what to do after it in words. ``takes_several``: more than one box may be ticked.
    """

    number: str
    code: str
    text: str
    choices: tuple[Choice, ...]
    lines: int = 0
    then: tuple[str, ...] = ()
    hint: str = ""
    takes_several: bool = False


@dataclass(frozen=True)
class PrintedForm:
    """A form from top to bottom. ``head``: name and value, empty where the configuration gives none. ``serial``: empty for a master."""

    language: str
    title: str
    head: tuple[tuple[str, str], ...]
    serial: str
    about: str
    introduction: str
    privacy: str
    how: str
    items: tuple[Item, ...]
    thanks: str

    @property
    def words(self) -> Mapping[str, str]:
        """Words of the form's language."""
        return WORDS[self.language]


def describe_form(
    configuration: Mapping[str, Any], language: str, *, unit: str = "", month: str = "", serial: str = ""
) -> PrintedForm:
    """The form that a respondent gets, or the master copy of it where no unit is given.

    Raises ``InstrumentError`` where a wording in ``language`` (zh or en) is missing.
    """
    questionnaire, words = Questionnaire.from_configuration(configuration), WORDS[language]
    context = {"unit": unit or words["unit"], **({"month": month} if month else {})}
    order = questionnaire.asked_by(CHANNEL)
    number_of = {code: str(number) for number, code in enumerate(order, 1)}
    writer = _Writer(questionnaire, language, context, number_of)
    consent = Item("", CONSENT, words["part"], writer.choices(questionnaire.consent))
    return PrintedForm(
        language=language,
        title=configuration["programme"]["name"][language],
        head=tuple((words[name], value) for name, value in _head_values(configuration, language)),
        serial=serial,
        about=words["about"].format(unit=context["unit"]),
        introduction=writer.text(CONSENT),
        privacy=words["privacy"],
        how=words["how"],
        items=(consent, *(writer.item(code) for code in order)),
        thanks=words["thanks"],
    )


def list_missing_head(configuration: Mapping[str, Any]) -> list[str]:
    """The parts of the head, of ``HEAD``, that the configuration does not give: printed as a line to fill in by hand."""
    return [name for name, (_, value) in zip(HEAD, _head_values(configuration, "zh"), strict=True) if not value]


def _head_values(configuration: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    given = configuration["questionnaire"].get("form") or {}
    values = {name: given.get(name) or "" for name in HEAD}
    if values["authority"]:
        values["authority"] = values["authority"][language]
    if values["valid_until"]:
        day = date.fromisoformat(values["valid_until"])
        zh = f"{day.year}年{day.month}月{day.day}日"
        values["valid_until"] = zh if language == "zh" else f"{day.day} {day:%B} {day.year}"
    return list(values.items())


@dataclass(frozen=True)
class _Writer:
    questionnaire: Questionnaire
    language: str
    context: Mapping[str, str]
    number_of: Mapping[str, str]

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS[self.language]

    def text(self, code: str) -> str:
        """A wording; a month that it cannot do without is a line to fill in."""
        try:
            return self.questionnaire.text(code, self.language, CHANNEL, self.context)
        except InstrumentError as error:
            if error.code != "missing-pipe" or "month" in self.context:
                raise
        return self.questionnaire.text(code, self.language, CHANNEL, {**self.context, "month": self.words["month"]})

    def choices(self, question: Question, then: Mapping[str, str] | None = None) -> tuple[Choice, ...]:
        return tuple(
            Choice(option.value, option.label[self.language], (then or {}).get(option.value, ""))
            for option in question.options
        )

    def item(self, code: str) -> Item:
        question = self.questionnaire.question(code)
        rules = [rule for rule in self.questionnaire.rules if rule.after == code]
        by_value, in_words = self._split(question, rules)
        text = self.text(code)
        return Item(
            number=self.number_of[code],
            code=code,
            text=text,
            choices=self.choices(question, by_value),
            lines=0 if question.options else LINES_OF_TEXT if question.kind == "text" else 1,
            then=tuple(in_words),
            hint=self._hint(question),
            takes_several=question.kind == "multiple",
        )

    def _hint(self, question: Question) -> str:
        """How to answer, where it is not by one box."""
        if question.kind == "multiple":
            high = question.at_most or len(question.options)
            return self.words["several"].format(low=max(question.at_least, 1), high=high)
        if question.kind == "number":
            return self.words["a_number"].format(low=question.minimum, high=question.maximum)
        return self.words[{"text": "open", "date": "a_date"}[question.kind]] if not question.options else ""

    def _split(self, question: Question, rules: Sequence[Rule]) -> tuple[dict[str, str], list[str]]:
        """Where to go on, by answer where the rules look at this very answer only, else in words after the question."""
        plain = all(
            set(rule.when) == {"question", "any_of"} and rule.when["question"] == question.code for rule in rules
        )
        if plain:
            by_value: dict[str, str] = {}
            for rule in rules:
                for value in rule.when["any_of"]:
                    by_value.setdefault(value, self._target(rule.goto))
            return by_value, []
        said = (self._sentence(rule) for rule in rules)
        return {}, [self.words["if"].format(condition=condition, target=target) for condition, target in said]

    def _sentence(self, rule: Rule) -> tuple[str, str]:
        return self._condition(rule.when), self._target(rule.goto)

    def _target(self, goto: str) -> str:
        """The next question on paper from there on; the end where there is none."""
        order = self.questionnaire.order
        later = order[order.index(goto) :] if goto != END else ()
        on_paper = next((code for code in later if code in self.number_of), None)
        return self.words["goto"].format(number=self.number_of[on_paper]) if on_paper else self.words["end"]

    def _condition(self, condition: Mapping[str, Any]) -> str:
        words = self.words
        if "all" in condition or "any" in condition:
            kind = "all" if "all" in condition else "any"
            parts = [self._condition(part) for part in condition[kind]]
            return words["and" if kind == "all" else "or"].join(parts)
        if "not" in condition:
            return words["not"].format(part=self._condition(condition["not"]))
        number = self.number_of.get(condition["question"], condition["question"])
        if "answered" in condition:
            return words["answered" if condition["answered"] else "unanswered"].format(number=number)
        options = {option.value: option.label for option in self.questionnaire.question(condition["question"]).options}
        labels = [options[value][self.language] if value in options else value for value in condition["any_of"]]
        return words["is"].format(number=number, label=words["or_labels"].join(labels))
