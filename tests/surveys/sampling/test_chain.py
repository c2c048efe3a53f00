"""The hash chain of the log."""

from __future__ import annotations

import hashlib
import json

import pytest

from surveys.errors import DrawError
from surveys.sampling.chain import FIRST_PREV, chain_hash, chained, verify_chain

ENTRY = {
    "seq": 1,
    "at": "2025-11-03T09:00:00+08:00",
    "actor": "设计员",
    "action": "open_round",
    "details": {"b": 1, "a": 2},
}


def log(count=5):
    lines, prev = [], FIRST_PREV
    for seq in range(1, count + 1):
        entry = chained(prev, {**ENTRY, "seq": seq})
        prev = entry["hash"]
        lines.append(json.dumps(entry))
    return lines


def test_the_hash_is_the_one_written_down_in_the_rule():
    """SHA256("evalsys-log-v1\\n" + prev + "\\n" + canonical JSON of the five keys), whatever else the entry holds."""
    words = '{"action":"open_round","actor":"设计员","at":"2025-11-03T09:00:00+08:00","details":{"a":2,"b":1},"seq":1}'
    expected = hashlib.sha256(f"evalsys-log-v1\n{'0' * 64}\n{words}".encode()).hexdigest()
    assert chain_hash(FIRST_PREV, {**ENTRY, "hash": "not part of it"}) == expected


def test_an_untouched_log_gives_its_entries_and_an_empty_one_none():
    assert [entry["seq"] for entry in verify_chain(log())] == [1, 2, 3, 4, 5]
    assert verify_chain([]) == []


@pytest.mark.parametrize(
    ("alter", "line"),
    [
        pytest.param(lambda lines: [*lines[:2], lines[2].replace("open", "shut"), *lines[3:]], 3, id="a changed word"),
        pytest.param(lambda lines: [*lines[:2], *lines[3:]], 3, id="a row taken out"),
        pytest.param(lambda lines: lines[1:], 1, id="the head cut off"),
        pytest.param(lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2, id="two rows exchanged"),
        pytest.param(lambda lines: [*lines[:4], "{}"], 5, id="an empty row"),
        pytest.param(lambda lines: [*lines[:4], "no json"], 5, id="not JSON"),
    ],
)
def test_any_altered_row_is_found_and_named(alter, line):
    with pytest.raises(DrawError) as refusal:
        verify_chain(alter(log()))
    assert refusal.value.details["line"] == line


def test_a_row_hashed_anew_with_a_skipped_number_is_found():
    """Numbers are consecutive, so that a row left out before hashing shows too."""
    first = chained(FIRST_PREV, ENTRY)
    third = chained(first["hash"], {**ENTRY, "seq": 3})
    with pytest.raises(DrawError, match="number 3 where 2"):
        verify_chain([json.dumps(first), json.dumps(third)])


def test_an_entry_without_its_five_keys_has_no_hash():
    with pytest.raises(DrawError, match="actor"):
        chain_hash(FIRST_PREV, {"seq": 1, "at": "", "action": "", "details": {}})
