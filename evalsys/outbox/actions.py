"""Putting work into the job table, and taking it out again under a lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from evalsys.base.clock import Clock
from evalsys.outbox.models import Job

LEASE = timedelta(seconds=60)
MAXIMUM_TRIES = 8


@dataclass(frozen=True)
class Claim:
    """A worker's hold on a job. It is lost as soon as another worker, thinking this one dead, has taken the job with a higher fence."""

    job_id: int
    fence: int


def put_job(
    session: Session, clock: Clock, key: str, kind: str, payload: dict, *, every_seconds: int | None = None, due_at=None
) -> Job:
    """Have ``kind`` done once, or every so many seconds; a job of the same key is only ever there once.

    A worker that is doing it at this moment loses its claim, so that its end is not taken for that of what was put now.
    """
    job = session.scalar(select(Job).where(Job.key == key))
    if job is None:
        job = Job(key=key, fence=0, tries=0)
        session.add(job)
    else:
        job.fence = Job.fence + 1
    job.kind, job.payload, job.every_seconds = kind, payload, every_seconds
    job.due_at, job.done_at, job.lease_until, job.tries = due_at or clock.now(), None, None, 0
    session.flush()
    return job


def end_jobs(session: Session, clock: Clock, prefix: str) -> None:
    """Let no job whose key begins with ``prefix`` come back."""
    session.execute(update(Job).where(Job.key.startswith(prefix)).values(done_at=clock.now()))


def end_job(session: Session, clock: Clock, key: str) -> None:
    """Let the job of this key not come back."""
    session.execute(update(Job).where(Job.key == key).values(done_at=clock.now()))


def claim_job(session: Session, clock: Clock, job_id: int, lease: timedelta = LEASE) -> Job | None:
    """Take one due job for this worker; ``None`` where another has it, so that a second wake-up does nothing."""
    now = clock.now()
    taken = session.execute(
        update(Job)
        .where(
            Job.id == job_id,
            Job.done_at.is_(None),
            Job.due_at <= now,
            or_(Job.lease_until.is_(None), Job.lease_until < now),
        )
        .values(lease_until=now + lease, fence=Job.fence + 1, tries=Job.tries + 1)
        .returning(Job.id)
    ).scalar()
    return session.get(Job, taken, populate_existing=True) if taken else None


def hold_claim(session: Session, clock: Clock, claim: Claim) -> bool:
    """Renew the lease before a further piece of work; ``False`` where the job is another worker's by now, or over.

    To be called in the transaction that keeps what the work will be, so that two workers never keep it both.
    """
    held = update(Job).where(Job.id == claim.job_id, Job.fence == claim.fence, Job.done_at.is_(None))
    return bool(session.execute(held.values(lease_until=clock.now() + LEASE)).rowcount)


def finish_job(session: Session, clock: Clock, job: Job, error: str = "") -> None:
    """Give a claimed job back: done, due again, or tried again later after an error. A stale fence changes nothing.

    One that comes back by itself goes on being tried after its eighth failure, at the longest wait; another is given up.
    """
    now = clock.now()
    values: dict = {"lease_until": None, "last_error": error}
    if error and (job.tries < MAXIMUM_TRIES or job.every_seconds):
        values["due_at"] = now + timedelta(seconds=2 ** min(job.tries, MAXIMUM_TRIES))
    elif job.every_seconds:
        values.update(due_at=now + timedelta(seconds=job.every_seconds), tries=0)
    else:
        values["done_at"] = now
    session.execute(update(Job).where(Job.id == job.id, Job.fence == job.fence, Job.done_at.is_(None)).values(**values))


def list_due_jobs(session: Session, now: datetime) -> list[int]:
    """Jobs to wake now, the longest due first."""
    return list(
        session.scalars(
            select(Job.id)
            .where(Job.done_at.is_(None), Job.due_at <= now, or_(Job.lease_until.is_(None), Job.lease_until < now))
            .order_by(Job.due_at, Job.id)
        )
    )


def list_failing_jobs(session: Session, suffix: str) -> list[Job]:
    """Jobs whose key ends with ``suffix`` and that have failed eight times in a row or more: still tried, or given up."""
    return list(
        session.scalars(
            select(Job)
            .where(Job.key.endswith(suffix, autoescape=True), Job.last_error != "", Job.tries >= MAXIMUM_TRIES)
            .where(or_(Job.done_at.is_(None), Job.every_seconds.is_(None)))
            .order_by(Job.key)
        )
    )


def is_idle(session: Session, now: datetime) -> bool:
    """Whether no job is due or being done."""
    return session.scalar(select(Job.id).where(Job.done_at.is_(None), Job.due_at <= now).limit(1)) is None
