"""How long a text message is for the networks that carry and charge it: in segments, by the alphabet that it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GSM7 = "GSM-7"
UCS2 = "UCS-2"
#: 3GPP TS 23.038: the default alphabet, one septet each …
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: … and its extension table, an escape and a septet
_EXTENDED = frozenset("\f^{}\\[~]|€")
#: alphabet → what fits a message of one segment, and each segment of a longer one, which begins with a header of six bytes
_ROOM = {GSM7: (160, 153), UCS2: (70, 67)}


@dataclass(frozen=True)
class Length:
    """The length of a text message: ``segments`` as they are charged, ``units`` (septets or 16-bit units), and the alphabet."""

    segments: int
    units: int
    alphabet: str


def measure_message(text: str) -> Length:
    """The length of ``text``; an empty one is a segment too.

    One sign outside GSM-7 makes the whole text UCS-2. A sign of two units (of the extension table, or outside the basic plane) is
    never cut in two, so that a longer message may need a segment more than its units alone.
    """
    alphabet = GSM7 if all(sign in _BASIC or sign in _EXTENDED for sign in text) else UCS2
    widths = [_width(sign, alphabet) for sign in text]
    single, several = _ROOM[alphabet]
    units = sum(widths)
    return Length(1 if units <= single else _count_filled(widths, several), units, alphabet)


def _width(sign: str, alphabet: str) -> int:
    return 2 if (sign in _EXTENDED if alphabet == GSM7 else ord(sign) > 0xFFFF) else 1


def _count_filled(widths: Iterable[int], room: int) -> int:
    segments, left = 0, 0
    for width in widths:
        if width > left:
            segments, left = segments + 1, room
        left -= width
    return segments
