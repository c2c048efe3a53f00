"""The respondent's own pages: one question a page, saved one by one, resumed by the same link. Opening a page records nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session
from wtforms import Form

from evalsys.accounts.permissions import TOKEN, require
from evalsys.base.database import db, transaction
from evalsys.base.errors import Refused
from evalsys.base.runtime import current_runtime
from evalsys.fieldwork.cases import call_instead
from evalsys.fieldwork.interviews import (
    Conversation,
    find_by_token,
    finish_interview,
    opt_out,
    record_answer,
    refuse_interview,
)
from evalsys.fieldwork.late_answers import is_late, note_late_answer
from evalsys.render.question_forms import make_form
from surveys.instrument import CONSENT

blueprint = Blueprint("respondent", __name__, template_folder="templates", url_prefix="/q")
CHANNEL = "web"
#: languages of the site → languages of the questionnaire
LANGUAGES = {"zh_Hans": "zh", "en": "en"}
SIZES = ("normal", "large")


@blueprint.get("/<token>")
@require(TOKEN)
def welcome(token: str):
    """Who asks, why, and what becomes of the answers."""
    talk = _find(token)
    if talk is None:
        return _unknown()
    if not talk.is_open:
        return _finished(token, talk)
    language = _language(talk)
    text = talk.questionnaire.text(CONSENT, language, CHANNEL, talk.context(language))
    return render_template(
        "respondent/welcome.html",
        token=token,
        talk=talk,
        text=text,
        lang=language,
        resumed=bool(talk.answers),
        calls="voice" in talk.rules.channels,
    )


@blueprint.post("/<token>")
@require(TOKEN)
def begin(token: str):
    """Take part, be called instead, decline, or never be contacted again."""
    runtime = current_runtime()
    choice = request.form.get("choice", "begin")
    talk = _find(token)
    if talk is None:
        return _unknown()
    if talk.is_open and choice == "call":
        with transaction() as session:
            arranged = call_instead(session, runtime, talk.case_id)
        return redirect(_at("respondent.leave", token=token, said="call" if arranged else "no-call"))
    if talk.is_open and choice in ("decline", "never"):
        with transaction() as session:
            (refuse_interview if choice == "decline" else opt_out)(session, runtime, talk.case_id)
    if choice != "begin" or not talk.is_open:
        return redirect(_at("respondent.leave", token=token, said=choice))
    return redirect(_where_to_go_on(token, talk))


@blueprint.get("/<token>/all")
@require(TOKEN)
def ask_all(token: str):
    """Every question on one page, where the round puts them so."""
    talk, elsewhere = _at_work(token, on_one_page=True)
    return elsewhere or _all_page(token, talk, _forms(talk))


@blueprint.post("/<token>/all")
@require(TOKEN)
def answer_all(token: str):
    """Keep what was answered, question by question along the path that the answers make; what is missing or wrong is asked again."""
    talk, elsewhere = _at_work(token, on_one_page=True)
    if elsewhere is not None:
        return _too_late(token) or elsewhere
    forms = _forms(talk, request.form)
    talk, problems = _keep(talk, forms)
    if talk.is_open and talk.next_question(CHANNEL) is not None:
        return _all_page(token, talk, forms, problems)
    return redirect(_where_to_go_on(token, talk))


@blueprint.get("/<token>/review")
@require(TOKEN)
def review(token: str):
    """What was answered, each with the way back to its question, before it is handed in."""
    talk, elsewhere = _at_work(token)
    if elsewhere is not None:
        return elsewhere
    if not talk.rules.web_review or talk.next_question(CHANNEL) is not None:
        return redirect(_where_to_go_on(token, talk))
    language, questionnaire = _language(talk), talk.questionnaire
    rows = []
    for code in questionnaire.path(talk.answers, CHANNEL):
        question, value = questionnaire.question(code), talk.answers[code]
        label = question.say(value, language) or (gettext("(not known)") if question.takes_keys else "")
        rows.append((code, questionnaire.text(code, language, CHANNEL, talk.context(language)), label))
    return render_template(
        "respondent/review.html", token=token, lang=language, rows=rows, single=talk.rules.web_on_one_page
    )


@blueprint.post("/<token>/review")
@require(TOKEN)
def submit(token: str):
    """Hand in the answers as they were reviewed."""
    talk, elsewhere = _at_work(token)
    if elsewhere is not None:
        return _too_late(token) or elsewhere
    if talk.next_question(CHANNEL) is not None:
        return redirect(_where_to_go_on(token, talk))
    with transaction() as session:
        finish_interview(session, current_runtime(), talk, channel=CHANNEL)
    return redirect(_at("respondent.leave", token=token))


@blueprint.get("/<token>/<code>")
@require(TOKEN)
def ask(token: str, code: str):
    """One question, or the matrix that it stands in, with the answers given before if there were some."""
    talk, elsewhere = _at_question(token, code)
    if elsewhere is not None:
        return elsewhere
    return _question_page(token, talk, code)


@blueprint.post("/<token>/<code>")
@require(TOKEN)
def answer(token: str, code: str):
    """Keep an answer and go on to the next question."""
    talk, elsewhere = _at_question(token, code)
    if elsewhere is not None:
        return _too_late(token) or elsewhere
    forms = _forms(talk, request.form, _together(talk, code))
    talk, problems = _keep(talk, forms)
    if problems:
        return _question_page(token, talk, code, forms, problems)
    return redirect(_where_to_go_on(token, talk))


@blueprint.get("/<token>/bye")
@require(TOKEN)
def leave(token: str):
    """The last page: thanks, and no answers."""
    talk = _find(token)
    if talk is None:
        return _unknown()
    said = request.args.get("said")
    if talk.is_open and said in ("call", "no-call"):
        language = _language(talk)
        return render_template("respondent/call.html", token=token, lang=language, arranged=said == "call")
    return _finished(token, talk)


@blueprint.errorhandler(Refused)
def explain_conflict(error: Refused):
    """Another page or call was quicker: go on from where the interview stands."""
    db.session.rollback()
    return redirect(_at("respondent.welcome", token=request.view_args["token"]))


def _find(token: str) -> Conversation | None:
    return find_by_token(db.session(), current_runtime(), token)


def _record(session: Session, talk: Conversation, code: str, value: str, language: str) -> Conversation:
    runtime, to_review = current_runtime(), talk.rules.web_review
    return record_answer(session, runtime, talk, code, value, channel=CHANNEL, language=language, to_review=to_review)


def _keep(talk: Conversation, forms: Mapping[str, Form]) -> tuple[Conversation, list[str]]:
    """Keep what was answered along the path that the answers make, each by itself; the codes of what is missing or wrong."""
    language = _language(talk)
    for code, form in forms.items():
        if talk.is_open and code in talk.questionnaire.path(talk.answers, CHANNEL) and form.validate():
            with transaction() as session:
                talk = _record(session, talk, code, form.value, language)
    path = talk.questionnaire.path(talk.answers, CHANNEL)
    return talk, [code for code in path if code in forms and forms[code].errors]


def _where_to_go_on(token: str, talk: Conversation) -> str:
    """The address of what comes next: a question, all of them, the review, or the last page."""
    if not talk.is_open:
        return _at("respondent.leave", token=token)
    following = talk.next_question(CHANNEL)
    if following is None:
        return _at("respondent.review" if talk.rules.web_review else "respondent.leave", token=token)
    if talk.rules.web_on_one_page:
        return _at("respondent.ask_all", token=token)
    return _at("respondent.ask", token=token, code=following.code)


def _at_work(token: str, *, on_one_page: bool = False) -> tuple[Conversation | None, ResponseReturnValue | None]:
    """The open conversation, or else the page that is to be shown instead; ``on_one_page``: only where all is asked so."""
    talk = _find(token)
    if talk is None:
        return None, _unknown()
    if not talk.is_open:
        return None, _finished(token, talk)
    if on_one_page and not talk.rules.web_on_one_page:
        return None, redirect(_where_to_go_on(token, talk))
    return talk, None


def _forms(talk: Conversation, sent: Mapping | None = None, codes: Sequence[str] = ()) -> dict[str, Form]:
    """A form per question that the web asks, in order, whichever the path, or of those named; one alone needs no prefix."""
    language, questionnaire = _language(talk), talk.questionnaire
    alone = len(codes) == 1
    return {
        code: make_form(
            questionnaire.question(code),
            language,
            sent,
            answer=talk.answers.get(code),
            prefix="" if alone else f"{code}-",
        )
        for code in codes or questionnaire.asked_by(CHANNEL)
    }


def _together(talk: Conversation, code: str) -> list[str]:
    """The questions of one page: this one, and those of its matrix that are on the path."""
    path = talk.questionnaire.path(talk.answers, CHANNEL)
    return [one for one in talk.questionnaire.matrix_of(code) if one in path]


def _all_page(token: str, talk: Conversation, forms: Mapping[str, Form], problems: Sequence[str] = ()):
    language, questionnaire = _language(talk), talk.questionnaire
    texts = {code: questionnaire.text(code, language, CHANNEL, talk.context(language)) for code in forms}
    page = render_template(
        "respondent/all.html", token=token, lang=language, forms=forms, texts=texts, problems=problems, talk=talk
    )
    return page, (422 if problems else 200)


def _at_question(token: str, code: str) -> tuple[Conversation | None, ResponseReturnValue | None]:
    """The conversation where it may be asked this question, or else the page that is to be shown instead."""
    talk = _find(token)
    if talk is None:
        return None, _unknown()
    if not talk.is_open:
        return None, _finished(token, talk)
    if code not in talk.questionnaire.path(talk.answers, CHANNEL):
        return None, redirect(_where_to_go_on(token, talk))
    return talk, None


def _question_page(
    token: str,
    talk: Conversation,
    code: str,
    forms: Mapping[str, Form] | None = None,
    problems: Sequence[str] = (),
):
    language, questionnaire = _language(talk), talk.questionnaire
    codes = _together(talk, code)
    path = questionnaire.path(talk.answers, CHANNEL)
    before = questionnaire.previous_question(talk.answers, CHANNEL, codes[0])
    return render_template(
        "respondent/question.html",
        token=token,
        talk=talk,
        lang=language,
        forms=forms or _forms(talk, codes=codes),
        texts={one: questionnaire.text(one, language, CHANNEL, talk.context(language)) for one in codes},
        problems=problems,
        number=path.index(codes[0]) + 1,
        total=len(questionnaire.order),
        before=before.code if before else None,
    ), (422 if problems else 200)


def _too_late(token: str) -> ResponseReturnValue | None:
    """Where the round has closed: count that somebody would have answered, and say that it was not kept."""
    talk = _find(token)
    if talk is None or not is_late(talk):
        return None
    if any(name.endswith("answer") for name in request.form):
        with transaction() as session:
            note_late_answer(session, talk, channel=CHANNEL)
    language = _language(talk)
    text = talk.questionnaire.message("closed", language, CHANNEL, talk.context(language))
    return render_template("respondent/finished.html", token=token, text=text, lang=language)


def _finished(token: str, talk: Conversation):
    language = _language(talk)
    message = {"1.1": "complete", "1.2": "complete", "4.10": "ineligible", "2.11": "refused"}.get(
        talk.outcome, "closed"
    )
    if talk.round_state not in ("open", "paused"):
        message = "complete" if talk.outcome in ("1.1", "1.2") else "closed"
    text = talk.questionnaire.message(message, language, CHANNEL, talk.context(language))
    return render_template("respondent/finished.html", token=token, text=text, lang=language)


def _unknown():
    return render_template("respondent/unknown.html"), 404


def _language(talk: Conversation) -> str:
    """The language of the page: asked for in the address, else the interview's own, else the site's choice."""
    from_address = LANGUAGES.get(request.args.get("lang", ""))
    return from_address or talk.language or talk.rules.language


def _at(endpoint: str, **values: str) -> str:
    """An address that keeps what the respondent chose for reading, since these pages set no cookie."""
    return url_for(endpoint, **values, **_reading())


def _reading() -> dict[str, str]:
    """The language and the size of type that the address asks for."""
    return {
        name: request.args[name]
        for name, known in (("lang", LANGUAGES), ("size", SIZES))
        if request.args.get(name) in known
    }


@blueprint.context_processor
def offer_reading() -> dict:
    """What every page needs to offer another language or size of type and to lead on in the chosen ones."""
    return {"at": _at, "large": _reading().get("size") == "large", "reading": _reading()}
