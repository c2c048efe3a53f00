"""Running the simulator as a process of its own."""

from __future__ import annotations

import threading

from flask import Flask

from evalsys.base.clock import clock_from
from evalsys.base.serving import serve
from evalsys.gateways.simulator.app import create_simulator
from evalsys.gateways.simulator.faults import Faults


def run_simulator(
    account_sid: str,
    auth_token: str,
    clock_setting: str,
    *,
    host: str,
    port: int,
    conducted: bool,
    faults: Faults,
    quiet: bool = False,
) -> None:
    """Serve the simulator. ``conducted``: somebody else lets time pass; else it passes by the clock. ``faults`` hold from the start."""

    def make() -> Flask:
        app = create_simulator(account_sid, auth_token, clock_from(clock_setting))
        app.extensions["engine"].faults = faults
        if not conducted:
            stop = threading.Event()
            threading.Thread(target=app.extensions["engine"].run_forever, args=(stop,), daemon=True).start()
        return app

    serve(make, host=host, port=port, workers=1, threads=8, quiet=quiet)
