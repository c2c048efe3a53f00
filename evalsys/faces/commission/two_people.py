"""Drawing and publishing want two people who are signed in: one proposes, another sees what was proposed and approves it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext
from flask_login import current_user

from evalsys.accounts.permissions import require
from evalsys.accounts.proposals import approve_act, propose_act, reject_act
from evalsys.base.database import db, transaction
from evalsys.base.errors import Refused
from evalsys.base.runtime import current_runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.queries import get_round
from evalsys.faces.commission.forms import DrawForm, PublishForm
from evalsys.faces.commission.routes import show_round_page, show_scores_page
from evalsys.results.publishing import publish_round
from evalsys.results.scoring import get_latest_run
from evalsys.samples.draws import draw_sample, require_sources

blueprint = Blueprint("two_people", __name__, url_prefix="/commission/rounds/<code>")


@blueprint.post("/draw")
@require("fieldwork.run")
def propose_draw(code: str):
    """Type in what the committed sources showed; nothing is drawn yet."""
    form, runtime = DrawForm(), current_runtime()
    if not form.validate_on_submit():
        return show_round_page(get_round(db.session(), code), draw_form=form), 422
    sources = {"beacon": (form.beacon.data or "").strip(), "dice": (form.dice.data or "").strip()}
    with transaction() as session:
        require_sources(session, runtime, get_round(session, code), **sources)
        propose_act(session, runtime.clock, code, "draw", sources, actor=current_user.name)
    flash(gettext("Proposed. A second person has to compare it with the sources and approve it."))
    return redirect(url_for("commission.show_round", code=code))


@blueprint.post("/draw/<int:proposal_id>/approval")
@require("fieldwork.run")
def approve_draw(code: str, proposal_id: int):
    """Draw with the sources that somebody else typed in."""
    runtime = current_runtime()
    with transaction() as session:
        proposal = approve_act(session, runtime.clock, code, "draw", proposal_id, actor=current_user.name)
        draw_sample(
            session,
            runtime,
            get_round(session, code),
            **proposal.details,
            entered_by=proposal.proposed_by,
            confirmed_by=current_user.name,
        )
    flash(gettext("The sample is drawn."))
    return redirect(url_for("commission.show_round", code=code))


@blueprint.post("/draw/<int:proposal_id>/rejection")
@require("fieldwork.run")
def reject_draw(code: str, proposal_id: int):
    """Do not draw with these sources."""
    with transaction() as session:
        reject_act(session, current_runtime().clock, code, "draw", proposal_id, actor=current_user.name)
    flash(gettext("Not approved; nothing was done."))
    return redirect(url_for("commission.show_round", code=code))


@blueprint.post("/publication")
@require("scores.publish")
def propose_publication(code: str):
    """Propose to publish the newest scores; nothing is published yet."""
    form, runtime = PublishForm(), current_runtime()
    if not form.validate_on_submit():
        return show_scores_page(get_round(db.session(), code), form), 422
    with transaction() as session:
        found = get_round(session, code)
        refuse_unless(found, "frozen", "published", doing="publishing")
        details = {"reason": (form.reason.data or "").strip(), "scores": get_latest_run(session, found).sha256}
        if found.state == "published" and not details["reason"]:
            raise Refused("Round %(code)s is published already; a revision needs its reason.", code=code)
        propose_act(session, runtime.clock, code, "publication", details, actor=current_user.name)
    flash(gettext("Proposed. A second person has to look at the scores and approve their publication."))
    return redirect(url_for("commission.show_scores", code=code))


@blueprint.post("/publication/<int:proposal_id>/approval")
@require("scores.publish")
def approve_publication(code: str, proposal_id: int):
    """Publish the scores that somebody else proposed, and no others."""
    runtime = current_runtime()
    with transaction() as session:
        found = get_round(session, code)
        proposal = approve_act(session, runtime.clock, code, "publication", proposal_id, actor=current_user.name)
        if get_latest_run(session, found).sha256 != proposal.details["scores"]:
            raise Refused("The round was scored again since this was proposed; reject it and propose anew.")
        publish_round(
            session,
            runtime,
            found,
            approved_by=proposal.proposed_by,
            seconded_by=current_user.name,
            reason=proposal.details["reason"],
        )
    flash(gettext("Published."))
    return redirect(url_for("public.show_round", code=code))


@blueprint.post("/publication/<int:proposal_id>/rejection")
@require("scores.publish")
def reject_publication(code: str, proposal_id: int):
    """Do not publish these scores."""
    with transaction() as session:
        reject_act(session, current_runtime().clock, code, "publication", proposal_id, actor=current_user.name)
    flash(gettext("Not approved; nothing was done."))
    return redirect(url_for("commission.show_scores", code=code))
