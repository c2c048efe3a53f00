"""A round during which workers and web processes are killed at random moments: python -m tests.load.kills [KILLS] [SEED].

Web server (a master and two processes), a worker of its own and the simulator share the machine, on SQLite. ``kill -9`` strikes the
worker, one web process, or all of the web server; what was killed is started again. Round after round is held until there
were KILLS, 200 by default. After each round the provider's book is held against the ledger. Printed: kills, calls, and
everything that must not have happened; the exit status tells whether nothing has.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
from sqlalchemy import select

from evalsys.cli.conductor import SimulatorDesk
from evalsys.cli.stage import SIMULATOR_OFFSET, make_environment, wait_for_stage
from evalsys.cli.year import CHAIR, Year
from evalsys.design.queries import get_round
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.dialling import SILENT_AFTER
from evalsys.fieldwork.models import Attempt, Interview
from evalsys.fieldwork.sealing import require_balance
from evalsys.outbox.actions import is_idle
from evalsys.outbox.worker import run_due_jobs
from tests.small_city import free_port, small_city

KILLS, SEED = 200, 1
VICTIMS = ("worker", "worker", "worker", "web process", "web server")
#: how long everything lives between two kills, on average, in seconds
LIFE = 0.7
#: real seconds after which a job that nobody does has lost its worker; then time goes on, until its lease is over
PATIENCE = 0.5
MINUTE = timedelta(minutes=1)


class Mortal:
    """A command of ours that is started again whenever it was killed."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self._command = [sys.executable, "-m", "evalsys", *arguments]
        self._environment = os.environ | environment
        self._start()

    def _start(self) -> None:
        # A group of its own, so that a master and its processes can be struck at once.
        self.process = subprocess.Popen(
            self._command, env=self._environment, start_new_session=True, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """``kill -9`` of the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_child(self, chance: random.Random) -> bool:
        """``kill -9`` of one process of the group, which its master replaces; whether there was one."""
        children = [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if self._is_parent_of(stat)]
        if not children:
            return False
        with suppress(ProcessLookupError):
            os.kill(chance.choice(children), signal.SIGKILL)
        return True

    def _is_parent_of(self, stat: Path) -> bool:
        with suppress(OSError):
            return int(stat.read_text().rpartition(")")[2].split()[1]) == self.process.pid
        return False

    def revive(self) -> None:
        """Start it again."""
        self._start()


class Killer(threading.Thread):
    """Strikes at random moments until it is told to stop or has struck often enough."""

    def __init__(self, worker: Mortal, web: Mortal, chance: random.Random, most: int) -> None:
        super().__init__(daemon=True)
        self.worker, self.web, self.chance, self.most = worker, web, chance, most
        self.kills: Counter[str] = Counter()
        self.stop = threading.Event()

    def run(self) -> None:
        while self.kills.total() < self.most and not self.stop.wait(self.chance.expovariate(1 / LIFE)):
            victim = self.chance.choice(VICTIMS)
            if victim == "web process":
                struck = self.web.kill_child(self.chance)
            else:
                mortal = self.worker if victim == "worker" else self.web
                mortal.kill()
                mortal.revive()
                struck = True
            self.kills[victim] += struck


class DeadlyYear(Year):
    """A year of one round, that ends with the close of fieldwork; ``faults``: sentences about what must not have happened."""

    def fight(self, worker: Mortal, web: Mortal, chance: random.Random, most: int) -> None:
        """Hold the round under fire."""
        self.killer = Killer(worker, web, chance, most)
        self.faults: list[str] = []
        self.hold()

    def _field(self, desk: SimulatorDesk, code: str, units: list[str]) -> None:
        self.killer.start()
        try:
            super()._field(desk, code, units)
        finally:
            self.killer.stop.set()
            self.killer.join()

    def _do_jobs(self) -> None:
        """Wait until the worker has done what is due; time goes on while nobody does."""
        begun = time.monotonic()
        while not self.read(lambda s, r: is_idle(s, r.clock.now())):
            time.sleep(0.01)
            if time.monotonic() - begun > PATIENCE:
                self.clock.set(self.clock.now() + MINUTE)
                begun = time.monotonic()

    def _score(self, code: str, kind: str, units: list[str], truth: dict) -> None:
        """Nothing is scored: fieldwork ends, the last callbacks and a beat of reconciliation follow, and the books are compared."""
        desk = SimulatorDesk(self.app.extensions["evalsys"].settings)
        self.act(lambda s, r: close_round(s, r, get_round(s, code), actor=CHAIR))
        for _ in range(2):
            self.clock.set(self.clock.now() + SILENT_AFTER + MINUTE)
            desk.run(self.clock.now())
            with self.app.app_context():
                run_due_jobs()
        self.calls = list(_read_book(self.app.extensions["evalsys"].settings))
        self.faults += self.read(lambda s, r: list(self._compare(s, code)))

    def _compare(self, session, code: str) -> Iterator[str]:
        round_ = get_round(session, code)
        attempts = session.scalars(select(Attempt).where(Attempt.round_id == round_.id)).all()
        known = {attempt.provider_sid for attempt in attempts if attempt.provider_sid}
        yield from (
            f"call {call['sid']} to {call['to']} is in nobody's ledger"
            for call in self.calls
            if call["sid"] not in known
        )
        by_number = defaultdict(list)
        for call in self.calls:
            begun = parsedate_to_datetime(call["start_time"] or call["date_created"]).astimezone(UTC)
            by_number[call["to"]].append((begun, begun + timedelta(seconds=int(call["duration"] or 0))))
        for number, times in by_number.items():
            times.sort()
            for (_, ended), (begun, _) in zip(times, times[1:], strict=False):
                if begun < ended + MINUTE:
                    yield f"{number} was called twice around {begun:%m-%d %H:%M}"
        for attempt in attempts:
            if attempt.state != "ended" or not attempt.outcome:
                yield f"attempt {attempt.id} is {attempt.state}, outcome {attempt.outcome or 'none'}"
        for interview in session.scalars(select(Interview).where(Interview.round_id == round_.id)):
            if interview.state not in ("sealed", "ended") or not interview.outcome:
                yield f"case {interview.case_id} is {interview.state}, outcome {interview.outcome or 'none'}"
        try:
            require_balance(session, round_)
        except Exception as problem:
            yield str(problem)


def _read_book(settings) -> Iterator[dict]:
    """Every call that the provider has taken."""
    session = requests.Session()
    session.auth = (settings.twilio_account_sid, settings.twilio_auth_token)
    path = f"/2010-04-01/Accounts/{settings.twilio_account_sid}/Calls.json?PageSize=1000"
    while path:
        page = session.get(settings.twilio_base_url + path, timeout=60).json()
        yield from page["calls"]
        path = page["next_page_uri"]


@contextmanager
def battlefield(environment: dict[str, str], port: int) -> Iterator[tuple[Mortal, Mortal]]:
    """Simulator, worker and web server as processes; ended with the block."""
    desk = ("simulator", f"--port={port + SIMULATOR_OFFSET}", "--conducted", "--quiet")
    processes = [
        Mortal(environment, "worker"),
        Mortal(environment, "serve", f"--port={port}", "--workers=2", "--quiet"),
        Mortal(environment, *desk),
    ]
    try:
        yield processes[0], processes[1]
    finally:
        for process in processes:
            process.kill()


def hold_round(folder: Path, seed: int, most: int, *, quota: int = 12) -> tuple[Counter, int, list[str]]:
    """One round under fire: kills by victim, calls in the provider's book, and what must not have happened."""
    folder.mkdir()
    port = free_port()
    environment = make_environment(folder, port)
    os.environ.update(environment)
    year = DeadlyYear(
        home=folder,
        scale=0,
        seed=seed,
        folder=small_city(folder / "city", quota=quota, replicate_size=30),
        records_per_unit=500,
        wait_for_workers=True,
    )
    year.prepare()
    with battlefield(environment, port) as (worker, web):
        wait_for_stage(port)
        year.fight(worker, web, random.Random(seed), most)
    return year.killer.kills, len(year.calls), year.faults


def main(kills: int, seed: int) -> int:
    """Hold rounds until there were so many kills; how many faults there were."""
    done: Counter[str] = Counter()
    rounds = calls = faults = 0
    begun = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        while done.total() < kills:
            struck, placed, wrong = hold_round(Path(folder) / str(rounds), seed + rounds, kills - done.total())
            rounds, calls, faults = rounds + 1, calls + placed, faults + len(wrong)
            done += struck
            for sentence in wrong:
                print(f"  {sentence}")
    strokes = ", ".join(f"{victim} {count}" for victim, count in sorted(done.items()))
    print(f"\n{done.total()} kills ({strokes}) in {rounds} rounds, {datetime.now(UTC) - begun}")
    print(f"{calls} calls; double calls, lost cases, attempts of open fate and unbalanced answers: {faults}")
    return faults


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(given + [KILLS, SEED][len(given) :])) > 0)
