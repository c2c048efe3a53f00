"""What goes wrong on purpose: how often, and for which call or callback, fixed by a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256

_SETTINGS = ("seed", "hang_seconds", "calls_per_second")


@dataclass(frozen=True)
class Faults:
    """Shares 0–1 of requests and status callbacks that something happens to.

    To people: ``machine`` (their answering machine takes a call that they would have taken).
    To callbacks: ``drop`` (never sent), ``double`` (sent twice), ``delay`` (sent 45 s late), ``reorder`` (sent after
    the one that follows). To requests: ``refuse`` (429), ``fail_after_accepting`` (the call is made, the answer is
    500), ``hang_after_accepting`` (the call is made, the answer comes after ``hang_seconds``). Beyond
    ``calls_per_second``, where it is not 0, calls are refused with 429 as well.
    """

    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    reorder: float = 0.0
    machine: float = 0.0
    refuse: float = 0.0
    fail_after_accepting: float = 0.0
    hang_after_accepting: float = 0.0
    hang_seconds: float = 20.0
    calls_per_second: float = 0.0
    seed: int = 1

    @classmethod
    def from_request(cls, given: Mapping[str, object]) -> Faults:
        """The faults of a control request; raises ``ValueError`` naming what is not one."""
        refuse_bad_shares("faults", [field.name for field in fields(cls)], given, others=_SETTINGS)
        return cls(**given)

    @classmethod
    def from_words(cls, words: str) -> Faults:
        """The faults of a command, ``drop=.1,double=.1``; raises ``ValueError`` naming what is not one."""
        return cls.from_request(read_shares(words))

    def strikes(self, fault: str, *key: object) -> bool:
        """Whether ``fault`` happens to the thing named by ``key``: the same whatever happened before or in parallel."""
        share = getattr(self, fault)
        if share <= 0:
            return False
        digest = sha256("\n".join(map(str, (self.seed, fault, *key))).encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64 < share


def refuse_bad_shares(
    what: str, known: Sequence[str], given: Mapping[str, object], *, others: Sequence[str] = ()
) -> None:
    """Raise ``ValueError`` for what is not known, or no share between 0 and 1; ``others``: numbers that may be larger."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"Unknown {what}: {', '.join(unknown)}; known are {', '.join(known)}.")
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise ValueError(f"{name} is {value!r}; write a number that is not negative.")
        if name not in others and value > 1:
            raise ValueError(f"{name} is {value}; write a share between 0 and 1.")


def read_shares(words: str) -> dict[str, object]:
    """What a command says by ``NAME=NUMBER,…``; raises ``ValueError`` naming what is not understood."""
    given: dict[str, object] = {}
    for word in filter(None, (part.strip() for part in words.split(","))):
        name, _, value = word.partition("=")
        try:
            given[name] = int(value) if name == "seed" else float(value)
        except ValueError:
            raise ValueError(f"{word!r} is not understood; write NAME=NUMBER, as in cooperative=.35,drop=.1.") from None
    return given
