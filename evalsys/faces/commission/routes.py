"""The commission's pages: from the commitment to the published table."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from evalsys.accounts.permissions import is_allowed, require
from evalsys.accounts.proposals import find_proposal
from evalsys.assessment.actions import assess_year
from evalsys.base.database import db, transaction
from evalsys.base.errors import NotFound
from evalsys.base.runtime import current_runtime
from evalsys.design.models import Round
from evalsys.design.queries import get_round, list_rounds
from evalsys.design.uploads import import_upload
from evalsys.faces.commission.forms import (
    ActForm,
    CommitForm,
    DrawForm,
    OrdersForm,
    PublishForm,
    ResultsForm,
    WorkListForm,
)
from evalsys.faces.commission.progress import RATE_NAMES, describe_progress
from evalsys.fieldwork.call_results import list_result_files
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.queries import find_earlier
from evalsys.fieldwork.releases import open_round, pause_round, release_where_needed, resume_round
from evalsys.fieldwork.worklists import count_due, list_work_lists
from evalsys.hotline.actions import import_orders
from evalsys.hotline.queries import count_orders
from evalsys.oversight.observers import list_nonces
from evalsys.render import words
from evalsys.render.arrangement import Arrangement, arrange_rows
from evalsys.render.figures import draw_category
from evalsys.render.score_table import ScoreTable, make_score_table
from evalsys.render.words import content_language
from evalsys.results.freezing import freeze_round
from evalsys.results.models import ScoreRun
from evalsys.results.scoring import get_latest_run, score_round
from evalsys.samples.draws import commit_frame, get_draw
from evalsys.samples.retention import find_retention_day

blueprint = Blueprint("commission", __name__, template_folder="templates", url_prefix="/commission")


def _assess(session, runtime, round_, actor):
    return assess_year(session, runtime, round_.programme, actor=actor)


def _release(session, runtime, round_, actor):
    return release_where_needed(session, runtime, round_)


#: acts of one button: name → its label, what is done, and in which states of a round the button is shown
ACTS = {
    "open": (_l("Open fieldwork"), open_round, ("drawn",)),
    "release": (_l("Release where quotas fall short"), _release, ("open",)),
    "pause": (_l("Pause"), pause_round, ("open",)),
    "resume": (_l("Go on"), resume_round, ("paused",)),
    "close": (_l("Close fieldwork"), close_round, ("open", "paused")),
    "freeze": (_l("Freeze the answers"), freeze_round, ("closed",)),
    "score": (_l("Score"), score_round, ("frozen", "published")),
    "assess": (_l("Compute the annual assessment"), _assess, ("frozen", "published")),
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
    return show_round_page(get_round(db.session(), code))


def show_round_page(found: Round, **forms):
    """The page of a round; ``forms``: those that came back with errors."""
    session, runtime = db.session(), current_runtime()
    may_run = is_allowed(current_user, "fieldwork.run")
    by_call_centre = runtime.settings.by_call_centre and found.opened_at is not None
    shown = {
        "commit_form": CommitForm if found.state == "draft" else None,
        "draw_form": DrawForm if found.state == "committed" else None,
        "orders_form": OrdersForm if found.state not in ("draft", "published") else None,
        "list_form": WorkListForm if by_call_centre and found.state == "open" else None,
        "results_form": ResultsForm if by_call_centre and found.state in ("open", "paused") else None,
    }
    return render_template(
        "commission/round.html",
        round=found,
        draw=get_draw(session, found) if found.committed_at else None,
        proposal=find_proposal(session, found.code, "draw") if may_run and found.state == "committed" else None,
        acts=[(name, label) for name, (label, _, states) in ACTS.items() if may_run and found.state in states],
        act_form=ActForm(),
        progress=describe_progress(session, runtime, found) if found.opened_at else None,
        rate_names=RATE_NAMES,
        words=words,
        orders=count_orders(session, found),
        retention_day=find_retention_day(found),
        call_centre=_describe_exchange(session, runtime, found) if by_call_centre else None,
        **{name: forms.get(name) or (kind() if kind and may_run else None) for name, kind in shown.items()},
    )


def _describe_exchange(session, runtime, found: Round) -> dict:
    """What went to the call centre and what came back."""
    return {
        "due": count_due(session, runtime, found),
        "lists": list_work_lists(session, found),
        "files": list_result_files(session, found),
    }


@blueprint.post("/rounds/<code>/acts/<name>")
@require("fieldwork.run")
def act(code: str, name: str):
    """One of the acts that a button does."""
    if name not in ACTS:
        raise NotFound("There is no act %(name)s.", name=name)
    label, action, _ = ACTS[name]
    with transaction() as session:
        action(session, current_runtime(), get_round(session, code), actor=current_user.name)
    flash(gettext("Done: %(act)s.", act=label))
    return redirect(url_for("commission.show_scores" if name == "score" else "commission.show_round", code=code))


@blueprint.post("/rounds/<code>/commitment")
@require("fieldwork.run")
def commit(code: str):
    """Commit to the frame before the seed can be known."""
    form = CommitForm()
    if not form.validate_on_submit():
        return show_round_page(get_round(db.session(), code), commit_form=form), 422
    with transaction() as session:
        found = get_round(session, code)
        commit_frame(
            session,
            current_runtime(),
            found,
            actor=current_user.name,
            beacon_source=_clean(form.beacon_source),
            dice_source=_clean(form.dice_source),
            earlier=find_earlier(session, found),
            contributed_nonces=list_nonces(session, current_runtime(), found),
        )
    flash(gettext("The frame is committed. Print or publish the commitment before the sources are drawn."))
    return redirect(url_for("commission.show_round", code=code))


@blueprint.post("/rounds/<code>/orders")
@require("fieldwork.run")
def take_orders(code: str):
    """Take in a file of hotline orders."""
    form = OrdersForm()
    if not form.validate_on_submit():
        return show_round_page(get_round(db.session(), code), orders_form=form), 422
    stored = import_upload(
        import_orders, code, form.file.data, "orders", actor=current_user.name, accept_good=form.accept_good.data
    )
    flash(gettext("%(count)s hotline orders imported.", count=f"{stored:,}"))
    return redirect(url_for("commission.show_round", code=code))


@blueprint.get("/rounds/<code>/scores")
@require("scores.read")
def show_scores(code: str):
    """The scores of the newest run, for the commission's eyes: also what may not be published."""
    found = get_round(db.session(), code)
    return show_scores_page(found, PublishForm())


def show_scores_page(found: Round, form: PublishForm):
    """The page of the newest scores; ``form``: how their publication is proposed."""
    run = get_latest_run(db.session(), found)
    may_publish = is_allowed(current_user, "scores.publish")
    asked = Arrangement.from_query(request.args)
    return render_template(
        "commission/scores.html",
        round=found,
        run=run,
        table=arrange_rows(_table(found, run), asked),
        asked=asked,
        form=form if may_publish else None,
        proposal=find_proposal(db.session(), found.code, "publication"),
    )


@blueprint.get("/rounds/<code>/categories/<category>.json")
@require("scores.read")
def send_figure(code: str, category: str):
    """A figure of a category of the newest run, for the script that draws it; ``figure`` in the address says which."""
    found = get_round(db.session(), code)
    table = _table(found, get_latest_run(db.session(), found))
    entry = next((entry for entry in table.categories if entry.code == category), None)
    if entry is None:
        raise NotFound("Round %(code)s has no category %(category)s.", code=code, category=category)
    drawn = draw_category(table, entry, request.args.get("figure", "intervals"))
    if drawn is None:
        raise NotFound("There is no such figure.")
    return Response(drawn, mimetype="application/json")


def _table(found: Round, run: ScoreRun) -> ScoreTable:
    names = {unit.code: {"zh": unit.name_zh, "en": unit.name_en} for unit in found.units}
    return make_score_table(run.figures, found.configuration.content, names, content_language())


def _clean(field) -> str:
    return (field.data or "").strip()
