"""A Redis server for one test session: in memory, on a free port, gone afterwards."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.ports import find_free_port, wait_for_port


@contextmanager
def run_redis(folder: Path) -> Iterator[str]:
    """Start a server that keeps nothing on disk; yields its address."""
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError(
            "Redis is not installed. Run ./dev test, which installs it, or apt-get install redis-server."
        )
    port = find_free_port()
    words = [
        program,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=10)
