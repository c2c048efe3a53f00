"""Canonical JSON: one value, one sequence of bytes, so that a hash of it means something."""

from __future__ import annotations

import json


def canonical_json(value: object) -> bytes:
    """Return the value as UTF-8 JSON, keys sorted, no spaces, no final line feed; NaN and infinity raise ValueError."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")
