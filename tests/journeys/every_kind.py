"""A questionnaire with every kind of question, small enough to be walked through in every channel."""

from __future__ import annotations

from typing import Any

RATED = ["I1", "I2", "I3", "I4", "I5", "I6"]
ASKED = ["web", "voice", "interviewer", "paper"]


def _question(code: str, kind: str, zh: str, en: str, **settings: Any) -> dict[str, Any]:
    wording = {"any": {"zh": zh, "en": en}}
    return {"code": code, "kind": kind, "role": "probe", "scale": "", "channels": ASKED, "wording": wording, **settings}


def every_kind(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Settings of a questionnaire that asks besides ``questions`` which of several things happened, how often, how long and when."""
    own = [
        _question("M1", "multiple", "您对哪些方面有印象？", "Which of these struck you?", scale="CN5", at_most=3),
        _question("N1", "number", "您去过几次？", "How often did you go?", maximum=20),
        _question("N2", "number", "等了多少小时？", "For how many hours did you wait?", maximum=50, decimals=1),
        _question(
            "D1", "date", "哪一天去的？", "On which day did you go?", not_before="2025-01-01", not_after="2026-12-31"
        ),
    ]
    return {
        "blocks": [{"questions": RATED, "shuffled": True, "matrix": True}],
        "questions": [*questions, *own],
        "order": ["Q0", "I1", "I2", "I3", "I4", "I5", "I6", "A1", "A2", "A3", "P1", "M1", "N1", "N2", "D1", "P2"],
    }
