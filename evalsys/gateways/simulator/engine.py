"""The engine: calls and messages live side by side on one clock; each is worked on in order, different ones in parallel."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from evalsys.base.clock import Clock
from evalsys.gateways.simulator.hearing import Hearing
from evalsys.gateways.simulator.lives import Contact, World, call_form, live_call, live_message
from evalsys.gateways.simulator.population import Population
from evalsys.gateways.simulator.wire import Faults, Wire

log = structlog.get_logger()
THREADS = 4
DELAY = timedelta(seconds=45)


class Engine:
    """Everything the simulated provider knows and does."""

    def __init__(self, account_sid: str, auth_token: str, clock: Clock) -> None:
        self.account_sid, self.auth_token, self.clock = account_sid, auth_token, clock
        self.faults = Faults()
        self.contacts: dict[str, Contact] = {}
        self.counts: Counter[str] = Counter()
        self._wire = Wire(auth_token)
        self._world = World(account_sid, self._wire, Population({}, {}, Hearing({}), ""), Hearing({}), self.report)
        self._due: list[tuple[datetime, int, Iterator[datetime]]] = []
        self._number = itertools.count(1)
        self._tries: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._running = threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="simulator")

    def settle(self, population: Population, hearing: Hearing) -> None:
        """Let these citizens live here from now on; what was tried with earlier ones is forgotten."""
        with self._lock:
            self._world = World(self.account_sid, self._wire, population, hearing, self.report)
            self._tries.clear()

    def accept(self, contact: Contact) -> Contact:
        """Take a call or message in; its life begins now."""
        with self._lock:
            person = self._world.population.find(contact.to)
            key = (contact.kind, person.cid if person else contact.to)
            self._tries[key] += 1
            contact.try_number = self._tries[key]
            self.contacts[contact.sid] = contact
            self.counts[f"{contact.kind}s"] += 1
            life = live_call if contact.kind == "call" else live_message
            heapq.heappush(self._due, (contact.created_at, next(self._number), life(contact, self._world)))
        return contact

    def new_sid(self, kind: str) -> str:
        """The next provider id; a number, so that a rehearsal gives the same ids again."""
        with self._lock:
            self.counts["sids"] += 1
            return ("CA" if kind == "call" else "SM") + f"{self.counts['sids']:032x}"

    def run(self, until: datetime) -> int:
        """Let everything happen that is due by ``until``; how many steps were taken."""
        with self._running:
            steps = 0
            while lives := self._take_due(until):
                for taken, going_on in self._pool.map(lambda life: self._advance(life, until), lives):
                    steps += taken
                    if going_on:
                        with self._lock:
                            heapq.heappush(self._due, (going_on[0], next(self._number), going_on[1]))
            return steps

    def next_at(self) -> datetime | None:
        """When something happens next."""
        with self._lock:
            return self._due[0][0] if self._due else None

    def in_flight(self) -> int:
        """Calls and messages whose life goes on."""
        with self._lock:
            return len(self._due)

    def run_forever(self, stop: threading.Event, pause_seconds: float = 0.05) -> None:
        """Without a conductor: let things happen as the clock reaches them."""
        while not stop.wait(pause_seconds):
            try:
                self.run(self.clock.now())
            except Exception:
                log.exception("simulator step failed")

    def _take_due(self, until: datetime) -> list[Iterator[datetime]]:
        taken = []
        with self._lock:
            while self._due and self._due[0][0] <= until:
                taken.append(heapq.heappop(self._due)[2])
        return taken

    def _advance(
        self, life: Iterator[datetime], until: datetime
    ) -> tuple[int, tuple[datetime, Iterator[datetime]] | None]:
        steps = 0
        for at in life:
            steps += 1
            if at > until:
                return steps, (at, life)
        return steps, None

    def report(self, contact: Contact, status: str, at: datetime, extra: dict) -> None:
        """Note a new status and send its callback, with the faults that were asked for."""
        contact.status = status
        self.counts[f"{contact.kind} {status}"] += 1
        if not contact.status_callback:
            return
        form = self._status_form(contact, status, at) | extra
        if self.faults.happens("drop"):
            return
        copies = 2 if self.faults.happens("double") else 1
        for _ in range(copies):
            if self.faults.happens("delay"):
                with self._lock:
                    late = self._deliver_late(contact.status_callback, form)
                    heapq.heappush(self._due, (at + DELAY, next(self._number), late))
            else:
                self._wire.post(contact.status_callback, form)

    def _deliver_late(self, address: str, form: dict[str, str]) -> Iterator[datetime]:
        self._wire.post(address, form)
        return
        yield

    def _status_form(self, contact: Contact, status: str, at: datetime) -> dict[str, str]:
        if contact.kind == "message":
            return {
                "AccountSid": self.account_sid,
                "ApiVersion": "2010-04-01",
                "From": contact.sender,
                "MessageSid": contact.sid,
                "MessageStatus": status,
                "SmsSid": contact.sid,
                "SmsStatus": status,
                "To": contact.to,
            }
        contact.sequence += 1
        form = call_form(contact, self._world) | {
            "CallStatus": status,
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(contact.sequence - 1),
            "Timestamp": at.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        }
        return form
