"""A check character, by which a serial that was misread or mistyped is noticed (ISO/IEC 7064, MOD 37,36)."""

from __future__ import annotations

from surveys.errors import FieldworkError

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_character(text: str) -> str:
    """The sign that makes ``text`` (digits and capital letters; hyphens and spaces are passed over) a serial that can be checked.

    Every single wrong sign and nearly every exchange of two neighbours is noticed. Raises ``FieldworkError`` for any other sign.
    """
    return _SIGNS[(37 - _carry(text)) % 36]


def has_right_check(serial: str) -> bool:
    """Whether the last sign of a serial is the check character of what stands before it; never raises."""
    plain = serial.replace("-", "").replace(" ", "").upper()
    if len(plain) < 2 or any(sign not in _SIGNS for sign in plain):
        return False
    return check_character(plain[:-1]) == plain[-1]


def _carry(text: str) -> int:
    carry = 36
    for sign in text.replace("-", "").replace(" ", ""):
        if sign not in _SIGNS:
            raise FieldworkError(
                "%(sign)r cannot stand in a serial; use digits and capital letters.", code="serial-sign", sign=sign
            )
        total = (carry + _SIGNS.index(sign)) % 36 or 36
        carry = total * 2 % 37
    return carry
