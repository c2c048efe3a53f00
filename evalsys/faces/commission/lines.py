"""The interviewers at work on a round, as a supervisor sees them, who may listen in to one of them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.errors import BadInput
from evalsys.base.runtime import current_runtime
from evalsys.design.models import Round
from evalsys.design.queries import get_round
from evalsys.fieldwork.bridging import find_line_states, list_lines, plan_listening
from evalsys.fieldwork.staff_calls import keep_staff_call, make_staff_call

blueprint = Blueprint(
    "lines", __name__, template_folder="templates", url_prefix="/commission/rounds/<code>/interviewers"
)
LINES = {"": _l("not called"), "dialling": _l("being called"), "up": _l("on the line"), "ended": _l("hung up")}


class ListeningForm(FlaskForm):
    """Whom to listen in to, and at which telephone."""

    shift = RadioField(_l("Interviewer"), [InputRequired(_l("Choose an interviewer."))], coerce=int)
    number = StringField(
        _l("Your own telephone number, at which you are called"),
        [InputRequired(_l("Fill this in.")), Length(max=30)],
        render_kw={"type": "tel", "autocomplete": "tel"},
    )


@blueprint.get("/")
@require("fieldwork.run")
def show_lines(code: str):
    """Who is at work, and whether their telephone is on the line."""
    return _page(get_round(db.session(), code), ListeningForm())


@blueprint.post("/")
@require("fieldwork.run")
def listen(code: str):
    """Call the supervisor's telephone, which hears the interviewer's talks and is not heard. It stands in the trail."""
    runtime, form = current_runtime(), ListeningForm()
    found = get_round(db.session(), code)
    form.shift.choices = [(shift.id, shift.interviewer) for shift in list_lines(db.session(), found)]
    if not form.validate_on_submit():
        return _page(found, form), 422
    try:
        with transaction() as session:
            call = plan_listening(
                session,
                runtime,
                get_round(session, code),
                form.shift.data,
                form.number.data,
                actor=current_user.name,
            )
    except BadInput as error:
        form.number.errors = [gettext(error.text)]
        return _page(get_round(db.session(), code), form), 422
    sid = make_staff_call(runtime, call)
    with transaction() as session:
        keep_staff_call(session, call.attempt_key, sid)
    if sid:
        flash(gettext("Your telephone is being called. You hear the talk and are not heard."))
    else:
        flash(
            gettext(
                "The provider did not take the call to your telephone, or did not say so. Wait a moment before you try again."
            )
        )
    return redirect(url_for("lines.show_lines", code=code))


def _page(found: Round, form: ListeningForm):
    shifts = list_lines(db.session(), found)
    states = find_line_states(db.session(), shifts)
    form.shift.choices = [(shift.id, shift.interviewer) for shift in shifts if states[shift.room] == "up"]
    return render_template("commission/lines.html", round=found, shifts=shifts, states=states, form=form, lines=LINES)
