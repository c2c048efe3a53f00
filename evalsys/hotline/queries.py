"""Reading hotline orders."""

from __future__ import annotations

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from evalsys.design.models import Round
from evalsys.hotline.models import HotlineOrder
from surveys.scoring import HotlineCounts


def count_orders(session: Session, round_: Round) -> dict[str, HotlineCounts]:
    """The three rates' counts per unit; who could not say stands in no base."""

    def how_many(condition) -> object:
        return func.sum(case((condition, 1), else_=0))

    order = HotlineOrder
    rows = session.execute(
        select(
            order.unit_code,
            func.count(),
            how_many(order.responded.is_(True)),
            how_many(order.resolved.is_not(None)),
            how_many(order.resolved.is_(True)),
            how_many(order.satisfied.is_not(None)),
            how_many(order.satisfied.is_(True)),
        )
        .where(order.round_id == round_.id)
        .group_by(order.unit_code)
    )
    return {unit: HotlineCounts(*(int(value) for value in counts)) for unit, *counts in rows}
