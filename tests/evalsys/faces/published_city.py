"""A published mid-year and year-end round of the example city without any fieldwork: figures scored from made-up estimates."""

from __future__ import annotations

from pathlib import Path

import flask_migrate
import numpy as np
from flask import Flask

import evalsys.examples
from evalsys.app import create_app
from evalsys.base.config import read_settings
from evalsys.base.database import db, transaction
from evalsys.design.actions import create_round, load_programme
from evalsys.design.models import Round
from evalsys.design.programme_files import ProgrammeFiles, read_programme
from evalsys.design.queries import get_programme
from evalsys.results.annual import annual_figures
from evalsys.results.disclosure import LIMITATIONS, QUALITY, WEIGHTING, rate_figures
from evalsys.results.models import FrozenDataset, Publication, ScoreRun
from surveys.scoring import HotlineCounts, RoundEstimates, Scheme, ScoredUnit, figures_of, public_figures, score_round

CITY = Path(evalsys.examples.__file__).parent / "city"
MID_YEAR, YEAR_END = "2026-mid-year", "2026-year-end"
#: answers that a unit which must be hidden has; its figures are made of numbers that occur nowhere else
FEW, MANY = 6, 60
#: answers of the last evaluator group of the second unit, which is shown itself
SMALL_GROUP = 12
OUTCOMES = {"1.1": 900, "1.2": 14, "2.11": 230, "2.20": 160, "2.30": 22, "3.13": 41, "4.10": 77}


def publish_city(home: Path, *, per_category: int = 4) -> Flask:
    """An application with two published rounds; the first unit of each category has too few answers to be shown."""
    app = create_app(read_settings({"EVALSYS_HOME": str(home)}))
    with app.app_context():
        flask_migrate.upgrade()
        files = read_programme(CITY)
        runtime = app.extensions["evalsys"]
        with transaction() as session:
            load_programme(session, runtime.clock, files, actor="designer", reason="example")
        chosen = [
            unit for category in files.configuration["categories"] for unit in _choose(files, category, per_category)
        ]
        before = None
        for seed, plan in enumerate(files.configuration["rounds"], 1):
            with transaction() as session:
                programme = get_programme(session, files.configuration["programme"]["code"])
                round_ = create_round(
                    session,
                    runtime.clock,
                    programme,
                    plan,
                    actor="designer",
                    unit_codes=[unit["code"] for unit in chosen if unit["is_key"] or plan["covers"] == "all"],
                    frame_supplier="the units themselves",
                )
                session.flush()
                before = _publish(session, runtime, round_, seed, before)
        db.session.remove()
    return app


def _choose(files: ProgrammeFiles, category: dict, count: int) -> list[dict]:
    """Units of a category, at least the last of them no key unit, so that its year has no mid-year round."""
    members = [unit for unit in files.units if unit["category"] == category["code"]]
    keys, others = [u for u in members if u["is_key"]], [u for u in members if not u["is_key"]]
    chosen = keys[: count - 1]
    return [*chosen, *others[: count - len(chosen)]]


def hidden_units(app: Flask) -> list[str]:
    """Codes of the units that nothing may be shown of."""
    with app.app_context():
        units = db.session.query(Publication).first().figures["round"]["units"]
        db.session.remove()
    return [unit["unit"] for unit in units if unit["visibility"] == "nothing"]


def all_figures(app: Flask, code: str) -> dict:
    """The commission's own figures of a round, hidden units too."""
    with app.app_context():
        run = db.session.query(ScoreRun).join(Round).filter(Round.code == code).one()
        db.session.remove()
        return run.figures


def _publish(session, runtime, round_: Round, seed: int, before: dict | None) -> dict:
    content = round_.configuration.content
    now = runtime.clock.now()
    round_.opened_at = round_.closed_at = round_.frozen_at = round_.published_at = now
    scheme = Scheme.from_configuration(content)
    figures = _score(scheme, round_, seed)
    dataset = FrozenDataset(
        round_id=round_.id, sha256="d" * 64, path="nowhere", rows=1, counts={}, strata=[], frozen_at=now
    )
    session.add(dataset)
    session.flush()
    run = ScoreRun(
        round_id=round_.id,
        dataset_id=dataset.id,
        configuration_sha256=round_.configuration.sha256,
        figures=figures,
        sha256="e" * 64,
        scored_at=now,
    )
    session.add(run)
    session.flush()
    shown = public_figures(figures, scheme.gates)
    published = {"round": shown, "annual": None, "mid_year": before}
    if round_.kind == "year_end":
        published["annual"] = annual_figures(content, shown, before)
    files = {"public": f"bundle-{round_.code}.zip", "auditor": f"bundle-{round_.code}-auditor.zip"}
    for kind, name in files.items():
        (runtime.published_folder / name).write_bytes(f"{kind} bundle".encode())
    session.add(
        Publication(
            round_id=round_.id,
            score_run_id=run.id,
            revision=1,
            reason="",
            figures=published,
            disclosure=_disclose(round_, figures),
            files=files,
            approved_by="chair",
            seconded_by="deputy",
            published_at=now,
        )
    )
    return shown


def _score(scheme: Scheme, round_: Round, seed: int) -> dict:
    """Estimates with differences between units that are larger than their errors, so that grades and bands occur."""
    random = np.random.default_rng(seed)
    units = tuple(ScoredUnit(unit.code, unit.category, unit.is_key) for unit in round_.units)
    shape = (len(units), len(scheme.groups), len(scheme.indicators))
    level = random.uniform(58, 93, (len(units), 1, 1))
    n = np.full(shape, MANY)
    for category in {unit.category for unit in units}:
        n[next(at for at, unit in enumerate(units) if unit.category == category)] = FEW // len(scheme.groups)
    n[1, -1] = SMALL_GROUP
    cells = shape[1] * shape[2]
    estimates = RoundEstimates(
        units=units,
        means=np.clip(level + random.normal(0, 4, shape), 0, 100),
        covariance=np.stack([np.eye(cells).reshape(shape[1:] * 2) * (4 + u / 10) for u in range(len(units))]),
        n=n,
        df=n[:, :, 0].sum(axis=1) - shape[1],
        completes=n[:, :, 0].sum(axis=1),
        dont_know=random.integers(0, 9, (len(units), shape[2])),
        satisfied=random.uniform(0.6, 0.97, (len(units), shape[2])),
    )
    orders = {
        unit.code: HotlineCounts(200 + at, 190 + at, 180, 150 - at % 50, 170, 120 + at % 50)
        for at, unit in enumerate(units)
    }
    return figures_of(score_round(scheme, estimates, orders, "5" * 64))


def _disclose(round_: Round, figures: dict) -> dict:
    content = round_.configuration.content
    programme, fieldwork = content["programme"], content["fieldwork"]
    return {
        "sponsor": programme["sponsor"],
        "conductor": programme["conductor"],
        "wording": {row["code"]: row["wording"] for row in content["indicators"]},
        "population": {
            "period_from": "2025-06-01",
            "period_until": "2026-05-31",
            "records": 36000,
            "entries": 31250,
            "excluded": {"invalid_number": 210, "duplicate": 4500, "opt_out": 40},
        },
        "frame_supplier": round_.frame_supplier,
        "design": {"strata": 96, "strata_scored": 96, "released": sum(OUTCOMES.values())},
        "modes": {
            "sequence": fieldwork["mode_sequence"],
            "random_arm_share": str(fieldwork["random_arm_share"]),
            "max_tries": fieldwork["max_tries"],
        },
        "dates": {"first": "2026-06-08", "last": "2026-07-05"},
        "precision": {
            "completes": sum(unit["completes"] for unit in figures["units"]),
            "level": str(content["scoring"]["confidence_level"]),
            "units": len(figures["units"]),
        },
        "weighting": list(WEIGHTING),
        "quality": list(QUALITY),
        "limitations": list(LIMITATIONS),
        "outcomes": OUTCOMES,
        "rates": rate_figures(OUTCOMES),
        "configuration_sha256": round_.configuration.sha256,
        "dataset_sha256": "d" * 64,
        "revisions": [{"revision": 1, "reason": "first publication"}],
    }
