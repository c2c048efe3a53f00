"""Names without persons: case identifiers, and the hash recipes behind every random choice of a round.

Sources: design rule 'The draw anyone can repeat'; HMAC is RFC 2104 with SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable

from surveys.errors import DrawError, Phrase

#: how errors call the hex numbers of a round
SEED, TICKET, CASE_IDENTIFIER = Phrase("seed"), Phrase("ticket"), Phrase("case identifier")
FRAME_ROOT, NONCE_DIGEST = Phrase("frame root"), Phrase("nonce digest")
MINIMUM_KEY_BYTES = 16
_HEX_64 = re.compile(r"[0-9a-f]{64}")
_LABEL = re.compile(r"[a-z][a-z0-9-]{0,31}")
# A choice under one of these labels would hash the same bytes as the recipe of that name.
_RESERVED_LABELS = frozenset({"seed", "log"})
_UNIFORM_DIGITS = 13  # 52 bits: every value is exact in a double and none rounds up to 1.0


def case_identifier(round_key: bytes, record_number: str) -> str:
    """Return ``HMAC-SHA256(round_key, record_number)``: 64 hex digits that reveal nobody without the key.

    Raises
    ------
    DrawError
        The key is shorter than 16 bytes or the record number is empty.
    """
    if not record_number:
        raise DrawError(
            "A service record without a number cannot get a case identifier; number the record.",
            code="no_record_number",
        )
    return _keyed(round_key, record_number)


def record_choice(round_key: bytes, record_numbers: Iterable[str]) -> str:
    """Return the one record number that is kept out of duplicates, whatever their order.

    The kept one has the least ``HMAC-SHA256(round_key, "evalsys-keep-v1\\n" + record number)``: nobody without the
    key can steer it.

    Raises
    ------
    DrawError
        There is no record to choose from (n = 0), or the key is too short. n = 1 returns that record.
    """
    numbers = list(record_numbers)
    if not numbers:
        raise DrawError("There is no record to choose from; pass at least one.", code="no_record_number")
    return min(numbers, key=lambda number: (choice_key(round_key, "keep", number), number))


def choice_key(round_key: bytes, label: str, *parts: str) -> str:
    """Return the secret sort key (hex) of a choice made before any seed exists, e.g. which duplicate is kept."""
    return _keyed(round_key, "\n".join([f"evalsys-{label}-v1", *parts]))


def labelled_ticket(seed_hex: str, label: str, stratum: str, cid: str) -> str:
    """Return ``SHA256("evalsys-<label>-v1\\n" + seed + "\\n" + stratum + "\\n" + cid)`` in hex.

    The label ``ticket`` is the draw itself; the mode arm, the re-contact sample and the like each use a label of
    their own, so that one choice says nothing about another.

    Raises
    ------
    DrawError
        The seed is not 64 hex digits, or the label is not lower-case letters, digits and hyphens, or is reserved.
    """
    _require_label(label)
    require_hex64(SEED, seed_hex)
    return hashlib.sha256(f"evalsys-{label}-v1\n{seed_hex}\n{stratum}\n{cid}".encode()).hexdigest()


def uniform(ticket_hex: str) -> float:
    """Return the ticket as a number in [0, 1): its first 13 hex digits over 2**52, exact in a double."""
    require_hex64(TICKET, ticket_hex)
    return int(ticket_hex[:_UNIFORM_DIGITS], 16) / 2 ** (4 * _UNIFORM_DIGITS)


def mode_arm(seed_hex: str, stratum: str, cid: str, random_arm_share: float) -> str:
    """Return ``"swap"`` for a ``random_arm_share`` (0–1) of the cases, ``"base"`` for the rest; the label is ``arm``."""
    ticket = labelled_ticket(seed_hex, "arm", stratum, cid)
    return "swap" if uniform(ticket) < random_arm_share else "base"


def require_hex64(what: Phrase, value: str) -> str:
    """Return the value if it is 64 lower-case hex digits; else raise DrawError."""
    if not isinstance(value, str) or not _HEX_64.fullmatch(value):
        raise DrawError(
            "The %(what)s %(value)r is not 64 lower-case hex digits.", code="not_hex", what=what, value=value
        )
    return value


def require_stratum(name: str) -> str:
    """Return the stratum's name if a frame line can carry it; else raise DrawError.

    Refused are the empty name, ``|`` (it ends the name in a frame line) and control or line-breaking characters.
    """
    if not isinstance(name, str) or not name:
        raise DrawError("A stratum has an empty name; name it.", code="bad_stratum", stratum=name)
    if "|" in name or any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in name):
        raise DrawError(
            "The stratum name %(stratum)r has a '|', a line break or a control character; rename it.",
            code="bad_stratum",
            stratum=name,
        )
    return name


def _require_label(label: str) -> None:
    if not _LABEL.fullmatch(label) or label in _RESERVED_LABELS:
        raise DrawError(
            "The label %(label)r must be lower-case letters, digits and hyphens, and not 'seed' or 'log'.",
            code="bad_label",
            label=label,
        )


def _keyed(round_key: bytes, message: str) -> str:
    if len(round_key) < MINIMUM_KEY_BYTES:
        raise DrawError(
            "The round key has %(length)s bytes; use at least %(minimum)s.",
            code="short_key",
            length=len(round_key),
            minimum=MINIMUM_KEY_BYTES,
        )
    return hmac.new(round_key, message.encode("utf-8"), hashlib.sha256).hexdigest()
