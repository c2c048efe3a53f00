"""Adding people, their roles and locks, and the first step of signing in. Nobody changes, locks or resets their own account."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from evalsys.accounts.models import User
from evalsys.accounts.permissions import POWERS, ROLES
from evalsys.accounts.queries import get_user
from evalsys.audit.actions import record_act
from evalsys.base.clock import Clock
from evalsys.base.errors import BadInput, NotFound, Refused

MAXIMUM_FAILURES = 10
LOCK = timedelta(minutes=30)
MINIMUM_PASSWORD = 10
CHAIN = "system"
# An unknown name costs the same work and gets the same answer as a wrong password.
_NOBODY = generate_password_hash("nobody")


def add_user(
    session: Session,
    clock: Clock,
    *,
    name: str,
    display_name: str,
    password: str,
    roles: list[str],
    unit_code: str = "",
) -> User:
    """Add a person who may sign in."""
    _require_roles(roles)
    return _add(session, clock, name, display_name, password, roles, unit_code, CHAIN)


def open_account(
    session: Session, clock: Clock, *, name: str, display_name: str, unit_code: str = "", actor: str
) -> tuple[User, str]:
    """An account without any role, and its first password, which its owner has to change; a security officer gives it roles."""
    password = secrets.token_urlsafe(12)
    user = _add(session, clock, name, display_name, password, [], unit_code, actor)
    user.must_change_password = True
    return user, password


def change_roles(
    session: Session, clock: Clock, name: str, roles: list[str], *, actor: str, unit_code: str | None = None
) -> User:
    """Give a person these roles and no other; they have to sign in again. ``unit_code``: whose liaison they are, if it changes.

    Raises ``Refused`` for the person's own account, and where one of the three powers would meet another role in one hand.
    """
    user = get_user(session, _not_oneself(name, actor))
    if roles:
        _require_roles(roles)
    before, user.roles = user.roles, roles
    if unit_code is not None:
        user.unit_code = unit_code
    user.session_epoch += 1
    record_act(session, clock, CHAIN, actor, "roles changed", name=name, before=before, after=roles)
    return user


def lock_user(session: Session, clock: Clock, name: str, *, actor: str) -> User:
    """Close an account until it is unlocked, and end its sessions."""
    user = get_user(session, _not_oneself(name, actor))
    user.locked_at = clock.now()
    user.session_epoch += 1
    record_act(session, clock, CHAIN, actor, "account locked", name=name)
    return user


def unlock_user(session: Session, clock: Clock, name: str, *, actor: str) -> User:
    """Open an account again, whoever or whatever locked it."""
    user = get_user(session, _not_oneself(name, actor))
    user.locked_at = user.locked_until = None
    user.failures = 0
    record_act(session, clock, CHAIN, actor, "account unlocked", name=name)
    return user


def give_password(session: Session, clock: Clock, name: str, *, actor: str) -> str:
    """A new password for somebody who lost theirs; its owner has to change it. Their second factor stays as it is."""
    user, password = get_user(session, _not_oneself(name, actor)), secrets.token_urlsafe(12)
    user.password_hash, user.must_change_password = generate_password_hash(password), True
    user.session_epoch += 1
    record_act(session, clock, CHAIN, actor, "password given", name=name)
    return password


def choose_password(session: Session, clock: Clock, name: str, old: str, new: str) -> User:
    """Change one's own password; other sessions of the account are over. Raises ``BadInput`` where a password does not do."""
    user = get_user(session, name)
    if not check_password_hash(user.password_hash, old):
        error = BadInput("This is not your present password.")
        # The failure counts although nothing else of the act stays.
        error.afterwards = lambda later: count_failure(later, clock, get_user(later, name))
        raise error
    if old == new:
        raise BadInput("The new password is the old one.")
    user.password_hash, user.must_change_password = _hash(new), False
    user.session_epoch += 1
    record_act(session, clock, CHAIN, name, "password changed")
    return user


def end_sessions(session: Session, clock: Clock, name: str) -> User:
    """Sign out everywhere."""
    user = get_user(session, name)
    user.session_epoch += 1
    record_act(session, clock, CHAIN, name, "signed out everywhere")
    return user


def sign_in(session: Session, clock: Clock, name: str, password: str) -> User | None:
    """The person whose password is right, or ``None``: unknown name, wrong password and locked account are answered alike.

    Who has a second factor is not signed in yet: ``evalsys.accounts.second_factor.check_code`` has to follow.
    """
    user = session.scalar(select(User).where(User.name == name).with_for_update())
    if user is None:
        check_password_hash(_NOBODY, password)
        return None
    right = check_password_hash(user.password_hash, password)
    if is_locked(user, clock):
        return None
    if not right:
        count_failure(session, clock, user)
        return None
    if user.second_factor_at is None:
        user.failures, user.locked_until = 0, None
    return user


def refuse_page(session: Session, clock: Clock, name: str, address: str) -> None:
    """Raise ``NotFound`` for a page that is not for this person: that it exists is not said, that it was asked for is kept."""
    error = NotFound("There is no such page here.")
    error.afterwards = lambda later: record_act(later, clock, CHAIN, name, "page refused", address=address[:300])
    raise error


def is_locked(user: User, clock: Clock) -> bool:
    """Whether an account is closed at this moment."""
    return user.locked_at is not None or (user.locked_until is not None and clock.now() < user.locked_until)


def count_failure(session: Session, clock: Clock, user: User) -> None:
    """One more wrong password or code; the tenth locks the account for half an hour."""
    user.failures += 1
    if user.failures >= MAXIMUM_FAILURES:
        user.failures, user.locked_until = 0, clock.now() + LOCK
        record_act(session, clock, CHAIN, CHAIN, "account locked", name=user.name)


def _add(
    session: Session,
    clock: Clock,
    name: str,
    display_name: str,
    password: str,
    roles: list[str],
    unit_code: str,
    actor: str,
) -> User:
    password_hash = _hash(password)
    if session.scalar(select(User.id).where(User.name == name)):
        raise Refused("There is a person with the sign-in name %(name)s already.", name=name)
    user = User(
        name=name,
        display_name=display_name,
        password_hash=password_hash,
        roles=roles,
        unit_code=unit_code,
        created_at=clock.now(),
    )
    session.add(user)
    record_act(session, clock, CHAIN, actor, "user added", name=name, roles=roles)
    return user


def _require_roles(roles: list[str]) -> None:
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise BadInput(
            "%(role)s is not a role; choose from %(known)s.", role=", ".join(unknown) or "''", known=", ".join(ROLES)
        )
    if set(POWERS) & set(roles) and len(set(roles)) > 1:
        raise Refused(
            "The powers of administrator, security officer and auditor are never joined with another role in one hand."
        )


def _hash(password: str) -> str:
    if len(password) < MINIMUM_PASSWORD:
        raise BadInput("The password is shorter than %(count)d characters.", count=MINIMUM_PASSWORD)
    return generate_password_hash(password)


def _not_oneself(name: str, actor: str) -> str:
    if name == actor:
        raise Refused("Nobody changes the roles, lock or password of their own account; ask another officer.")
    return name
