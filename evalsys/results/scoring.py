"""Scoring: a pure function of frozen data set, configuration and seed, stored once as a run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import NotFound
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.hotline.queries import count_orders
from evalsys.results.freezing import get_dataset
from evalsys.results.models import ScoreRun
from evalsys.results.onepass import RoundSums, sum_dataset
from evalsys.samples.draws import get_draw
from surveys.estimation import Sample, estimate_means
from surveys.scoring import HotlineCounts, RoundEstimates, Scheme, ScoredUnit, canonical_json, figures_of
from surveys.scoring import score_round as score
from surveys.weighting import ClassCounts, weigh_classes


def score_round(session: Session, runtime: Runtime, round_: Round, *, actor: str, engine: str = "duckdb") -> ScoreRun:
    """Score a frozen round and keep the run; an open round is refused. A second scoring is a run of its own beside the first.

    ``engine``, one of ``ENGINES``, changes no figure.
    """
    refuse_unless(round_, "frozen", "published", doing="scoring")
    dataset = get_dataset(session, round_)
    units = [ScoredUnit(unit.code, unit.category, unit.is_key) for unit in round_.units]
    figures = score_dataset(
        Path(dataset.path),
        dataset.strata,
        units,
        round_.configuration.content,
        count_orders(session, round_),
        get_draw(session, round_).seed,
        engine=engine,
    )
    run = ScoreRun(
        round_id=round_.id,
        dataset_id=dataset.id,
        configuration_sha256=round_.configuration.sha256,
        figures=figures,
        sha256=hashlib.sha256(canonical_json(figures)).hexdigest(),
        scored_at=runtime.clock.now(),
    )
    session.add(run)
    session.flush()
    record_act(session, runtime.clock, round_.code, actor, "round scored", sha256=run.sha256, dataset=dataset.sha256)
    return run


def get_latest_run(session: Session, round_: Round) -> ScoreRun:
    """The newest score run of a round."""
    run = session.scalar(select(ScoreRun).where(ScoreRun.round_id == round_.id).order_by(ScoreRun.id.desc()).limit(1))
    if run is None:
        raise NotFound("Round %(code)s is not scored yet.", code=round_.code)
    return run


def score_dataset(
    path: Path,
    strata: Sequence[Mapping],
    units: Sequence[ScoredUnit],
    configuration: Mapping,
    orders: Mapping[str, HotlineCounts],
    seed: str,
    *,
    engine: str = "duckdb",
) -> dict:
    """All figures of a round from its data set; needs no database, so that whoever has the auditor's bundle can do the same."""
    scheme = Scheme.from_configuration(configuration)
    groups = list(scheme.group_codes)
    place = {unit.code: u for u, unit in enumerate(units)}
    domain_of = {row["stratum"]: place[row["unit"]] * len(groups) + groups.index(row["group"]) for row in strata}
    dont_know = {
        scale["code"]: option["value"]
        for scale in configuration["scales"]
        for option in scale["options"]
        if option["kind"] == "dont_know"
    }
    most = max((row["complete"] for row in strata), default=0)
    summed = sum_dataset(path, scheme, dont_know, domain_of, most=most, engine=engine)
    estimates = _estimate(summed, strata, units, groups, configuration["scoring"]["lonely"])
    return figures_of(score(scheme, estimates, orders, seed))


def _estimate(
    summed: RoundSums, strata: Sequence[Mapping], units: Sequence[ScoredUnit], groups: Sequence[str], lonely: str
) -> RoundEstimates:
    row_of = {row["stratum"]: row for row in strata}
    used = [row_of[code] for code in summed.strata]
    names = ("population", "complete", "eligible_rest", "ineligible", "unknown")
    weights = weigh_classes([ClassCounts(row["stratum"], *(row[name] for name in names)) for row in used])
    weight = np.array([weights[row["stratum"]].final for row in used])
    sample = Sample(
        sampled=np.array([row["complete"] for row in used], float),
        population=np.array([row["population"] for row in used], float),
        weights=weight,
    )
    count = len(groups)
    result = estimate_means(summed.sums, sample, domains=len(units) * count, lonely=lonely)
    shape = (len(units), count, summed.sums.indicators)
    blocks = np.stack([result.covariance_of(range(u * count, (u + 1) * count)) for u in range(len(units))])
    return RoundEstimates(
        units=tuple(units),
        means=result.means.reshape(shape),
        covariance=blocks,
        n=result.n.reshape(shape),
        df=result.df.reshape(len(units), count).sum(axis=1),
        completes=_per_unit(summed, summed.sums.rows, len(units), count),
        dont_know=_per_unit(summed, summed.dont_know, len(units), count),
        satisfied=_satisfied_share(summed, weight, len(units), count),
    )


def _per_unit(summed: RoundSums, values: np.ndarray, units: int, groups: int) -> np.ndarray:
    result = np.zeros((units, *values.shape[1:]), values.dtype)
    np.add.at(result, summed.sums.domain // groups, values)
    return result


def _satisfied_share(summed: RoundSums, weight: np.ndarray, units: int, groups: int) -> np.ndarray:
    """Weighted share of answers in the satisfied categories over those that rate; NaN where nobody rates."""
    diagonal = np.arange(summed.sums.indicators)
    rated = summed.sums.count[:, diagonal, diagonal]
    weights = weight[summed.sums.cell][:, None]
    top = _per_unit(summed, weights * summed.satisfied, units, groups)
    bottom = _per_unit(summed, weights * rated, units, groups)
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
