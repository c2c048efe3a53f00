"""Sealing: answers leave their cases in batches, without case, time or order, and with nothing that fewer than five share."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from evalsys.base.errors import Refused
from evalsys.base.runtime import Runtime
from evalsys.base.set_aside import forget_aside
from evalsys.design.models import Round
from evalsys.fieldwork.blocks import (
    CLASS,
    COMPLETE,
    Answered,
    Homes,
    choose_blocks,
    choose_own_blocks,
    class_of,
    is_tallied,
    new_block,
)
from evalsys.fieldwork.call_results import forget_digests
from evalsys.fieldwork.case_notes import forget_notes
from evalsys.fieldwork.interviews import read_answers
from evalsys.fieldwork.models import Interview, ModeCount, SealedAnswer, SealedBlock, Voiding
from evalsys.fieldwork.paper_keyings import forget_keyings
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.taken import list_taken
from evalsys.fieldwork.tallies import add_to_tallies
from evalsys.fieldwork.text_conversations import forget_conversations
from evalsys.outbox.actions import put_job
from evalsys.samples.models import Case, Stratum
from surveys.fieldwork import find_outcome
from surveys.fieldwork.anonymity import hide_rare
from surveys.sampling.strata import Stratum as StratumName
from surveys.sampling.strata import collapse_strata


def seal_answers(session: Session, runtime: Runtime, round_: Round) -> int:
    """Seal the answers whose quality control is over: per unit at least ten at once, five of each class; how many were."""
    held_until = runtime.clock.now() - rules_of(round_.configuration).quality_hold
    undecided = select(Voiding.case_id).where(Voiding.decision == "", Voiding.case_id.is_not(None))
    let_go = Interview.answered_at <= held_until, Interview.case_id.not_in(undecided)
    ready = _read_answered(session, runtime, round_, *let_go)
    blocks = {new_block(): block for block in choose_blocks(ready)}
    rows = [_row(round_, one, one.stratum, block) for block, chosen in blocks.items() for one in chosen.answers]
    _keep(session, _blur(rows))
    _leave_cases(session, round_, {block: chosen.answers for block, chosen in blocks.items()})
    known = _find_interviewers(session, round_)
    _name_interviewers(session, round_, known | {block: chosen.interviewer for block, chosen in blocks.items()})
    for chosen in blocks.values():
        _count_modes(session, round_, chosen.answers, known={})
    _tally(session, round_, [(one, one.stratum) for chosen in blocks.values() for one in chosen.answers])
    if blocks:
        have_originals_erased(session, runtime, round_, "interview", "case_note", "paper_keying")
    return len(rows)


def seal_rest(session: Session, runtime: Runtime, round_: Round) -> int:
    """At close, seal what is left over: what makes a block of one interviewer as that, each other answer with its class.

    Small strata are joined to their neighbours first, as scoring joins them, and all answers of the round get fresh keys, so that
    those that came last cannot be told from the others. How many were left over.
    """
    rest = _read_answered(session, runtime, round_)
    _, final = collapse_by_completes(session, round_)
    rows = _take_back(session, round_)
    for row in rows:
        row["stratum"] = final.get(row["stratum"], "")
    homes = Homes(rows, _find_interviewers(session, round_))
    placed = {one.case_id: (one, _row(round_, one, final[one.stratum], "")) for one in rest}
    for block in choose_own_blocks(rest):
        homes.open(block.interviewer, [placed[one.case_id][1] for one in block.answers])
    homeless = Counter(class_of(row) for one, row in placed.values() if not row["block"] and not homes.find(one, row))
    unnamed = homes.choose_unnamed(homeless)
    blocks: dict[str, list[Answered]] = defaultdict(list)
    for one, row in placed.values():
        if not row["block"]:
            kind = class_of(row)
            homes.house(one, row, homeless[kind], unnamed=kind in unnamed)
        rows.append(row)
        blocks[row["block"]].append(one)
    _keep(session, _blur(rows))
    _leave_cases(session, round_, blocks)
    _name_interviewers(session, round_, homes.interviewers)
    _count_modes(session, round_, rest, known=_find_cells(session, round_))
    _tally(session, round_, [(one, row["stratum"]) for one, row in placed.values() if not row["voided"]])
    tables = ("interview", "attempt", "case_note", "paper_keying", "sealed_answer")
    have_originals_erased(session, runtime, round_, *tables, anew=True)
    return len(rest)


def collapse_by_completes(session: Session, round_: Round) -> tuple[dict[str, Counter[str]], dict[str, str]]:
    """Outcome classes by stratum of the draw, and where each stratum goes so that it has five complete interviews."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    rows = session.execute(
        select(Case.stratum, Interview.outcome, func.count())
        .join(Interview, Interview.case_id == Case.id)
        .where(Case.round_id == round_.id)
        .group_by(Case.stratum, Interview.outcome)
    )
    for stratum, outcome, count in rows:
        outcomes[stratum][find_outcome(outcome).outcome_class if outcome else ""] += count
    drawn = session.scalars(select(Stratum.code).where(Stratum.round_id == round_.id))
    collapsed = collapse_strata({StratumName.from_name(code): outcomes[code]["I"] for code in drawn}, CLASS)
    return outcomes, {one.name: other.name for one, other in collapsed.final_by_original.items()}


def balance_answers(session: Session, round_: Round) -> dict[str, dict[str, int]]:
    """Per channel: cases sealed, answers stored, answers voided. They must balance before anything is frozen."""
    sealed = dict(
        session.execute(
            select(Interview.channel, func.count())
            .where(Interview.round_id == round_.id, Interview.state == "sealed")
            .group_by(Interview.channel)
        ).all()
    )
    voided = set(
        session.scalars(select(SealedAnswer.block).where(SealedAnswer.round_id == round_.id, SealedAnswer.voided))
    )
    stored: Counter[tuple[str, bool]] = Counter()
    for channel, block, answers in session.execute(
        select(SealedBlock.channel, SealedBlock.block, SealedBlock.answers).where(SealedBlock.round_id == round_.id)
    ):
        stored[channel, block in voided] += answers
    channels = sorted(set(sealed) | {channel for channel, _ in stored})
    return {
        channel: {
            "sealed": sealed.get(channel, 0),
            "stored": stored[channel, False],
            "voided": stored[channel, True],
        }
        for channel in channels
    }


def require_balance(session: Session, round_: Round) -> dict[str, dict[str, int]]:
    """The balance of answers; raises ``Refused`` naming the channel or the block in which cases and answers differ."""
    _refuse_lost_answers(session, round_)
    balance = balance_answers(session, round_)
    for channel, count in balance.items():
        if count["sealed"] != count["stored"] + count["voided"]:
            raise Refused(
                "Channel %(channel)s has %(sealed)d sealed cases but %(stored)d answers and %(voided)d voided ones; "
                "find out why before anything is frozen or published.",
                channel=channel,
                **count,
            )
    return balance


def _refuse_lost_answers(session: Session, round_: Round) -> None:
    def count(column, what) -> dict[str, int]:
        rows = select(column, what).where(column.class_.round_id == round_.id).group_by(column)
        return {block: int(number) for block, number in session.execute(rows)}

    there = count(SealedAnswer.block, func.count())
    sealed = count(SealedBlock.block, func.sum(SealedBlock.answers))
    for block in sorted(there.keys() | sealed.keys()):
        if there.get(block, 0) != sealed.get(block, 0):
            raise Refused(
                "Block %(block)s has %(there)d answers where %(sealed)d were sealed; find out why before anything is frozen or "
                "published.",
                block=block,
                there=there.get(block, 0),
                sealed=sealed.get(block, 0),
            )


def _read_answered(session: Session, runtime: Runtime, round_: Round, *which) -> list[Answered]:
    rows = session.execute(
        select(Interview, Case)
        .join(Case, Case.id == Interview.case_id)
        .where(Interview.round_id == round_.id, Interview.state == "answered", *which)
        .order_by(Interview.case_id)
    )
    taken = list_taken(session, round_, "answered")
    return [
        Answered(
            case.id,
            interview.unit_code,
            case.stratum,
            interview.channel,
            case.arm,
            interview.outcome,
            taken[case.id].interviewer if case.id in taken else "",
            read_answers(runtime, interview),
        )
        for interview, case in rows
    ]


def _row(round_: Round, one: Answered, stratum: str, block: str) -> dict:
    """The answer as it is kept; a partial one is not scored and needs no stratum."""
    ask = rules_of(round_.configuration).questionnaire.question
    return {
        "round_id": round_.id,
        "unit_code": one.unit,
        "stratum": stratum if one.outcome == COMPLETE else "",
        "channel": one.channel,
        "block": block,
        "outcome": one.outcome,
        "answers": {code: ask(code).coarsen(value) for code, value in sorted(one.answers.items())},
        "voided": False,
    }


def _blur(rows: list[dict]) -> list[dict]:
    """Answers tell their channel where it is not rare in their class and block."""
    channels = hide_rare([((row["block"], *class_of(row)), row["channel"]) for row in rows], CLASS)
    return [row | {"channel": channel} for row, channel in zip(rows, channels, strict=True)]


def _keep(session: Session, rows: Iterable[dict]) -> None:
    """Store answers under fresh random keys and in their order, so that no clock or case number can undo the shuffle."""
    keyed = sorted((row | {"key": secrets.token_hex(16)} for row in rows), key=lambda row: row["key"])
    if keyed:
        session.execute(insert(SealedAnswer), keyed)


def _take_back(session: Session, round_: Round) -> list[dict]:
    """All sealed answers of a round, taken out of their table to be stored anew."""
    table = SealedAnswer.__table__
    rows = [dict(row) for row in session.execute(select(table).where(table.c.round_id == round_.id)).mappings()]
    session.execute(delete(table).where(table.c.round_id == round_.id))
    return rows


def have_originals_erased(session: Session, runtime: Runtime, round_: Round, *tables: str, anew: bool = False) -> None:
    """Have the files of the database rid of what was just deleted from ``tables``, by a job: it only works outside a transaction.

    ``anew``: by writing the whole file anew, where the database is one.
    """
    payload = {"round": round_.code, "tables": [*tables], "anew": anew}
    # A key of its own, so that what is to be written anew is not forgotten for what only needs its log emptied.
    key = f"field.erase:{round_.code}" + (":anew" if anew else "")
    put_job(session, runtime.clock, key, "field.erase", payload)


def _leave_cases(session: Session, round_: Round, blocks: dict[str, list[Answered]]) -> None:
    """Forget the answers on their cases, and count them by block and channel."""
    table = SealedBlock.__table__
    for block, answers in blocks.items():
        for channel, count in Counter(one.channel for one in answers).items():
            known = session.execute(
                update(table)
                .where(table.c.block == block, table.c.channel == channel)
                .values(answers=table.c.answers + count)
            )
            if not known.rowcount:
                row = {"block": block, "channel": channel, "round_id": round_.id, "answers": count}
                session.execute(insert(table), row)
        cases = [one.case_id for one in answers]
        session.execute(
            update(Interview)
            .where(Interview.case_id.in_(cases))
            .values(state="sealed", answers_cipher=None, answered_at=None, version=0, language=""),
            execution_options={"synchronize_session": False},
        )
        forget_digests(session, round_, cases)
        forget_notes(session, round_, cases)
        forget_conversations(session, round_, cases)
        forget_keyings(session, round_, cases)
        forget_aside(session.connection(), round_.id, cases)


def _find_interviewers(session: Session, round_: Round) -> dict[str, str]:
    """Whose each block of a round is; ``""`` for nobody's."""
    rows = select(SealedBlock.block, SealedBlock.interviewer).where(SealedBlock.round_id == round_.id).distinct()
    return dict(session.execute(rows).all())


def _name_interviewers(session: Session, round_: Round, interviewers: dict[str, str]) -> None:
    """Note whose each block is."""
    for block, known in _find_interviewers(session, round_).items():
        interviewer = interviewers.get(block, "")
        if interviewer != known:
            session.execute(update(SealedBlock).where(SealedBlock.block == block).values(interviewer=interviewer))


def _tally(session: Session, round_: Round, leaving: Sequence[tuple[Answered, str]]) -> None:
    """Add the complete interviews that people took, and that were just stored, each with the stratum it was stored with."""
    taken = [(one.interviewer, stratum, one.answers) for one, stratum in leaving if is_tallied(one)]
    if taken:
        add_to_tallies(session, round_, taken, least=CLASS)


def _find_cells(session: Session, round_: Round) -> dict[tuple[str, str, str], int]:
    """How many interviews each cell of the mode experiment holds so far."""
    rows = session.execute(
        select(ModeCount.unit_code, ModeCount.arm, ModeCount.channel, ModeCount.count).where(
            ModeCount.round_id == round_.id, ModeCount.question == ""
        )
    )
    return {(unit, arm, channel): count for unit, arm, channel, count in rows}


def _count_modes(
    session: Session, round_: Round, answers: Sequence[Answered], known: dict[tuple[str, str, str], int]
) -> None:
    """Count the answers of complete interviews by unit, random arm and channel; a cell that would hold fewer than five is left out."""
    complete = [one for one in answers if one.outcome == COMPLETE]
    cells = Counter((one.unit, one.arm, one.channel) for one in complete)
    questionnaire = rules_of(round_.configuration).questionnaire
    closed = {code for code in questionnaire.order if questionnaire.question(code).takes_one}
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for one in complete:
        cell = (one.unit, one.arm, one.channel)
        if cells[cell] + known.get(cell, 0) >= CLASS:
            counts[*cell, "", ""] += 1
            counts.update((*cell, code, value) for code, value in one.answers.items() if code in closed)
    table = ModeCount.__table__
    names = ("unit_code", "arm", "channel", "question", "value")
    for key, count in sorted(counts.items()):
        cell = dict(zip(names, key, strict=True)) | {"round_id": round_.id}
        same = [table.c[name] == value for name, value in cell.items()]
        if not session.execute(update(table).where(*same).values(count=table.c["count"] + count)).rowcount:
            session.execute(insert(table), cell | {"count": count})
