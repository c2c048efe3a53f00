"""What the telephone provider fetches: voice pages, and the addresses for its status callbacks and for what people write back.

Signed by the provider, or refused.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, abort, request, url_for

from evalsys.accounts.permissions import PROVIDER, require
from evalsys.base.database import db, transaction
from evalsys.base.errors import Refused
from evalsys.base.runtime import Runtime, current_runtime
from evalsys.faces.voice import pages
from evalsys.faces.voice.pages import Speech
from evalsys.fieldwork.bridging import (
    find_call_room,
    keep_joined,
)
from evalsys.fieldwork.callbacks import receive_status
from evalsys.fieldwork.calls import (
    interviewer_now,
    is_machine,
    keep_language,
    keep_machine,
    keep_said,
    kind_of_machine,
    why_not_now,
)
from evalsys.fieldwork.interviews import (
    Conversation,
    finish_interview,
    load_call,
    opt_out,
    record_answer,
    refuse_interview,
)
from evalsys.fieldwork.late_answers import is_late, note_late_answer
from evalsys.fieldwork.opt_outs import receive_message
from evalsys.fieldwork.staff_calls import LISTENING, OWN, find_conference, keep_staff_status
from evalsys.fieldwork.text_conversations import take_reply
from evalsys.gateways.twilio import verify_signature
from surveys.errors import InstrumentError
from surveys.instrument import CONSENT, FINISH_KEY, LANGUAGES

blueprint = Blueprint("voice", __name__)
CHANNEL = "voice"
#: silence or a wrong key so often in a row ends the call
PATIENCE = 2
#: what the provider says of an interviewer's telephone that nobody answered
NOT_REACHED = ("busy", "no-answer", "failed")


@blueprint.before_request
def check_signature() -> None:
    """Let nobody in but the provider: its signature covers the configured public address, never the request's own host."""
    settings = current_runtime().settings
    path = request.environ.get("RAW_URI") or request.full_path.rstrip("?")
    signature = request.headers.get("X-Twilio-Signature", "")
    form = request.form.to_dict(flat=True)
    if not verify_signature(settings.twilio_auth_token, settings.public_base_url, path, form, signature):
        abort(403)


@blueprint.post("/provider/status/<key>")
@require(PROVIDER)
def take_status(key: str):
    """Keep a status callback; what follows from it is decided by a job."""
    receive_status(current_runtime(), key, request.form)
    return "", 204


@blueprint.post("/provider/machine/<key>")
@require(PROVIDER)
def take_machine(key: str):
    """Who answered a call, where the provider finds out while the first page is already being said."""
    with transaction() as session:
        keep_machine(session, key, request.form.get("AnsweredBy", ""))
    return "", 204


@blueprint.post("/provider/message")
@require(PROVIDER)
def take_message():
    """What somebody wrote back to a message: a stop word opts them out, and where the round offers it the rest is an interview."""
    sender, text = request.form.get("From", ""), request.form.get("Body", "")
    with transaction() as session:
        if not receive_message(session, current_runtime(), sender, text):
            sid, to = request.form.get("MessageSid", ""), request.form.get("To", "")
            take_reply(session, current_runtime(), sender, text, sid=sid, to=to)
    return "", 204


@blueprint.post("/voice/<key>")
@require(PROVIDER)
def greet(key: str):
    """The first words of a call: who asks and why, and whether the person takes part."""
    runtime = current_runtime()
    talk = load_call(db.session(), runtime, key)
    machine = kind_of_machine(request.form.get("AnsweredBy", ""))
    said = machine or why_not_now(runtime, talk)
    if not said:
        return _page(_consent_page(talk, key, 0))
    with transaction() as session:
        keep_said(session, key, said)
    return _page(pages.goodbye() if machine else _goodbye(talk, said))


@blueprint.post("/voice/<key>/join")
@require(PROVIDER)
def join(key: str):
    """Whoever answers an interviewer's call is joined to them, unless it is not the time, the case is closed or nobody is there."""
    runtime = current_runtime()
    talk = load_call(db.session(), runtime, key)
    room = find_call_room(db.session(), key)
    if said := why_not_now(runtime, talk) or ("" if room else "not_now"):
        with transaction() as session:
            keep_said(session, key, said)
        return _page(_goodbye(talk, said))
    with transaction() as session:
        keep_joined(session, key, runtime.clock.now())
    return _page(pages.confer(room))


@blueprint.post("/voice/line/<key>")
@require(PROVIDER)
def hold_line(key: str):
    """A telephone was answered that staff had called: their own, which holds a conference, or one that is joined to it."""
    with transaction() as session:
        found = find_conference(session, key)
        keep_staff_status(session, key, "answered")
    if found is None:
        return _page(pages.goodbye())
    return _page(pages.confer(found.room, in_charge=found.purpose == OWN, muted=found.purpose == LISTENING))


@blueprint.post("/provider/line/<key>")
@require(PROVIDER)
def take_line_status(key: str):
    """What becomes of such a call, and in the end how long it was."""
    seconds = request.form.get("CallDuration", "")
    with transaction() as session:
        keep_staff_status(
            session, key, request.form.get("CallStatus", ""), int(seconds) if seconds.isdecimal() else None
        )
    return "", 204


@blueprint.post("/voice/<key>/consent/<any(zh, en):heard>/<int:missed>")
@require(PROVIDER)
def take_consent(key: str, heard: str, missed: int):
    """The key pressed after the greeting, which was said in ``heard``: that key, sent twice, chooses the other language once."""
    runtime = current_runtime()
    talk = load_call(db.session(), runtime, key)
    digit = request.form.get("Digits", "")
    if digit == talk.questionnaire.repeat_key:
        return _page(_consent_page(talk, key, missed))
    if digit and digit == talk.questionnaire.language_key:
        talk = replace(talk, language=_other_language(heard))
        with transaction() as session:
            keep_language(session, talk.case_id, talk.language)
        return _page(_consent_page(talk, key, missed))
    if other := _other_wish(runtime, talk, key, digit, CONSENT):
        return _page(other)
    try:
        choice = talk.questionnaire.question(CONSENT).value_of_key(digit)
    except InstrumentError:
        return _page(_missed(talk, key, missed, digit, asking=None))
    if choice != "1" or not talk.is_open:
        return _page(_leave(runtime, talk, key, choice))
    with transaction() as session:
        keep_said(session, key, "consented")
    return _page(_go_on(runtime, talk, key))


@blueprint.post("/voice/<key>/q/<code>/<int:version>/<int:missed>")
@require(PROVIDER)
def take_answer(key: str, code: str, version: int, missed: int):
    """What was pressed after a question. A callback that comes twice carries an old version, and is answered without being recorded."""
    runtime = current_runtime()
    talk = load_call(db.session(), runtime, key)
    digit = request.form.get("Digits", "")
    if digit and is_late(talk):
        with transaction() as session:
            note_late_answer(session, talk, channel=CHANNEL)
    if not talk.is_open or version != talk.version:
        return _page(_go_on(runtime, talk, key))
    questionnaire = talk.questionnaire
    question = questionnaire.question(code)
    wish = question.wish_in(digit)
    if wish == questionnaire.repeat_key:
        return _page(_question_page(talk, key, code))
    if wish == questionnaire.back_key:
        before = questionnaire.previous_question(talk.answers, CHANNEL, code)
        return _page(_question_page(talk, key, before.code if before else code))
    if other := _other_wish(runtime, talk, key, wish, code):
        return _page(other)
    try:
        value = question.value_of_key(digit)
    except InstrumentError:
        return _page(_missed(talk, key, missed, digit, asking=code))
    with transaction() as session:
        talk = record_answer(session, runtime, talk, code, value, channel=CHANNEL, language=_language(talk))
    return _page(_next_page(talk, key))


@blueprint.post("/voice/<key>/bridged/<code>")
@require(PROVIDER)
def take_bridged(key: str, code: str):
    """The interviewer has hung up, or did not answer; then the interview goes on here."""
    talk = load_call(db.session(), current_runtime(), key)
    if request.form.get("DialCallStatus") not in NOT_REACHED:
        return _page(pages.goodbye())
    with transaction() as session:
        keep_said(session, key, "" if code == CONSENT else "consented")
    if not talk.is_open:
        return _page(_goodbye(talk, "closed"))
    if code == CONSENT:
        return _page(_consent_page(talk, key, 0, "no_interviewer"))
    return _page(_question_page(talk, key, code, notice="no_interviewer"))


@blueprint.errorhandler(Refused)
def go_on_anew(error: Refused):
    """The same key press came twice at once, or the respondent answered on the web this very moment: go on from where it stands."""
    db.session.rollback()
    runtime, key = current_runtime(), request.view_args["key"]
    return _page(_go_on(runtime, load_call(db.session(), runtime, key), key))


def _go_on(runtime: Runtime, talk: Conversation, key: str) -> str:
    """Go on from where the interview stands, ending one of which the web left open only what a call never asks."""
    if talk.is_open and talk.next_question(CHANNEL) is None:
        with transaction() as session:
            talk = finish_interview(session, runtime, talk, channel=CHANNEL)
    return _next_page(talk, key)


def _next_page(talk: Conversation, key: str) -> str:
    if not talk.is_open:
        return _goodbye(talk, {"1.1": "complete", "1.2": "complete", "4.10": "ineligible"}.get(talk.outcome, "closed"))
    question = talk.next_question(CHANNEL)
    return _question_page(talk, key, question.code)


def _question_page(talk: Conversation, key: str, code: str, missed: int = 0, notice: str = "") -> str:
    def address(times: int) -> str:
        return url_for("voice.take_answer", key=key, code=code, version=talk.version, missed=times)

    finish_key = FINISH_KEY if talk.questionnaire.question(code).takes_keys else ""
    return pages.ask(
        [*_said(talk, notice), _asked(talk, code)], address(missed), address(missed), finish_key=finish_key
    )


def _consent_page(talk: Conversation, key: str, missed: int, notice: str = "") -> str:
    speeches = [*_said(talk, notice), _asked(talk, CONSENT)]
    if talk.questionnaire.language_key:
        speeches.append(_message(talk, "choose_language", _other_language(_language(talk))))
    if talk.questionnaire.later_key:
        speeches.append(_message(talk, "offer_later"))
    if talk.questionnaire.interviewer_key and interviewer_now(current_runtime(), talk):
        speeches.append(_message(talk, "offer_interviewer"))
    address = url_for("voice.take_consent", key=key, heard=_language(talk), missed=missed)
    return pages.ask(speeches, address, address)


def _asked(talk: Conversation, code: str) -> Speech:
    """A question with its keys, or the greeting, as it is spoken or was recorded."""
    language = _language(talk)
    text = talk.questionnaire.spoken(code, language, talk.context(language))
    return _speech(talk, text, language, talk.questionnaire.recording(code, language, talk.unit_code))


def _message(talk: Conversation, code: str, language: str = "") -> Speech:
    language = language or _language(talk)
    return _speech(talk, talk.questionnaire.message(code, language, CHANNEL, talk.context(language)), language)


def _said(talk: Conversation, notice: str) -> list[Speech]:
    return [_message(talk, notice)] if notice else []


def _speech(talk: Conversation, text: str, language: str, recording: str = "") -> Speech:
    return Speech(text, language, recording, talk.rules.speech_rate, talk.rules.speech_voice)


def _missed(talk: Conversation, key: str, missed: int, digit: str, *, asking: str | None) -> str:
    """After silence or a wrong key: say so and ask again, twice; then say goodbye. A machine that was found is not asked again."""
    if asking is None and not digit and is_machine(db.session(), key):
        return pages.goodbye()
    if missed + 1 > PATIENCE:
        if asking is None:
            with transaction() as session:
                keep_said(session, key, "silent")
        return _goodbye(talk, "refused")
    notice = "wrong_key" if digit else "no_key"
    if asking is None:
        return _consent_page(talk, key, missed + 1, notice)
    return _question_page(talk, key, asking, missed + 1, notice)


def _leave(runtime: Runtime, talk: Conversation, key: str, choice: str) -> str:
    if not talk.is_open:
        return _goodbye(talk, "closed")
    with transaction() as session:
        keep_said(session, key, "refused")
        if choice == "3":
            opt_out(session, runtime, talk.case_id)
        else:
            refuse_interview(session, runtime, talk.case_id)
    return _goodbye(talk, "opted_out" if choice == "3" else "refused")


def _other_wish(runtime: Runtime, talk: Conversation, key: str, digit: str, code: str) -> str:
    """The page for a key that asks for a call later or for an interviewer; ``""`` for every other key."""
    if not digit:
        return ""
    if digit == talk.questionnaire.later_key:
        return _call_later(talk, key)
    if digit == talk.questionnaire.interviewer_key and (number := interviewer_now(runtime, talk)):
        return _bridge(talk, key, code, number)
    return ""


def _call_later(talk: Conversation, key: str) -> str:
    """End this call and keep the answers; when the next one is due follows from what was said."""
    if not talk.is_open:
        return _goodbye(talk, "closed")
    with transaction() as session:
        keep_said(session, key, "call_later")
    return _goodbye(talk, "call_later")


def _bridge(talk: Conversation, key: str, code: str, number: str) -> str:
    """Connect the call to an interviewer, who sees the number it was made from and not the respondent's; the answers are kept."""
    if not talk.is_open:
        return _goodbye(talk, "closed")
    with transaction() as session:
        keep_said(session, key, "interviewer")
    action = url_for("voice.take_bridged", key=key, code=code)
    return pages.bridge(_message(talk, "interviewer"), number, request.form.get("From", ""), action)


def _goodbye(talk: Conversation, message: str) -> str:
    return pages.goodbye(_message(talk, message))


def _language(talk: Conversation) -> str:
    return talk.language or talk.rules.language


def _other_language(language: str) -> str:
    return next(other for other in LANGUAGES if other != language)


def _page(twiml: str) -> Response:
    return Response(twiml, mimetype="text/xml")
