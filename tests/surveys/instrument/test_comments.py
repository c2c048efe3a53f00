"""Comments are screened: what names or reaches somebody is covered, what only says what was good or bad is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.instrument.comments import COVER, cover, screen_comment

#: a comment, and what of it must not be read
TELLING = [
    ("打我电话13812345678详谈", ["13812345678"]),
    ("电话 138-1234-5678", ["138-1234-5678"]),
    ("我的号码是１３８１２３４５６７８", ["１３８１２３４５６７８"]),
    ("幺三八一二三四五六七八找我", ["幺三八一二三四五六七八"]),
    ("座机0531-82345678没人接", ["0531-82345678"]),
    ("身份证370102199001011234被登记错", ["370102199001011234"]),
    ("我的邮箱是li.lei@example.com", ["li.lei@example.com"]),
    ("加微信号：lilei_8888", ["lilei_8888"]),
    ("QQ 12345678", ["12345678"]),
    ("车牌鲁A12345被误罚", ["鲁A12345"]),
    ("窗口的张伟科长态度差", ["张伟"]),
    ("王主任一直推诿", ["王"]),
    ("我叫李雷雷，等了三次", ["李雷雷"]),
    ("姓名：韩梅梅", ["韩梅梅"]),
    ("受理号20260301778没有答复", ["20260301778"]),
    ("Officer Smith was rude", ["Smith"]),
    ("my name is Anna Lee", ["Anna Lee"]),
    ("see http://example.com/a?id=9", ["http://example.com/a?id=9"]),
]
HARMLESS = [
    "等了2个小时，跑了3趟",
    "窗口服务很好，流程清楚",
    "9点到12点没有人",
    "2026年3月办的，至今没办完",
    "希望增加周末服务",
    "收费300元不合理",
    "主任态度好",
    "老师傅很耐心",
    "The staff were quick and polite in 2026.",
    "三次都说系统坏了",
]


@pytest.mark.parametrize(("text", "secrets"), TELLING)
def test_what_names_or_reaches_somebody_is_covered(text, secrets):
    covered = cover(text, screen_comment(text))
    assert [secret for secret in secrets if secret in covered] == [] and COVER in covered


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_says_what_was_good_or_bad_is_left_as_it_is(text):
    assert cover(text, screen_comment(text)) == text


@given(st.text(alphabet="我的电话王科长138123456789０１@.a微信号：鲁A", max_size=60))
def test_masks_never_overlap_and_what_is_covered_has_nothing_more_to_cover_of_numbers(text):
    masks = screen_comment(text)
    assert all(one.end <= other.start for one, other in zip(masks, masks[1:], strict=False))
    assert all(0 <= one.start < one.end <= len(text) for one in masks)
    again = [mask.reason for mask in screen_comment(cover(text, masks))]
    assert not {"telephone", "identity card", "e-mail"} & set(again)
