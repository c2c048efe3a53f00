"""Open comments: held until the round is closed, read unit by unit, covered where they name somebody, and passed on one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import BadInput, NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.models import SealedAnswer
from evalsys.fieldwork.rules import rules_of
from evalsys.results.models import CommentReview
from surveys.instrument.comments import cover, screen_comment

RELEASED, HELD = "released", "held"
#: of a unit with fewer sealed answers no comment is read: those who know its few people would know who wrote it
READ_FROM = 10
LONGEST = 2000


@dataclass(frozen=True)
class Comment:
    """A comment as somebody may read it: ``text`` with what names or reaches somebody covered, and why; ``decision`` so far."""

    key: str
    question: str
    text: str
    reasons: tuple[str, ...]
    decision: str


@dataclass(frozen=True)
class UnitComments:
    """How many comments a unit has, of how many answers, and how many are decided; ``is_readable``: whether it has answers enough."""

    unit_code: str
    answers: int
    comments: int
    decided: int

    @property
    def is_readable(self) -> bool:
        """Whether anything of them may be read."""
        return self.answers >= READ_FROM


def count_comments(session: Session, round_: Round) -> list[UnitComments]:
    """Every unit with sealed answers, in order of code. Raises ``Refused`` before the close."""
    _require_closed(round_)
    answers, comments = Counter(), Counter()
    for row in _read(session, round_):
        answers[row.unit_code] += 1
        comments[row.unit_code] += any(_said(round_, row))
    decided = dict(
        session.execute(
            select(CommentReview.unit_code, func.count())
            .where(CommentReview.round_id == round_.id)
            .group_by(CommentReview.unit_code)
        ).all()
    )
    return [UnitComments(unit, answers[unit], comments[unit], decided.get(unit, 0)) for unit in sorted(answers)]


def list_comments(session: Session, round_: Round, unit_code: str) -> list[Comment]:
    """The comments about a unit in the order of their random keys, covered; none where it has fewer than ten sealed answers."""
    _require_closed(round_)
    rows = _read(session, round_, unit_code)
    if len(rows) < READ_FROM:
        return []
    reviews = {
        review.answer_key: review
        for review in session.scalars(select(CommentReview).where(CommentReview.round_id == round_.id))
    }
    found = []
    for row in rows:
        for code, said in _said(round_, row):
            masks, review = screen_comment(said), reviews.get(row.key)
            text = review.text if review and review.text else cover(said, masks)
            reasons = tuple(dict.fromkeys(mask.reason for mask in masks))
            found.append(Comment(row.key, code, text, reasons, review.decision if review else ""))
    return found


def decide_comment(
    session: Session, runtime: Runtime, round_: Round, key: str, decision: str, text: str, *, actor: str
) -> None:
    """Release a comment in the words given, or hold it back. What screening covers stays covered, whatever the words.

    Raises ``NotFound`` for what is no comment that may be read, ``BadInput`` for words that are none or too long.
    """
    if decision not in (RELEASED, HELD):
        raise BadInput("A comment is released or held back.")
    row = session.scalar(select(SealedAnswer).where(SealedAnswer.round_id == round_.id, SealedAnswer.key == key))
    if row is None or key not in {comment.key for comment in list_comments(session, round_, row.unit_code)}:
        raise NotFound("There is no such comment.")
    text = text.strip()
    if decision == RELEASED and not 0 < len(text) <= LONGEST:
        raise BadInput("A released comment has 1 to %(longest)d characters.", longest=LONGEST)
    values = {
        "decision": decision,
        "text": cover(text, screen_comment(text)) if decision == RELEASED else "",
        "decided_by": actor,
        "decided_at": runtime.clock.now(),
    }
    review = session.get(CommentReview, key)
    if review is None:
        session.add(CommentReview(answer_key=key, round_id=round_.id, unit_code=row.unit_code, **values))
    else:
        for name, value in values.items():
            setattr(review, name, value)
    record_act(session, runtime.clock, round_.code, actor, f"comment {decision}", unit=row.unit_code)


def list_released(session: Session, round_: Round, unit_code: str) -> list[str]:
    """The comments about a unit that were released, in the order of their random keys."""
    rows = select(CommentReview.text).where(
        CommentReview.round_id == round_.id,
        CommentReview.unit_code == unit_code,
        CommentReview.decision == RELEASED,
    )
    return list(session.scalars(rows.order_by(CommentReview.answer_key)))


def _require_closed(round_: Round) -> None:
    if round_.closed_at is None:
        raise Refused("Comments of round %(code)s are held until it is closed.", code=round_.code)


def _read(session: Session, round_: Round, unit_code: str = "") -> list[SealedAnswer]:
    rows = select(SealedAnswer).where(SealedAnswer.round_id == round_.id, SealedAnswer.voided.is_(False))
    if unit_code:
        rows = rows.where(SealedAnswer.unit_code == unit_code)
    return list(session.scalars(rows.order_by(SealedAnswer.key)))


def _said(round_: Round, row: SealedAnswer) -> list[tuple[str, str]]:
    questionnaire = rules_of(round_.configuration).questionnaire
    texts = [code for code in questionnaire.order if questionnaire.question(code).kind == "text"]
    return [(code, row.answers[code].strip()) for code in texts if row.answers.get(code, "").strip()]
