"""Adding people and signing them in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from evalsys.accounts.models import User
from evalsys.accounts.permissions import ROLES
from evalsys.audit.actions import record_act
from evalsys.base.clock import Clock
from evalsys.base.errors import BadInput, Refused

MAXIMUM_FAILURES = 10
LOCK = timedelta(minutes=30)
MINIMUM_PASSWORD = 10
POWERS = ("administrator", "auditor")
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
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise BadInput(
            "%(role)s is not a role; choose from %(known)s.", role=", ".join(unknown) or "''", known=", ".join(ROLES)
        )
    if set(POWERS) & set(roles) and len(roles) > 1:
        raise Refused("The powers of administrator and auditor are never joined with another role in one hand.")
    if len(password) < MINIMUM_PASSWORD:
        raise BadInput("The password is shorter than %(count)d characters.", count=MINIMUM_PASSWORD)
    if session.scalar(select(User.id).where(User.name == name)):
        raise Refused("There is a person with the sign-in name %(name)s already.", name=name)
    user = User(
        name=name,
        display_name=display_name,
        password_hash=generate_password_hash(password),
        roles=roles,
        unit_code=unit_code,
        created_at=clock.now(),
    )
    session.add(user)
    record_act(session, clock, "system", "accounts", "user added", name=name, roles=roles)
    return user


def sign_in(session: Session, clock: Clock, name: str, password: str) -> User | None:
    """The person, or ``None``: unknown name, wrong password and locked account are answered alike."""
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        check_password_hash(_NOBODY, password)
        return None
    right = check_password_hash(user.password_hash, password)
    if user.locked_until and clock.now() < user.locked_until:
        return None
    if right:
        user.failures, user.locked_until = 0, None
        return user
    user.failures += 1
    if user.failures >= MAXIMUM_FAILURES:
        user.failures, user.locked_until = 0, clock.now() + LOCK
        record_act(session, clock, "system", "accounts", "account locked", name=name)
    return None
