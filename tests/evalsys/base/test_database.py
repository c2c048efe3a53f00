"""The one owner of transactions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine

from evalsys.audit.actions import record_act
from evalsys.base.database import UTCDateTime, erase_remains, transaction
from evalsys.base.errors import Refused
from evalsys.samples.models import StaffNumber


def numbers(place) -> int:
    return place.sql("select count(*) from staff_number")[0][0]


def test_a_transaction_inside_another_is_refused(draft):
    with draft.app.app_context(), transaction(), pytest.raises(RuntimeError, match="already open"), transaction():
        pass


@pytest.mark.parametrize("error", [ValueError, Refused, KeyboardInterrupt])
def test_an_error_keeps_nothing_and_the_next_transaction_works(draft, error):
    def fail(session, runtime):
        session.add(StaffNumber(number_index="a"))
        session.flush()
        raise error("no")

    with pytest.raises(error):
        draft.act(fail)
    assert numbers(draft) == 0
    draft.act(lambda session, runtime: session.add(StaffNumber(number_index="b")))
    assert numbers(draft) == 1


def test_what_a_refusal_does_afterwards_is_kept_though_nothing_else_is(draft):
    def refuse(session, runtime):
        session.add(StaffNumber(number_index="a"))
        refusal = Refused("no")
        refusal.afterwards = lambda after: record_act(after, runtime.clock, "system", "eve", "refused")
        raise refusal

    with pytest.raises(Refused):
        draft.act(refuse)
    assert numbers(draft) == 0
    assert draft.sql("select actor from audit_entry where action = 'refused'") == [("eve",)]


def test_the_embedded_database_overwrites_what_it_deletes_and_checks_references(draft):
    assert draft.sql("pragma secure_delete") == [(1,)]
    assert draft.sql("pragma foreign_keys") == [(1,)]
    assert draft.sql("pragma journal_mode") == [("wal",)]


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        UTCDateTime().process_bind_param(datetime(2026, 1, 1), None)
    kept = UTCDateTime().process_result_value(datetime(2026, 1, 1), None)
    assert kept == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.postgres
def test_what_was_overwritten_on_postgres_is_in_no_page_of_its_table_once_its_remains_are_erased(postgres_url):
    secret = "an answer that somebody gave"
    engine = create_engine(postgres_url)

    def is_there() -> bool:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("CHECKPOINT")
            pages = connection.exec_driver_sql("SELECT pg_read_binary_file(pg_relation_filepath('kept'))").scalar()
        return secret.encode() in pages

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (id integer, answer text)")
        connection.exec_driver_sql("INSERT INTO kept VALUES (1, %s)", (secret,))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE kept SET answer = NULL")
    assert is_there()
    erase_remains(engine, ["kept"])
    assert not is_there()
    engine.dispose()
