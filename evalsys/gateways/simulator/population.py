"""Made-up citizens: who answers which number, how they take a call or a message, and what they think.

Everything a citizen does is drawn from a hash of (seed, citizen, kind of draw, try): it depends neither on the clock
nor on the order of calls nor on other citizens, so that the same round can be played again call by call.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Any

from evalsys.gateways.simulator.faults import read_shares, refuse_bad_shares
from evalsys.gateways.simulator.hearing import Hearing
from surveys.errors import SurveyError

COLUMNS = ("phone", "cid", "unit", "group", "county")

REFUSAL_SHARES = {"hangs_up": 0.80, "declines": 0.17, "opts_out": 0.03}
"""What those do who are reached and take no interview, try by try."""

DEFAULT_SHARES = {
    "Q0": {"1": 0.95, "2": 0.05},
    "P1": {"1": 0.03, "2": 0.97},
    "P2": {
        "": 0.92,
        "办事很快，谢谢。": 0.02,
        "希望窗口多开几个。": 0.02,
        "电话不容易打通。": 0.02,
        "请把收费写清楚。": 0.02,
    },
}
"""Answers to questions the truth says nothing about: were you served, were you coached, any comment."""


@dataclass(frozen=True)
class Behaviour:
    """How citizens take calls and messages: shares 0–1, whatever they think.

    ``dead``: persons whose number does not exist any more, for calls and messages alike. ``human``, ``machine``, ``busy``: what a try
    at a working number meets; at the rest nobody answers. ``cooperative``: persons who take the interview when they are reached.
    ``break_off``, ``slip`` (silence or a wrong key): of interviews. ``opens``, ``leaves`` (before the end), ``scanner``, ``stop``
    (writes back that they want no more messages, where anybody reads it): of messages.
    """

    dead: float = 0.07
    human: float = 0.30
    machine: float = 0.13
    busy: float = 0.07
    cooperative: float = 0.42
    break_off: float = 0.04
    slip: float = 0.06
    opens: float = 0.12
    leaves: float = 0.05
    scanner: float = 0.05
    stop: float = 0.005

    @classmethod
    def from_request(cls, given: Mapping[str, object]) -> Behaviour:
        """The behaviour of a control request; raises ``ValueError`` naming what is not one."""
        refuse_bad_shares("behaviour", [field.name for field in fields(cls)], given)
        behaviour = cls(**given)
        if behaviour.human + behaviour.machine + behaviour.busy > 1 + 1e-9:
            raise ValueError("human, machine and busy are shares of the same tries; together they are more than 1.")
        return behaviour

    @classmethod
    def from_words(cls, words: str) -> Behaviour:
        """The behaviour of a command, ``cooperative=.35,human=.25``; raises ``ValueError`` naming what is not one."""
        return cls.from_request(read_shares(words))

    def call_shares(self) -> dict[str, float]:
        """What a try at a working number meets, by kind."""
        met = {"human": self.human, "machine": self.machine, "busy": self.busy}
        return met | {"no_answer": max(0.0, 1 - sum(met.values()))}


_FOUR = Struct(">4Q")
_UNIT = 2.0**-53


def uniforms(seed: str, cid: str, label: str, try_number: int = 0) -> tuple[float, float, float, float]:
    """Four independent numbers in [0, 1), fixed for these four arguments (SHA-256, 8 bytes each)."""
    digest = sha256(f"evalsys-citizen-v1\n{seed}\n{cid}\n{label}\n{try_number}".encode()).digest()
    # 53 bits are what a float holds below 1; dividing all 64 could round up to 1.
    first, second, third, fourth = _FOUR.unpack(digest)
    return (first >> 11) * _UNIT, (second >> 11) * _UNIT, (third >> 11) * _UNIT, (fourth >> 11) * _UNIT


def pick(shares: Mapping[str, float], uniform: float) -> str:
    """The value at ``uniform`` when the shares are laid end to end, sorted by value."""
    chosen = ""
    # Sorted, so that a truth in memory and the same truth read from its file give the same answers.
    for value in sorted(shares):
        share = shares[value]
        if share > 0:
            chosen = value
            uniform -= share
            if uniform < 0:
                break
    return chosen


def true_answers(
    seed: str, cid: str, unit: str, group: str, truth: Mapping[str, Any], codes: Iterable[str]
) -> dict[str, str]:
    """What a person would answer to each question; for whoever is in the directory the same as ``answer``.

    Raises ``SurveyError`` for a unit or group that the truth lacks, or a question with neither truth nor default.
    """
    shares = _shares_of(truth, unit, group)
    return {code: _answer(seed, cid, code, shares) for code in codes}


def _shares_of(truth: Mapping[str, Any], unit: str, group: str) -> Mapping[str, Mapping[str, float]]:
    try:
        return truth["units"][unit][group]
    except KeyError:
        raise SurveyError(
            "The truth has nothing for group %(group)s of unit %(unit)s; make it again from the same programme.",
            code="no-truth",
            unit=unit,
            group=group,
        ) from None


def _answer(seed: str, cid: str, code: str, shares: Mapping[str, Mapping[str, float]]) -> str:
    likely = shares.get(code) or DEFAULT_SHARES.get(code)
    if likely is None:
        raise SurveyError(
            "Neither the truth nor the defaults say how %(question)s is answered; add it to the truth.",
            code="no-truth",
            question=code,
        )
    return pick(likely, uniforms(seed, cid, "answer " + code)[0])


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody with a telephone."""

    cid: str
    unit: str
    group: str


@dataclass(frozen=True, slots=True)
class CallPlan:
    """How one try at a number goes. ``cooperation`` and what follows it matter only when a human answers.

    kind: ``dead``, ``busy``, ``no_answer``, ``machine`` or ``human``; cooperation: ``answers``, ``hangs_up``,
    ``declines`` or ``opts_out``; slip: ``None``, ``silence`` or ``wrong_key``, once, after ``slip_at`` answers.
    """

    kind: str
    ring_seconds: float
    cooperation: str
    break_off_after: int | None
    slip: str | None
    slip_at: int
    seconds_per_answer: float


@dataclass(frozen=True, slots=True)
class MessagePlan:
    """What becomes of a text message; ``leaves_after`` is the number of answers after which the page is left.

    Nobody both opens the link and opts out.
    """

    delivered: bool
    opens: bool
    opens_after_minutes: float
    scanner: bool
    leaves_after: int | None
    opts_out: bool


USUAL = Behaviour()


class Population:
    """The citizens by telephone number, and what they do."""

    def __init__(
        self,
        citizens: Mapping[str, Citizen],
        truth: Mapping[str, Any],
        hearing: Hearing,
        seed: str,
        behaviour: Behaviour = USUAL,
    ) -> None:
        self.behaviour = behaviour
        self._call_shares = behaviour.call_shares()
        self.citizens = citizens
        self.truth = truth
        self.hearing = hearing
        self.seed = seed

    @classmethod
    def load(
        cls,
        directory_csv: str | Path,
        truth: Mapping[str, Any],
        hearing: Hearing,
        seed: str,
        behaviour: Behaviour = USUAL,
    ) -> Population:
        """Read the directory (columns phone, cid, unit, group, county; numbers as E.164).

        A number that stands on several lines is answered by the person of the first. Raises ``SurveyError`` (code
        ``bad-directory``) for a missing column.
        """
        citizens: dict[str, Citizen] = {}
        with open(directory_csv, encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
            if missing:
                raise SurveyError(
                    "%(directory)s has no column %(columns)s; write the directory again.",
                    code="bad-directory",
                    directory=directory_csv,
                    columns=", ".join(missing),
                )
            for row in rows:
                citizens.setdefault(row["phone"], Citizen(row["cid"], row["unit"], row["group"]))
        return cls(citizens, truth, hearing, seed, behaviour)

    def find(self, phone: str) -> Citizen | None:
        """Whoever answers that number; ``None`` for a number nobody has."""
        return self.citizens.get(phone)

    def answer(self, citizen: Citizen, code: str) -> str:
        """What the citizen thinks about a question: always the same, whenever, however and how often it is asked."""
        return _answer(self.seed, citizen.cid, code, _shares_of(self.truth, citizen.unit, citizen.group))

    def plan_call(self, citizen: Citizen, try_number: int) -> CallPlan:
        """How the ``try_number``-th call to the citizen goes (1 is the first)."""
        reached, ring, refusal, pace = uniforms(self.seed, citizen.cid, "call", try_number)
        breaks, break_at, slips, slip_at = uniforms(self.seed, citizen.cid, "interview", try_number)
        kind = "dead" if self._is_dead(citizen) else pick(self._call_shares, reached)
        cooperates = uniforms(self.seed, citizen.cid, "cooperation")[0] < self.behaviour.cooperative
        slip = None
        if slips < self.behaviour.slip:
            slip = "silence" if slips < self.behaviour.slip / 2 else "wrong_key"
        return CallPlan(
            kind=kind,
            ring_seconds=_ring_seconds(kind, ring),
            cooperation="answers" if cooperates else pick(REFUSAL_SHARES, refusal),
            break_off_after=1 + int(break_at * 8) if breaks < self.behaviour.break_off else None,
            slip=slip,
            slip_at=int(slip_at * 8),
            seconds_per_answer=1.0 + 5.0 * pace,
        )

    def plan_message(self, citizen: Citizen) -> MessagePlan:
        """What the citizen does with a text message that has a link."""
        opens, after, scanner, leaves = uniforms(self.seed, citizen.cid, "message")
        delivered = not self._is_dead(citizen)
        # Most who open it do so soon: minutes grow geometrically from 5 to 2000.
        minutes = 5.0 * 400.0**after
        leaves_after = 1 + int(leaves / self.behaviour.leaves * 8) if leaves < self.behaviour.leaves else None
        is_annoyed = uniforms(self.seed, citizen.cid, "reply")[0] < self.behaviour.stop
        return MessagePlan(
            delivered=delivered,
            opens=delivered and opens < self.behaviour.opens,
            opens_after_minutes=minutes,
            scanner=delivered and scanner < self.behaviour.scanner,
            leaves_after=leaves_after,
            opts_out=delivered and opens >= self.behaviour.opens and is_annoyed,
        )

    def _is_dead(self, citizen: Citizen) -> bool:
        return uniforms(self.seed, citizen.cid, "number")[0] < self.behaviour.dead


def _ring_seconds(kind: str, uniform: float) -> float:
    """How long it rings: a busy line answers at once, nobody lets it ring out, people take a few rings."""
    if kind in ("dead", "busy"):
        return 1.0
    if kind == "no_answer":
        return 25.0
    return 4.0 + 16.0 * uniform
