"""The commission reads open comments after the close, unit by unit, and decides which may be passed on, and in which words."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.errors import BadInput, NotFound
from evalsys.base.runtime import current_runtime
from evalsys.design.queries import get_round
from evalsys.results.comments import LONGEST, READ_FROM, count_comments, decide_comment, list_comments

blueprint = Blueprint("comments", __name__, url_prefix="/commission/rounds/<code>/comments")

DECISION_WORDS = {"": _l("not decided"), "released": _l("released"), "held": _l("held back")}
REASON_WORDS = {
    "e-mail": _l("e-mail address"),
    "link": _l("link"),
    "identity card": _l("identity card number"),
    "telephone": _l("telephone number"),
    "account": _l("account"),
    "plate": _l("number plate"),
    "number": _l("long number"),
    "name": _l("name"),
}


class CommentForm(FlaskForm):
    """What may be passed on of a comment."""

    key = HiddenField(validators=[InputRequired(), Length(max=32)])
    text = TextAreaField(_l("Words that are passed on"), [Length(max=LONGEST)])
    decision = HiddenField()


@blueprint.get("")
@require("scores.read")
def show(code: str):
    """How many comments each unit has, and how many are decided."""
    found = get_round(db.session(), code)
    return render_template(
        "commission/comments.html",
        round=found,
        units={unit.code: unit for unit in found.units},
        counts=count_comments(db.session(), found),
        read_from=READ_FROM,
    )


@blueprint.get("/<unit>")
@require("scores.read")
def show_unit(code: str, unit: str):
    """The comments about a unit, covered where they name or reach somebody."""
    found = get_round(db.session(), code)
    named = next((one for one in found.units if one.code == unit), None)
    if named is None:
        raise NotFound("There is no such unit in this round.")
    return render_template(
        "commission/unit_comments.html",
        round=found,
        unit=named,
        comments=list_comments(db.session(), found, unit),
        read_from=READ_FROM,
        form=CommentForm(),
        decision_words=DECISION_WORDS,
        reason_words=REASON_WORDS,
    )


@blueprint.post("/<unit>")
@require("scores.publish")
def decide(code: str, unit: str):
    """Release a comment in the words sent, or hold it back."""
    form = CommentForm()
    if not form.validate_on_submit():
        raise BadInput("The form could not be read. Go back, reload the page and send it again.")
    with transaction() as session:
        decide_comment(
            session,
            current_runtime(),
            get_round(session, code),
            form.key.data,
            form.decision.data or "",
            form.text.data or "",
            actor=current_user.name,
        )
    flash(gettext("Kept."))
    return redirect(url_for("comments.show_unit", code=code, unit=unit))
