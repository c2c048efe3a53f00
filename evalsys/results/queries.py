"""Reading what is published."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from evalsys.base.errors import NotFound
from evalsys.design.models import Round
from evalsys.results.models import Publication


def list_publications(session: Session) -> list[Publication]:
    """The newest publication of every published round, the latest first."""
    newest = select(func.max(Publication.id)).group_by(Publication.round_id).scalar_subquery()
    return list(
        session.scalars(
            select(Publication)
            .where(Publication.id.in_(newest))
            .order_by(Publication.published_at.desc(), Publication.id.desc())
            .options(joinedload(Publication.round))
        )
    )


def get_publication(session: Session, round_code: str) -> Publication:
    """The newest publication of a round; what is not published is not found."""
    found = session.scalar(
        select(Publication)
        .join(Round, Round.id == Publication.round_id)
        .where(Round.code == round_code)
        .order_by(Publication.revision.desc())
        .limit(1)
        .options(joinedload(Publication.round))
    )
    if found is None:
        raise NotFound("Nothing is published for round %(code)s.", code=round_code)
    return found
