"""Debian's PostgreSQL, started for one test session in a folder of its own and thrown away afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.services.ports import find_free_port

USER = "evalsys"


class PostgresServer:
    """A running server; ``create_database`` gives each caller an empty database."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._made = 0

    def create_database(self) -> str:
        """The SQLAlchemy address of a new, empty database."""
        self._made += 1
        name = f"evalsys_{self._made}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Remove what ``create_database`` made, ending whatever is still connected to it."""
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')

    def _address(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"


@contextmanager
def run_postgres() -> Iterator[PostgresServer]:
    """Start a server on a free port of 127.0.0.1; it ends, with its data, when the block does."""
    programs = find_programs()
    # Directly below the system's temporary folder, since the server's own user must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="evalsys-postgres-"))
    folder.chmod(0o755)
    data, port = folder / "data", find_free_port()
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        for path in (folder, data):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    try:
        _run(folder, programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        options = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off -c full_page_writes=off"
        _run(folder, programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
        try:
            yield PostgresServer(port)
        finally:
            _run(folder, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """The folder of the newest PostgreSQL on this machine."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if folders:
        return folders[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    raise FileNotFoundError(
        "PostgreSQL is not installed. Run ./dev test, which installs it, or apt-get install postgresql."
    )


def _run(folder: Path, *command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:  # the server refuses to run as root
        words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *words]
    with (folder / "steps").open("ab") as steps:
        done = subprocess.run(words, cwd=folder, stdout=steps, stderr=steps, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = "\n".join(
            path.read_text(errors="replace") for path in (folder / "steps", folder / "log") if path.exists()
        )
        raise RuntimeError(f"{words[-1]}: PostgreSQL did not do this; it said:\n{said}")
