"""Inviting supervisors, their acceptance, and what they contribute to the seed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evalsys.accounts.actions import add_user
from evalsys.audit.actions import record_act
from evalsys.base.errors import BadInput, NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.oversight.models import Observer
from surveys.sampling.commitment import nonce_digest

ROLE = "supervisor"
NONCE = "observer-nonce"
INVITATION_LASTS = timedelta(days=14)


def invite_observer(session: Session, runtime: Runtime, round_: Round, name: str, *, actor: str) -> str:
    """Invite somebody to observe a round; the token of their link, which is shown this once and good once."""
    token, now = secrets.token_hex(16), runtime.clock.now()
    observer = Observer(
        round_id=round_.id,
        name=name,
        token_digest=_digest(token),
        invited_by=actor,
        invited_at=now,
        expires_at=now + INVITATION_LASTS,
    )
    session.add(observer)
    session.flush()
    record_act(session, runtime.clock, round_.code, actor, "supervisor invited", name=name, invitation=observer.id)
    return token


def get_invitation(session: Session, runtime: Runtime, token: str) -> Observer:
    """The invitation behind a link; looking does not use it up. Raises ``NotFound`` for one that is unknown, used or too old."""
    observer = session.scalar(select(Observer).where(Observer.token_digest == _digest(token)))
    if observer is None or observer.accepted_at is not None or observer.expires_at < runtime.clock.now():
        raise NotFound("This invitation is not known, was used already, or is too old; ask the commission for another.")
    return observer


def accept_invitation(
    session: Session, runtime: Runtime, token: str, *, user_name: str, password: str | None = None
) -> Observer:
    """Accept by a new account with the role of supervisor, or, without a password, by the account of whoever is one already."""
    observer = get_invitation(session, runtime, token)
    taken = session.execute(
        update(Observer)
        .where(Observer.id == observer.id, Observer.accepted_at.is_(None))
        .values(accepted_at=runtime.clock.now(), user_name=user_name)
        .execution_options(synchronize_session=False)
    )
    if not taken.rowcount:
        raise Refused("This invitation was used at this very moment by somebody else.")
    if password is not None:
        add_user(session, runtime.clock, name=user_name, display_name=observer.name, password=password, roles=[ROLE])
    session.refresh(observer)
    code = observer.round.code
    record_act(session, runtime.clock, code, user_name, "supervision accepted", invitation=observer.id)
    return observer


def contribute_nonce(session: Session, runtime: Runtime, observer: Observer, nonce: str) -> None:
    """Keep what a supervisor made on a machine of their own: 16 bytes or more in hex, before the frame is committed, once.

    Raises ``surveys.errors.DrawError`` for anything else than lower-case hex.
    """
    refuse_unless(observer.round, "draft", doing="contributing to the seed")
    if observer.nonce_cipher is not None:
        raise Refused("You contributed to the seed already; its hash stands on this page.")
    nonce = nonce.strip().lower()
    digest = nonce_digest(nonce)
    same = select(Observer.id).where(Observer.round_id == observer.round_id, Observer.nonce_sha256 == digest)
    if session.scalar(same) is not None:
        raise BadInput("Somebody contributed the same already; make one of your own.")
    observer.nonce_cipher = runtime.keyring.encrypt(NONCE, nonce.encode(), _place(observer))
    observer.nonce_sha256 = digest
    code = observer.round.code
    record_act(session, runtime.clock, code, observer.user_name, "nonce contributed", sha256=digest)


def list_nonces(session: Session, runtime: Runtime, round_: Round) -> tuple[str, ...]:
    """What supervisors contributed to the seed of a round, in hex: for its commitment."""
    found = select(Observer).where(Observer.round_id == round_.id, Observer.nonce_cipher.is_not(None))
    return tuple(
        runtime.keyring.decrypt(NONCE, observer.nonce_cipher, _place(observer)).decode()
        for observer in session.scalars(found.order_by(Observer.id))
    )


def list_observers(session: Session, round_: Round) -> list[Observer]:
    """Who was invited to a round."""
    return list(session.scalars(select(Observer).where(Observer.round_id == round_.id).order_by(Observer.id)))


def list_observed(session: Session, user_name: str) -> list[Observer]:
    """The rounds that somebody observes."""
    return list(session.scalars(select(Observer).where(Observer.user_name == user_name).order_by(Observer.id.desc())))


def get_observer(session: Session, code: str, user_name: str) -> Observer:
    """Somebody as the supervisor of a round; raises ``NotFound`` for a round that they do not observe."""
    found = select(Observer).join(Round, Round.id == Observer.round_id)
    observer = session.scalars(found.where(Round.code == code, Observer.user_name == user_name).limit(1)).first()
    if observer is None:
        raise NotFound("There is no round %(code)s that you observe.", code=code)
    return observer


def _digest(token: str) -> str:
    return hashlib.sha256(b"evalsys-invitation-v1\n" + token.encode()).hexdigest()


def _place(observer: Observer) -> str:
    return f"observer:nonce:{observer.id}"
