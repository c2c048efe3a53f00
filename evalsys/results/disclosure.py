"""The disclosure page: what must be said beside a published result, gathered from the facts; a missing item blocks publishing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.base.clock import local
from evalsys.base.errors import Refused
from evalsys.design.models import Round
from evalsys.fieldwork.closing import count_outcomes
from evalsys.fieldwork.models import Interview
from evalsys.results.models import FrozenDataset, Publication, ScoreRun
from evalsys.samples.draws import get_draw
from evalsys.samples.models import Stratum
from surveys.fieldwork import OutcomeCounts, find_outcome, rates

#: what a disclosure must have, in the order of the page
ITEMS = (
    "sponsor",
    "conductor",
    "wording",
    "population",
    "frame_supplier",
    "design",
    "modes",
    "dates",
    "precision",
    "weighting",
    "quality",
    "limitations",
    "outcomes",
    "configuration_sha256",
    "revisions",
)
#: facts that are the same for every round, as keys of sentences that the method page shows
WEIGHTING = ("base-weight", "class-nonresponse", "eligibility", "fpc", "fixed-factors")
QUALITY = ("committed-draw", "sealed-batches", "balance", "sample-only")
LIMITATIONS = ("frame-coverage", "nonresponse", "mode", "hotline-variance", "adjusted-lonely")


def describe_round(session: Session, round_: Round, dataset: FrozenDataset, run: ScoreRun, *, reason: str) -> dict:
    """Everything the disclosure page says, as data that any language can be made of."""
    content = round_.configuration.content
    programme, fieldwork = content["programme"], content["fieldwork"]
    draw = get_draw(session, round_)
    outcomes = count_outcomes(session, round_)
    strata = session.scalar(select(func.count()).select_from(Stratum).where(Stratum.round_id == round_.id))
    released = session.scalar(select(func.count()).select_from(Interview).where(Interview.round_id == round_.id))
    return {
        "sponsor": programme["sponsor"],
        "conductor": programme["conductor"],
        "wording": {row["code"]: row["wording"] for row in content["indicators"]},
        "population": {
            "period_from": round_.period_from.isoformat(),
            "period_until": round_.period_until.isoformat(),
            "records": draw.report["records"],
            "entries": draw.frame_size,
            "excluded": draw.report["excluded"],
        },
        "frame_supplier": round_.frame_supplier,
        "design": {"strata": strata, "strata_scored": len(dataset.strata), "released": released},
        "modes": {
            "sequence": fieldwork["mode_sequence"],
            "random_arm_share": str(fieldwork["random_arm_share"]),
            "max_tries": fieldwork["max_tries"],
        },
        "dates": _field_days(round_, programme["time_zone"]),
        "precision": {
            "completes": sum(unit["completes"] for unit in run.figures["units"]),
            "level": str(content["scoring"]["confidence_level"]),
            "units": len(run.figures["units"]),
        },
        "weighting": list(WEIGHTING),
        "quality": list(QUALITY),
        "limitations": list(LIMITATIONS),
        "outcomes": outcomes,
        "rates": rate_figures(outcomes),
        "configuration_sha256": round_.configuration.sha256,
        "dataset_sha256": dataset.sha256,
        "revisions": list_revisions(session, round_, reason),
    }


def _field_days(round_: Round, time_zone: str) -> dict[str, str]:
    """The first and the last day on which anybody could be contacted or answer, by the programme's own calendar."""
    first = local(max(round_.opened_at, round_.field_from), time_zone).date()
    # The field period ends with a midnight, and that day is the one before.
    last = local(min(round_.closed_at, round_.field_until) - timedelta(microseconds=1), time_zone).date()
    return {"first": first.isoformat(), "last": max(first, last).isoformat()}


def list_revisions(session: Session, round_: Round, reason: str) -> list[dict]:
    """Every publication of the round so far and the one being made, each with its reason."""
    earlier = session.scalars(
        select(Publication).where(Publication.round_id == round_.id).order_by(Publication.revision)
    ).all()
    listed = [{"revision": item.revision, "reason": item.reason} for item in earlier]
    return [*listed, {"revision": len(listed) + 1, "reason": reason or "first publication"}]


def rate_figures(outcomes: Mapping[str, int]) -> dict[str, str | None]:
    """AAPOR's rates of the final outcomes, as published shares."""
    counts: dict[str, int] = {}
    for code, number in outcomes.items():
        name = find_outcome(code).outcome_class
        counts[name] = counts.get(name, 0) + number
    found = rates(OutcomeCounts(**counts))
    return {name: None if value is None else f"{value:.4f}" for name, value in vars(found).items()}


def require_complete(disclosure: Mapping) -> None:
    """Refuse to publish while an item is missing; every missing one is named."""
    missing = [item for item in ITEMS if not disclosure.get(item)]
    if missing:
        raise Refused(
            "The disclosure page lacks: %(items)s. Nothing is published before it is complete.",
            items=", ".join(missing),
        )
