"""Reading people."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.accounts.models import User
from evalsys.base.errors import NotFound


def get_user(session: Session, name: str) -> User:
    """The person with a sign-in name, locked against others for the length of the transaction."""
    user = session.scalar(select(User).where(User.name == name).with_for_update())
    if user is None:
        raise NotFound("There is no person with the sign-in name %(name)s.", name=name)
    return user


def list_users(session: Session) -> list[User]:
    """Everybody who may sign in, by sign-in name."""
    return list(session.scalars(select(User).order_by(User.name)))
