"""The commission's quality control of interviews: whom to ask again, what to listen to, what to void, and which interviewers differ."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.errors import BadInput, Refused
from evalsys.base.runtime import current_runtime
from evalsys.design.models import Round
from evalsys.design.queries import get_round
from evalsys.faces.commission.forms import (
    ActForm,
    BlockVoidingForm,
    MonitoringForm,
    OwnLineForm,
    RecontactForm,
    VoidingForm,
)
from evalsys.fieldwork.monitoring import MONITORED_SHARE, describe_monitoring, record_monitoring
from evalsys.fieldwork.recontacts import (
    describe_recontacts,
    plan_own_line,
    plan_recontact_call,
    record_recontact,
)
from evalsys.fieldwork.staff_calls import find_own_call, keep_staff_call, make_staff_call
from evalsys.fieldwork.tallies import SHOWN_FROM, describe_interviewers
from evalsys.fieldwork.unit_patterns import describe_patterns
from evalsys.fieldwork.voiding import (
    approve_voiding,
    get_case_id,
    list_awaiting,
    list_own_blocks,
    list_voidings,
    propose_block_voiding,
    propose_voiding,
    reject_voiding,
)
from evalsys.gateways.port import CallRequest
from evalsys.render.figures import interviewer_figure

blueprint = Blueprint("quality", __name__, url_prefix="/commission/rounds/<code>/quality")

#: so many rows are shown of a list of things to do, and of one to look things up in
ROWS = 50
FEW = 20
RECONTACT_WORDS = {
    "confirmed": _l("Took place"),
    "not-held": _l("Did not take place"),
    "differs": _l("Differs"),
    "not-reached": _l("Not reached"),
}
PATTERN_WORDS = {
    "straight": _l("always the same answer"),
    "dont_know": _l("don’t know"),
    "coached": _l("told what to answer"),
    "short": _l("short calls"),
}
FLAG_WORDS = {
    "z": _l("scores"),
    "seconds": _l("length"),
    "short": _l("short interviews"),
    "dont_know": _l("don’t know"),
    "straight": _l("always the same answer"),
}
DECISION_WORDS = {
    "": _l("waits for the second person"),
    "approved": _l("voided"),
    "rejected": _l("rejected"),
}


@blueprint.get("")
@require("quality.control")
def show(code: str):
    """Everything that quality control has before it; of answers there are flags only."""
    return _show(get_round(db.session(), code))


def _show(found: Round, **forms):
    session, runtime = db.session(), current_runtime()
    blocks = list_own_blocks(session, found)
    # One by one only before the close; whole blocks until freezing.
    single = found.state in ("open", "paused")
    whole = found.state in ("open", "paused", "closed") and any(not block.is_voided for block in blocks)
    block_form = forms.get("block_form") or (_block_form(blocks) if whole else None)
    return render_template(
        "commission/quality.html",
        round=found,
        units={unit.code: unit for unit in found.units},
        rows=ROWS,
        few=FEW,
        act_form=ActForm(),
        recontacts=describe_recontacts(session, runtime, found) if found.drawn_at else None,
        recontact_words=RECONTACT_WORDS,
        own_call=find_own_call(session, runtime, found, current_user.name) if single else None,
        line_form=forms.get("line_form") or OwnLineForm(),
        places_calls=single and not runtime.settings.by_call_centre,
        monitoring=describe_monitoring(session, found) if found.drawn_at else None,
        monitored_share=MONITORED_SHARE,
        report=describe_interviewers(session, found),
        shown_from=SHOWN_FROM,
        patterns=describe_patterns(session, found),
        pattern_words=PATTERN_WORDS,
        flag_words=FLAG_WORDS,
        awaiting=list_awaiting(session, found),
        blocks=blocks,
        voidings=list_voidings(session, found),
        decision_words=DECISION_WORDS,
        may_decide=found.state in ("open", "paused", "closed"),
        voiding_form=forms.get("voiding_form") or (VoidingForm() if single else None),
        block_form=block_form,
        is_open=single,
    )


def _block_form(blocks) -> BlockVoidingForm:
    form = BlockVoidingForm()
    form.block.choices = [
        (one.block, gettext("%(interviewer)s: block %(block)s, %(answers)s answers", **vars(one)))
        for one in blocks
        if not one.is_voided
    ]
    return form


@blueprint.get("/interviewers.json")
@require("quality.control")
def send_figure(code: str):
    """The figure of mean z per interviewer, for the script that draws it."""
    rows = describe_interviewers(db.session(), get_round(db.session(), code)).rows
    lows, highs = zip(*(row.z_interval for row in rows), strict=True) if rows else ((), ())
    figure = interviewer_figure([row.interviewer for row in rows], [row.z.mean for row in rows], lows, highs)
    return Response(figure, mimetype="application/json")


@blueprint.post("/recontacts/<int:case_id>")
@require("quality.control")
def keep_recontact(code: str, case_id: int):
    """Keep what came of asking somebody again."""
    form = RecontactForm()
    if not form.validate_on_submit():
        return _show(get_round(db.session(), code)), 422
    with transaction() as session:
        found = get_round(session, code)
        record_recontact(session, current_runtime(), found, case_id, form.outcome.data, actor=current_user.name)
    return _done(code, gettext("Recorded."), "recontacts")


@blueprint.post("/telephone")
@require("quality.control")
def call_own_line(code: str):
    """Have one's own telephone called, from which people are asked again."""
    form = OwnLineForm()
    if not form.validate_on_submit():
        return _show(get_round(db.session(), code), line_form=form), 422
    try:
        with transaction() as session:
            found = get_round(session, code)
            call = plan_own_line(session, current_runtime(), found, form.number.data, actor=current_user.name)
    except BadInput as error:
        form.number.errors = [gettext(error.text)]
        return _show(get_round(db.session(), code), line_form=form), 422
    return _place(code, call, gettext("Your telephone is being called. Answer it and keep it on the line."))


@blueprint.post("/recontacts/<int:case_id>/call")
@require("quality.control")
def call_again(code: str, case_id: int):
    """Call somebody who is to be asked again, joined to one's own telephone; nobody sees the number."""
    if not ActForm().validate_on_submit():
        return _show(get_round(db.session(), code)), 422
    with transaction() as session:
        found = get_round(session, code)
        call = plan_recontact_call(session, current_runtime(), found, case_id, actor=current_user.name)
    return _place(code, call, gettext("The person is being called; stay on the line."))


def _place(code: str, call: CallRequest, said: str):
    sid = make_staff_call(current_runtime(), call)
    with transaction() as session:
        keep_staff_call(session, call.attempt_key, sid)
    return _done(code, said if sid != "" else gettext("The provider did not take the call."), "recontacts")


@blueprint.post("/calls/<int:attempt_id>")
@require("quality.control")
def keep_verdict(code: str, attempt_id: int):
    """Keep how a call was led that somebody listened to."""
    form = MonitoringForm()
    if not form.validate_on_submit():
        return _show(get_round(db.session(), code)), 422
    verdict = {name: getattr(form, name).data for name in ("read_as_worded", "neutral", "recorded_right")}
    with transaction() as session:
        found = get_round(session, code)
        record_monitoring(session, current_runtime(), found, attempt_id, actor=current_user.name, **verdict)
    return _done(code, gettext("Recorded."), "monitoring")


@blueprint.post("/voidings")
@require("quality.control")
def propose(code: str):
    """Propose to void an interview that is not sealed yet."""
    form = VoidingForm()
    if not form.validate_on_submit():
        return _show(get_round(db.session(), code), voiding_form=form), 422
    with transaction() as session:
        found = get_round(session, code)
        case_id = get_case_id(session, found, form.case.data)
        propose_voiding(session, current_runtime(), found, case_id, reason=form.reason.data, actor=current_user.name)
    return _done(code, gettext("Proposed; another person has to approve it."), "voiding")


@blueprint.post("/blocks")
@require("quality.control")
def propose_block(code: str):
    """Propose to void a sealed block."""
    found = get_round(db.session(), code)
    form = _block_form(list_own_blocks(db.session(), found))
    if not form.validate_on_submit():
        return _show(found, block_form=form), 422
    with transaction() as session:
        found = get_round(session, code)
        block, reason = form.block.data, form.block_reason.data
        propose_block_voiding(session, current_runtime(), found, block, reason=reason, actor=current_user.name)
    return _done(code, gettext("Proposed; another person has to approve it."), "voiding")


@blueprint.post("/voidings/<int:voiding_id>/<decision>")
@require("quality.control")
def decide(code: str, voiding_id: int, decision: str):
    """Approve or reject what somebody proposed."""
    acts = {"approval": approve_voiding, "rejection": reject_voiding}
    if decision not in acts:
        raise Refused("A proposal is approved or rejected.")
    if not ActForm().validate_on_submit():
        return _show(get_round(db.session(), code)), 422
    with transaction() as session:
        acts[decision](session, current_runtime(), get_round(session, code), voiding_id, actor=current_user.name)
    return _done(code, gettext("Voided.") if decision == "approval" else gettext("Rejected."), "voiding")


def _done(code: str, message: str, place: str):
    flash(message)
    return redirect(url_for("quality.show", code=code, _anchor=place))
