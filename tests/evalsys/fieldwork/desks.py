"""Interviewers in tests: a round in which people call, their shifts, and how one of them works a case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evalsys.design.queries import get_round
from evalsys.fieldwork.holds import take_next_case
from evalsys.fieldwork.interviewing import HeldCase, find_held_case
from evalsys.fieldwork.shifts import begin_shift, get_shift
from tests.evalsys.installation import ROUND, Installation, make_open

OWN_NUMBERS = {"i1": "13900000001", "i2": "13900000002"}


def make_staffed(home: Path, **fieldwork: Any) -> Installation:
    """A round in the field in which interviewers call."""
    return make_open(
        home, **{"mode_sequence": ["phone"], "random_arm_share": 0.0, "calls_by": "interviewers"} | fieldwork
    )


class Desk:
    """One interviewer at work; every act is a transaction of its own, as a page makes it."""

    def __init__(self, place: Installation, code: str) -> None:
        self.place, self.code = place, code
        place.act(lambda s, r: begin_shift(s, r, get_round(s, ROUND), code, OWN_NUMBERS.get(code, "13900000009")))

    def act(self, action, *values: Any, **named: Any) -> Any:
        """``action(session, runtime, shift, …)``."""
        return self.place.act(lambda s, r: action(s, r, get_shift(s, self.code), *values, **named))

    def take(self) -> int | None:
        """The next case, if any."""
        hold = self.act(take_next_case)
        return hold.case_id if hold else None

    def case(self) -> HeldCase | None:
        """What lies on the desk."""
        return self.act(find_held_case)
