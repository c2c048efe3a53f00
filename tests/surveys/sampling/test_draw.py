"""The draw: both test vectors, and what holds of every draw."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DrawError
from surveys.sampling.draw import (
    commit_sample,
    draw,
    draw_order,
    frame_line,
    freeze_frame,
    reveal_seed,
    summarize_frame,
)
from surveys.sampling.identifiers import case_identifier
from tests.surveys.sampling.worked_draw import BEACON, BEACON_SOURCE, DICE, NONCE, ROUND_KEY, frame_entries

ROOT = "f432fe040b2ee9dc32a61a189e1c1b770be05385a0ce73abf376ec9372b794d8"
SEED = "98a7e23eb8e3eea1f480d7654734c5952747657f01ac5f370874d82781a81c99"
NAMES = st.text(alphabet="AB!Ω市/ ", min_size=1, max_size=4)


def vector_frame():
    return summarize_frame([frame_line(*entry) for entry in frame_entries({"D01": 3, "D02": 3})])


def commit(frame, sizes, nonces=(NONCE,)):
    return commit_sample("R1", frame, sizes, nonces, beacon_source=BEACON_SOURCE, dice_source="dice")


def drawn(lines, sizes=None, **options):
    frame = summarize_frame(lines)
    commitment = commit(frame, sizes or frame.counts_by_stratum)
    return list(draw(lines, commitment, reveal_seed(commitment, [NONCE], BEACON, DICE), **options))


def test_the_printed_vector_is_met_from_record_number_to_ticket():
    """Identifier, root, nonce digest, seed and first tickets are those printed with the rule."""
    assert case_identifier(ROUND_KEY, "SR-2025-00000") == (
        "5d0f6b012e3e8167e64f725f61eda46fee64fc7306b58856f4a4bb42304fc04a"
    )
    frame = vector_frame()
    assert frame.root == ROOT
    commitment = commit(frame, {"D01": 2, "D02": 2})
    assert commitment.nonce_digests == ("9a2db2e23f1504cd056606553ac049c5e718e8f9ce9233876df1a7a1821af885",)
    seed = reveal_seed(commitment, [NONCE], BEACON, DICE)
    assert seed == SEED
    lines = [frame_line(*entry) for entry in frame_entries({"D01": 3, "D02": 3})]
    tickets = [case.ticket[:12] for case in draw(lines, commitment, seed) if case.in_sample]
    assert tickets == ["51540a30bfce", "a7e46d4d0ce4", "6b486e7d4ebf", "86c686ab5086"]


def test_the_vector_for_several_nonces_is_met_in_any_order_of_contribution():
    """Three contributed nonces give the seed and order computed with sha256sum and openssl alone.

    nonces 32 × ab, 32 × cd, 32 × 01; combined: printf '%s\\n%s\\n%s' 01… ab… cd… | sha256sum; the rest as in the first vector, with
    printf 'evalsys-seed-v1\\nR1\\nROOT\\nCOMBINED\\nBEACON\\nDICE' | sha256sum, and for each case
    printf 'evalsys-ticket-v1\\nSEED\\nSTRATUM\\nCID' | sha256sum, sorted by sort(1).
    """
    nonces = ["cd" * 32, "ab" * 32, "01" * 32]
    commitment = commit(vector_frame(), {"D01": 2, "D02": 2}, nonces)
    assert commitment.nonce_digests == (
        "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793",
        "7969ec0fcb8b648dfde24b1d0ae24568d398dcc3a83b80a850f973238cdfd3d9",
        "9a2db2e23f1504cd056606553ac049c5e718e8f9ce9233876df1a7a1821af885",
    )
    seed = reveal_seed(commitment, nonces, BEACON, DICE)
    assert seed == reveal_seed(commitment, nonces[::-1], BEACON, DICE)
    assert seed == "e51e0133f8978f7588daa6f9ff54555da67bc9e30a073df5982f10bcd8289b7c"
    entries = frame_entries({"D01": 3, "D02": 3})
    record_by_cid = {cid: number for number, (_, cid) in enumerate(entries)}
    cases = list(draw([frame_line(*entry) for entry in entries], commitment, seed))
    assert [record_by_cid[case.cid] for case in cases] == [0, 1, 2, 5, 3, 4]
    assert [case.in_sample for case in cases] == [True, True, False] * 2
    assert cases[0].ticket == "5d9960de85444c1ac2d987d8627640cbaa0089bc05e7655263062984b019f3c4"
    assert cases[3].ticket == "14e17031fe80732a3e7ca09506980020ef5218dd57300d69d295265b2bda1c7a"


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(NAMES, st.integers(1, 12), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_neither_the_order_of_the_lines_nor_the_size_of_a_chunk_changes_the_draw(sizes, rng):
    lines = [frame_line(*entry) for entry in frame_entries(sizes)]
    shuffled = rng.sample(lines, len(lines))
    assert drawn(lines) == drawn(shuffled, chunk_lines=3)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(NAMES, st.integers(1, 12), min_size=1, max_size=5), st.data())
def test_a_smaller_sample_is_the_front_of_a_larger_one_and_the_order_that_of_tickets(sizes, data):
    """For the same frame and seed the sample of n is a prefix of the whole order, which is by (ticket, cid)."""
    lines = [frame_line(*entry) for entry in frame_entries(sizes)]
    smaller = {name: data.draw(st.integers(0, count)) for name, count in sizes.items()}
    cases = drawn(lines, smaller)
    for stratum, count in sizes.items():
        own = [case for case in cases if case.stratum == stratum]
        assert [case.rank for case in own] == list(range(1, count + 1))
        assert [case.in_sample for case in own] == [rank <= smaller[stratum] for rank in range(1, count + 1)]
        seed = reveal_seed(commit(summarize_frame(lines), smaller), [NONCE], BEACON, DICE)
        assert [(case.ticket, case.cid) for case in own] == draw_order(seed, stratum, [case.cid for case in own])


def test_every_case_of_a_stratum_has_the_same_chance():
    """Over 2,000 seeds each of 10 cases is drawn into a sample of 3 about 600 times: within 5 standard errors."""
    cids = [cid for _, cid in frame_entries({"S": 10})]
    counts = dict.fromkeys(cids, 0)
    for number in range(2_000):
        for _, cid in draw_order(f"{number:064x}", "S", cids)[:3]:
            counts[cid] += 1
    assert all(abs(count - 600) < 5 * (2_000 * 0.3 * 0.7) ** 0.5 for count in counts.values())


def test_the_frozen_frame_file_holds_the_sorted_lines_and_gives_the_committed_root(tmp_path):
    """Shuffled entries give one file: sorted bytewise, LF, with the root of its lines; reading it back agrees."""
    entries = frame_entries({"D02": 3, "D01": 3})
    random.Random(7).shuffle(entries)
    path = tmp_path / "frame.txt"
    frame = freeze_frame(entries, path, chunk_lines=2)
    content = path.read_bytes()
    assert content.endswith(b"\n") and b"\r" not in content
    assert content.splitlines() == sorted(frame_line(*entry).encode() for entry in entries)
    with path.open("rb") as lines:
        assert summarize_frame(lines) == frame
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        pytest.param(lambda lines: lines[:-1], "frame_changed", id="a line left out"),
        pytest.param(lambda lines: [*lines, "D01|" + "0" * 64], "frame_changed", id="a line added"),
        pytest.param(lambda lines: [lines[0].replace("D01", "D02"), *lines[1:]], "frame_changed", id="moved stratum"),
        pytest.param(lambda lines: [*lines, lines[0]], "duplicate_cid", id="a line twice"),
        pytest.param(lambda lines: [*lines, lines[0].replace("D01", "D02")], "duplicate_cid", id="in two strata"),
        pytest.param(lambda lines: [*lines, "D01|XYZ"], "not_hex", id="no identifier"),
        pytest.param(lambda lines: [*lines, "D01"], "frame_line", id="no bar"),
        pytest.param(lambda lines: [*lines, "|" + "0" * 64], "bad_stratum", id="no stratum"),
        pytest.param(lambda lines: [*lines, "D\t1|" + "0" * 64], "bad_stratum", id="control character"),
    ],
)
def test_a_frame_edited_after_the_commitment_is_refused_before_any_case_is_drawn(edit, code):
    lines = [frame_line(*entry) for entry in frame_entries({"D01": 3, "D02": 3})]
    commitment = commit(summarize_frame(lines), {"D01": 1})
    with pytest.raises(DrawError) as refusal:
        next(draw(edit(lines), commitment, SEED))
    assert refusal.value.code == code


def test_a_frame_that_has_the_root_but_not_the_counts_of_the_commitment_is_refused():
    """Counts are committed besides the root; one that does not fit is not silently overruled."""
    lines = [frame_line(*entry) for entry in frame_entries({"D01": 3})]
    frame = summarize_frame(lines)
    wrong = commit(type(frame)(frame.root, {"D01": 4}), {"D01": 1})
    with pytest.raises(DrawError, match="other counts"):
        next(draw(lines, wrong, SEED))


@pytest.mark.parametrize("name", ["", "D|1", "D\n1", "D\r1", "D\u20281", "D\x7f1"])
def test_a_stratum_name_that_would_break_a_frame_line_is_refused(name):
    with pytest.raises(DrawError):
        frame_line(name, "0" * 64)


def test_a_refused_frame_leaves_no_file(tmp_path):
    """freeze_frame either writes the whole frame or nothing."""
    entries = frame_entries({"D01": 2})
    with pytest.raises(DrawError, match="twice"):
        freeze_frame([*entries, entries[0]], tmp_path / "frame.txt")
    assert list(tmp_path.iterdir()) == []
