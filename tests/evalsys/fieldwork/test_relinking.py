"""Whoever has the whole database after the close, its files' free pages too, links answers and people no better than by chance."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.interviews import finish_interview, load_conversation
from evalsys.fieldwork.jobs import seal_ready_answers
from evalsys.fieldwork.releases import open_round
from evalsys.outbox.worker import run_due_jobs
from evalsys.samples.imports import import_service_records
from tests.evalsys.installation import COUNTIES, GROUPS, OPENING, UNITS, commit, draw, make_draft, write_records

ANSWERED = 1_000
CHANNELS = ("web", "voice", "interviewer")
HOLD = timedelta(hours=73)


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    """A round with a thousand answers of three channels, sealed as they came and at the close: the files, and who said what."""
    place = make_draft(tmp_path_factory.mktemp("dump"), quota=600, replicate_size=600, random_arm_share=0.3)
    rows = [
        (
            f"{unit}-{number:04d}",
            unit,
            "",
            GROUPS[number % 2],
            f"1740{at}{number:06d}",
            "2026-03-02",
            "办证",
            COUNTIES[number // 10 % 2],
        )
        for at, unit in enumerate(UNITS)
        for number in range(420)
    ]
    place.on_round(import_service_records, path=write_records(place.home / "records.csv", rows), actor="designer")
    commit(place)
    draw(place)
    place.clock.at = OPENING
    place.on_round(open_round, actor="chair")
    chance = np.random.default_rng(7)
    cases = [case for (case,) in place.sql("SELECT case_id FROM interview ORDER BY case_id")]
    said, ciphers = {}, []
    for number, case in enumerate(chance.permutation(cases)[:ANSWERED]):
        answers = answer_by_chance(place, int(case), chance)
        said[int(case)] = answers

        def take(session, runtime, case=int(case), answers=answers, channel=CHANNELS[number % 3]):
            talk = replace(load_conversation(session, runtime, case), answers=answers)
            finish_interview(session, runtime, talk, channel=channel)

        place.act(take)
        if number % 100 == 99:
            place.clock.advance(timedelta(hours=6))
            ciphers += [
                row[0] for row in place.sql("SELECT answers_cipher FROM interview WHERE answers_cipher IS NOT NULL")
            ]
        if number == 700:
            place.clock.advance(HOLD)
            place.do_job(seal_ready_answers)
    place.on_round(close_round, actor="chair")
    with place.app.app_context():
        run_due_jobs()
    assert len(said) == ANSWERED
    return place, said, set(ciphers)


def answer_by_chance(place, case: int, chance: np.random.Generator) -> dict[str, str]:
    rated = {code: str(chance.integers(1, 6)) for code in ("I1", "I2", "I3", "I4", "I5", "I6", "A1", "A2")}
    # A comment of a length of its own is what a size would be known by.
    return {"Q0": "1", **rated, "A3": str(chance.integers(1, 3)), "P1": "2", "P2": "x" * int(chance.integers(0, 200))}


def read(place, statement: str) -> list[tuple]:
    with sqlite3.connect(f"file:{place.home / 'evalsys.sqlite'}?mode=ro", uri=True) as connection:
        return connection.execute(statement).fetchall()


def test_no_piece_of_an_answer_on_its_case_is_left_in_any_file(dump):
    place, _, ciphers = dump
    assert len(ciphers) > 900
    content = b"".join(path.read_bytes() for path in place.home.rglob("*") if path.is_file())
    pieces = {cipher[at : at + 16] for cipher in ciphers for at in (0, len(cipher) // 2)}
    assert [piece for piece in pieces if piece in content] == []


def test_every_way_to_guess_finds_no_more_pairs_than_chance(dump):
    """Within a class (unit, stratum, channel, outcome) n answers are put beside n cases in the order of whatever the dump has; of n pairs
    one is right by chance, so that over all classes right guesses follow a Poisson law with as many as there are classes."""
    place, said, _ = dump
    cases = read(
        place,
        "SELECT c.id, c.cid, c.ticket, c.stratum, i.unit_code, i.channel, i.outcome, i.token_digest, c.rank, i.version "
        "FROM \"case\" c JOIN interview i ON i.case_id = c.id WHERE i.state = 'sealed'",
    )
    sealed = read(place, "SELECT unit_code, stratum, channel, outcome, answers, key, block FROM sealed_answer")
    assert len(cases) == len(sealed) == ANSWERED
    assert read(place, "SELECT count(*) FROM interview WHERE answered_at IS NOT NULL AND state = 'sealed'") == [(0,)]
    by_class = defaultdict(lambda: ([], []))
    for row in sealed:
        by_class[row[0], row[3]][0].append(row)
    for row in cases:
        by_class[row[4], row[6]][1].append(row)
    answers_in_order = {
        "as they are stored": lambda rows: rows,
        "by key": lambda rows: sorted(rows, key=lambda row: row[5]),
        "by block": lambda rows: sorted(rows, key=lambda row: (row[6], row[5])),
        "by size": lambda rows: sorted(rows, key=lambda row: len(row[4])),
    }
    cases_in_order = {column: place_of for place_of, column in enumerate(("id", "cid", "ticket"))} | {
        "link": 7,
        "rank": 8,
        "version": 9,
    }
    for how, arrange in answers_in_order.items():
        for column, at in cases_in_order.items():
            right, expected = 0, 0
            for found, people in by_class.values():
                # Channel and stratum narrow the guess where an answer still tells them.
                for (channel, stratum), rows in group(found, lambda row: (row[2], row[1])).items():
                    fitting = [
                        person
                        for person in sorted(people, key=lambda person: (person[at], person[0]))
                        if (not channel or person[5] == channel) and (not stratum or person[3] == stratum)
                    ]
                    expected += min(1.0, len(rows) / max(1, len(fitting)))
                    right += sum(
                        said[person[0]] == json.loads(row[4])
                        for row, person in zip(arrange(rows), fitting, strict=False)
                    )
            assert right <= expected + 4 * math.sqrt(expected) + 1, (
                f"{how} against {column}: {right} right, {expected:.0f} by chance"
            )


def test_what_a_sealed_answer_tells_of_its_case_fits_five_people_at_least(dump):
    place, _, _ = dump
    people = Counter()
    for unit, stratum, channel, outcome in read(
        place,
        "SELECT i.unit_code, c.stratum, i.channel, i.outcome FROM \"case\" c JOIN interview i ON i.case_id = c.id WHERE i.state = 'sealed'",
    ):
        for told in ((stratum, channel), (stratum, ""), ("", channel), ("", "")):
            people[unit, *told, outcome] += 1
    for unit, stratum, channel, outcome in read(
        place, "SELECT unit_code, stratum, channel, outcome FROM sealed_answer"
    ):
        assert people[unit, stratum, channel, outcome] >= 5


def group(rows, key) -> dict:
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found
