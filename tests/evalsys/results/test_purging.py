"""Past the retention day phones and names are gone from every file of the house, answers stay, and what was published verifies."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from evalsys.base.errors import Refused
from evalsys.cli import main
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import dial_numbers, erase_originals, purge_when_due, send_messages
from evalsys.fieldwork.opt_outs import opt_out_case
from evalsys.fieldwork.purging import purge_round
from evalsys.fieldwork.queries import find_earlier
from evalsys.outbox.actions import Claim
from evalsys.results.freezing import freeze_round
from evalsys.results.publishing import publish_round
from evalsys.results.scoring import score_round
from evalsys.samples.imports import read_phone
from evalsys.samples.models import ServiceRecord
from tests.evalsys.installation import OPENING, ROUND, answer_all, make_open

TWO = {"approved_by": "chair", "seconded_by": "deputy"}
#: of everything that points at a person: what to look for afterwards
TRACES = (
    "SELECT phone_cipher FROM service_record WHERE phone_cipher IS NOT NULL",
    "SELECT person_index FROM service_record",
    "SELECT record_no FROM service_record",
    "SELECT token_digest FROM interview",
    "SELECT key FROM attempt",
    "SELECT provider_sid FROM attempt WHERE provider_sid IS NOT NULL",
    "SELECT round_key_cipher FROM draw",
)
ASIDE = {
    "aside_service_record_name_cipher": "SELECT id, phone_cipher AS name_cipher FROM service_record",
    "aside_case_note": "SELECT case_id, round_id, token_digest AS text_cipher FROM interview",
    "aside_sealed_answer_weight": "SELECT key, 1 AS weight FROM sealed_answer",
}


def read_files(place) -> bytes:
    """Every byte that the house keeps: the database with its log and a dump of it, published files, anything else."""
    files = [path for path in sorted(place.home.rglob("*")) if path.is_file()]
    dump = "".join(sqlite3.connect(place.home / "evalsys.sqlite").iterdump())
    return b"".join(path.read_bytes() for path in files) + dump.encode()


def collect(place) -> list[bytes]:
    """The traces of persons as the database holds them, and the numbers in clear."""
    found = [value for statement in TRACES for (value,) in place.sql(statement)]
    numbers = place.act(
        lambda s, r: [read_phone(r, record) for record in s.query(ServiceRecord) if record.phone_cipher is not None]
    )
    assert len(numbers) == 600
    numbers += [number.removeprefix("+86") for number in numbers]
    traces = {value if isinstance(value, bytes) else value.encode() for value in found + numbers if value}
    kept = {index.encode() for (index,) in place.sql("SELECT number_index FROM opt_out")}
    return sorted(traces - kept)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A published round in which calls were made and somebody opted out; its bundles verify."""
    place = make_open(tmp_path_factory.mktemp("purging"))
    (place.home / "records.csv").unlink()
    place.do_job(dial_numbers)
    place.do_job(send_messages)
    answer_all(place)
    (silent,) = place.sql("SELECT min(case_id) FROM interview WHERE state IN ('waiting', 'calling')")
    place.act(lambda s, r: opt_out_case(s, r, silent[0]))
    place.clock.advance(timedelta(days=20))
    for step in (close_round, freeze_round, score_round):
        place.on_round(step, actor="chair")
    place.on_round(publish_round, **TWO)
    return place


def erase(place) -> None:
    """What the worker does next."""
    ((payload,),) = place.sql("SELECT payload FROM job WHERE kind = 'field.erase'")
    with place.app.app_context():
        erase_originals(place.runtime, json.loads(payload), Claim(0, 0))


def verify(place) -> list[str]:
    """What the verifiers say of the round's bundles."""
    bundles = sorted(Path(place.runtime.published_folder).glob("bundle-*.zip"))
    said = [CliRunner().invoke(main, ["verify", str(bundle)]) for bundle in bundles]
    assert len(said) >= 2
    return [answer.output for answer in said if answer.exit_code != 0]


def test_contacts_are_kept_until_their_day_and_a_round_in_the_field_is_not_purged(published):
    with pytest.raises(Refused, match="kept until 2027-03-31"):
        published.on_round(purge_round, actor="chair")
    published.do_job(purge_when_due)
    assert published.sql("SELECT purged_at FROM round") == [(None,)]
    ((due,),) = published.sql("SELECT due_at FROM job WHERE kind = 'field.purge'")
    assert str(due).startswith("2027-03-30 16:00"), "the first moment of the day in the programme's time zone"


def test_past_the_day_no_number_is_found_in_any_file_and_what_was_published_still_verifies(published):
    """The dump is searched for every number, index, record number, link and call before and after: first all are there, then none."""
    place = published
    for name, rows in ASIDE.items():
        place.sql(f"CREATE TABLE {name} AS {rows}")
    traces, files = collect(place), read_files(place)
    in_clear = [trace for trace in traces if trace.removeprefix(b"+").isdigit()]
    assert len(in_clear) >= 1200 and not any(number in files for number in in_clear)
    before = [trace for trace in traces if trace in files]
    assert len(before) > 2000, "the search finds what is there"
    kept = ("sealed_answer", "opt_out", "stratum", "frozen_dataset", "publication")
    counts = [place.sql(f'SELECT count(*) FROM "{table}"') for table in kept]
    draw = place.sql('SELECT cid, ticket, stratum, rank, released_at FROM "case" ORDER BY cid')
    frame = place.sql("SELECT stratum, cid FROM service_record WHERE cid != '' ORDER BY cid")
    outcomes = place.sql("SELECT case_id, outcome FROM interview ORDER BY case_id")
    assert verify(place) == []

    place.clock.at = OPENING.replace(year=2027)
    place.do_job(purge_when_due)
    erase(place)

    files = read_files(place)
    assert [trace for trace in traces if trace in files] == []
    assert counts == [place.sql(f'SELECT count(*) FROM "{table}"') for table in kept] and counts[1] == [(1,)]
    assert draw == place.sql('SELECT cid, ticket, stratum, rank, released_at FROM "case" ORDER BY cid')
    assert frame == place.sql("SELECT stratum, cid FROM service_record ORDER BY cid")
    assert outcomes == place.sql("SELECT case_id, outcome FROM interview ORDER BY case_id")
    assert place.sql("SELECT count(*) FROM aside_sealed_answer_weight") == counts[0]
    assert place.sql("SELECT actor FROM audit_entry WHERE action = 'contacts destroyed'") == [("retention",)]
    assert place.sql("SELECT done_at IS NULL FROM job WHERE kind = 'field.purge'") == [(0,)]
    with pytest.raises(Refused, match="before"):
        place.on_round(purge_round, actor="chair")

    place.on_round(publish_round, reason="a later revision", **TWO)
    assert verify(place) == []


def test_a_round_that_is_still_open_on_its_day_waits_until_it_is_closed(opened):
    opened.clock.at = OPENING.replace(year=2027)
    with pytest.raises(Refused, match="in the field"):
        opened.on_round(purge_round, actor="chair")
    opened.do_job(purge_when_due)
    assert opened.sql(f"SELECT purged_at FROM round WHERE code = '{ROUND}'") == [(None,)]


def test_no_frame_is_committed_once_nobody_knows_who_answered_earlier_in_the_year(opened):
    """The year-end's draw leaves out who answered at mid-year; after the retention day that cannot be done, and is not passed over."""
    opened.sql(
        "INSERT INTO round (programme_id, configuration_id, code, kind, name_zh, name_en, period_from, period_until, field_from, "
        "field_until, frame_supplier, purged_at) SELECT programme_id, configuration_id, 'earlier', kind, name_zh, name_en, period_from, "
        "period_until, field_from, field_until, '', '2026-01-01 00:00:00' FROM round"
    )
    with pytest.raises(Refused, match="cannot be left out"):
        opened.on_round(lambda s, r, found: find_earlier(s, found))
