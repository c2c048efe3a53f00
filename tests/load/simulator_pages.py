"""How many callbacks and voice pages the simulator gets through: python -m tests.load.simulator_pages [CALLS].

The product is a page that costs next to nothing, in a process of its own; what is measured is the simulator's side.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import evalsys
from evalsys.base.clock import FixedClock
from evalsys.base.serving import serve
from evalsys.design.programme_files import read_programme
from evalsys.gateways.simulator.engine import Engine
from evalsys.gateways.simulator.hearing import Hearing
from evalsys.gateways.simulator.lives import Contact
from evalsys.gateways.simulator.population import Citizen, Population
from surveys.instrument import Questionnaire, hearing_table
from tests.services.ports import find_free_port, wait_for_port

CONFIGURATION = read_programme(Path(evalsys.__file__).parent / "examples" / "city").configuration
ASKED = ("CONSENT", "Q0", "I1", "I2", "I3", "I4", "I5", "I6")
START = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def make_product():
    """Each question once, at /voice/<place>; every other address takes callbacks."""
    questionnaire = Questionnaire.from_configuration(CONFIGURATION)
    context = {"unit": "税务局", "month": "3月"}
    pages = {
        f"/voice/{place}": (
            f'<Response><Gather action="/voice/{place + 1}" numDigits="1"><Say language="zh-CN">'
            f"{questionnaire.spoken(code, 'zh', context)}</Say></Gather><Redirect>/voice/{place}</Redirect></Response>"
        ).encode()
        for place, code in enumerate(ASKED)
    }
    goodbye = b"<Response><Say>bye</Say><Hangup/></Response>"

    def product(environ, start_response):
        environ["wsgi.input"].read()
        body = pages.get(environ["PATH_INFO"], goodbye)
        start_response("200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))])
        return [body]

    return product


def main(calls: int) -> None:
    """Let ``calls`` calls happen and say how long requests took."""
    port = find_free_port()
    options = {"host": "127.0.0.1", "port": port, "threads": 8, "quiet": True}
    product = multiprocessing.Process(target=serve, args=(make_product,), kwargs=options)
    product.start()
    try:
        wait_for_port(port)
        base = f"http://127.0.0.1:{port}"
        hearing = Hearing(hearing_table(CONFIGURATION))
        shares = {code: {"1": 0.6, "2": 0.4} for code in ASKED}
        citizens = {f"+8617400{n:06d}": Citizen(f"c{n}", "U", "G") for n in range(calls)}
        engine = Engine("AC" + "1" * 32, "token", FixedClock(START))
        engine.settle(Population(citizens, {"units": {"U": {"G": shares}}}, hearing, "1"), hearing)
        events = ("initiated", "ringing", "answered", "completed")
        for phone in citizens:
            address = {"url": f"{base}/voice/0", "status_callback": f"{base}/status"}
            engine.accept(Contact("call", phone, "+861012340", START, events=events, detect_machine=True, **address))
        began, used = time.perf_counter(), time.process_time()
        engine.run(START + timedelta(hours=1))
        seconds, used = time.perf_counter() - began, time.process_time() - used
        counts = engine.statistics()
        requests = counts["callbacks"] + counts["voice pages"]
        print(f"{requests} requests in {seconds:.1f} s: {requests / seconds:.0f} a second ({used:.1f} s of processor)")
        print(counts)
    finally:
        product.terminate()
        product.join(20)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
