"""What an interviewer has before them of a case: the question with its keys, the outcomes with theirs, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from flask import request
from flask_babel import gettext

from evalsys.faces.interviewer.forms import AnswerForm, AppointmentForm, CaseForm, NoteForm, OutcomeForm
from evalsys.fieldwork.interviewing import CHANNEL, HeldCase
from evalsys.render.words import content_language
from surveys.errors import SurveyError
from surveys.fieldwork import CALL_OUTCOMES, OUTCOMES
from surveys.instrument import CONSENT, Question, Questionnaire


@dataclass(frozen=True)
class Step:
    """A question of the script as the page puts it: ``chosen`` is the answer there is, ``before`` the question to go back to."""

    question: Question
    text: str
    chosen: str
    before: str
    number: int
    total: int


def name_outcome(code: str) -> str:
    """An outcome code with its name in the page's language."""
    found = OUTCOMES[code]
    return f"{code} {found.name_en if content_language() == 'en' else found.name_zh}"


def describe_script(held: HeldCase) -> dict:
    """What is said and asked now, and the forms for what is answered."""
    language = held.talk.language or held.talk.rules.language
    talk, questionnaire, context = held.talk, held.talk.questionnaire, held.talk.context(language)
    asked = request.args.get("ask", "")
    path = questionnaire.path(talk.answers, CHANNEL)
    open_question = talk.next_question(CHANNEL) if talk.is_open else None
    question = questionnaire.question(asked) if asked in path and talk.is_open else open_question
    step = None
    if question is not None:
        before = questionnaire.previous_question(talk.answers, CHANNEL, question.code)
        step = Step(
            question,
            questionnaire.text(question.code, language, CHANNEL, context),
            talk.answers.get(question.code, ""),
            before.code if before else "",
            path.index(question.code) + 1,
            len(questionnaire.asked_by(CHANNEL)),
        )
    form = AnswerForm(
        formdata=None,
        data={
            "fence": held.fence,
            "version": talk.version,
            "code": question.code if question else "",
            "language": language,
        },
    )
    return {
        "language_of_script": language,
        "greeting": questionnaire.text(CONSENT, language, CHANNEL, context) if not talk.answers else "",
        "step": step,
        "answer_form": form,
        "case_form": CaseForm(formdata=None, data={"fence": held.fence}),
        "outcome_form": OutcomeForm(formdata=None, data={"fence": held.fence}),
        "appointment_form": AppointmentForm(formdata=None, data={"fence": held.fence}),
        "note_form": NoteForm(formdata=None, data={"fence": held.fence}),
        "outcomes": _list_outcomes(),
    }


def _list_outcomes() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The outcomes by their first key: second key, code, name."""
    chinese = content_language() == "zh"
    return [
        (
            letter,
            [
                ("ABCDEFGH"[place], code, OUTCOMES[code].name_zh if chinese else OUTCOMES[code].name_en)
                for place, code in enumerate(codes)
            ],
        )
        for letter, codes in CALL_OUTCOMES.items()
    ]


def list_entered(form: Mapping[str, str], questionnaire: Questionnaire | None) -> list[tuple[str, str]]:
    """What the refused form held, in words: so that the interviewer has it before them and can enter it again."""
    entered = []
    if form.get("code") and form.get("answer") is not None:
        entered.append((form["code"], _label_of(questionnaire, form["code"], form["answer"])))
    if form.get("outcome") in OUTCOMES:
        entered.append((gettext("Outcome"), name_outcome(form["outcome"])))
    if form.get("day") or form.get("time"):
        entered.append((gettext("Appointment"), f"{form.get('day', '')} {form.get('time', '')}"))
    if form.get("text"):
        entered.append((gettext("Note"), form["text"]))
    return entered


def _label_of(questionnaire: Questionnaire | None, code: str, value: str) -> str:
    """An answer as the interviewer chose it."""
    with suppress(SurveyError, AttributeError):
        return questionnaire.question(code).say(value, content_language())
    return value
