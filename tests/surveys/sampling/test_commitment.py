"""The commitment and the seed made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from surveys.errors import DrawError
from surveys.sampling.commitment import Commitment, combine_nonces, commit_sample, derive_seed, reveal_seed
from surveys.sampling.frozen_frame import FrozenFrame
from tests.surveys.sampling.worked_draw import BEACON, BEACON_SOURCE, DICE, NONCE

FRAME = FrozenFrame("ef" * 32, {"D01": 30, "D02": 3})
COMMITMENT = commit_sample(
    "R1", FRAME, {"D01": 5}, [NONCE], beacon_source=BEACON_SOURCE, dice_source="dice", random_arm_share=0.1
)


def test_a_commitment_survives_its_own_bytes_and_shows_all_that_is_promised():
    """Canonical bytes read back to an equal commitment with the same hash; a stratum without a size gets 0."""
    content = COMMITMENT.to_json()
    assert Commitment.from_json(content) == COMMITMENT
    assert Commitment.from_json(content).sha256 == COMMITMENT.sha256
    assert COMMITMENT.sample_sizes == {"D01": 5, "D02": 0}
    assert NONCE.encode() not in content


def test_equal_promises_have_equal_bytes_whatever_the_order_of_the_strata():
    other = replace(COMMITMENT, frame_counts={"D02": 3, "D01": 30}, sample_sizes={"D02": 0, "D01": 5})
    assert other.to_json() == COMMITMENT.to_json()


@pytest.mark.parametrize(
    "change",
    [
        {"round_id": "R2"},
        {"frame_root": "cd" * 32},
        {"frame_counts": {"D01": 31, "D02": 3}},
        {"sample_sizes": {"D01": 6, "D02": 0}},
        {"nonce_digests": ("0" * 64,)},
        {"beacon_source": "drand:quicknet:1000001"},
        {"dice_source": "other dice"},
        {"random_arm_share": 0.2},
    ],
)
def test_every_part_of_the_promise_enters_the_hash(change):
    assert replace(COMMITMENT, **change).sha256 != COMMITMENT.sha256


@pytest.mark.parametrize(
    "change",
    [
        {"round_id": ""},
        {"round_id": "R\n1"},
        {"frame_root": "AB" * 32},
        {"sample_sizes": {"D01": 31, "D02": 0}},
        {"sample_sizes": {"D01": -1, "D02": 0}},
        {"sample_sizes": {"D01": 1.0, "D02": 0}},
        {"sample_sizes": {"D01": 5}},
        {"frame_counts": {}, "sample_sizes": {}},
        {"nonce_digests": ()},
        {"nonce_digests": ("f" * 64, "0" * 64)},
        {"beacon_source": "", "dice_source": ""},
        {"random_arm_share": 1.5},
        {"random_arm_share": float("nan")},
        {"reserve_rule": "as we like"},
    ],
)
def test_a_promise_that_could_not_be_kept_is_refused(change):
    with pytest.raises(DrawError):
        replace(COMMITMENT, **change)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", COMMITMENT.to_json() + b"\n", COMMITMENT.to_json()[:-1]])
def test_bytes_that_are_not_canonical_are_not_a_commitment(content):
    with pytest.raises(DrawError):
        Commitment.from_json(content)


def test_one_nonce_stands_for_itself_and_the_order_of_several_does_not_matter():
    assert combine_nonces([NONCE]) == NONCE
    assert combine_nonces(["cd" * 32, NONCE]) == combine_nonces([NONCE, "cd" * 32])


@pytest.mark.parametrize("nonces", [[], [NONCE, NONCE], ["ab"], ["AB" * 32], ["abc" * 11]])
def test_missing_doubled_short_or_unreadable_nonces_are_refused(nonces):
    with pytest.raises(DrawError):
        combine_nonces(nonces)


@pytest.mark.parametrize(
    ("nonces", "beacon", "dice", "code"),
    [
        (["cd" * 32], BEACON, DICE, "nonce"),
        ([NONCE, "cd" * 32], BEACON, DICE, "nonce"),
        ([NONCE], BEACON.replace("1000000", "1000001"), DICE, "source"),
        ([NONCE], BEACON_SOURCE, DICE, "source"),
        ([NONCE], "", DICE, "source"),
        ([NONCE], BEACON, "", "source"),
        ([NONCE], BEACON, DICE + "\n", "commitment"),
    ],
)
def test_a_seed_from_other_sources_than_were_committed_is_refused(nonces, beacon, dice, code):
    with pytest.raises(DrawError) as refusal:
        reveal_seed(COMMITMENT, nonces, beacon, dice)
    assert refusal.value.code == code


def test_dice_alone_may_be_the_source_and_a_beacon_nobody_named_is_refused():
    dice_only = replace(COMMITMENT, beacon_source="")
    assert reveal_seed(dice_only, [NONCE], "", DICE) == derive_seed("R1", "ef" * 32, NONCE, "", DICE)
    with pytest.raises(DrawError):
        reveal_seed(dice_only, [NONCE], BEACON, DICE)
