"""The interviewers' pages: one case at a time, its script and keys, what the call came to, appointments, own figures.

No page here has a name or a whole number: calls are placed by the program and bridged.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.errors import BadInput, Refused
from evalsys.base.runtime import current_runtime
from evalsys.design.models import Round
from evalsys.design.queries import get_round
from evalsys.faces.interviewer.forms import (
    ActForm,
    AnswerForm,
    AppointmentForm,
    CaseForm,
    NoteForm,
    OutcomeForm,
    ShiftForm,
)
from evalsys.faces.interviewer.script import describe_script, list_entered, name_outcome
from evalsys.fieldwork.bridging import find_last_sid, keep_call, line_state, plan_call, plan_line
from evalsys.fieldwork.calls import keep_language
from evalsys.fieldwork.case_notes import write_note
from evalsys.fieldwork.dialling import make_attempts
from evalsys.fieldwork.holds import find_call, find_hold, renew_hold, take_next_case
from evalsys.fieldwork.interviewing import (
    agree_appointment,
    find_held_case,
    keep_spoken_answer,
    list_appointments,
    stage_of,
    state_outcome,
)
from evalsys.fieldwork.models import Shift
from evalsys.fieldwork.own_figures import find_own_figures
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.shifts import (
    begin_shift,
    code_of,
    end_break,
    end_shift,
    find_shift,
    get_shift,
    list_callable_rounds,
    read_own_number,
    take_break,
)
from evalsys.fieldwork.staff_calls import keep_staff_call, make_staff_call
from evalsys.gateways.port import ProviderError
from evalsys.render.words import name_in_language
from evalsys.samples.numbers import mask_number
from surveys.errors import InstrumentError
from surveys.fieldwork import CALL_OUTCOMES
from surveys.instrument import JOINED_BY, LANGUAGES, Questionnaire

blueprint = Blueprint("interviewer", __name__, template_folder="templates", url_prefix="/interviewing")
#: the calendar shows so many days
CALENDAR = 14


@blueprint.get("/")
@require("interview.conduct")
def desk():
    """What lies on the desk: the case that is held with its script, or the way to the next one."""
    shift = find_shift(db.session(), _me())
    if shift is None:
        return _begin_page(ShiftForm())
    return _desk_page(shift)


@blueprint.get("/state")
@require("interview.conduct")
def watch():
    """Whether the line or the call has changed since the page was made: then the page is loaded anew. Reads little, since all ask often."""
    session, runtime = db.session(), current_runtime()
    shift = find_shift(session, _me())
    hold = find_hold(session, runtime, shift) if shift else None
    call = find_call(session, hold.case_id, shift.interviewer) if hold else None
    state = _state_of(shift, stage_of(call) if call else "") if shift else ""
    if state == request.args.get("seen"):
        return "", 204
    return "", 200, {"HX-Refresh": "true"}


@blueprint.post("/shift")
@require("interview.conduct")
def begin():
    """Begin to work on a round."""
    form = ShiftForm()
    form.round.choices = _choices()
    if not form.validate_on_submit():
        return _begin_page(form), 422
    try:
        with transaction() as session:
            begin_shift(session, current_runtime(), get_round(session, form.round.data), _me(), form.number.data or "")
    except BadInput as error:
        form.number.errors = [gettext(error.text)]
        return _begin_page(form), 422
    return _to_desk()


@blueprint.post("/line")
@require("interview.conduct")
def call_line():
    """Have one's own telephone called, and held for the shift."""
    runtime = current_runtime()
    with transaction() as session:
        call = plan_line(session, runtime, get_shift(session, _me()))
    sid = make_staff_call(runtime, call)
    with transaction() as session:
        keep_staff_call(session, call.attempt_key, sid)
    if sid == "":
        flash(gettext("The provider did not take the call to your telephone. Try again, or tell the supervisor."))
    else:
        flash(gettext("Your telephone is being called. Answer it and keep it on the line."))
    return _to_desk()


@blueprint.post("/next")
@require("interview.conduct")
def next_case():
    """Take the next case by rule; a talk that has its outcome and still goes on is hung up."""
    runtime = current_runtime()
    with transaction() as session:
        shift = get_shift(session, _me())
        over = find_last_sid(session, shift)
        found = take_next_case(session, runtime, shift)
    _hang_up(over)
    if found is None:
        flash(gettext("Nobody is to be called at this moment. Cases fall due all the time; ask again in a while."))
    return _to_desk()


@blueprint.post("/break")
@require("interview.conduct")
def rest():
    """Take a break."""
    with transaction() as session:
        take_break(session, current_runtime(), get_shift(session, _me()))
    return _to_desk()


@blueprint.post("/go-on")
@require("interview.conduct")
def go_on():
    """Go on after a break."""
    with transaction() as session:
        end_break(get_shift(session, _me()))
    return _to_desk()


@blueprint.post("/end")
@require("interview.conduct")
def end():
    """Go home; the own telephone is hung up."""
    with transaction() as session:
        sid = end_shift(session, current_runtime(), get_shift(session, _me()))
    _hang_up(sid)
    flash(gettext("Your shift has ended."))
    return _to_desk()


@blueprint.post("/cases/<int:case_id>/call")
@require("interview.conduct")
def call(case_id: int):
    """Call the person of the case, once; who answers is joined to the interviewer's own line."""
    runtime = current_runtime()
    fence = _checked(CaseForm()).fence.data
    with transaction() as session:
        bridge = plan_call(session, runtime, get_shift(session, _me()), case_id, fence)
    answers = make_attempts(runtime, bridge.rules, [bridge.planned])
    with transaction() as session:
        keep_call(session, runtime, get_shift(session, _me()), bridge, answers)
    return _to_desk()


@blueprint.post("/cases/<int:case_id>/answers")
@require("interview.conduct")
def answer(case_id: int):
    """Keep an answer and go on to the next question."""
    runtime, form = current_runtime(), _checked(AnswerForm())
    try:
        with transaction() as session:
            talk = keep_spoken_answer(
                session,
                runtime,
                get_shift(session, _me()),
                case_id,
                form.fence.data,
                form.version.data,
                form.code.data,
                JOINED_BY.join(request.form.getlist("answer")),
                form.language.data if form.language.data in LANGUAGES else "",
            )
    except InstrumentError:
        flash(gettext("Choose one of the answers; “don't know” is an answer too."))
        return redirect(url_for("interviewer.desk", ask=form.code.data))
    if not talk.is_open:
        flash(gettext("Kept: %(outcome)s. Thank the person and say goodbye.", outcome=name_outcome(talk.outcome)))
    return _to_desk()


@blueprint.post("/cases/<int:case_id>/outcome")
@require("interview.conduct")
def outcome(case_id: int):
    """State what the call came to; the talk, if it still goes on, is hung up."""
    form = OutcomeForm()
    form.outcome.choices = [(code, code) for codes in CALL_OUTCOMES.values() for code in codes]
    if not form.validate_on_submit():
        flash(gettext("Choose what the call came to."))
        return _to_desk()
    with transaction() as session:
        shift = get_shift(session, _me())
        state_outcome(
            session,
            current_runtime(),
            shift,
            case_id,
            form.fence.data,
            form.outcome.data,
            never_again=form.never_again.data,
        )
        over = find_last_sid(session, shift)
    _hang_up(over)
    flash(gettext("Kept: %(outcome)s.", outcome=name_outcome(form.outcome.data)))
    return _to_desk()


@blueprint.post("/cases/<int:case_id>/appointment")
@require("interview.conduct")
def appoint(case_id: int):
    """End the call with an appointment, at a time as the clock on the wall has it there."""
    form = AppointmentForm()
    if not form.validate_on_submit():
        flash(gettext("Give the day and the time of the appointment."))
        return _to_desk()
    with transaction() as session:
        shift = get_shift(session, _me())
        zone = rules_of(session.get(Round, shift.round_id).configuration).hours.zone
        at = datetime.combine(form.day.data, form.time.data, zone)
        agree_appointment(session, current_runtime(), shift, case_id, form.fence.data, at)
        over = find_last_sid(session, shift)
    _hang_up(over)
    flash(gettext("Agreed for %(at)s.", at=at.strftime("%Y-%m-%d %H:%M")))
    return _to_desk()


@blueprint.post("/cases/<int:case_id>/notes")
@require("interview.conduct")
def note(case_id: int):
    """Write something down for whoever calls next."""
    form = _checked(NoteForm())
    with transaction() as session:
        shift = get_shift(session, _me())
        renew_hold(session, current_runtime(), shift, case_id, form.fence.data)
        write_note(session, current_runtime(), shift, case_id, form.text.data)
    flash(gettext("The note was kept."))
    return _to_desk()


@blueprint.post("/cases/<int:case_id>/language")
@require("interview.conduct")
def speak(case_id: int):
    """Go on in another language."""
    form, language = _checked(CaseForm()), request.form.get("language", "")
    if language not in LANGUAGES:
        raise BadInput("The form could not be read. Go back, reload the page and send it again.")
    with transaction() as session:
        shift = get_shift(session, _me())
        renew_hold(session, current_runtime(), shift, case_id, form.fence.data)
        keep_language(session, case_id, language)
    return _to_desk()


@blueprint.post("/cases/<int:case_id>/heartbeat")
@require("interview.conduct")
def stay(case_id: int):
    """The page is still open: the lease is renewed."""
    form = _checked(CaseForm())
    with transaction() as session:
        renew_hold(session, current_runtime(), get_shift(session, _me()), case_id, form.fence.data)
    return "", 204


@blueprint.get("/appointments")
@require("interview.conduct")
def calendar():
    """The appointments of the round from today on, day by day."""
    session, runtime = db.session(), current_runtime()
    shift = get_shift(session, _me())
    round_ = session.get(Round, shift.round_id)
    zone = rules_of(round_.configuration).hours.zone
    today = runtime.clock.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found = list_appointments(session, shift, today, today + timedelta(days=CALENDAR))
    names = {unit.code: name_in_language(unit) for unit in round_.units}
    days: dict = {}
    for appointment, unit in found:
        at = appointment.at.astimezone(zone)
        days.setdefault(at.date(), []).append((at, names[unit], appointment.interviewer == _me()))
    return render_template("interviewer/appointments.html", days=days, until=CALENDAR)


@blueprint.get("/figures")
@require("interview.conduct")
def figures():
    """What the interviewer's own calls came to, in this shift and in the whole round."""
    session = db.session()
    shift = get_shift(session, _me())
    round_ = session.get(Round, shift.round_id)
    spans = ((gettext("This shift"), shift.began_at), (gettext("The round"), round_.opened_at))
    columns = [(name, find_own_figures(session, round_.id, _me(), since)) for name, since in spans]
    return render_template("interviewer/figures.html", columns=columns)


@blueprint.errorhandler(Refused)
def explain_conflict(error: Refused):
    """What could not be kept stays before the interviewer, with the reason and the way on; nothing of it was saved."""
    db.session.rollback()
    if request.endpoint == "interviewer.stay":
        return "", error.status
    text = gettext(error.text, **error.values)
    return render_template(
        "interviewer/conflict.html", text=text, entered=list_entered(request.form, _find_questionnaire())
    ), error.status


def _state_of(shift: Shift, stage: str) -> str:
    return f"{line_state(db.session(), shift)}-{stage}"


def _me() -> str:
    return code_of(current_user.id)


def _to_desk():
    return redirect(url_for("interviewer.desk"))


def _checked(form):
    """A form whose fields a page of ours filled in: whoever sends another is told so."""
    if not form.validate_on_submit():
        raise BadInput("The form could not be read. Go back, reload the page and send it again.")
    return form


def _hang_up(sid: str) -> None:
    """Hang up a call; one that is over already is no matter, and one that the provider does not end ends with the conference."""
    if sid:
        with suppress(ProviderError):
            current_runtime().telephone.end_call(sid)


def _choices() -> list[tuple[str, str]]:
    return [(round_.code, name_in_language(round_)) for round_ in list_callable_rounds(db.session())]


def _begin_page(form: ShiftForm):
    form.round.choices = _choices()
    return render_template("interviewer/begin.html", form=form)


def _desk_page(shift: Shift):
    session, runtime = db.session(), current_runtime()
    round_ = session.get(Round, shift.round_id)
    held = find_held_case(session, runtime, shift)
    number = read_own_number(runtime, shift)
    zone = rules_of(round_.configuration).hours.zone
    return render_template(
        "interviewer/desk.html",
        shift=shift,
        line_state=line_state(session, shift),
        round=round_,
        own_number=mask_number(number) if number else "",
        files_only=runtime.settings.by_call_centre,
        act_form=ActForm(),
        held=held,
        seen=_state_of(shift, held.stage if held and held.call else ""),
        now=runtime.clock.now().astimezone(zone),
        unit=name_in_language(next(unit for unit in round_.units if unit.code == held.talk.unit_code)) if held else "",
        **(describe_script(held) if held else {}),
    )


def _find_questionnaire() -> Questionnaire | None:
    """What is asked in the round that the interviewer works on, if they are at work."""
    shift = find_shift(db.session(), _me())
    return rules_of(db.session().get(Round, shift.round_id).configuration).questionnaire if shift else None
