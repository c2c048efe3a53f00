"""A small configuration document for the tests of this folder: two scales, six indicators, an auxiliary one, a probe, a comment."""

from __future__ import annotations

import copy
from typing import Any


def option(value: str, zh: str, en: str, kind: str, points: int | None, key: str) -> dict[str, Any]:
    satisfied = points is not None and points >= 80
    label = {"zh": zh, "en": en}
    return {"value": value, "label": label, "kind": kind, "points": points, "satisfied": satisfied, "phone_key": key}


CN5 = [
    option("1", "非常满意", "very satisfied", "rated", 100, "1"),
    option("2", "满意", "satisfied", "rated", 80, "2"),
    option("3", "基本满意", "fairly satisfied", "rated", 60, "3"),
    option("4", "不满意", "dissatisfied", "rated", 30, "4"),
    option("5", "非常不满意", "very dissatisfied", "rated", 0, "5"),
    option("8", "不了解", "don't know", "dont_know", None, "6"),
]
YESNO = [option("1", "是", "yes", "unscored", None, "1"), option("2", "否", "no", "unscored", None, "2")]


def text(zh: str, en: str) -> dict[str, dict[str, str]]:
    return {"any": {"zh": zh, "en": en}}


def indicator(code: str, role: str = "scored") -> dict[str, Any]:
    return {"code": code, "role": role, "scale": "CN5", "wording": {"zh": f"{code}如何？", "en": f"How is {code}?"}}


_CONFIGURATION: dict[str, Any] = {
    "programme": {
        "name": {"zh": "示例评议", "en": "Example"},
        "sponsor": {"zh": "委员会", "en": "the Commission"},
        "conductor": {"zh": "调查中心", "en": "the Centre"},
        "contacts_destroyed_on": "2027-03-31",
    },
    "indicators": [*(indicator(f"I{number}") for number in range(1, 7)), indicator("A1", "auxiliary")],
    "scales": [
        {"code": "CN5", "options": CN5},
        {"code": "YESNO", "options": YESNO},
    ],
    "questionnaire": {
        "order": ["Q0", "I1", "I2", "I3", "I4", "I5", "I6", "A1", "P1", "P2"],
        "screener": "Q0",
        "eligible_values": ["1"],
        "complete_at_least": 4,
        "partial_at_least": 1,
        "repeat_key": "9",
        "back_key": "0",
        "consent": {
            "scale": "YESNO",
            "wording": text("这里是{conductor}，请评价{unit}，可以吗？", "This is {conductor}. Will you rate {unit}?"),
        },
        "questions": [
            {
                "code": "Q0",
                "kind": "yes_no",
                "role": "screener",
                "scale": "YESNO",
                "channels": [],
                "longest": 500,
                "wording": {
                    **text(
                        "近12个月[（例如{month}）]，您是否在{unit}办过事？", "Have you dealt with {unit}[ in {month}]?"
                    ),
                    "voice": {"zh": "您是否在{unit}办过事？", "en": "Have you dealt with {unit}?"},
                },
            },
            {
                "code": "P1",
                "kind": "yes_no",
                "role": "probe",
                "scale": "YESNO",
                "channels": [],
                "longest": 500,
                "wording": text("有人告诉过您怎样回答吗？", "Were you told how to answer?"),
            },
            {
                "code": "P2",
                "kind": "text",
                "role": "comment",
                "scale": "",
                "channels": ["web", "interviewer"],
                "longest": 20,
                "wording": text("还有什么意见？", "Anything else?"),
            },
        ],
        "routing": [{"after": "Q0", "goto": "END", "when": {"question": "Q0", "any_of": ["2"]}}],
        "messages": {
            "complete": text("谢谢！", "Thank you!"),
            "no_key": {"voice": {"zh": "没有听到。", "en": "No key."}},
        },
    },
}


def make_configuration() -> dict[str, Any]:
    """A fresh copy that a test may change."""
    return copy.deepcopy(_CONFIGURATION)
