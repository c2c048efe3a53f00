"""The annual assessment of a programme, from the newest score runs of its rounds."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.assessment.models import AssessmentRun
from evalsys.audit.actions import record_act
from evalsys.base.errors import NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.models import Programme, Round
from evalsys.results.annual import annual_figures
from evalsys.results.models import ScoreRun
from surveys.scoring import canonical_json


def assess_year(session: Session, runtime: Runtime, programme: Programme, *, actor: str) -> AssessmentRun:
    """Join a year's rounds into the annual figures and keep them as a run."""
    runs = {round_.kind: _latest_run(session, round_) for round_ in programme.rounds}
    year_end = runs.get("year_end")
    if year_end is None:
        raise Refused("Programme %(code)s has no scored year-end round yet.", code=programme.code)
    mid_year = runs.get("mid_year")
    configuration = year_end.round.configuration.content
    figures = annual_figures(configuration, year_end.figures, mid_year.figures if mid_year else None)
    run = AssessmentRun(
        programme_id=programme.id,
        score_runs={kind: run.sha256 for kind, run in runs.items() if run},
        figures=figures,
        sha256=hashlib.sha256(canonical_json(figures)).hexdigest(),
        assessed_at=runtime.clock.now(),
    )
    session.add(run)
    session.flush()
    record_act(session, runtime.clock, "system", actor, "year assessed", programme=programme.code, sha256=run.sha256)
    return run


def get_latest_assessment(session: Session, programme: Programme) -> AssessmentRun:
    """The newest annual assessment of a programme."""
    run = session.scalar(
        select(AssessmentRun)
        .where(AssessmentRun.programme_id == programme.id)
        .order_by(AssessmentRun.id.desc())
        .limit(1)
    )
    if run is None:
        raise NotFound("Programme %(code)s has no annual assessment yet.", code=programme.code)
    return run


def _latest_run(session: Session, round_: Round) -> ScoreRun | None:
    return session.scalar(select(ScoreRun).where(ScoreRun.round_id == round_.id).order_by(ScoreRun.id.desc()).limit(1))
