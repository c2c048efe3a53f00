"""What is promised before the seed can be known, and how the seed is made of it afterwards.

Source: design rule 'The draw anyone can repeat'.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surveys.errors import DrawError, Phrase
from surveys.sampling.canonical import canonical_json
from surveys.sampling.frozen_frame import FrozenFrame
from surveys.sampling.identifiers import FRAME_ROOT, NONCE_DIGEST, require_hex64, require_stratum

FORMAT = "evalsys-commitment-v1"
RESERVE_RULE = "rest-of-stratum-by-ticket-then-cid"
#: how errors call the parts that a person gives
ROUND, BEACON, DICE = Phrase("round"), Phrase("beacon"), Phrase("dice")
_NONCE = re.compile(r"(?:[0-9a-f]{2}){16,}")


@dataclass(frozen=True)
class Commitment:
    """Frame, sample sizes, nonces' digests and named future sources of a round, fixed before anyone can know the seed.

    Attributes
    ----------
    round_id
        The round; a second draw needs a new one.
    frame_root
        Merkle root of the frame lines, hex.
    frame_counts, sample_sizes
        N_h and n_h by stratum, the same strata in both, 0 ≤ n_h ≤ N_h.
    nonce_digests
        SHA-256 (hex) of each contributed nonce, sorted; at least one.
    beacon_source, dice_source
        The named future sources, e.g. ``drand:quicknet:1000000`` and who rolls which dice when; empty if that source
        is not used, but not both. The revealed beacon must be the named one followed by ``:`` and its value.
    random_arm_share
        Share (0–1) of cases whose mode sequence is swapped at random.
    reserve_rule
        How reserve cases follow; there is one rule.
    """

    round_id: str
    frame_root: str
    frame_counts: Mapping[str, int]
    sample_sizes: Mapping[str, int]
    nonce_digests: tuple[str, ...]
    beacon_source: str
    dice_source: str
    random_arm_share: float = 0.0
    reserve_rule: str = RESERVE_RULE

    def __post_init__(self) -> None:
        _require_plain(ROUND, self.round_id)
        require_hex64(FRAME_ROOT, self.frame_root)
        self._check_strata()
        self._check_sources()
        if not 0 <= self.random_arm_share <= 1:
            raise DrawError(
                "The random arm's share %(random_arm_share)s is not between 0 and 1.",
                code="commitment",
                random_arm_share=self.random_arm_share,
            )
        if self.reserve_rule != RESERVE_RULE:
            raise DrawError(
                "The reserve rule %(reserve_rule)r is not known; use %(known)r.",
                code="commitment",
                reserve_rule=self.reserve_rule,
                known=RESERVE_RULE,
            )

    def to_json(self) -> bytes:
        """Return the canonical bytes that are published and hashed."""
        strata = {
            name: {"frame": count, "sample": self.sample_sizes[name]} for name, count in self.frame_counts.items()
        }
        return canonical_json(
            {
                "format": FORMAT,
                "round": self.round_id,
                "frame_root": self.frame_root,
                "strata": strata,
                "reserve_rule": self.reserve_rule,
                "nonce_sha256": list(self.nonce_digests),
                "sources": {"beacon": self.beacon_source, "dice": self.dice_source},
                "random_arm_share": float(self.random_arm_share),
            }
        )

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the canonical bytes."""
        return hashlib.sha256(self.to_json()).hexdigest()

    @classmethod
    def from_json(cls, content: bytes) -> Commitment:
        """Return the commitment of these bytes; any but the canonical bytes of a valid commitment raise DrawError."""
        try:
            value = json.loads(content)
            commitment = cls(
                round_id=value["round"],
                frame_root=value["frame_root"],
                frame_counts={name: sizes["frame"] for name, sizes in value["strata"].items()},
                sample_sizes={name: sizes["sample"] for name, sizes in value["strata"].items()},
                nonce_digests=tuple(value["nonce_sha256"]),
                beacon_source=value["sources"]["beacon"],
                dice_source=value["sources"]["dice"],
                random_arm_share=value["random_arm_share"],
                reserve_rule=value["reserve_rule"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DrawError("The commitment cannot be read; it is not the JSON of one.", code="commitment") from error
        if commitment.to_json() != content:
            raise DrawError("The commitment is not written canonically; it was altered.", code="commitment")
        return commitment

    def _check_strata(self) -> None:
        if not self.frame_counts or set(self.frame_counts) != set(self.sample_sizes):
            raise DrawError(
                "The commitment needs frame count and sample size for the same strata, one at least.", code="commitment"
            )
        for name, count in self.frame_counts.items():
            size = self.sample_sizes[require_stratum(name)]
            if type(count) is not int or type(size) is not int or not 0 <= size <= count:
                raise DrawError(
                    "Stratum %(stratum)s: a sample of %(size)s cannot be drawn from %(count)s; commit 0 to %(count)s.",
                    code="sample_size",
                    stratum=name,
                    size=size,
                    count=count,
                )

    def _check_sources(self) -> None:
        if not self.nonce_digests or list(self.nonce_digests) != sorted(set(self.nonce_digests)):
            raise DrawError(
                "The commitment needs the digests of one nonce or more, sorted, each once.", code="commitment"
            )
        for digest in self.nonce_digests:
            require_hex64(NONCE_DIGEST, digest)
        for what, source in ((BEACON, self.beacon_source), (DICE, self.dice_source)):
            _require_plain(what, source, empty=True)
        if not (self.beacon_source or self.dice_source):
            raise DrawError(
                "The commitment names no future source; name a beacon's round or the dice.", code="commitment"
            )


def commit_sample(
    round_id: str,
    frame: FrozenFrame,
    sample_sizes: Mapping[str, int],
    nonces_hex: Iterable[str],
    *,
    beacon_source: str,
    dice_source: str,
    random_arm_share: float = 0.0,
) -> Commitment:
    """Return the commitment to a frozen frame; strata without a size get 0, the nonces stay secret."""
    sizes = {**dict.fromkeys(frame.counts_by_stratum, 0), **sample_sizes}
    digests = tuple(sorted(nonce_digest(nonce) for nonce in nonces_hex))
    return Commitment(
        round_id=round_id,
        frame_root=frame.root,
        frame_counts=dict(frame.counts_by_stratum),
        sample_sizes=sizes,
        nonce_digests=digests,
        beacon_source=beacon_source,
        dice_source=dice_source,
        random_arm_share=random_arm_share,
    )


def nonce_digest(nonce_hex: str) -> str:
    """Return SHA-256 (hex) of a nonce of at least 16 bytes, given in lower-case hex."""
    return hashlib.sha256(_nonce_bytes(nonce_hex)).hexdigest()


def combine_nonces(nonces_hex: Iterable[str]) -> str:
    """Return the nonce (hex) that enters the seed.

    One nonce stands for itself; of several it is SHA-256 over their sorted hex joined by line feeds.

    Raises
    ------
    DrawError
        There is none, one is shorter than 16 bytes or not lower-case hex, or one occurs twice.
    """
    nonces = sorted(nonces_hex)
    for nonce in nonces:
        _nonce_bytes(nonce)
    if not nonces or len(set(nonces)) < len(nonces):
        raise DrawError("One nonce at least is needed, and each only once.", code="nonce")
    if len(nonces) == 1:
        return nonces[0]
    return hashlib.sha256("\n".join(nonces).encode("ascii")).hexdigest()


def derive_seed(round_id: str, frame_root: str, nonce_hex: str, beacon: str, dice: str) -> str:
    """Return ``SHA256("evalsys-seed-v1\\n" + join("\\n", [round, root, nonce, beacon, dice]))`` in hex.

    Raises
    ------
    DrawError
        A part has a line break (two sets of parts could then give one seed), or root or nonce is not hex.
    """
    _require_plain(ROUND, round_id)
    _require_plain(BEACON, beacon, empty=True)
    _require_plain(DICE, dice, empty=True)
    require_hex64(FRAME_ROOT, frame_root)
    _nonce_bytes(nonce_hex)
    parts = "\n".join([round_id, frame_root, nonce_hex, beacon, dice])
    return hashlib.sha256(f"evalsys-seed-v1\n{parts}".encode()).hexdigest()


def reveal_seed(commitment: Commitment, nonces_hex: Iterable[str], beacon: str, dice: str) -> str:
    """Return the seed of a commitment once its nonces and sources are known.

    Raises
    ------
    DrawError
        The nonces are not the committed ones (``code`` "nonce"), or a source is missing, unasked for, or not the
        named one ("source").
    """
    nonces = list(nonces_hex)
    if tuple(sorted(nonce_digest(nonce) for nonce in nonces)) != commitment.nonce_digests:
        raise DrawError("The nonces are not those whose digests were committed; reveal exactly those.", code="nonce")
    if commitment.beacon_source and not beacon.startswith(commitment.beacon_source + ":"):
        raise DrawError(
            "The beacon must be that of %(beacon_source)r, followed by ':' and its value.",
            code="source",
            beacon_source=commitment.beacon_source,
        )
    if bool(beacon) != bool(commitment.beacon_source) or bool(dice) != bool(commitment.dice_source):
        raise DrawError("Give a value for each committed source and for no other.", code="source")
    return derive_seed(commitment.round_id, commitment.frame_root, combine_nonces(nonces), beacon, dice)


def _nonce_bytes(nonce_hex: str) -> bytes:
    if not isinstance(nonce_hex, str) or not _NONCE.fullmatch(nonce_hex):
        raise DrawError("A nonce must be at least 16 bytes, written in lower-case hex.", code="nonce")
    return bytes.fromhex(nonce_hex)


def _require_plain(what: Phrase, value: str, *, empty: bool = False) -> None:
    if not isinstance(value, str) or not (value or empty) or any(ord(char) < 32 or ord(char) == 127 for char in value):
        if empty:
            raise DrawError(
                "The %(what)s %(value)r must be one line of text.", code="commitment", what=what, value=value
            )
        raise DrawError(
            "The %(what)s %(value)r must be one line of text, not empty.", code="commitment", what=what, value=value
        )
