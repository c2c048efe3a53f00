"""Commitment, seed and draw: what is promised before chance speaks, and what follows from it afterwards."""

from __future__ import annotations

import json
import math
import secrets
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.samples.frames import Earlier, StrataPlan, audit_records, plan_strata
from evalsys.samples.imports import refuse_frame_change
from evalsys.samples.models import Case, Draw, ServiceRecord, Stratum
from evalsys.samples.seals import find_broken_seals, seal_frame
from surveys.errors import DrawError
from surveys.sampling.chain import COMMIT_ACTION, REVEAL_ACTION
from surveys.sampling.commitment import Commitment, commit_sample, reveal_seed
from surveys.sampling.draw import DrawnCase, draw
from surveys.sampling.frozen_frame import freeze_frame
from surveys.sampling.identifiers import case_identifier, mode_arm
from surveys.sampling.replicates import ReplicatePlan, plan_replicates
from surveys.sampling.strata import Stratum as StratumName

ROUND_KEY = "round-key"
NONCES = "nonces"
#: how many replicates of the reserve are kept ready beside those of the sample
RESERVE_SHARE = 1.0
_CHUNK = 2000


def commit_frame(
    session: Session,
    runtime: Runtime,
    round_: Round,
    *,
    actor: str,
    beacon_source: str,
    dice_source: str,
    earlier: Earlier | None = None,
    contributed_nonces: tuple[str, ...] = (),
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> Draw:
    """Audit and freeze the frame of a round and commit to it, before anybody can know the seed.

    ``earlier``: who was asked in the year's earlier rounds. ``contributed_nonces``: hex nonces that observers add to the commission's
    own. ``entropy`` makes the round key and the nonce; only a rehearsal that must be repeatable passes another.
    """
    refuse_unless(round_, "draft", doing="committing the frame")
    round_key, nonces = entropy(32), (entropy(32).hex(), *contributed_nonces)
    entries, report = audit_records(session, round_, round_key, earlier or Earlier())
    if not entries:
        raise Refused(
            "Round %(code)s has no service record that could be drawn; import records first.", code=round_.code
        )
    plan = plan_strata(entries, round_.configuration.content)
    lines = []
    for entry in entries:
        original = StratumName(entry.unit, entry.group, entry.county)
        lines.append(
            {
                "number": entry.record_number,
                "of_round": round_.id,
                "cid": case_identifier(round_key, entry.record_number),
                "stratum": plan.final_by_original[original].name,
            }
        )
    with tempfile.TemporaryDirectory() as folder:
        frame = freeze_frame(((row["stratum"], row["cid"]) for row in lines), Path(folder) / "frame.txt")
    table = ServiceRecord.__table__
    session.connection().execute(
        update(table)
        .where(table.c.round_id == bindparam("of_round"), table.c.record_no == bindparam("number"))
        .values(cid=bindparam("cid"), stratum=bindparam("stratum")),
        lines,
    )
    seal_frame(session, runtime, round_)
    _store_strata(session, round_, plan)
    commitment = commit_sample(
        round_.code,
        frame,
        plan.sample_sizes,
        nonces,
        beacon_source=beacon_source,
        dice_source=dice_source,
        random_arm_share=round_.configuration.content["fieldwork"]["random_arm_share"],
    )
    place = f"draw:{round_.code}"
    record = Draw(
        round_id=round_.id,
        round_key_cipher=runtime.keyring.encrypt(ROUND_KEY, round_key, place),
        nonces_cipher=runtime.keyring.encrypt(NONCES, json.dumps(nonces).encode(), place),
        commitment=commitment.to_json().decode(),
        commitment_sha256=commitment.sha256,
        frame_root=frame.root,
        frame_size=frame.size,
        report=report,
    )
    session.add(record)
    round_.committed_at = runtime.clock.now()
    record_act(
        session,
        runtime.clock,
        round_.code,
        actor,
        COMMIT_ACTION,
        round=round_.code,
        commitment_sha256=commitment.sha256,
    )
    return record


def draw_sample(
    session: Session, runtime: Runtime, round_: Round, *, beacon: str, dice: str, entered_by: str, confirmed_by: str
) -> Draw:
    """Take the seed from the committed sources, typed in by two people, and draw.

    Raises
    ------
    Refused
        Typed by one person only; or before the commitment, a second time, over a frame that is not the committed one:
        these leave an entry in the audit trail.
    """
    try:
        refuse_unless(round_, "committed", doing="drawing the sample")
    except Refused as refusal:
        code, state = round_.code, round_.state
        refusal.afterwards = lambda session: record_act(
            session, runtime.clock, code, entered_by, "draw refused", state=state
        )
        raise
    if not entered_by or not confirmed_by or entered_by == confirmed_by:
        raise Refused("The sources of the seed are typed in by one person and confirmed by another.")
    broken = list(islice(find_broken_seals(session, runtime, round_), 10))
    if broken:
        raise refuse_frame_change(runtime, round_, entered_by, f"records changed: {', '.join(broken)}")
    record = get_draw(session, round_)
    commitment = Commitment.from_json(record.commitment.encode())
    nonces = read_nonces(runtime, round_, record)
    seed = reveal_seed(commitment, nonces, beacon, dice)
    record_act(
        session,
        runtime.clock,
        round_.code,
        entered_by,
        REVEAL_ACTION,
        round=round_.code,
        seed=seed,
        confirmed=confirmed_by,
    )
    record.beacon, record.dice, record.seed = beacon, dice, seed
    record.entered_by, record.confirmed_by = entered_by, confirmed_by
    try:
        _store_cases(session, round_, commitment, seed)
    except DrawError as error:
        if error.code != "frame_changed":
            raise
        refusal = refuse_frame_change(runtime, round_, entered_by, str(error))
        raise refusal from error
    round_.drawn_at = runtime.clock.now()
    return record


def require_sources(session: Session, runtime: Runtime, round_: Round, *, beacon: str, dice: str) -> None:
    """Raise what drawing with these sources would raise, before a second person is asked to confirm them."""
    refuse_unless(round_, "committed", doing="drawing the sample")
    record = get_draw(session, round_)
    reveal_seed(Commitment.from_json(record.commitment.encode()), read_nonces(runtime, round_, record), beacon, dice)


def release_replicate(session: Session, runtime: Runtime, round_: Round, unit_code: str) -> list[Case]:
    """Release the next replicate of a unit and return its cases, in the order of the draw; none where all are out."""
    refuse_unless(round_, "drawn", "open", "paused", doing="releasing a replicate")
    latest = session.scalar(
        select(func.max(Case.replicate)).where(
            Case.round_id == round_.id, Case.unit_code == unit_code, Case.released_at.is_not(None)
        )
    )
    cases = list(
        session.scalars(
            select(Case)
            .where(Case.round_id == round_.id, Case.unit_code == unit_code, Case.replicate == (latest or 0) + 1)
            .order_by(Case.stratum, Case.rank)
        )
    )
    for case in cases:
        case.released_at = runtime.clock.now()
    if cases:
        record_act(
            session,
            runtime.clock,
            round_.code,
            "release",
            "replicate released",
            unit=unit_code,
            replicate=(latest or 0) + 1,
            cases=len(cases),
        )
    return cases


def get_draw(session: Session, round_: Round) -> Draw:
    """The draw of a round."""
    record = session.scalar(select(Draw).where(Draw.round_id == round_.id))
    if record is None:
        raise NotFound("Round %(code)s has no commitment yet.", code=round_.code)
    return record


def read_nonces(runtime: Runtime, round_: Round, record: Draw) -> list[str]:
    """The nonces behind a commitment: secret until the draw, published with it."""
    return json.loads(runtime.keyring.decrypt(NONCES, record.nonces_cipher, f"draw:{round_.code}"))


def frame_lines(session: Session, round_: Round) -> Iterator[str]:
    """The lines ``stratum|cid`` of a round's frame as the database has them now, in no order."""
    rows = session.execute(
        select(ServiceRecord.stratum, ServiceRecord.cid)
        .where(ServiceRecord.round_id == round_.id, ServiceRecord.cid != "")
        .execution_options(yield_per=10_000)
    )
    return (f"{stratum}|{cid}" for stratum, cid in rows)


def plan_unit_replicates(commitment: Commitment, content: dict) -> dict[str, ReplicatePlan]:
    """Per unit, which ranks of which stratum belong to which replicate."""
    by_unit: dict[str, dict[str, int]] = defaultdict(dict)
    for name, size in commitment.sample_sizes.items():
        by_unit[StratumName.from_name(name).unit][name] = size
    size = content["fieldwork"]["replicate_size"]
    return {
        unit: plan_replicates(sizes, max(1, math.ceil(sum(sizes.values()) / size)), commitment.frame_counts)
        for unit, sizes in by_unit.items()
    }


def _store_strata(session: Session, round_: Round, plan: StrataPlan) -> None:
    counties: dict[str, list[str]] = defaultdict(list)
    for original, final in plan.final_by_original.items():
        counties[final.name].append(original.county)
    rows = []
    for name, size in plan.counts.items():
        stratum = StratumName.from_name(name)
        rows.append(
            {
                "round_id": round_.id,
                "code": name,
                "unit_code": stratum.unit,
                "group": stratum.group,
                "counties": sorted(counties[name]),
                "neighbour": plan.neighbours.get(name, ""),
                "size": size,
                "sample_size": plan.sample_sizes[name],
            }
        )
    session.execute(insert(Stratum), rows)


def _store_cases(session: Session, round_: Round, commitment: Commitment, seed: str) -> None:
    """Keep the sample and as many replicates of the reserve, with the replicate and the mode arm of each case."""
    plans = plan_unit_replicates(commitment, round_.configuration.content)
    batch: list[dict] = []
    for case in draw(frame_lines(session, round_), commitment, seed):
        unit = StratumName.from_name(case.stratum).unit
        plan = plans[unit]
        if not case.in_sample and not plan.last_ranks[case.stratum][-1]:
            continue
        replicate = plan.replicate_of(case.stratum, case.rank)
        if replicate > plan.sample_replicates * (1 + RESERVE_SHARE):
            continue
        batch.append(_case_row(round_, unit, case, replicate, seed, commitment.random_arm_share))
        if len(batch) == _CHUNK:
            _insert_cases(session, round_, batch)
            batch = []
    if batch:
        _insert_cases(session, round_, batch)


def _case_row(round_: Round, unit: str, case: DrawnCase, replicate: int, seed: str, arm_share: float) -> dict:
    return {
        "round_id": round_.id,
        "unit_code": unit,
        "stratum": case.stratum,
        "cid": case.cid,
        "ticket": case.ticket,
        "rank": case.rank,
        "replicate": replicate,
        "arm": mode_arm(seed, case.stratum, case.cid, arm_share),
    }


def _insert_cases(session: Session, round_: Round, rows: list[dict]) -> None:
    cids = [row["cid"] for row in rows]
    ids: Mapping[str, int] = dict(
        session.execute(
            select(ServiceRecord.cid, ServiceRecord.id).where(
                ServiceRecord.round_id == round_.id, ServiceRecord.cid.in_(cids)
            )
        ).all()
    )
    session.execute(insert(Case), [row | {"record_id": ids[row["cid"]]} for row in rows])
