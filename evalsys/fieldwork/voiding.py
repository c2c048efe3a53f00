"""Voiding: two people take an interview out, alone while its answers are on its case, with its whole block once they are sealed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import BadInput, NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.call_results import forget_digests
from evalsys.fieldwork.cases import Dossier, open_dossiers, settle
from evalsys.fieldwork.models import Attempt, Hold, Interview, SealedAnswer, SealedBlock, Voiding
from evalsys.fieldwork.paper_keyings import forget_keyings
from evalsys.fieldwork.sealing import have_originals_erased
from evalsys.fieldwork.taken import ANSWERED, list_taken
from evalsys.fieldwork.text_conversations import forget_conversations
from evalsys.samples.models import Case
from surveys.fieldwork import next_try

#: letters of a reason at most
LONGEST_REASON = 500
#: so much of a case's identifier is asked for
SHORTEST_BEGINNING = 8


@dataclass(frozen=True)
class OwnBlock:
    """A sealed block of one interviewer's answers."""

    block: str
    interviewer: str
    answers: int
    is_voided: bool


@dataclass(frozen=True)
class Awaiting:
    """An interview that a person took, whose answers are still on its case; ``seconds`` of the call, where known."""

    cid: str
    unit_code: str
    interviewer: str
    seconds: int | None


@dataclass(frozen=True)
class Proposed:
    """A proposal, and what it is about: the identifier of a case, or else a block."""

    voiding: Voiding
    cid: str


def propose_voiding(
    session: Session, runtime: Runtime, round_: Round, case_id: int, *, reason: str, actor: str
) -> Voiding:
    """Propose to void the interview of a case; its answers stay on the case until somebody else has decided.

    Raises ``Refused`` where there is no interview awaiting quality control: it was sealed, or never finished.
    """
    refuse_unless(round_, "open", "paused", doing="voiding an interview")
    interview = session.get(Interview, case_id, populate_existing=True)
    if interview is None or interview.round_id != round_.id:
        raise NotFound("There is no such interview.")
    _require_answered(interview.state)
    return _propose(session, runtime, round_, reason, actor, case_id=case_id)


def propose_block_voiding(
    session: Session, runtime: Runtime, round_: Round, block: str, *, reason: str, actor: str
) -> Voiding:
    """Propose to void all answers of a sealed block.

    Raises ``Refused`` where they are voided already, or where the round is frozen; ``NotFound`` for a block that the round has not.
    """
    _refuse_frozen(round_)
    _require_block(session, round_, block)
    return _propose(session, runtime, round_, reason, actor, block=block)


def get_case_id(session: Session, round_: Round, beginning: str) -> int:
    """The released case whose identifier begins so, as pages and the audit trail show it.

    Raises ``NotFound`` where no case of the round or several begin so, or for fewer than eight letters.
    """
    beginning = beginning.strip().lower()
    found = select(Interview.case_id).join(Case, Case.id == Interview.case_id).limit(2)
    cases = session.scalars(
        found.where(Interview.round_id == round_.id, Case.cid.startswith(beginning, autoescape=True))
    ).all()
    if len(beginning) < SHORTEST_BEGINNING or len(cases) != 1:
        raise NotFound("Round %(code)s has no one case that begins with %(cid)s.", code=round_.code, cid=beginning)
    return cases[0]


def approve_voiding(session: Session, runtime: Runtime, round_: Round, voiding_id: int, *, actor: str) -> Voiding:
    """Void what was proposed.

    The answers of a single interview are erased; its call keeps its outcome in the ledger, marked as voided. The case is worked
    again while calling hours and tries are left, otherwise it ends with what its other tries came to. Answers of a block stay in
    it and count as voided: no data set and no score holds them.

    Raises ``Refused`` for the person who proposed it, where it was decided before, or where the answers were sealed meanwhile.
    """
    proposal = _decide(session, runtime, round_, voiding_id, "approved", actor)
    if proposal.case_id is None:
        _refuse_frozen(round_)
        _require_block(session, round_, proposal.block)
        session.execute(
            update(SealedAnswer)
            .where(SealedAnswer.round_id == round_.id, SealedAnswer.block == proposal.block)
            .values(voided=True)
        )
    else:
        refuse_unless(round_, "open", "paused", doing="voiding an interview")
        _void_interview(session, runtime, round_, proposal.case_id)
    return proposal


def reject_voiding(session: Session, runtime: Runtime, round_: Round, voiding_id: int, *, actor: str) -> Voiding:
    """Leave everything as it is; also whoever proposed it may take it back. Raises ``Refused`` where it was decided before."""
    return _decide(session, runtime, round_, voiding_id, "rejected", actor)


def list_own_blocks(session: Session, round_: Round) -> list[OwnBlock]:
    """The sealed blocks of one interviewer each, which can be voided by themselves."""
    voided = select(SealedAnswer.block).where(SealedAnswer.round_id == round_.id, SealedAnswer.voided)
    rows = session.execute(
        select(
            SealedBlock.block,
            SealedBlock.interviewer,
            func.sum(SealedBlock.answers),
            SealedBlock.block.in_(voided),
        )
        .where(SealedBlock.round_id == round_.id, SealedBlock.interviewer != "")
        .group_by(SealedBlock.block, SealedBlock.interviewer)
        .order_by(SealedBlock.interviewer, SealedBlock.block)
    )
    return [OwnBlock(block, interviewer, int(answers), bool(voided)) for block, interviewer, answers, voided in rows]


def list_awaiting(session: Session, round_: Round) -> list[Awaiting]:
    """The interviews that people took and that can still be voided one by one, the shortest call first."""
    taken = list_taken(session, round_, "answered")
    cases = select(Case.id, Case.cid, Case.unit_code).where(Case.round_id == round_.id)
    rows = session.execute(
        cases.join(Interview, Interview.case_id == Case.id).where(Interview.state == "answered")
    ).all()
    found = [
        Awaiting(row.cid, row.unit_code, taken[row.id].interviewer, taken[row.id].seconds)
        for row in rows
        if row.id in taken
    ]
    return sorted(found, key=lambda one: (one.seconds is None, one.seconds, one.cid))


def list_voidings(session: Session, round_: Round) -> list[Proposed]:
    """What was proposed in a round, undecided first, then the newest."""
    rows = session.execute(
        select(Voiding, Case.cid)
        .outerjoin(Case, Case.id == Voiding.case_id)
        .where(Voiding.round_id == round_.id)
        .order_by(Voiding.id.desc())
    )
    found = [Proposed(voiding, cid or "") for voiding, cid in rows]
    return sorted(found, key=lambda one: one.voiding.decision != "")


def _propose(
    session: Session, runtime: Runtime, round_: Round, reason: str, actor: str, *, case_id: int | None = None, block=""
) -> Voiding:
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise BadInput("A reason has 1 to %(longest)d characters.", longest=LONGEST_REASON)
    same = Voiding.case_id == case_id if case_id is not None else Voiding.block == block
    if session.scalar(
        select(func.count()).select_from(Voiding).where(Voiding.round_id == round_.id, same, Voiding.decision == "")
    ):
        raise Refused("This was proposed already and waits for the second person.")
    proposal = Voiding(
        round_id=round_.id,
        case_id=case_id,
        block=block,
        reason=reason,
        proposed_at=runtime.clock.now(),
        proposed_by=actor,
    )
    session.add(proposal)
    record_act(
        session, runtime.clock, round_.code, actor, "voiding proposed", **_name(session, proposal), reason=reason
    )
    return proposal


def _decide(session: Session, runtime: Runtime, round_: Round, voiding_id: int, decision: str, actor: str) -> Voiding:
    proposal = session.scalar(select(Voiding).where(Voiding.id == voiding_id, Voiding.round_id == round_.id))
    if proposal is None:
        raise NotFound("There is no such proposal.")
    if decision == "approved" and proposal.proposed_by == actor:
        raise Refused("Somebody else than who proposed it has to approve it.")
    decided = session.execute(
        update(Voiding)
        .where(Voiding.id == voiding_id, Voiding.decision == "")
        .values(decision=decision, decided_at=runtime.clock.now(), decided_by=actor)
        .execution_options(synchronize_session=False)
    )
    if not decided.rowcount:
        raise Refused("This proposal was decided before.")
    session.refresh(proposal)
    record_act(
        session,
        runtime.clock,
        round_.code,
        actor,
        f"voiding {decision}",
        **_name(session, proposal),
        proposed_by=proposal.proposed_by,
    )
    return proposal


def _name(session: Session, proposal: Voiding) -> dict[str, str]:
    """What is voided, as the audit trail names it."""
    if proposal.case_id is None:
        return {"block": proposal.block}
    return {"case": session.scalar(select(Case.cid).where(Case.id == proposal.case_id))}


def _void_interview(session: Session, runtime: Runtime, round_: Round, case_id: int) -> None:
    _require_answered(open_dossiers(session, [case_id])[case_id].interview.state)
    session.execute(
        update(Attempt)
        .where(Attempt.case_id == case_id, Attempt.outcome.in_(ANSWERED), Attempt.voided_at.is_(None))
        .values(voided_at=runtime.clock.now())
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Hold)
        .where(Hold.case_id == case_id, Hold.expires_at > runtime.clock.now())
        .values(expires_at=runtime.clock.now())
        .execution_options(synchronize_session=False)
    )
    # Read anew: the voided call is no try of the case any more.
    dossier = open_dossiers(session, [case_id])[case_id]
    interview = dossier.interview
    interview.answers_cipher = interview.answered_at = None
    interview.outcome = interview.channel = ""
    interview.version += 1
    forget_digests(session, round_, [case_id])
    forget_conversations(session, round_, [case_id])
    forget_keyings(session, round_, [case_id])
    _work_again(runtime, dossier)
    have_originals_erased(session, runtime, round_, "interview", "paper_keying")


def _work_again(runtime: Runtime, dossier: Dossier) -> None:
    """Give a case back to fieldwork, by telephone, where there is a calling hour left for it; else end it by its other tries."""
    interview, rules = dossier.interview, dossier.rules
    due = None
    if "voice" in rules.channels:
        due = next_try(rules.retry, dossier.hours, dossier.history, runtime.clock.now(), dossier.field_until)
    if due is None:
        settle(runtime, dossier, over=False, exhausted=True)
        return
    interview.state, interview.next_channel, interview.due_at = "waiting", rules.next_call(by_person=True), due


def _require_answered(state: str) -> None:
    if state == "sealed":
        raise Refused("The answers of this interview are sealed; only its whole block can be voided now.")
    if state != "answered":
        raise Refused("This interview has no finished answers that could be voided.")


def _refuse_frozen(round_: Round) -> None:
    refuse_unless(round_, "open", "paused", "closed", doing="voiding a block")


def _require_block(session: Session, round_: Round, block: str) -> None:
    rows = session.execute(
        select(SealedAnswer.voided).where(SealedAnswer.round_id == round_.id, SealedAnswer.block == block).distinct()
    ).scalars()
    voided = set(rows)
    known = select(SealedBlock.block).where(SealedBlock.round_id == round_.id, SealedBlock.block == block)
    if not voided or session.scalar(known.limit(1)) is None:
        raise NotFound("Round %(code)s has no block %(block)s.", code=round_.code, block=block)
    if voided == {True}:
        raise Refused("Block %(block)s is voided already.", block=block)
