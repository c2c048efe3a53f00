"""One time for all machines: whatever their own clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import evalsys.base.clock
from evalsys.app import create_app
from evalsys.base.clock import SteadyClock
from evalsys.base.config import read_settings
from evalsys.base.database import time_of_database
from tests.evalsys.installation import SECRET

NOON = datetime(2026, 6, 8, 4, tzinfo=UTC)


class Authority:
    """A database's time and a machine's counter, moved by hand."""

    def __init__(self) -> None:
        self.at, self.counted, self.asked, self.fails = NOON, 1000.0, 0, False

    def ask(self) -> datetime:
        self.asked += 1
        if self.fails:
            raise OSError("no connection")
        return self.at

    def pass_time(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.counted += seconds

    def clock(self) -> SteadyClock:
        return SteadyClock(self.ask, lambda: self.counted)


def test_between_two_questions_time_goes_on_by_the_counter_and_the_authority_is_asked_once_a_minute():
    authority = Authority()
    clock = authority.clock()
    assert clock.now() == NOON
    for _ in range(119):
        authority.pass_time(1)
        assert clock.now() == authority.at
    assert authority.asked == 2


def test_an_authority_that_is_set_back_lets_time_stand_still_and_never_go_backwards():
    authority = Authority()
    clock = authority.clock()
    clock.now()
    authority.pass_time(59)
    before = clock.now()
    authority.at -= timedelta(seconds=30)
    authority.pass_time(1)
    assert clock.now() == before
    authority.pass_time(40)
    assert clock.now() == authority.at > before


def test_while_the_authority_does_not_answer_the_counter_goes_on_alone():
    authority = Authority()
    clock = authority.clock()
    clock.now()
    authority.fails = True
    authority.pass_time(600)
    assert clock.now() == NOON + timedelta(minutes=10)


def test_who_never_heard_the_time_does_not_invent_it():
    authority = Authority()
    authority.fails = True
    with pytest.raises(OSError, match="no connection"):
        authority.clock().now()


@pytest.mark.postgres
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_machine_whose_clock_is_an_hour_off_has_the_time_of_the_database(tmp_path, postgres_url, monkeypatch, hours):
    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=hours)

    monkeypatch.setattr(evalsys.base.clock, "datetime", Wrong)
    settings = {"EVALSYS_HOME": str(tmp_path), "EVALSYS_SECRET_KEY": SECRET}
    alone = create_app(read_settings(settings)).extensions["evalsys"].clock
    sharing = create_app(read_settings(settings | {"EVALSYS_DATABASE_URL": postgres_url})).extensions["evalsys"].clock
    true = time_of_database(postgres_url)()
    assert abs(sharing.now() - true) < timedelta(seconds=10)
    assert abs(alone.now() - true) > timedelta(minutes=59)
