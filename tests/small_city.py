"""The example city made small: one round whose quotas are filled soon."""

from __future__ import annotations

import re
import shutil
import socket
from pathlib import Path

from evalsys.cli.stage import SIMULATOR_OFFSET
from evalsys.cli.year import CITY


def small_city(folder: Path, *, quota: int = 20, replicate_size: int = 140) -> Path:
    """The example city with its year-end round only; by default one replicate fills the quotas: no release depends on the moment."""
    shutil.copytree(CITY, folder)
    programme = folder / "programme.toml"
    text = programme.read_text(encoding="utf-8")
    first, *rounds = text.split("[[rounds]]")
    kept = next(part for part in rounds if "year_end" in part)
    programme.write_text(f"{first}[[rounds]]{kept}", encoding="utf-8")
    fieldwork = folder / "fieldwork.toml"
    text = fieldwork.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^quota = \d+", f"quota = {quota}", text)
    fieldwork.write_text(
        re.sub(r"(?m)^replicate_size = \d+", f"replicate_size = {replicate_size}", text), encoding="utf-8"
    )
    return folder


def free_port() -> int:
    """A port that is free, and the simulator's above it."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + SIMULATOR_OFFSET))
            except OSError:
                continue
            return port
