"""What staff must know while a round is in the field: that attempts have stopped by themselves, and why."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.circuits import RULE, find_circuit, find_faults
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.spending import find_use, is_spent
from evalsys.outbox.actions import list_failing_jobs
from surveys.errors import Phrase
from surveys.fieldwork import CLOSED, OPEN

JOBS = {
    "field.apply": Phrase("applying what the provider reports"),
    "field.send": Phrase("sending text messages"),
    "field.dial": Phrase("placing calls"),
    "field.release": Phrase("releasing replicates"),
    "field.reconcile": Phrase("looking up lost calls at the provider"),
    "field.seal": Phrase("sealing answers"),
}
CALLS_OR_MESSAGES = {"voice": Phrase("Telephone calls"), "sms": Phrase("Text messages")}


def list_notices(session: Session, runtime: Runtime, round_: Round) -> list[Phrase]:
    """Everything that hinders a round's fieldwork now, most urgent first; empty while all is well."""
    failing = list(_list_failing(session, round_))
    if round_.state not in ("open", "paused"):
        return failing
    return [*failing, *_list_stopped(session, runtime, round_), *_list_spent(session, runtime, round_)]


def _list_failing(session: Session, round_: Round) -> Iterator[Phrase]:
    """Jobs of the round that fail again and again. Of an error only its kind: the rest may name what belongs in no page."""
    for job in list_failing_jobs(session, f":{round_.code}"):
        values = {
            "job": JOBS.get(job.kind, job.kind),
            "tries": job.tries,
            "error": job.last_error.partition(":")[0],
        }
        if job.done_at is None:
            yield Phrase(
                "A job of the program fails: %(job)s, %(tries)s times in a row (%(error)s). It is tried again every few minutes; "
                "tell the administrator, who finds the error in the log.",
                **values,
            )
        else:
            yield Phrase(
                "A job of the program was given up: %(job)s, after %(tries)s failures (%(error)s). "
                "Tell the administrator, who finds the error in the log.",
                **values,
            )


def _list_stopped(session: Session, runtime: Runtime, round_: Round) -> Iterator[Phrase]:
    """Channels on which the provider fails."""
    rules = rules_of(round_.configuration)
    for channel in rules.channels:
        circuit = find_circuit(session, round_, channel, runtime.clock.now())
        if circuit.state == CLOSED:
            continue
        faults = find_faults(session, round_, channel, since=circuit.stretch.last_at - RULE.window)
        values = {
            "what": CALLS_OR_MESSAGES[channel],
            "failures": circuit.stretch.failures,
            "attempts": circuit.stretch.attempts,
            "faults": ", ".join(f"{fault} × {count}" for fault, count in faults.items()),
        }
        if circuit.state == OPEN:
            at = circuit.until.astimezone(rules.hours.zone)
            yield Phrase(
                "%(what)s have stopped: the provider failed %(failures)s of %(attempts)s times (%(faults)s). "
                "A few are tried at %(time)s, and all go on by themselves if these get through.",
                time=f"{at:%H:%M}",
                **values,
            )
        else:
            yield Phrase(
                "%(what)s have stopped: the provider failed %(failures)s of %(attempts)s times (%(faults)s). "
                "A few are being tried, and all go on by themselves if these get through.",
                **values,
            )


def _list_spent(session: Session, runtime: Runtime, round_: Round) -> Iterator[Phrase]:
    """Channels for which the budget leaves nothing."""
    rules = rules_of(round_.configuration)
    if rules.costs.budget is None:
        return
    use = find_use(session, round_, runtime.clock.now())
    for channel in rules.channels:
        if is_spent(rules, channel, use):
            yield Phrase(
                "%(what)s have stopped: of the budget of %(budget)s, %(spent)s are spent. Answers are still taken.",
                what=CALLS_OR_MESSAGES[channel],
                budget=f"{rules.costs.budget:,.2f}",
                spent=f"{rules.costs.spent(use.minutes, use.messages):,.2f}",
            )
