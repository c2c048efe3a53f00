"""Complete interviews on the web, as many at once as it takes: python -m tests.load.web_interviews [INTERVIEWS] [AT_ONCE] [PORT].

Each opens its link, takes part, answers every question on a page of its own and hands in; a second process of threads drives them
against the web server as it runs in production (two processes), once on SQLite and once on PostgreSQL, all on one machine. Printed:
requests and submissions a second, how long requests took, and errors (any status but 200 and 302, or an interview that did not end).
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
from sqlalchemy import select

from evalsys.base.database import db
from evalsys.cli.conductor import SimulatorDesk
from evalsys.cli.stage import make_environment, stage, wait_for_stage
from evalsys.cli.year import Year, choose_units
from evalsys.fieldwork.models import Interview
from evalsys.samples.models import Case
from tests.services.postgres import run_postgres

INTERVIEWS, AT_ONCE, PORT = 600, 16, 8660
SCALE, RECORDS = 0.1, 600
SAID = {"Q0": "1", "A3": "2", "P1": "2", "P2": ""}


class DrawnYear(Year):
    """A year of which the year-end round is drawn and opened, and then left to whoever has a link."""

    def hold(self) -> None:
        plan = next(plan for plan in self.files.configuration["rounds"] if plan["kind"] == "year_end")
        desk = SimulatorDesk(self.app.extensions["evalsys"].settings)
        self._hold_round(desk, plan, choose_units(self.files, self.scale))

    def _settle_citizens(self, desk: SimulatorDesk, code: str, kind: str) -> dict:
        return {}

    def _field(self, desk: SimulatorDesk, code: str, units: list[str]) -> None:
        """Nobody is called."""

    def _score(self, code: str, kind: str, units: list[str], truth: dict) -> None:
        """Nothing is scored."""

    def list_links(self, count: int) -> list[str]:
        """The paths of so many links."""
        found = select(Case.cid).join(Interview, Interview.case_id == Case.id).order_by(Case.id).limit(count)
        return self.read(lambda s, r: [f"/q/{r.keyring.link_token(cid)}" for cid in s.scalars(found)])


class Respondent:
    """One browser without scripts, on a connection that stays open."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.milliseconds: list[float] = []
        self.errors = 0

    def ask(self, method: str, path: str, **form: str) -> str:
        """Send a request; where it leads on to."""
        begun = time.perf_counter()
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        self.connection.request(method, path, urlencode(form) if form else None, headers)
        answer = self.connection.getresponse()
        answer.read()
        self.milliseconds.append(1000 * (time.perf_counter() - begun))
        self.errors += answer.status not in (200, 302)
        return urlsplit(answer.headers.get("Location", "")).path

    def answer_all(self, link: str) -> bool:
        """From the link to the last page; whether it was reached."""
        self.ask("GET", link)
        at = self.ask("POST", link, choice="begin")
        for _ in range(40):
            if not at or at.endswith("/bye"):
                break
            self.ask("GET", at)
            at = self.ask("POST", at, answer=SAID.get(at.rsplit("/", 1)[1], "1"))
        return at.endswith("/bye")


def drive(port: int, at_once: int, links: list[str]) -> dict:
    """Have all links answered; what it took."""

    def work(own: list[str]) -> tuple[list[float], int, int]:
        respondent = Respondent(port)
        done = sum(respondent.answer_all(link) for link in own)
        return respondent.milliseconds, respondent.errors, done

    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        results = list(pool.map(work, [links[at::at_once] for at in range(at_once)]))
    return {
        "seconds": time.perf_counter() - begun,
        "milliseconds": [one for milliseconds, _, _ in results for one in milliseconds],
        "errors": sum(errors for _, errors, _ in results),
        "done": sum(done for _, _, done in results),
    }


def measure(name: str, url: str, interviews: int, at_once: int, port: int) -> None:
    """Print the line of a database."""
    with tempfile.TemporaryDirectory() as folder:
        environment = make_environment(Path(folder), port, EVALSYS_DATABASE_URL=url)
        os.environ.update(environment)
        with stage(environment, port):
            year = DrawnYear(home=Path(folder), scale=SCALE, seed=2026, records_per_unit=RECORDS)
            year.prepare()
            wait_for_stage(port)
            year.hold()
            links = year.list_links(interviews)
            command = [sys.executable, "-m", "tests.load.web_interviews", "drive", str(port), str(at_once)]
            told = subprocess.run(command, input=json.dumps(links), capture_output=True, text=True, check=True).stdout
            with year.app.app_context():
                db.engine.dispose()
    found = json.loads(told)
    p50, p95, p99 = np.percentile(found["milliseconds"], [50, 95, 99])
    requests, failed = len(found["milliseconds"]), found["errors"] + len(links) - found["done"]
    print(
        f"{name:<12}{requests:>8,} requests {requests / found['seconds']:>7.0f}/s  {found['done']:>6,} interviews "
        f"{found['done'] / found['seconds']:>6.1f}/s  p50 {p50:.0f} ms  p95 {p95:.0f} ms  p99 {p99:.0f} ms  errors {failed}",
        flush=True,
    )


def main(arguments: list[str]) -> None:
    """Measure both databases."""
    if arguments[:1] == ["drive"]:
        print(json.dumps(drive(int(arguments[1]), int(arguments[2]), json.load(sys.stdin))))
        return
    interviews, at_once, port = [*map(int, arguments), *(INTERVIEWS, AT_ONCE, PORT)[len(arguments) :]]
    with ExitStack() as services:
        measure("SQLite", "", interviews, at_once, port)
        server = services.enter_context(run_postgres())
        measure("PostgreSQL", server.create_database(), interviews, at_once, port + 20)


if __name__ == "__main__":
    main(sys.argv[1:])
