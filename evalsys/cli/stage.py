"""The stage of a rehearsal: web server, simulator and, if wanted, workers as processes of their own, on one virtual clock."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from evalsys.base.errors import Refused

STARTING_SECONDS = 90
#: the simulator listens so many ports above the pages
SIMULATOR_OFFSET = 10


def make_environment(home: Path, port: int, **others: str) -> dict[str, str]:
    """The settings under which every process of the stage runs."""
    return {
        "EVALSYS_HOME": str(home),
        "EVALSYS_CLOCK": f"virtual:{home / 'clock'}",
        "EVALSYS_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "EVALSYS_TELEPHONE": "simulator",
        "EVALSYS_TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "EVALSYS_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "EVALSYS_TWILIO_BASE_URL": f"http://127.0.0.1:{port + SIMULATOR_OFFSET}",
        **others,
    }


@contextmanager
def stage(environment: dict[str, str], port: int, *, workers: int = 0) -> Iterator[None]:
    """Run the processes for the length of the block; ``workers``: processes of a worker woken by the broker, or none.

    Raises ``Refused`` where somebody else serves at one of their ports, who would else be taken for them.
    """
    for needed in (port, port + SIMULATOR_OFFSET):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", needed)) == 0:
                raise Refused("Port %(port)s of this machine is in use; choose another with --port.", port=needed)
    with ExitStack() as processes:
        processes.enter_context(_process(environment, "serve", f"--port={port}", "--workers=2", "--quiet"))
        desk = ("simulator", f"--port={port + SIMULATOR_OFFSET}", "--conducted", "--quiet")
        processes.enter_context(_process(environment, *desk))
        if workers:
            processes.enter_context(_process(environment, "worker", f"--processes={workers}"))
        yield


def wait_for_stage(port: int) -> None:
    """Return when pages and simulator answer; raise ``Refused`` when they do not."""
    _wait_for(f"http://127.0.0.1:{port}/healthz", 200)
    _wait_for(f"http://127.0.0.1:{port + SIMULATOR_OFFSET}/simulator/statistics", 401)


@contextmanager
def _process(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen]:
    """A command of ours in a process of its own, ended with the block."""
    # Logs go where errors go: standard output is for the figures.
    command = [sys.executable, "-m", "evalsys", *arguments]
    process = subprocess.Popen(command, env=os.environ | environment, stdout=sys.__stderr__)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(address: str, status: int) -> None:
    end = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < end:
        try:
            if requests.get(address, timeout=2).status_code == status:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise Refused("%(address)s does not answer; is its port taken? Choose another with --port.", address=address)
