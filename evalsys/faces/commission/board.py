"""The fieldwork board: a page that follows a round in the field by itself; outcomes, calls, provider and cost, never answers."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from evalsys.accounts.permissions import require
from evalsys.base.database import db
from evalsys.base.errors import NotFound
from evalsys.base.runtime import current_runtime
from evalsys.design.models import Round
from evalsys.design.queries import get_round
from evalsys.fieldwork.board import describe_board
from evalsys.fieldwork.call_times import count_calls
from evalsys.fieldwork.notices import list_notices
from evalsys.fieldwork.queries import count_by_unit
from evalsys.render.fieldwork_figures import calls_figure, quota_figure
from evalsys.render.words import CHANNELS, name_in_language

blueprint = Blueprint("board", __name__, url_prefix="/commission/rounds/<code>/board")

#: so many units that lack most of their quota are drawn; the table has all
DRAWN = 20
RATES = (
    *(f"RR{number}" for number in range(1, 7)),
    *(f"COOP{number}" for number in range(1, 5)),
    *(f"REF{number}" for number in range(1, 4)),
    *(f"CON{number}" for number in range(1, 4)),
)
SLOTS = {
    "weekday_daytime": _l("weekday, by day"),
    "weekday_evening": _l("weekday, evening"),
    "weekend": _l("weekend"),
    "": _l("outside every slot"),
}
CIRCUITS = {
    "closed": _l("in order"),
    "open": _l("stopped"),
    "half-open": _l("being tried"),
}
FINISHES = {
    "reached": _l("reached"),
    "late": _l("not within the field period"),
    "no_pace": _l("no pace to go by yet"),
    "over": _l("the field period is over"),
}


@blueprint.get("")
@require("fieldwork.read")
def show(code: str):
    """The board of a round that was opened; asked for by its own script, only what changes, and nothing while nothing did."""
    found = _get_opened(code)
    live = _render_live(found)
    version = hashlib.sha256(live.encode()).hexdigest()[:32]
    if "HX-Request" not in request.headers:
        return render_template("commission/board.html", round=found, live=Markup(live), version=version)
    answer = Response(render_template("commission/board_frame.html", round=found, live=Markup(live), version=version))
    answer.set_etag(version)
    return answer.make_conditional(request)


@blueprint.get("/<name>.json")
@require("fieldwork.read")
def send_figure(code: str, name: str):
    """A figure of the board, for the script that draws it: ``units``, ``hours``, ``slots`` or ``days``."""
    found = _get_opened(code)
    if name == "units":
        return Response(_draw_units(found), mimetype="application/json")
    times = count_calls(db.session(), current_runtime(), found)
    counted = {
        "hours": {f"{hour:02d}": calls for hour, calls in times.by_hour.items()},
        "slots": {_name_slot(slot): calls for slot, calls in times.by_slot.items()},
        "days": {f"{day:%m-%d}": calls for day, calls in times.by_day.items()},
    }
    if name not in counted:
        raise NotFound("The board has no figure %(name)s.", name=name)
    rows = counted[name]
    figure = calls_figure(list(rows), [one.calls for one in rows.values()], [one.connected for one in rows.values()])
    return Response(figure, mimetype="application/json")


def _name_slot(code: str) -> str:
    return str(SLOTS.get(code, code))


def _name_hour(hour: int) -> str:
    return f"{hour:02d}:00–{hour:02d}:59"


def _get_opened(code: str) -> Round:
    found = get_round(db.session(), code)
    if found.opened_at is None:
        raise NotFound("Round %(code)s has not been opened yet, so that there is nothing on its board.", code=code)
    return found


def _render_live(found: Round) -> str:
    session, runtime = db.session(), current_runtime()
    board = describe_board(session, runtime, found)
    return render_template(
        "commission/board_live.html",
        round=found,
        board=board,
        notices=[notice.sentence(gettext) for notice in list_notices(session, runtime, found)],
        rate_names=RATES,
        slot_name=_name_slot,
        clock_hour=_name_hour,
        circuit_names=CIRCUITS,
        # as words already, since each stands there once per unit
        finish_names={reason: str(name) for reason, name in FINISHES.items()},
        channel_names=CHANNELS,
    )


def _draw_units(found: Round) -> str:
    outcomes = count_by_unit(db.session(), found)
    completes = {unit.code: outcomes.get(unit.code, {}).get("1.1", 0) for unit in found.units}
    units = sorted(found.units, key=lambda unit: (completes[unit.code] - unit.quota, unit.code))[:DRAWN]
    return quota_figure(
        [name_in_language(unit) for unit in units],
        [completes[unit.code] for unit in units],
        [unit.quota for unit in units],
    )
