"""A year of a made-up city, held with the same actions that its staff would use."""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import click
import flask_migrate
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

import evalsys.examples
from evalsys.accounts.actions import add_user
from evalsys.app import create_app
from evalsys.assessment.actions import assess_year
from evalsys.base.clock import VirtualClock
from evalsys.base.database import db, transaction
from evalsys.base.serving import spare_collections
from evalsys.cli.citizens import list_citizens, settle_citizens
from evalsys.cli.conductor import SimulatorDesk, conduct_round
from evalsys.design.actions import create_round, load_programme
from evalsys.design.models import Round
from evalsys.design.programme_files import ProgrammeFiles, read_programme
from evalsys.design.queries import get_programme, get_round
from evalsys.examples.orders import generate_orders
from evalsys.examples.records import generate_records
from evalsys.examples.truth import make_truth
from evalsys.fieldwork import jobs as _jobs  # noqa: F401  registers the kinds of job
from evalsys.fieldwork.closing import close_round, count_outcomes
from evalsys.fieldwork.queries import count_attempts, count_completes_by_channel, find_earlier
from evalsys.fieldwork.releases import open_round
from evalsys.gateways.simulator.population import true_answers
from evalsys.hotline.actions import import_orders
from evalsys.outbox.actions import is_idle
from evalsys.outbox.worker import run_due_jobs
from evalsys.results.disclosure import rate_figures
from evalsys.results.freezing import freeze_round
from evalsys.results.models import Publication, ScoreRun
from evalsys.results.publishing import publish_round
from evalsys.results.scoring import score_round
from evalsys.samples.draws import commit_frame, draw_sample
from evalsys.samples.imports import import_service_records, import_staff_numbers
from evalsys.samples.models import ServiceRecord
from surveys.scoring import Scheme

CITY = Path(evalsys.examples.__file__).parent / "city"
RECORDS_PER_UNIT = 3000
DESIGNER, CHAIR, DEPUTY = "designer", "chair", "deputy"
PEOPLE = (
    (DESIGNER, "问卷设计员 / Survey designer", ["designer"]),
    (CHAIR, "评议办主任 / Commission chair", ["commission"]),
    (DEPUTY, "评议办副主任 / Commission deputy", ["commission"]),
    ("interviewer", "访问员 / Interviewer", ["interviewer"]),
    ("keyer", "录入员甲 / Form keyer A", ["keyer"]),
    ("keyer2", "录入员乙 / Form keyer B", ["keyer"]),
    ("department", "单位联络员 / Department liaison", ["department"]),
    ("supervisor", "特约监督员 / Special supervisor", ["supervisor"]),
    ("auditor", "审计员 / Auditor", ["auditor"]),
    ("administrator", "系统管理员 / Administrator", ["administrator"]),
    ("security", "安全保密员 / Security officer", ["security"]),
)
SUPPLIER = "各参评单位业务系统 / the units' own service systems (made up)"


@dataclass
class Year:
    """One run of the demo: what it was asked, and what it found.

    ``folder``: the programme's files. ``wait_for_workers``: jobs are done by processes of their own, not here.
    """

    home: Path
    scale: float
    seed: int
    folder: Path = CITY
    records_per_unit: int = RECORDS_PER_UNIT
    wait_for_workers: bool = False
    passwords: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    summaries: list[dict] = field(default_factory=list)
    app: Flask = field(init=False)
    files: ProgrammeFiles = field(init=False)

    @property
    def clock(self) -> VirtualClock:
        """The clock of the rehearsal."""
        return self.app.extensions["evalsys"].clock

    def prepare(self) -> None:
        """Create the database, load the example programme and its people."""
        with self.step("programme"), click.progressbar(length=3, label="database and programme     ") as bar:
            self.files = read_programme(self.folder)
            first = min(plan["field_from"] for plan in self.files.configuration["rounds"])
            VirtualClock(
                self.home / "clock", start=datetime.fromisoformat(f"{first}T00:00:00+08:00") - timedelta(days=7)
            )
            self.app = create_app()
            spare_collections()
            with self.app.app_context():
                flask_migrate.upgrade()
            bar.update(1)
            self.act(lambda s, r: load_programme(s, r.clock, self.files, actor=DESIGNER, reason="example programme"))
            bar.update(1)
            for name, display_name, roles in PEOPLE:
                password = self.passwords[name] = secrets.token_urlsafe(9)
                unit = choose_units(self.files, self.scale)[0] if "department" in roles else ""
                self.act(
                    lambda s, r, n=name, d=display_name, w=password, o=roles, u=unit: add_user(
                        s, r.clock, name=n, display_name=d, password=w, roles=o, unit_code=u
                    )
                )
            bar.update(1)

    def hold(self) -> None:
        """Hold every round of the year, then the annual assessment, and publish."""
        desk = SimulatorDesk(self.app.extensions["evalsys"].settings)
        fielded = choose_units(self.files, self.scale)
        for plan in self.files.configuration["rounds"]:
            self._hold_round(desk, plan, fielded)

    def _hold_round(self, desk: SimulatorDesk, plan: dict, fielded: list[str]) -> None:
        code, kind = plan["code"], plan["kind"]
        keys = {unit["code"] for unit in self.files.units if unit["is_key"]}
        units = [unit for unit in fielded if plan["covers"] == "all" or unit in keys]
        self.clock.set(datetime.fromisoformat(f"{plan['field_from']}T00:00:00+08:00") - timedelta(days=3))
        click.echo(f"\n{plan['name']['en']} ({code}): {len(units)} units")
        self.act(
            lambda s, r: create_round(
                s,
                r.clock,
                get_programme(s, self.files.configuration["programme"]["code"]),
                plan,
                actor=DESIGNER,
                unit_codes=units,
                frame_supplier=SUPPLIER,
            )
        )
        with self.step(f"{kind}: records"):
            self._import_records(code, kind, units)
        with self.step(f"{kind}: draw"):
            self._draw(code)
        with self.step(f"{kind}: fieldwork"):
            truth = self._settle_citizens(desk, code, kind)
            self._field(desk, code, units)
        with self.step(f"{kind}: scores"):
            self._score(code, kind, units, truth)

    def _import_records(self, code: str, kind: str, units: list[str]) -> None:
        folder = self.home / "records" / code
        with click.progressbar(length=len(units), label="making service records     ") as bar:
            made = generate_records(
                self.files, folder, round_kind=kind, seed=self.seed, units=units, per_unit=self.records_per_unit,
                on_unit=lambda _: bar.update(1),
            )  # fmt: skip
        self.act(lambda s, r: import_staff_numbers(s, r, made.staff, actor=DESIGNER))
        with click.progressbar(made.records, label="importing service records  ") as bar:
            for path in bar:
                self.act(lambda s, r, p=path: import_service_records(s, r, get_round(s, code), p, actor=DESIGNER))

    def _draw(self, code: str) -> None:
        chance = _repeatable_entropy(self.seed, code)
        with click.progressbar(length=4, label="committing and drawing     ") as bar:
            source = "drand:quicknet:1000000"
            draw = self.act(
                lambda s, r: commit_frame(
                    s,
                    r,
                    get_round(s, code),
                    actor=CHAIR,
                    beacon_source=source,
                    dice_source="twenty dice rolled before the supervisors",
                    earlier=find_earlier(s, get_round(s, code)),
                    entropy=chance,
                )
            )
            bar.update(1)
            self.clock.set(self.clock.now() + timedelta(days=1))
            beacon = f"{source}:{chance(32).hex()}"
            dice = "".join(str(1 + byte % 6) for byte in chance(20))
            self.act(
                lambda s, r: draw_sample(
                    s, r, get_round(s, code), beacon=beacon, dice=dice, entered_by=CHAIR, confirmed_by=DEPUTY
                )
            )
            bar.update(2)
            self.act(lambda s, r: open_round(s, r, get_round(s, code), actor=CHAIR))
            bar.update(1)
        report = draw.report
        aside = ", ".join(f"{reason} {count}" for reason, count in report["excluded"].items() if count)
        click.echo(f"  frame: {report['entries']} of {report['records']} records; set aside: {aside}")

    def _settle_citizens(self, desk: SimulatorDesk, code: str, kind: str) -> dict:
        """Tell the simulator who lives behind which drawn number, and what they really think."""
        truth = make_truth(self.files, round_kind=kind, seed=self.seed)
        citizens = self.read(lambda s, r: list(list_citizens(s, r, get_round(s, code))))
        settle_citizens(
            desk,
            self.home / "citizens" / code,
            truth=truth,
            configuration=self.files.configuration,
            citizens=citizens,
            seed=self.seed,
            public_base_url=self.app.extensions["evalsys"].settings.public_base_url,
        )
        return truth

    def _field(self, desk: SimulatorDesk, code: str, units: list[str]) -> None:
        quota = self.files.configuration["fieldwork"]["quota"] * len(units)
        with click.progressbar(length=quota, label="fieldwork (completes)      ", item_show_func=str) as bar:

            def watch(now: datetime) -> None:
                done = sum(self.read(lambda s, r: count_completes_by_channel(s, get_round(s, code))).values())
                bar.update(min(quota, done) - bar.pos, f"{now:%m-%d %H:%M}")

            conduct_round(self.app, self.clock, desk, code, self._do_jobs, watch)
            bar.update(quota - bar.pos)

    def _score(self, code: str, kind: str, units: list[str], truth: dict) -> None:
        with click.progressbar(length=6, label="closing, scoring, publishing") as bar:
            self.act(lambda s, r: close_round(s, r, get_round(s, code), actor=CHAIR))
            self._do_jobs()
            bar.update(1)
            self.act(lambda s, r: freeze_round(s, r, get_round(s, code), actor=CHAIR))
            bar.update(1)
            orders = self.home / "records" / f"orders-{code}.csv"
            generate_orders(self.files, orders, round_kind=kind, seed=self.seed, units=units)
            self.act(lambda s, r: import_orders(s, r, get_round(s, code), orders, actor=DESIGNER))
            bar.update(1)
            run = self.act(lambda s, r: score_round(s, r, get_round(s, code), actor=CHAIR))
            bar.update(1)
            if kind == "year_end":
                programme = self.files.configuration["programme"]["code"]
                self.act(lambda s, r: assess_year(s, r, get_programme(s, programme), actor=CHAIR))
            bar.update(1)
            published = self.act(
                lambda s, r: publish_round(s, r, get_round(s, code), approved_by=CHAIR, seconded_by=DEPUTY)
            )
            bar.update(1)
        self.summaries.append(self._summarise(code, run, published, truth))

    def _summarise(self, code: str, run: ScoreRun, published: Publication, truth: dict) -> dict:
        true_scores = self.read(lambda s, r: find_true_scores(s, get_round(s, code), truth, str(self.seed)))
        gaps = {
            unit["unit"]: (float(unit["survey_score"]) - true_scores[unit["unit"]]) / float(unit["survey_std_error"])
            for unit in run.figures["units"]
            if unit["survey_std_error"] and Decimal(unit["survey_std_error"]) > 0
        }
        shown = [unit for unit in published.figures["round"]["units"] if unit["visibility"] in ("score", "full")]

        def count(session, runtime) -> dict:
            round_ = get_round(session, code)
            return {
                **count_attempts(session, round_),
                "completes": count_completes_by_channel(session, round_),
                "rates": rate_figures(count_outcomes(session, round_)),
            }

        return {
            "code": code,
            **self.read(count),
            "published": len(shown),
            "units": len(run.figures["units"]),
            "gaps": gaps,
            "sha256": run.sha256,
            "bundles": [
                str(self.app.extensions["evalsys"].published_folder / name) for name in published.files.values()
            ],
        }

    def act(self, action: Callable):
        """One action in one transaction."""
        with self.app.app_context(), transaction() as session:
            return action(session, self.app.extensions["evalsys"])

    def read(self, query: Callable):
        """One query, keeping nothing open."""
        with self.app.app_context():
            return query(db.session(), self.app.extensions["evalsys"])

    def _do_jobs(self) -> None:
        """Do what is due, or wait until the workers have."""
        if not self.wait_for_workers:
            with self.app.app_context():
                run_due_jobs()
            return
        while not self.read(lambda s, r: is_idle(s, r.clock.now())):
            time.sleep(0.01)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the wall time of a step."""
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun


def find_true_scores(session: Session, round_: Round, truth: dict, seed: str) -> dict[str, float]:
    """What every unit's survey score would be if everybody in its frame who was served had answered.

    Σ_g W_g Σ_j a_j ȳ_gj over the whole frame: the quantity that the published score estimates.
    """
    scheme = Scheme.from_configuration(round_.configuration.content)
    scored = [part for part in scheme.indicators if part.is_scored]
    codes = ["Q0", *(part.code for part in scored)]
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    frame = select(ServiceRecord.cid, ServiceRecord.unit_code, ServiceRecord.group)
    for cid, unit, group in session.execute(frame.where(ServiceRecord.round_id == round_.id, ServiceRecord.cid != "")):
        answers = true_answers(seed, cid, unit, group, truth, codes)
        if answers["Q0"] != "1":
            continue
        for part in scored:
            points = scheme.points_of(part.code, answers[part.code])
            if points is not None:
                cell = sums[unit, group, part.code]
                cell[0] += points
                cell[1] += 1

    def score(unit: str) -> float:
        return sum(
            float(weight) * float(part.weight) * sums[unit, group, part.code][0] / sums[unit, group, part.code][1] / 100
            for group, weight in scheme.groups.items()
            for part in scored
        )

    return {unit.code: score(unit.code) for unit in round_.units}


def choose_units(files: ProgrammeFiles, scale: float) -> list[str]:
    """The units that are fielded: a share of each category, at least two, key units among them in the category's proportion."""
    chosen: list[str] = []
    for category in files.configuration["categories"]:
        members = [unit for unit in files.units if unit["category"] == category["code"]]
        keys = [unit["code"] for unit in members if unit["is_key"]]
        others = [unit["code"] for unit in members if not unit["is_key"]]
        count = min(len(members), max(2, round(scale * len(members))))
        of_keys = min(len(keys), max(1, math.floor(count * len(keys) / len(members))))
        of_keys = max(of_keys, count - len(others))
        chosen += keys[:of_keys] + others[: count - of_keys]
    return sorted(chosen)


def describe_year(year: Year) -> Iterator[str]:
    """The closing lines of the demo."""
    for summary in year.summaries:
        completes = ", ".join(f"{channel} {count}" for channel, count in summary["completes"].items())
        largest = max((abs(gap) for gap in summary["gaps"].values()), default=0.0)
        yield f"\n{summary['code']}"
        yield f"  calls placed {summary['calls']}, connected {summary['connected']}, messages {summary['messages']}"
        yield f"  completes: {completes}; response rate RR3 {summary['rates']['RR3']}"
        yield f"  units published {summary['published']} of {summary['units']}"
        yield f"  largest |published − true| {largest:.2f} standard errors over {len(summary['gaps'])} units"
        for bundle in summary["bundles"]:
            yield f"  {bundle}"
    yield "\nWall time (seconds)"
    for name, seconds in year.seconds.items():
        yield f"  {name:<26}{seconds:8.1f}"
    yield f"  {'all':<26}{sum(year.seconds.values()):8.1f}"
    yield "\nSign in as"
    for name, display_name, _ in PEOPLE:
        yield f"  {name:<14} {year.passwords[name]}   {display_name}"


def _repeatable_entropy(seed: int, code: str) -> Callable[[int], bytes]:
    """Bytes that follow from the demo's seed, so that the same year can be held again; a real round takes real chance."""
    state = {"drawn": 0}

    def draw(count: int) -> bytes:
        state["drawn"] += 1
        return hashlib.shake_256(f"evalsys-demo-v1\n{seed}\n{code}\n{state['drawn']}".encode()).digest(count)

    return draw
