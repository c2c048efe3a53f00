"""What in an open comment may name or reach somebody: proposals of what to cover before anybody reads it on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

COVER = "█"
#: frequent surnames, as far as they are not everyday words as well
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱林何郭罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜"
    "戴夏钟汪田任姜范姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚"
)
TITLES = "先生|女士|小姐|同志|师傅|老师|科长|处长|局长|队长|所长|站长|主任|书记|主管|经理|股长|院长|警官|法官|医生|护士|科员|干部"
_PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_WIDE = {ord("０") + at: ord("0") + at for at in range(10)} | {ord("Ａ") + at: ord("A") + at for at in range(26)}
_WIDE |= {ord("ａ") + at: ord("a") + at for at in range(26)} | {ord("＠"): ord("@"), ord("．"): ord(".")}
#: reason → what gives it away; the first that covers a place names the reason
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("e-mail", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("link", re.compile(r"(?:https?://|www\.)[^\s，。；）)]+", re.IGNORECASE)),
    ("identity card", re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)\d{15}(?!\d)")),
    (
        "telephone",
        re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)|(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)"),
    ),
    ("telephone", re.compile(r"[零〇一二三四五六七八九幺两]{7,}")),
    (
        "account",
        re.compile(r"(?:微信|wechat|weixin|wx|qq|抖音)\s*(?:号|是|为|id)?\s*[:：]?\s*[A-Za-z0-9_-]{5,}", re.IGNORECASE),
    ),
    ("plate", re.compile(rf"[{_PLATES}][A-HJ-NP-Z]·?[A-HJ-NP-Z0-9]{{5,6}}")),
    ("number", re.compile(r"(?<!\d)\d(?:[- ]?\d){5,}(?!\d)")),
    (
        "name",
        re.compile(
            r"(?<=姓名)[是为:：\s]*[\u4e00-\u9fff]{2,4}|(?<=我叫)[\u4e00-\u9fff]{2,4}|(?<=名叫)[\u4e00-\u9fff]{2,4}"
        ),
    ),
    ("name", re.compile(rf"[{SURNAMES}][\u4e00-\u9fff]{{0,2}}(?={TITLES})|(?<=姓)[{SURNAMES}](?=的)")),
    ("name", re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Officer|Director|Judge)\.?\s+[A-Z][a-z]+(?:\s+[A-Z][a-z]+)?")),
    ("name", re.compile(r"(?<=[Mm]y name is )[A-Z][a-z]+(?:\s+[A-Z][a-z]+)?")),
)


@dataclass(frozen=True)
class Mask:
    """Characters ``start`` to ``end`` (exclusive) that may name or reach somebody, and why."""

    start: int
    end: int
    reason: str


def screen_comment(text: str) -> tuple[Mask, ...]:
    """What should be covered, in order, never overlapping. It proposes; a person reads before anything is passed on."""
    plain = text.translate(_WIDE)
    taken: list[Mask] = []
    for reason, sign in _SIGNS:
        for found in sign.finditer(plain):
            start, end = found.span()
            if start < end and all(end <= mask.start or mask.end <= start for mask in taken):
                taken.append(Mask(start, end, reason))
    return tuple(sorted(taken, key=lambda mask: mask.start))


def cover(text: str, masks: Iterable[Mask]) -> str:
    """The text with what is masked covered, three signs whatever its length, so that the length tells nothing."""
    parts, at = [], 0
    for mask in masks:
        parts += [text[at : mask.start], COVER * 3]
        at = mask.end
    return "".join([*parts, text[at:]])
