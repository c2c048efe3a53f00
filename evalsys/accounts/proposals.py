"""Acts that want two people: one who is signed in proposes, another who is signed in decides."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evalsys.accounts.models import Proposal
from evalsys.audit.actions import record_act
from evalsys.base.clock import Clock
from evalsys.base.errors import NotFound, Refused


def propose_act(
    session: Session, clock: Clock, chain: str, act: str, details: dict[str, str], *, actor: str
) -> Proposal:
    """Propose an act; nothing is done until somebody else approves. Raises ``Refused`` where it was proposed already."""
    if find_proposal(session, chain, act) is not None:
        raise Refused("This was proposed already and waits for the second person.")
    proposal = Proposal(chain=chain, act=act, details=details, proposed_by=actor, proposed_at=clock.now())
    session.add(proposal)
    record_act(session, clock, chain, actor, f"{act} proposed", **details)
    return proposal


def find_proposal(session: Session, chain: str, act: str) -> Proposal | None:
    """The proposal of an act that waits for the second person."""
    return session.scalar(select(Proposal).where(Proposal.chain == chain, Proposal.act == act, Proposal.decision == ""))


def approve_act(session: Session, clock: Clock, chain: str, act: str, proposal_id: int, *, actor: str) -> Proposal:
    """Approve; the caller does the act in the same transaction, so that both are kept or neither.

    Raises ``Refused`` for the person who proposed it, or where it was decided before.
    """
    return _decide(session, clock, chain, act, proposal_id, "approved", actor)


def reject_act(session: Session, clock: Clock, chain: str, act: str, proposal_id: int, *, actor: str) -> Proposal:
    """Leave everything as it is; also whoever proposed it may take it back."""
    return _decide(session, clock, chain, act, proposal_id, "rejected", actor)


def _decide(
    session: Session, clock: Clock, chain: str, act: str, proposal_id: int, decision: str, actor: str
) -> Proposal:
    wanted = (Proposal.id == proposal_id, Proposal.chain == chain, Proposal.act == act)
    proposal = session.scalar(select(Proposal).where(*wanted))
    if proposal is None:
        raise NotFound("There is no such proposal.")
    if decision == "approved" and proposal.proposed_by == actor:
        raise Refused("Somebody else than who proposed it has to approve it.")
    decided = session.execute(
        update(Proposal)
        .where(*wanted, Proposal.decision == "")
        .values(decision=decision, decided_by=actor, decided_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if not decided.rowcount:
        raise Refused("This proposal was decided before.")
    session.refresh(proposal)
    record_act(session, clock, chain, actor, f"{act} {decision}", proposed_by=proposal.proposed_by)
    return proposal
