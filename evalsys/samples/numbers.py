"""Telephone numbers as they are written in service records: brought into one form, or set aside with the reason."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

_NOISE = re.compile(r"[\s\-–—()()./·]+")
#: letters after digits would be dialled as the keys they stand on
_LETTERS = re.compile(r"\d.*[A-Za-z]")
_MOBILE = {PhoneNumberType.MOBILE}
_LAND = {PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP}


@lru_cache(maxsize=4096)
def classify_number(written: str, region: str = "CN") -> tuple[str, str]:
    """The number in E.164 form and why it is set aside (``''``: it is not).

    Only mobile numbers of the programme's own country are called: a premium or foreign number could cost any sum, and a landline
    reaches a household or an office, not the person who was served.
    """
    text = _NOISE.sub("", written.strip())
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return "", "invalid_number"
    if number.extension or _LETTERS.search(text):
        # A second number or an extension: nobody can tell which of them was served.
        return "", "invalid_number"
    if number.country_code != phonenumbers.country_code_for_region(region):
        return "", "foreign"
    if not phonenumbers.is_valid_number(number):
        return "", "invalid_number"
    kind = phonenumbers.number_type(number)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if kind in _MOBILE:
        return e164, ""
    return e164, "landline" if kind in _LAND else "premium"


def mask_number(number: str) -> str:
    """An E.164 number as staff may see it: ``138****5678``, of a shorter one its last two digits only."""
    digits = re.sub(r"\D", "", number.removeprefix("+86"))
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 10 else f"****{digits[-2:]}"
