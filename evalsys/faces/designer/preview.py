"""A walk through a programme's newest questionnaire as each channel puts it. Nothing is stored: the walk so far travels in the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from flask import Blueprint, current_app, render_template, request
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeSerializer
from wtforms import Form

from evalsys.accounts.permissions import require
from evalsys.base.database import db
from evalsys.base.errors import BadInput
from evalsys.design.queries import get_latest_configuration, get_programme
from evalsys.fieldwork.rules import FieldRules, rules_of
from evalsys.render.question_forms import make_form
from evalsys.units.queries import list_units
from surveys.fieldwork import find_outcome
from surveys.instrument import CONSENT, LANGUAGES, Questionnaire
from surveys.instrument.routing import END, Rule, holds
from surveys.instrument.segments import measure_message
from surveys.instrument.text_messages import UNIT

blueprint = Blueprint("preview", __name__, template_folder="templates", url_prefix="/design/programmes/<code>/preview")
#: channels that somebody walks here; paper is printed as a whole
CHANNELS = ("web", "voice", "sms", "interviewer")
CONSENTED, OPTED_OUT = "1", "3"
REFUSED = "2.11"
#: stands in for a link of somebody's own
LINK = "https://…/q/…"


@dataclass(frozen=True)
class Walk:
    """Where somebody is: which channel, in which language (zh or en), about which unit and month, the consent, and the answers so far."""

    channel: str = "web"
    language: str = "zh"
    unit: str = ""
    month: str = "2026-03"
    consent: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    at: str = CONSENT


@dataclass(frozen=True)
class Step:
    """A question that was answered: what was answered, in words, and which rule (its number, 0 for none) led on to ``following``."""

    code: str
    text: str
    answer: str
    rule: int
    following: str


@blueprint.get("")
@require("design.read")
def begin(code: str):
    """The beginning of a walk, by the channel, language and unit that were chosen."""
    units = [unit.code for unit in list_units(db.session())]
    walk = Walk(
        channel=_chosen("channel", CHANNELS),
        language=_chosen("in", LANGUAGES),
        unit=_chosen("unit", units) if units else "",
        month=request.args.get("month", "")[:7] or Walk.month,
    )
    return _page(code, walk)


@blueprint.post("")
@require("design.read")
def go_on(code: str):
    """One step further, or back; an answer that is none is explained as respondents have it explained."""
    rules = _rules(code)
    walk = _read_walk()
    if back_to := request.form.get("back"):
        return _page(code, replace(walk, at=back_to if back_to in rules.questionnaire.order else CONSENT))
    form = _form(rules.questionnaire, walk, request.form)
    if not form.validate():
        return _page(code, walk, form), 422
    if walk.at == CONSENT:
        return _page(code, _at_next(rules.questionnaire, replace(walk, consent=form.value)))
    answers = {**walk.answers, walk.at: rules.questionnaire.validate_answer(walk.at, form.value)}
    return _page(code, _at_next(rules.questionnaire, replace(walk, answers=answers)))


def _page(code: str, walk: Walk, form: Form | None = None):
    rules = _rules(code)
    questionnaire, units = rules.questionnaire, {unit.code: unit for unit in list_units(db.session())}
    context = _context(walk, units)
    question = questionnaire.question(walk.at) if walk.at else None
    said = _said(rules, walk, context) if question else ""
    before = questionnaire.previous_question(walk.answers, walk.channel, walk.at or None)
    return render_template(
        "designer/preview.html",
        programme=get_programme(db.session(), code),
        walk=walk,
        channels=CHANNELS,
        units=units.values(),
        question=question,
        form=form or (_form(questionnaire, walk) if question else None),
        said=said,
        length=measure_message(said) if walk.channel == "sms" and question else None,
        texts=_texts(rules, walk, context),
        steps=_steps(questionnaire, walk, context),
        before=before.code if before and walk.at and walk.at != CONSENT else "",
        state=_signer().dumps(asdict(walk)),
        **({} if question else _end(rules, walk, context)),
    )


def _end(rules: FieldRules, walk: Walk, context: Mapping[str, str]) -> dict:
    """What would be stored, and what is said last."""
    questionnaire = rules.questionnaire
    agreed = walk.consent == CONSENTED
    outcome = questionnaire.outcome(walk.answers) if agreed else REFUSED
    kept = outcome in ("1.1", "1.2")
    path = questionnaire.path(walk.answers)
    message = {"1.1": "complete", "1.2": "complete", "4.10": "ineligible", REFUSED: "refused"}.get(outcome, "closed")
    message = "opted_out" if walk.consent == OPTED_OUT else message
    return {
        "outcome": outcome,
        "outcome_names": find_outcome(outcome) if outcome else None,
        "last": questionnaire.message(message, walk.language, walk.channel, context),
        "stored": [(name, value) for name, value in walk.answers.items() if kept],
        "off_path": [name for name in walk.answers if name not in path],
        "opts_out": walk.consent == OPTED_OUT,
    }


def _steps(questionnaire: Questionnaire, walk: Walk, context: Mapping[str, str]) -> list[Step]:
    path = questionnaire.path(walk.answers, walk.channel)
    steps = []
    for place, name in enumerate(path):
        if name not in walk.answers:
            break
        question = questionnaire.question(name)
        rule = _find_rule(questionnaire.rules, name, walk.answers)
        following = path[place + 1] if place + 1 < len(path) else END
        text = questionnaire.text(name, walk.language, walk.channel, context)
        answer = question.say(walk.answers[name], walk.language) or "—"
        steps.append(Step(name, text, answer, rule, following))
    return steps


def _find_rule(rules: tuple[Rule, ...], code: str, answers: Mapping[str, str]) -> int:
    return next((number for number, rule in enumerate(rules, 1) if rule.after == code and holds(rule.when, answers)), 0)


def _at_next(questionnaire: Questionnaire, walk: Walk) -> Walk:
    if walk.consent != CONSENTED:
        return replace(walk, at="")
    question = questionnaire.next_question(walk.answers, walk.channel)
    return replace(walk, at=question.code if question else "")


def _said(rules: FieldRules, walk: Walk, context: Mapping[str, str]) -> str:
    """What the channel says or sends: by telephone with the keys, by message with the numbers of the options."""
    questionnaire, language = rules.questionnaire, walk.language
    if walk.channel == "voice":
        spoken = questionnaire.spoken(walk.at, language, context)
        if walk.at != CONSENT:
            return spoken
        offers = [
            questionnaire.message(name, language, "voice", context)
            for key, name in (
                (questionnaire.later_key, "offer_later"),
                (questionnaire.interviewer_key, "offer_interviewer"),
            )
            if key
        ]
        return " ".join([spoken, *offers])
    text = questionnaire.text(walk.at, language, walk.channel, context)
    if walk.channel == "sms":
        options = questionnaire.question(walk.at).options
        text += "".join(f"\n{number} {option.label[language]}" for number, option in enumerate(options, 1))
    return text


def _texts(rules: FieldRules, walk: Walk, context: Mapping[str, str]) -> list[tuple]:
    """The text messages around an interview with their lengths; only where it begins with one."""
    if walk.channel not in ("web", "sms") or walk.at != CONSENT:
        return []
    found = ((name, rules.text_message(name, walk.language, context)) for name in rules.texts)
    return [(name, text, measure_message(text)) for name, text in found]


def _context(walk: Walk, units: Mapping) -> dict[str, str]:
    unit = units.get(walk.unit)
    names = {"zh": unit.name_zh, "en": unit.name_en} if unit else UNIT
    return {"unit": names[walk.language], "month": walk.month, "link": LINK}


def _form(questionnaire: Questionnaire, walk: Walk, sent: Mapping | None = None) -> Form:
    answer = walk.consent if walk.at == CONSENT else walk.answers.get(walk.at)
    return make_form(questionnaire.question(walk.at), walk.language, sent, answer=answer or None)


def _rules(code: str) -> FieldRules:
    return rules_of(get_latest_configuration(db.session(), get_programme(db.session(), code)))


def _read_walk() -> Walk:
    try:
        return Walk(**_signer().loads(request.form.get("state", "")))
    except (BadSignature, TypeError):
        raise BadInput("The form could not be read. Go back, reload the page and send it again.") from None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt="preview")


def _chosen(name: str, known) -> str:
    value = request.args.get(name, "")
    return value if value in known else next(iter(known))


@blueprint.context_processor
def name_texts() -> dict:
    """What the messages are called."""
    return {
        "text_names": {
            "invitation": gettext("Invitation"),
            "reminder_1": gettext("First reminder"),
            "reminder_2": gettext("Second reminder"),
            "thanks": gettext("Thanks"),
        }
    }
