"""How long the one-page reports of the example city take, scaled to 128 units, as the job makes them: python -m tests.load.unit_reports"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from evalsys.base.database import db, transaction
from evalsys.outbox.worker import run_due_jobs
from evalsys.results.queries import get_publication
from evalsys.results.reports import find_reports, order_reports
from tests.evalsys.faces.published_city import YEAR_END, publish_city

MOST_SECONDS = 180


def main() -> None:
    """Publish a made-up round of every unit, have the Chinese reports made, and say how long it took."""
    with tempfile.TemporaryDirectory() as home:
        app = publish_city(Path(home), per_category=128)
        with app.app_context():
            runtime = app.extensions["evalsys"]
            with transaction() as session:
                order_reports(session, runtime, YEAR_END, "zh")
            began, cpu = time.perf_counter(), time.process_time()
            run_due_jobs()
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
            found = find_reports(db.session(), runtime, get_publication(db.session(), YEAR_END), "zh")
            size = found.path.stat().st_size
            db.session.remove()
    at_128 = 128 * seconds / found.made
    print(
        f"{found.made} reports in {seconds:.1f} s ({cpu:.1f} s of one core), {size / 2**20:.1f} MiB;"
        f" 128 would take {at_128:.0f} s, at most {MOST_SECONDS}"
    )
    sys.exit(at_128 > MOST_SECONDS)


if __name__ == "__main__":
    main()
