"""Numbers as people write them: brought into one form, or set aside with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsys.samples.numbers import classify_number

MOBILE = "+8613800138000"


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        " 138 0013 8000 ",
        "138-0013-8000",
        "138\u20130013\u20138000",
        "+86 138 0013 8000",
        "+8613800138000",
        "008613800138000",
        "8613800138000",
        "(+86)13800138000",
        "（138）00138000",
        "138\u30000013\u30008000",
        "138\u00a00013\u00a08000",
        "１３８００１３８０００",
        "'13800138000",
        "\u202d13800138000\u202c",
    ],
)
def test_one_mobile_number_has_one_form_however_it_is_written(written):
    assert classify_number(written) == (MOBILE, "")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "invalid_number"),
        ("无", "invalid_number"),
        ("1380013800", "invalid_number"),
        ("138001380001", "invalid_number"),
        ("12345", "invalid_number"),
        ("110", "invalid_number"),
        ("00000000000", "invalid_number"),
        ("11111111111", "invalid_number"),
        ("=cmd|' /C calc'!A0", "invalid_number"),
        ("<svg onload=alert(1)>", "invalid_number"),
        ("13800138000;13800138001", "invalid_number"),
        ("13800138000,,9", "invalid_number"),
        ("13800138000 转 8", "invalid_number"),
        ("1380013ABCD", "invalid_number"),
        ("13800138000或13900139000", "invalid_number"),
        ("13800138000/13900139000", "invalid_number"),
        ("+1 202 456 1111", "foreign"),
        ("0044 20 7946 0958", "foreign"),
        ("+852 9123 4567", "foreign"),
        ("0531-86012345", "landline"),
        ("+86 531 86012345", "landline"),
        ("400-810-8888", "premium"),
        ("800-810-0000", "premium"),
    ],
)
def test_what_cannot_be_called_is_set_aside_with_its_reason(written, reason):
    assert classify_number(written)[1] == reason


@given(st.text(max_size=30))
def test_any_text_is_either_a_chinese_mobile_number_or_set_aside(written):
    number, reason = classify_number(written)
    assert reason or (number.startswith("+861") and len(number) == 14)
