"""Doing the jobs: by polling in one process, or woken through a broker in many. Both run the same ``run_job``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from celery import Celery
from celery.signals import worker_ready
from flask import Flask

from evalsys.base.database import db, transaction
from evalsys.base.runtime import Runtime, current_runtime
from evalsys.outbox.actions import Claim, claim_job, finish_job, list_due_jobs

log = structlog.get_logger()
Kind = Callable[[Runtime, dict, Claim], None]
KINDS: dict[str, Kind] = {}


def job_kind(name: str) -> Callable[[Kind], Kind]:
    """Register what does the jobs of a kind: a function of (runtime, payload, claim) that opens its own transactions."""

    def register(do: Kind) -> Kind:
        KINDS[name] = do
        return do

    return register


def run_job(job_id: int) -> bool:
    """Claim and do one job; whether there was anything to do."""
    runtime = current_runtime()
    with transaction() as session:
        job = claim_job(session, runtime.clock, job_id)
        if job is None:
            return False
        kind, payload = job.kind, job.payload
        session.expunge(job)
    error = ""
    try:
        KINDS[kind](runtime, payload, Claim(job.id, job.fence))
    except Exception as problem:
        log.exception("job failed", job=job_id, kind=kind)
        error = f"{type(problem).__name__}: {problem}"
    with transaction() as session:
        finish_job(session, runtime.clock, job, error)
    return True


def run_due_jobs() -> int:
    """Do everything that is due now, one after the other; how many there were."""
    runtime = current_runtime()
    jobs = list_due_jobs(db.session(), runtime.clock.now())
    db.session.remove()
    return sum(run_job(job_id) for job_id in jobs)


def work_by_polling(app: Flask, stop: threading.Event, pause_seconds: float = 0.2) -> None:
    """The worker of the embedded default: one loop, no broker."""
    while not stop.is_set():
        with app.app_context():
            done = run_due_jobs()
        if not done:
            stop.wait(pause_seconds)


def make_celery(app: Flask, pause_seconds: float = 0.05) -> Celery:
    """The workers of an installation with a broker: a relay in the parent process wakes them, the job table stays the truth."""
    celery = Celery("evalsys", broker=app.extensions["evalsys"].settings.broker_url)
    celery.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)

    @celery.task(name="evalsys.run_job")
    def wake(job_id: int) -> None:
        with app.app_context():
            run_job(job_id)

    @worker_ready.connect(weak=False)
    def start_relay(**_):
        threading.Thread(target=relay, args=(app, wake, pause_seconds), daemon=True).start()

    return celery


def relay(app: Flask, wake, pause_seconds: float) -> None:
    """Send a wake-up for every due job, and again after a while if nobody took it (a lost message costs a second, no job)."""
    sent: dict[int, float] = {}
    while True:
        with app.app_context():
            due = list_due_jobs(db.session(), current_runtime().clock.now())
            db.session.remove()
        now = time.monotonic()
        sent = {job: at for job, at in sent.items() if job in due and now - at < 1}
        for job_id in due:
            if job_id not in sent:
                wake.delay(job_id)
                sent[job_id] = now
        time.sleep(pause_seconds)
