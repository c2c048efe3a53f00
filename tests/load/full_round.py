"""The example city's year-end round as fast as this machine gets it done: python -m tests.load.full_round [SCALE] [PORT].

Web server (two processes), simulator and jobs share the machine, on SQLite. SCALE 1 is the whole city: 172,000 calls, an hour
or more; ``./dev bench SCALE=1 full_round`` does the same. Printed: wall time of every step from the records to the sealed
answers, calls and requests a second, and how long the product took to answer, as the provider sees it.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from evalsys.cli.conductor import SimulatorDesk
from evalsys.cli.stage import make_environment, stage, wait_for_stage
from evalsys.cli.year import CHAIR, Year, choose_units
from evalsys.design.queries import get_round
from evalsys.fieldwork.closing import close_round

SMALL, PORT = 0.01, 8600
COUNTED = ("calls", "callbacks", "voice pages", "web pages")


class MeasuredYear(Year):
    """A year of which the year-end round alone is held, as far as its sealed answers, and says how fast it went."""

    def hold(self) -> None:
        plan = next(plan for plan in self.files.configuration["rounds"] if plan["kind"] == "year_end")
        desk = SimulatorDesk(self.app.extensions["evalsys"].settings)
        self._hold_round(desk, plan, choose_units(self.files, self.scale))

    def _score(self, code: str, kind: str, units: list[str], truth: dict) -> None:
        self.act(lambda s, r: close_round(s, r, get_round(s, code), actor=CHAIR))
        self._do_jobs()

    def _field(self, desk: SimulatorDesk, code: str, units: list[str]) -> None:
        before, begun = desk.ask("GET", "statistics"), time.perf_counter()
        super()._field(desk, code, units)
        wall, after = time.perf_counter() - begun, desk.ask("GET", "statistics")
        done = {what: after.get(what, 0) - before.get(what, 0) for what in COUNTED}
        print(f"\n{code}: {len(units)} units, fieldwork {wall:,.0f} s")
        for what, count in done.items():
            print(f"  {what:<12} {count:>9,} {count / wall:>8.1f} a second")
        failed = sum(count for what, count in after.items() if what.endswith(("failed", "refused")) and " " in what)
        print(f"  calls and requests that failed so far {failed:,} (calls to numbers out of service among them)")
        for what, milliseconds in desk.ask("GET", "timings").items():
            print(f"  {what:<12} " + ", ".join(f"{name} {value:.1f} ms" for name, value in milliseconds.items()))


def main(scale: float, port: int) -> None:
    """Hold the round and print how fast it went."""
    with tempfile.TemporaryDirectory() as folder:
        environment = make_environment(Path(folder), port)
        os.environ.update(environment)
        with stage(environment, port):
            year = MeasuredYear(home=Path(folder), scale=scale, seed=2026)
            begun = time.perf_counter()
            year.prepare()
            wait_for_stage(port)
            year.hold()
            for name, seconds in year.seconds.items():
                print(f"{name:<24} {seconds:,.1f} s")
            print(f"all {time.perf_counter() - begun:,.0f} s")
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(
        f"processor: jobs {own.ru_utime + own.ru_stime:,.0f} s, web server and simulator {others.ru_utime + others.ru_stime:,.0f} s"
    )


if __name__ == "__main__":
    scale = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("BENCH_SCALE", SMALL)
    main(float(scale), int(sys.argv[2]) if len(sys.argv) > 2 else PORT)
