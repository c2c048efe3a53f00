"""What every test can ask for: outside services, each started once a session and only when asked for.

A missing service fails the test with a sentence that says how to get it; nothing is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.services.loopback import keep_on_loopback

ROOT = Path(__file__).resolve().parent.parent

# No deadline, since a busy machine is not a fault; continuous integration tries the same examples each time.
settings.register_profile("house", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def this_machine_only(tmp_path_factory) -> Iterator[None]:
    """No test leaves the machine, sees the developer's EVALSYS_ settings, or writes into the developer's ./var."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        keep_on_loopback(monkeypatch)
        for name in [name for name in os.environ if name.startswith("EVALSYS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("EVALSYS_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def project() -> Path:
    """The checkout's folder."""
    return ROOT


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server; ``create_database()`` gives the address of a new database for fixtures wider than one test."""
    from tests.services.postgres import run_postgres

    with run_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server) -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test's own."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory) -> Iterator[str]:
    """The address of a Redis server that keeps nothing on disk."""
    from tests.services.redis import run_redis

    with run_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium for the whole session."""
    from tests.services.chromium import run_chromium

    with run_chromium() as chromium:
        yield chromium


@pytest.fixture
def page(browser):
    """A page of a fresh Chinese-speaking visitor, 1280 pixels wide; it fails the test if the console showed an error."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == [], "the browser's console showed errors"


@pytest.fixture(scope="session")
def screenshots(project) -> Path:
    """The folder for pictures of pages, to be looked at by a person; not kept in the repository."""
    folder = project / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
