"""Freezing: the answers of a closed round as one columnar file that is known by its hash, and the strata they stand for."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import NotFound
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.blocks import CLASS
from evalsys.fieldwork.models import ModeCount, SealedAnswer
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.sealing import collapse_by_completes, require_balance
from evalsys.results.models import FrozenDataset
from evalsys.samples.models import Stratum
from surveys.sampling.strata import Stratum as StratumName
from surveys.sampling.strata import collapse_strata

_REST = {"P", "R", "NC", "O"}


def freeze_round(session: Session, runtime: Runtime, round_: Round, *, actor: str) -> FrozenDataset:
    """Freeze the answers of a closed round; refused while cases and answers do not balance."""
    refuse_unless(round_, "closed", doing="freezing")
    balance = require_balance(session, round_)
    strata, final_by_code = describe_strata(session, round_)
    table = _read_answers(session, round_, final_by_code)
    path = runtime.published_folder / f"answers-{round_.code}.parquet"
    sha256 = write_dataset(table, path)
    dataset = FrozenDataset(
        round_id=round_.id,
        sha256=sha256,
        path=str(path),
        rows=table.num_rows,
        counts=balance,
        strata=strata,
        modes=_read_modes(session, round_),
        frozen_at=runtime.clock.now(),
    )
    session.add(dataset)
    round_.frozen_at = runtime.clock.now()
    record_act(session, runtime.clock, round_.code, actor, "round frozen", sha256=sha256, rows=table.num_rows)
    return dataset


def get_dataset(session: Session, round_: Round) -> FrozenDataset:
    """The frozen data set of a round."""
    found = session.scalar(select(FrozenDataset).where(FrozenDataset.round_id == round_.id))
    if found is None:
        raise NotFound("Round %(code)s is not frozen yet.", code=round_.code)
    return found


def write_dataset(table: pa.Table, path: Path) -> str:
    """Write the table as Parquet with fixed settings; its SHA-256."""
    pq.write_table(table, path, compression="zstd", version="2.6", store_schema=False, write_statistics=False)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def describe_strata(session: Session, round_: Round) -> tuple[list[dict], dict[str, str]]:
    """The strata as they are scored, with the outcomes of their released cases; small ones joined to their named neighbour.

    An answer voided with its block counts as that of somebody eligible who did not answer. Also returns where each stratum of the
    draw went.
    """
    drawn = list(session.scalars(select(Stratum).where(Stratum.round_id == round_.id).order_by(Stratum.code)))
    outcomes, final = collapse_by_completes(session, round_)
    voided = _count_voided(session, round_)
    if voided:
        final, voided = _join_again(outcomes, final, voided)
    members: dict[str, list[Stratum]] = defaultdict(list)
    for stratum in drawn:
        members[final[stratum.code]].append(stratum)
    rows = []
    for code in sorted(members):
        counts: Counter[str] = sum((outcomes[s.code] for s in members[code]), Counter())
        rows.append(
            {
                "stratum": code,
                "unit": members[code][0].unit_code,
                "group": members[code][0].group,
                "members": [stratum.code for stratum in members[code]],
                "population": sum(stratum.size for stratum in members[code]),
                "complete": counts["I"] - voided[code],
                "eligible_rest": sum(counts[name] for name in _REST) + voided[code],
                "ineligible": counts["NE"],
                "unknown": counts["UH"] + counts["UO"],
            }
        )
    return rows, final


def _count_voided(session: Session, round_: Round) -> Counter[str]:
    """The complete interviews voided with their blocks, by the stratum they were sealed with."""
    rows = session.execute(
        select(SealedAnswer.stratum, func.count())
        .where(SealedAnswer.round_id == round_.id, SealedAnswer.voided, SealedAnswer.stratum != "")
        .group_by(SealedAnswer.stratum)
    )
    return Counter(dict(rows.all()))


def _join_again(
    outcomes: dict[str, Counter[str]], final: dict[str, str], voided: Counter[str]
) -> tuple[dict[str, str], Counter[str]]:
    """Join strata in which too few are left once the voided ones are taken off; where each went, and what is voided of it."""
    left: Counter[str] = Counter()
    for code, joined in final.items():
        left[joined] += outcomes[code]["I"]
    left.subtract(voided)
    again = collapse_strata({StratumName.from_name(code): count for code, count in left.items()}, CLASS)
    joined_by_code = {one.name: other.name for one, other in again.final_by_original.items()}
    moved: Counter[str] = Counter()
    for code, count in voided.items():
        moved[joined_by_code[code]] += count
    return {code: joined_by_code[joined] for code, joined in final.items()}, moved


def _read_modes(session: Session, round_: Round) -> list[dict]:
    """The counts of answers by unit, random arm and channel, in order."""
    names = ("unit_code", "arm", "channel", "question", "value", "count")
    columns = [ModeCount.__table__.c[name] for name in names]
    rows = session.execute(select(*columns).where(ModeCount.round_id == round_.id).order_by(*columns[:-1]))
    return [dict(zip(("unit", *names[1:]), row, strict=True)) for row in rows]


def _read_answers(session: Session, round_: Round, final_by_code: dict[str, str]) -> pa.Table:
    """Rows sorted by what they say, so that the file tells nothing of the order in which they came. Comments stay out."""
    questionnaire = rules_of(round_.configuration).questionnaire
    codes = [code for code in questionnaire.order if questionnaire.question(code).kind != "text"]
    answers = session.scalars(
        select(SealedAnswer).where(SealedAnswer.round_id == round_.id, SealedAnswer.voided.is_(False))
    )
    rows = sorted(
        (
            answer.unit_code,
            StratumName.from_name(answer.stratum).group if answer.stratum else "",
            final_by_code.get(answer.stratum, ""),
            answer.channel,
            answer.outcome,
            *(answer.answers.get(code, "") for code in codes),
        )
        for answer in answers
    )
    names = ["unit", "evaluator_group", "stratum", "channel", "outcome", *codes]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
