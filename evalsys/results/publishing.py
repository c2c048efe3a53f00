"""Publishing: figures through the gates, the disclosure page, and the two bundles by which anyone can check them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import surveys.sampling.verify_draw
from evalsys.audit.actions import record_act
from evalsys.audit.queries import list_acts
from evalsys.base.errors import Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.models import Interview
from evalsys.fieldwork.sealing import require_balance
from evalsys.results.annual import annual_figures
from evalsys.results.container import write_bundle
from evalsys.results.disclosure import describe_round, require_complete
from evalsys.results.freezing import get_dataset
from evalsys.results.models import Publication, ScoreRun
from evalsys.results.scoring import get_latest_run
from evalsys.samples.draws import frame_lines, get_draw, read_nonces
from evalsys.samples.models import Case
from surveys.sampling.commitment import Commitment
from surveys.sampling.publication import (
    COMMITMENT_MEMBER,
    FRAME_MEMBER,
    LOG_MEMBER,
    SAMPLE_MEMBER,
    SOURCES_MEMBER,
    SampleRow,
    log_jsonl,
    sample_csv,
    sources_json,
)
from surveys.scoring import Scheme, public_figures

CONFIGURATION_MEMBER = "scores/configuration.json"
FIGURES_MEMBER = "scores/figures.json"
ANNUAL_MEMBER = "scores/annual.json"
MID_YEAR_MEMBER = "scores/mid-year.json"
DISCLOSURE_MEMBER = "scores/disclosure.json"
STRATA_MEMBER = "data/strata.json"
MODES_MEMBER = "data/modes.json"
ANSWERS_MEMBER = "data/answers.parquet"
ALL_FIGURES_MEMBER = "data/figures.json"
UNITS_MEMBER = "data/units.json"
ORDERS_MEMBER = "data/hotline.json"
VERIFIER_MEMBER = "verify_draw.py"


def publish_round(
    session: Session, runtime: Runtime, round_: Round, *, approved_by: str, seconded_by: str, reason: str = ""
) -> Publication:
    """Publish the newest scores of a round: the first time, or as a revision with its reason beside the earlier ones.

    Raises
    ------
    Refused
        The round is not scored, only one person approves, answers do not balance, an item of the disclosure is missing, or a revision
        has no reason.
    """
    refuse_unless(round_, "frozen", "published", doing="publishing")
    if not approved_by or not seconded_by or approved_by == seconded_by:
        raise Refused("Publishing wants two different people: one who approves and one who seconds.")
    run = session.scalar(select(ScoreRun).where(ScoreRun.round_id == round_.id).order_by(ScoreRun.id.desc()).limit(1))
    if run is None:
        raise Refused("Round %(code)s is not scored; score it before it is published.", code=round_.code)
    revision = 1 + session.scalar(
        select(func.count()).select_from(Publication).where(Publication.round_id == round_.id)
    )
    if revision > 1 and not reason:
        raise Refused("Round %(code)s is published already; a revision needs its reason.", code=round_.code)
    require_balance(session, round_)
    disclosure = describe_round(session, round_, get_dataset(session, round_), run, reason=reason)
    require_complete(disclosure)
    figures = _published_figures(session, round_, run)
    record_act(
        session,
        runtime.clock,
        round_.code,
        approved_by,
        "published",
        revision=revision,
        seconded=seconded_by,
        scores=run.sha256,
    )
    files = _write_bundles(session, runtime, round_, run, figures, disclosure, revision)
    publication = Publication(
        round_id=round_.id,
        score_run_id=run.id,
        revision=revision,
        reason=reason,
        figures=figures,
        disclosure=disclosure,
        files=files,
        approved_by=approved_by,
        seconded_by=seconded_by,
        published_at=runtime.clock.now(),
    )
    session.add(publication)
    session.flush()
    round_.published_at = runtime.clock.now()
    return publication


def _published_figures(session: Session, round_: Round, run: ScoreRun) -> dict:
    """``round``: the round's figures through the gates; ``annual``: the year's, with a year-end round."""
    gates = Scheme.from_configuration(round_.configuration.content).gates
    figures = {"round": public_figures(run.figures, gates), "annual": None, "mid_year": None}
    if round_.kind == "year_end":
        mid_year = next((other for other in round_.programme.rounds if other.kind == "mid_year"), None)
        if mid_year is not None and mid_year.published_at:
            figures["mid_year"] = public_figures(get_latest_run(session, mid_year).figures, gates)
        figures["annual"] = annual_figures(round_.configuration.content, figures["round"], figures["mid_year"])
    return figures


def _write_bundles(
    session: Session,
    runtime: Runtime,
    round_: Round,
    run: ScoreRun,
    figures: Mapping,
    disclosure: Mapping,
    revision: int,
) -> dict[str, str]:
    """The public bundle, and the auditor's with the frozen data set besides; their names by kind."""
    folder = runtime.published_folder
    key = runtime.keyring.signing_key()
    suffix = "" if revision == 1 else f"-r{revision}"
    public = _draw_members(session, runtime, round_) | {
        CONFIGURATION_MEMBER: _lines(round_.configuration.content),
        FIGURES_MEMBER: _lines(figures["round"]),
        DISCLOSURE_MEMBER: _lines(disclosure),
        VERIFIER_MEMBER: Path(surveys.sampling.verify_draw.__file__),
    }
    if figures["annual"]:
        public[ANNUAL_MEMBER] = _lines(figures["annual"])
    if figures["mid_year"]:
        public[MID_YEAR_MEMBER] = _lines(figures["mid_year"])
    dataset = get_dataset(session, round_)
    orders = {unit["unit"]: unit["hotline"]["counts"] for unit in run.figures["units"]}
    auditor = public | {
        ANSWERS_MEMBER: Path(dataset.path),
        STRATA_MEMBER: _lines(dataset.strata),
        MODES_MEMBER: _lines(dataset.modes),
        ORDERS_MEMBER: _lines(orders),
        UNITS_MEMBER: _lines([{"code": u.code, "category": u.category, "is_key": u.is_key} for u in round_.units]),
        ALL_FIGURES_MEMBER: _lines(run.figures),
    }
    names = {"public": f"bundle-{round_.code}{suffix}.zip", "auditor": f"bundle-{round_.code}{suffix}-auditor.zip"}
    write_bundle(folder / names["public"], round_.code, "public", public, key)
    write_bundle(folder / names["auditor"], round_.code, "auditor", auditor, key)
    return names


def write_draw_bundle(session: Session, runtime: Runtime, round_: Round, path: Path) -> None:
    """What re-drawing the sample needs, and nothing of answers: for supervisors, from the draw on."""
    refuse_unless(round_, "drawn", "open", "paused", "closed", "frozen", "published", doing="repeating the draw")
    members = _draw_members(session, runtime, round_) | {VERIFIER_MEMBER: Path(surveys.sampling.verify_draw.__file__)}
    write_bundle(path, round_.code, "public", members, runtime.keyring.signing_key())


def _draw_members(session: Session, runtime: Runtime, round_: Round) -> dict[str, bytes]:
    draw = get_draw(session, round_)
    lines = sorted(line.encode() for line in frame_lines(session, round_))
    nonces = read_nonces(runtime, round_, draw)
    return {
        COMMITMENT_MEMBER: draw.commitment.encode(),
        FRAME_MEMBER: b"".join(line + b"\n" for line in lines),
        SOURCES_MEMBER: sources_json(nonces, draw.beacon, draw.dice, draw.seed),
        SAMPLE_MEMBER: b"".join(sample_csv(_sample_rows(session, round_, draw.commitment))),
        LOG_MEMBER: b"".join(log_jsonl(list_acts(session, round_.code))),
    }


def _sample_rows(session: Session, round_: Round, commitment: str) -> Iterator[SampleRow]:
    """The drawn sample and the released reserve, in the order of the draw."""
    sizes = Commitment.from_json(commitment.encode()).sample_sizes
    rows = session.execute(
        select(Case, Interview.outcome)
        .outerjoin(Interview, Interview.case_id == Case.id)
        .where(Case.round_id == round_.id)
    )
    # Sorted here and not by the database: what is published must not depend on a collation.
    for case, outcome in sorted(rows, key=lambda row: (row[0].stratum.encode(), row[0].rank)):
        released = case.released_at is not None
        if released or case.rank <= sizes[case.stratum]:
            yield SampleRow(
                case.stratum, case.rank, case.cid, case.ticket, case.replicate, released, case.arm, outcome or ""
            )


def _lines(value: object) -> bytes:
    """JSON that a person can read and whose changed line can be named: sorted keys, one value a line."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
