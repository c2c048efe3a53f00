"""Publications as score tables, and what stands a year before them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.design.models import Programme, Round
from evalsys.render.score_table import ScoreTable, make_score_table
from evalsys.results.models import Publication


def table_of(publication: Publication, language: str) -> ScoreTable:
    """The table of a publication's figures; ``language``: ``zh`` or ``en``."""
    names = {unit.code: {"zh": unit.name_zh, "en": unit.name_en} for unit in publication.round.units}
    figures, content = publication.figures, publication.round.configuration.content
    return make_score_table(figures["round"], content, names, language, figures.get("annual"))


def list_year_before(session: Session, publication: Publication) -> Mapping[str, dict]:
    """Published figures by unit of the same kind of round one year before, its newest revision; empty where nothing is published."""
    round_ = publication.round
    before = session.scalar(
        select(Publication)
        .join(Round, Round.id == Publication.round_id)
        .join(Programme, Programme.id == Round.programme_id)
        .where(Programme.year == round_.programme.year - 1, Round.kind == round_.kind)
        .order_by(Publication.revision.desc(), Publication.id.desc())
        .limit(1)
    )
    return {unit["unit"]: unit for unit in before.figures["round"]["units"]} if before else {}
