"""The commission's pages: from the commitment to the published table."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask_login import current_user

from evalsys.accounts.actions import sign_in
from evalsys.accounts.permissions import is_allowed, require
from evalsys.assessment.actions import assess_year
from evalsys.base.database import db, transaction
from evalsys.base.errors import Refused
from evalsys.base.runtime import current_runtime
from evalsys.design.queries import get_round, list_rounds
from evalsys.faces.commission.forms import ActForm, CommitForm, DrawForm, PublishForm, TwoPeopleForm
from evalsys.fieldwork.closing import close_round, count_outcomes
from evalsys.fieldwork.queries import count_attempts, count_by_unit, count_completes_by_channel, find_earlier
from evalsys.fieldwork.releases import open_round, pause_round, resume_round
from evalsys.results.disclosure import rate_figures
from evalsys.results.freezing import freeze_round
from evalsys.results.publishing import publish_round
from evalsys.results.scoring import get_latest_run, score_round
from evalsys.samples.draws import commit_frame, draw_sample, get_draw

blueprint = Blueprint("commission", __name__, template_folder="templates", url_prefix="/commission")


def _assess(session, runtime, round_, actor):
    return assess_year(session, runtime, round_.programme, actor=actor)


#: acts of one button: name → what is done, and in which states of a round the button is shown
ACTS = {
    "open": (open_round, ("drawn",)),
    "pause": (pause_round, ("open",)),
    "resume": (resume_round, ("paused",)),
    "close": (close_round, ("open", "paused")),
    "freeze": (freeze_round, ("closed",)),
    "score": (score_round, ("frozen", "published")),
    "assess": (_assess, ("frozen", "published")),
}


@blueprint.get("/")
@require("fieldwork.read")
def list_all():
    """Every round with its state."""
    return render_template("commission/rounds.html", rounds=list_rounds(db.session()))


@blueprint.get("/rounds/<code>")
@require("fieldwork.read")
def show_round(code: str):
    """A round: what can be done now, and how fieldwork stands. Nothing here is a statistic of answers."""
    session = db.session()
    found = get_round(session, code)
    outcomes = count_outcomes(session, found)
    final = {outcome: count for outcome, count in outcomes.items() if outcome}
    may_run = is_allowed(current_user, "fieldwork.run")
    return render_template(
        "commission/round.html",
        round=found,
        draw=get_draw(session, found) if found.committed_at else None,
        acts=[name for name, (_, states) in ACTS.items() if may_run and found.state in states],
        act_form=ActForm(),
        commit_form=CommitForm() if may_run and found.state == "draft" else None,
        draw_form=DrawForm() if may_run and found.state == "committed" else None,
        outcomes=outcomes,
        rates=rate_figures(final) if final else {},
        by_unit=count_by_unit(session, found),
        attempts=count_attempts(session, found),
        channels=count_completes_by_channel(session, found),
    )


@blueprint.post("/rounds/<code>/acts/<name>")
@require("fieldwork.run")
def act(code: str, name: str):
    """One of the acts that a button does."""
    if name not in ACTS:
        raise Refused("There is no act %(name)s.", name=name)
    with transaction() as session:
        ACTS[name][0](session, current_runtime(), get_round(session, code), actor=current_user.name)
    return redirect(url_for("commission.show_scores" if name == "score" else "commission.show_round", code=code))


@blueprint.post("/rounds/<code>/commitment")
@require("fieldwork.run")
def commit(code: str):
    """Commit to the frame before the seed can be known."""
    form = CommitForm()
    with transaction() as session:
        found = get_round(session, code)
        commit_frame(
            session,
            current_runtime(),
            found,
            actor=current_user.name,
            beacon_source=(form.beacon_source.data or "").strip(),
            dice_source=(form.dice_source.data or "").strip(),
            earlier=find_earlier(session, found),
        )
    return redirect(url_for("commission.show_round", code=code))


@blueprint.post("/rounds/<code>/draw")
@require("fieldwork.run")
def draw(code: str):
    """Draw, with the sources typed in by one person and confirmed by another."""
    form = DrawForm()
    second = _second_person(form)
    with transaction() as session:
        draw_sample(
            session,
            current_runtime(),
            get_round(session, code),
            beacon=(form.beacon.data or "").strip(),
            dice=(form.dice.data or "").strip(),
            entered_by=current_user.name,
            confirmed_by=second,
        )
    return redirect(url_for("commission.show_round", code=code))


@blueprint.get("/rounds/<code>/scores")
@require("scores.read")
def show_scores(code: str):
    """The scores of the newest run, for the commission's eyes: also what may not be published."""
    found = get_round(db.session(), code)
    run = get_latest_run(db.session(), found)
    return render_template(
        "commission/scores.html",
        round=found,
        run=run,
        unit_by_code={unit.code: unit for unit in found.units},
        content=found.configuration.content,
        form=PublishForm(),
        may_publish=is_allowed(current_user, "scores.publish"),
    )


@blueprint.post("/rounds/<code>/publication")
@require("scores.publish")
def publish(code: str):
    """Publish the newest scores, approved by two."""
    form = PublishForm()
    second = _second_person(form)
    with transaction() as session:
        publish_round(
            session,
            current_runtime(),
            get_round(session, code),
            approved_by=current_user.name,
            seconded_by=second,
            reason=(form.reason.data or "").strip(),
        )
    return redirect(url_for("public.show_result", code=code))


def _second_person(form: TwoPeopleForm) -> str:
    """The name of the second person, whose password was right and who may do what is being done."""
    with transaction() as session:
        user = sign_in(session, current_runtime().clock, form.second_name.data or "", form.second_password.data or "")
        if user is None or not is_allowed(user, "scores.publish"):
            raise Refused("The second person's name and password do not fit, or that person may not do this.")
        return user.name
