"""``evalsys field rehearse``: the fieldwork of a drawn round played through against the simulator, before money is spent.

It happens in a copy of the database, on a virtual clock; the real one is only read, and no provider is called.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import Engine, create_engine, insert, select
from sqlalchemy.orm import Session

from evalsys.app import create_app
from evalsys.base.clock import VirtualClock, local
from evalsys.base.config import Settings, read_settings
from evalsys.base.database import db, transaction
from evalsys.base.errors import Refused
from evalsys.base.runtime import Runtime, current_runtime
from evalsys.cli.citizens import list_citizens, settle_citizens
from evalsys.cli.conductor import SimulatorDesk, conduct_round
from evalsys.cli.context import as_json, show, speaks_plainly
from evalsys.cli.stage import make_environment, stage, wait_for_stage
from evalsys.design.models import Round
from evalsys.design.programme_files import ProgrammeFiles
from evalsys.design.queries import get_round
from evalsys.examples.truth import make_truth
from evalsys.fieldwork import jobs as _jobs  # noqa: F401  registers the kinds of job
from evalsys.fieldwork.board import describe_board
from evalsys.fieldwork.closing import close_round, count_outcomes
from evalsys.fieldwork.models import Attempt
from evalsys.fieldwork.queries import count_attempts, count_completes_by_channel
from evalsys.fieldwork.releases import open_round
from evalsys.fieldwork.spending import find_cost
from evalsys.gateways.simulator.faults import Faults, read_shares
from evalsys.gateways.simulator.population import DEFAULT_SHARES, Behaviour
from evalsys.outbox.worker import run_due_jobs
from evalsys.results.disclosure import rate_figures
from evalsys.samples.models import Case
from surveys.instrument import Questionnaire

ACTOR = "rehearsal"
#: what a rehearsal does not need: jobs, so that no other round is worked there, and who did what and may sign in
LEFT_OUT = ("job", "user", "audit_entry")
_ROWS = 5000


@dataclass(frozen=True)
class Assumptions:
    """What is rehearsed: how people behave, what goes wrong, and the seed of both."""

    behaviour: Behaviour
    faults: Faults
    seed: int


@click.command("rehearse")
@click.argument("round_code")
@click.option("--times", type=click.IntRange(1, 100), default=1, show_default=True, help="Repeat with other seeds.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same figures.")
@click.option("--assume", default="", help="How people behave, as shares: cooperative=.35,human=.25.")
@click.option("--faults", default="", help="What goes wrong on purpose, as shares: drop=.1,double=.1.")
@click.option(
    "--port", default=8900, show_default=True, help="The pages of the rehearsal; the simulator listens ten above."
)
@as_json
@speaks_plainly
def rehearse(round_code: str, times: int, seed: int, assume: str, faults: str, port: int, as_json: bool) -> None:
    """Play a drawn round's fieldwork through: expected calls, days, cost, completes per unit. Nothing real is called or changed."""
    behaviour = _understand("--assume", Behaviour.from_words, assume)
    planned = _understand("--faults", Faults.from_words, faults)
    if "seed" in read_shares(faults):
        raise click.BadParameter("the seed of a rehearsal is told by --seed.", param_hint="--faults")
    app = create_app()
    with app.app_context(), tempfile.TemporaryDirectory(prefix="evalsys-rehearsal-") as folder:
        runtime = current_runtime()
        refuse_unless_drawn(get_round(db.session(), round_code))
        db.session.remove()
        pristine = Path(folder) / "pristine.sqlite"
        copy_database(db.engine, pristine)
        runs = []
        for number in range(times):
            home = Path(folder) / str(number)
            home.mkdir()
            shutil.copy(pristine, home / "evalsys.sqlite")
            assumed = Assumptions(behaviour, replace(planned, seed=seed + number), seed + number)
            runs.append(hold_rehearsal(runtime.settings, home, round_code, assumed, port))
    figures = {
        "round": round_code,
        "assumed": asdict(behaviour),
        "faults": read_shares(faults),
        "rehearsals": runs,
    }
    show(figures, as_json, lambda: describe_runs(round_code, runs))


def _understand(option: str, read: Callable, words: str):
    try:
        return read(words)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def refuse_unless_drawn(round_: Round) -> None:
    """Raise ``Refused`` for a round that has nothing to rehearse."""
    if round_.opened_at is not None:
        raise Refused("Round %(code)s is in the field already; rehearse before it is opened.", code=round_.code)
    if round_.drawn_at is None:
        raise Refused("Round %(code)s has no sample yet; draw it, then rehearse.", code=round_.code)


def copy_database(source: Engine, path: Path) -> None:
    """Copy what a rehearsal needs into a new SQLite file, as it stands at one moment."""
    target = create_engine(f"sqlite:///{path}")
    db.metadata.create_all(target)
    level = "SERIALIZABLE" if source.dialect.name == "sqlite" else "REPEATABLE READ"
    with source.connect().execution_options(isolation_level=level) as reader, target.begin() as writer:
        for table in db.metadata.sorted_tables:
            if table.name in LEFT_OUT:
                continue
            rows = reader.execution_options(yield_per=_ROWS).execute(select(table)).mappings()
            for part in rows.partitions(_ROWS):
                writer.execute(insert(table), [dict(row) for row in part])
    target.dispose()


def hold_rehearsal(settings: Settings, home: Path, code: str, assumed: Assumptions, port: int) -> dict:
    """One rehearsal in ``home``, where a copy of the database is; its figures."""
    environment = make_environment(
        home,
        port,
        EVALSYS_MODE="development",
        EVALSYS_SECRET_KEY=settings.secret_key,
        EVALSYS_DATABASE_URL=f"sqlite:///{home / 'evalsys.sqlite'}",
        EVALSYS_BROKER_URL="",
    )
    app = _make_app(environment, home, code)
    desk = SimulatorDesk(app.extensions["evalsys"].settings)
    with stage(environment, port):
        wait_for_stage(port)
        with app.app_context():
            runtime = current_runtime()
            with transaction() as session:
                open_round(session, runtime, get_round(session, code), actor=ACTOR)
            round_ = get_round(db.session(), code)
            settle_citizens(
                desk,
                home / "citizens",
                truth=_make_truth(round_, assumed.seed),
                configuration=round_.configuration.content,
                citizens=list(list_citizens(db.session(), runtime, round_)),
                seed=assumed.seed,
                public_base_url=runtime.settings.public_base_url,
                behaviour=asdict(assumed.behaviour),
            )
            quota = sum(unit.quota for unit in round_.units)
            db.session.remove()
        desk.ask("POST", "faults", asdict(assumed.faults))
        _conduct(app, desk, code, quota)
    with app.app_context():
        figures = _report(db.session(), current_runtime(), get_round(db.session(), code))
        db.session.remove()
        with transaction() as session:
            outcomes = close_round(session, current_runtime(), get_round(session, code), actor=ACTOR)
            figures["rates"] = rate_figures(count_outcomes(session, get_round(session, code)))
        db.engine.dispose()
    return {"seed": assumed.seed, **figures, "outcomes": outcomes}


def _make_app(environment: Mapping[str, str], home: Path, code: str) -> Flask:
    """The application on the copy, its clock three days before fieldwork begins."""
    engine = create_engine(environment["EVALSYS_DATABASE_URL"])
    with Session(engine) as session:
        begins = get_round(session, code).field_from
    engine.dispose()
    VirtualClock(home / "clock", start=begins - timedelta(days=3))
    return create_app(read_settings(environment))


def _make_truth(round_: Round, seed: int) -> dict:
    """What people think: by the generator of the example city; of questions that it does not know, any answer is as likely."""
    content = round_.configuration.content
    units = [{"code": unit.code, "category": unit.category} for unit in round_.units]
    truth = make_truth(ProgrammeFiles(content, [], units, []), round_kind="mid_year", seed=seed)
    questionnaire = Questionnaire.from_configuration(content)
    for groups in truth["units"].values():
        for shares in groups.values():
            for code in questionnaire.order:
                if code not in shares and code not in DEFAULT_SHARES:
                    options = questionnaire.question(code).options
                    shares[code] = {option.value: 1 / len(options) for option in options} or {"": 1.0}
    return truth


def _conduct(app: Flask, desk: SimulatorDesk, code: str, quota: int) -> None:
    with click.progressbar(length=quota, label="rehearsing (completes)", item_show_func=str, file=_errors()) as bar:

        def watch(now) -> None:
            with app.app_context():
                done = sum(count_completes_by_channel(db.session(), get_round(db.session(), code)).values())
                db.session.remove()
            bar.update(min(quota, done) - bar.pos, f"{now:%m-%d %H:%M}")

        def work() -> None:
            with app.app_context():
                run_due_jobs()

        conduct_round(app, app.extensions["evalsys"].clock, desk, code, work, watch)
        bar.update(quota - bar.pos)


def _errors():
    # Standard output is for the figures.
    return click.get_text_stream("stderr")


def _report(session: Session, runtime: Runtime, round_: Round) -> dict:
    """What the ledger of the rehearsal says, before the round is closed there."""
    zone = round_.configuration.content["programme"]["time_zone"]
    calls = session.execute(
        select(Attempt.started_at, Attempt.ended_at)
        .where(Attempt.round_id == round_.id, Attempt.channel == "voice", Attempt.started_at.is_not(None))
        .order_by(Attempt.started_at)
    ).all()
    days = sorted({local(started, zone).date() for started, _ in calls})
    board = describe_board(session, runtime, round_)
    return {
        **count_attempts(session, round_),
        "completes": count_completes_by_channel(session, round_),
        "cost": find_cost(session, round_, runtime.clock.now()),
        "calling_days": len(days),
        "first_day": days[0].isoformat() if days else None,
        "last_day": days[-1].isoformat() if days else None,
        "most_calls_at_once": _most_at_once(calls),
        "units": {
            row.unit.code: {
                "quota": row.unit.quota,
                "completes": row.worked.completes,
                "released": row.worked.released,
                "margin": row.margin,
                "replicates": replicates,
            }
            for row, replicates in zip(board.units, _count_replicates(session, round_, board.units), strict=True)
        },
    }


def _most_at_once(calls: Sequence) -> int:
    """The largest number of calls that were under way at one moment."""
    changes: Counter = Counter()
    for started, ended in calls:
        if ended is not None:
            changes[started] += 1
            changes[ended] -= 1
    most = now = 0
    for _, change in sorted(changes.items()):
        now += change
        most = max(most, now)
    return most


def _count_replicates(session: Session, round_: Round, units) -> Iterator[int]:
    opened = select(Case.unit_code, Case.replicate).where(Case.round_id == round_.id, Case.released_at.is_not(None))
    count = Counter(unit for unit, _ in session.execute(opened.distinct()))
    return (count[row.unit.code] for row in units)


def describe_runs(code: str, runs: Sequence[dict]) -> Iterator[str]:
    """The figures for a person: of several rehearsals the middle one and the range."""
    several = f" ({len(runs)} times, seeds {runs[0]['seed']} to {runs[-1]['seed']})" if len(runs) > 1 else ""
    yield f"{code}: rehearsed{several}"
    for name, label in (
        ("calls", "calls"),
        ("connected", "connected"),
        ("messages", "messages"),
        ("cost", "cost"),
        ("calling_days", "calling days"),
        ("most_calls_at_once", "most calls at once"),
    ):
        values = [run[name] for run in runs]
        yield f"{label:<22}{_range(values) if None not in values else 'no prices in the programme'}"
    yield f"{'completes':<22}{_range([sum(run['completes'].values()) for run in runs])}"
    yield f"{'response rate RR3':<22}{_range([float(run['rates']['RR3'] or 0) for run in runs], '.3f')}"
    yield f"{'first and last call':<22}{min(run['first_day'] or '-' for run in runs)} {max(run['last_day'] or '-' for run in runs)}"
    met = [sum(unit["completes"] >= unit["quota"] for unit in run["units"].values()) for run in runs]
    yield f"{'units at their quota':<22}{_range(met)} of {len(runs[0]['units'])}"
    yield f"{'unit':<12}{'quota':>8}{'completes':>20}{'released':>20}{'margin ±':>12}"
    for unit, first in runs[0]["units"].items():
        of_unit = [run["units"][unit] for run in runs]
        margins = [row["margin"] for row in of_unit if row["margin"] is not None]
        margin = f"{statistics.median(margins):.2f}" if margins else "-"
        done, out = (_range([row[name] for row in of_unit]) for name in ("completes", "released"))
        yield f"{unit:<12}{first['quota']:>8}{done:>20}{out:>20}{margin:>12}"


def _range(values: Sequence, form: str = ",") -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    if low == high:
        return format(low, form)
    shown = int(middle) if form == "," and middle == int(middle) else middle
    return f"{format(shown, form)} ({format(low, form)}–{format(high, form)})"
