"""The engine: calls and messages live side by side on one clock; each in its own order, different ones in parallel."""

from __future__ import annotations

import heapq
import itertools
import threading
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import structlog

from evalsys.base.clock import Clock
from evalsys.gateways.simulator.faults import Faults
from evalsys.gateways.simulator.hearing import Hearing
from evalsys.gateways.simulator.lives import Contact, World, live_call, status_form
from evalsys.gateways.simulator.messages import live_message
from evalsys.gateways.simulator.population import CallPlan, Citizen, Population
from evalsys.gateways.simulator.wire import Wire
from surveys.errors import SurveyError

log = structlog.get_logger()
THREADS = 8
DELAY = timedelta(seconds=45)
#: which ``StatusCallbackEvent`` asks for a status; every other status is a call's last and belongs to ``completed``
EVENTS = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}

Life = Iterator[datetime]


class Engine:
    """Everything the simulated provider knows and does."""

    def __init__(self, account_sid: str, auth_token: str, clock: Clock) -> None:
        self.account_sid, self.auth_token, self.clock = account_sid, auth_token, clock
        self.faults = Faults()
        self.contacts: dict[str, Contact] = {}
        self.staff: set[str] = set()
        self.rooms: dict[str, list[Contact]] = {}
        self._by_number: dict[tuple[str, str], list[Contact]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._seconds: defaultdict[str, array[float]] = defaultdict(lambda: array("f"))
        self._requests: Counter[tuple[str, str]] = Counter()
        self._second, self._in_second = 0, 0
        self._wire = Wire(auth_token)
        self._world = self._make_world(Population({}, {}, Hearing({}), ""), Hearing({}))
        self._due: list[tuple[datetime, int, Life]] = []
        self._number = itertools.count(1)
        self._tries: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._running = threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="simulator")

    @property
    def population(self) -> Population:
        """Who lives here now."""
        return self._world.population

    def settle(self, population: Population, hearing: Hearing, inbound_url: str = "") -> None:
        """Let these citizens live here from now on; what was tried with earlier ones is forgotten.

        What they write back is posted to ``inbound_url``, where there is one.
        """
        with self._lock:
            self._world = self._make_world(population, hearing, inbound_url)
            self._tries.clear()

    def plan_call(self, citizen: Citizen, try_number: int) -> CallPlan:
        """How a try at a citizen goes: as they would take it, unless a machine answers in their place by a fault."""
        plan = self.population.plan_call(citizen, try_number)
        if plan.kind == "human" and self.faults.strikes("machine", citizen.cid, try_number):
            return replace(plan, kind="machine")
        return plan

    def refuse(self, kind: str, to: str) -> bool:
        """Whether a request must come again later: by a fault, or because this second's calls are used up."""
        with self._lock:
            self._requests[kind, to] += 1
            request = self._requests[kind, to]
            if self.faults.strikes("refuse", kind, to, request):
                return True
            if kind != "call" or not self.faults.calls_per_second:
                return False
            second = int(self.clock.now().timestamp())
            if second != self._second:
                self._second, self._in_second = second, 0
            self._in_second += 1
            return self._in_second > self.faults.calls_per_second

    def accept(self, contact: Contact) -> Contact:
        """Take a call or message in; its life begins now."""
        with self._lock:
            person = self._world.population.find(contact.to)
            key = (contact.kind, person.cid if person else contact.to)
            self._tries[key] += 1
            contact.try_number = self._tries[key]
            self._counts[f"{contact.kind}s"] += 1
            contact.sid = ("CA" if contact.kind == "call" else "SM") + f"{len(self.contacts) + 1:032x}"
            self.contacts[contact.sid] = contact
            self._by_number[contact.kind, contact.to].append(contact)
            life = live_call if contact.kind == "call" else live_message
            self._push(contact.created_at, self._guard(life(contact, self._world), contact))
        return contact

    def find(self, kind: str, to: str, since: datetime | None) -> list[Contact]:
        """Calls or messages, newest first; to every number where ``to`` is empty.

        With ``since``, those begun by then or later: what still waits in the queue is left out, as the provider does.
        """
        with self._lock:
            known = list(self._by_number.get((kind, to), []) if to else self.contacts.values())
        found = [contact for contact in known if contact.kind == kind]
        if since is not None:
            found = [contact for contact in found if contact.begun_at and contact.begun_at >= since]
        return found[::-1]

    def end(self, contact: Contact) -> bool:
        """Hang up a call within seconds; whether it was still going on."""
        with self._lock:
            going_on = contact.kind == "call" and contact.ended_at is None
            contact.ending = contact.ending or going_on
        return going_on

    def describe_rooms(self) -> dict[str, dict]:
        """Who is in which conference: people at work, and of each citizen what they would say."""
        world, described = self._world, {}
        for room, calls in list(self.rooms.items()):
            citizens = [(call, world.population.find(call.to)) for call in list(calls)]
            described[room] = {
                "at_work": sum(citizen is None for _, citizen in citizens),
                "citizens": [self._describe_talk(call, citizen) for call, citizen in citizens if citizen],
            }
        return described

    def _describe_talk(self, call: Contact, citizen: Citizen) -> dict:
        population, hearing = self._world.population, self._world.hearing
        plan = self.plan_call(citizen, call.try_number)
        answers = {}
        for code in hearing.table:
            with suppress(SurveyError):  # whether somebody takes part is their cooperation, and no answer
                answers[code] = population.answer(citizen, code)
        return {
            "sid": call.sid,
            "kind": plan.kind,
            "cooperation": plan.cooperation,
            "break_off_after": plan.break_off_after,
            "answers": answers if plan.cooperation == "answers" else {},
        }

    def run(self, until: datetime) -> int:
        """Let everything happen that is due by ``until``; how many steps were taken."""
        with self._running:
            steps = 0
            while lives := self._take_due(until):
                for taken in self._pool.map(lambda life: self._advance(life, until), lives):
                    steps += taken
            return steps

    def next_at(self) -> datetime | None:
        """When something happens next."""
        with self._lock:
            return self._due[0][0] if self._due else None

    def in_flight(self) -> int:
        """Calls and messages whose life goes on."""
        with self._lock:
            return len(self._due)

    def statistics(self) -> dict[str, int]:
        """How often each thing happened since the start."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def timings(self) -> dict[str, dict[str, float]]:
        """How long answers took since the start, in milliseconds, by kind of request: half of them at most, 95 and 99 of 100."""
        with self._lock:
            seconds = {what: np.asarray(taken, dtype=float) for what, taken in self._seconds.items()}
        return {
            what: {f"p{share}": round(1000 * float(np.percentile(taken, share)), 2) for share in (50, 95, 99)}
            for what, taken in sorted(seconds.items())
        }

    def run_forever(self, stop: threading.Event, pause_seconds: float = 0.05) -> None:
        """Without a conductor: let things happen as the clock reaches them."""
        while not stop.wait(pause_seconds):
            self.run(self.clock.now())

    def _make_world(self, population: Population, hearing: Hearing, inbound_url: str = "") -> World:
        return World(
            self.account_sid,
            self._wire,
            population,
            hearing,
            self._report,
            self._count,
            self.plan_call,
            inbound_url,
            self.staff,
            self.rooms,
        )

    def _count(self, what: str, seconds: float | None = None) -> None:
        """Count a thing that happened, and where it was a request how long its answer took."""
        with self._lock:
            self._counts[what] += 1
            if seconds is not None:
                self._seconds[what].append(seconds)

    def _push(self, at: datetime, life: Life) -> None:
        """Say when a life goes on; with the lock held. The number keeps lives of the same moment in order."""
        heapq.heappush(self._due, (at, next(self._number), life))

    def _take_due(self, until: datetime) -> list[Life]:
        taken = []
        with self._lock:
            while self._due and self._due[0][0] <= until:
                taken.append(heapq.heappop(self._due)[2])
        return taken

    def _advance(self, life: Life, until: datetime) -> int:
        steps = 1
        for at in life:
            if at > until:
                with self._lock:
                    self._push(at, life)
                break
            steps += 1
        return steps

    def _guard(self, life: Life, contact: Contact) -> Life:
        """A life whose fault ends itself and no other: it is logged, counted, and the call hung up as failed."""
        try:
            yield from life
        except Exception:
            log.exception("simulated life failed", sid=contact.sid)
            self._count("faulty lives")
            contact.ended_at = self.clock.now()
            self._report(contact, "failed", contact.ended_at, {})

    def _report(self, contact: Contact, status: str, at: datetime, extra: dict[str, str]) -> None:
        """Note a new status and send its callback, with the faults that were asked for."""
        # A call that was only initiated is still listed as queued.
        contact.status = "queued" if status == "initiated" else status
        self._count(f"{contact.kind} {status}")
        form = status_form(contact, status, at, self.account_sid) | extra
        if not contact.status_callback or (
            contact.kind == "call" and EVENTS.get(status, "completed") not in contact.events
        ):
            return
        key = (contact.kind, contact.to, contact.try_number, status)
        if contact.ended_at is None and self.faults.strikes("reorder", *key):
            contact.held.append(form)
            return
        for sent in (form, *contact.held):
            self._call_back(contact.status_callback, sent, at, key)
        contact.held.clear()

    def _call_back(self, address: str, form: dict[str, str], at: datetime, key: tuple) -> None:
        if self.faults.strikes("drop", *key):
            return
        for _ in range(2 if self.faults.strikes("double", *key) else 1):
            if self.faults.strikes("delay", *key):
                with self._lock:
                    self._push(at + DELAY, self._deliver(address, form))
            else:
                for _ in self._deliver(address, form):
                    pass

    def _deliver(self, address: str, form: dict[str, str]) -> Life:
        """Send one callback; as a life of its own, so that it can also come late."""
        answer = self._wire.post(address, form)
        self._count("callbacks", answer.seconds)
        if not 200 <= answer.status < 300:
            self._count("callbacks refused")
        yield from ()
