"""A telephone provider at its worst: it times out, refuses, stands still, and reports what it does late, doubled, shuffled or never."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from evalsys.base.clock import FixedClock
from evalsys.gateways.port import CallRequest, MessageRequest, ProviderCall, ProviderRefused, ProviderUnknown

#: how the provider takes a request. ``timed-out``: taken, ``lost``: not taken, and nobody is told; ``killed`` and ``killed-first``: the
#: worker dies after and before it was taken; ``slow``: taken, and the worker hears of it when others have long gone on.
TAKES = (
    "accept",
    "accept",
    "accept",
    "later",
    "dead",
    "account",
    "timed-out",
    "lost",
    "killed",
    "killed-first",
    "slow",
)
#: how calls and messages end: last status, what the network or the gateway says of it
CALL_ENDS = {
    "human": ("completed", {"AnsweredBy": "human", "CallDuration": "61"}),
    "unsaid": ("completed", {"CallDuration": "12"}),
    "machine": ("completed", {"AnsweredBy": "machine_start", "CallDuration": "9"}),
    "busy": ("busy", {}),
    "no-answer": ("no-answer", {}),
    "failed": ("failed", {}),
    "gone": ("failed", {"SipResponseCode": "404"}),
}
MESSAGE_ENDS = {
    "delivered": ("delivered", {}),
    "undelivered": ("undelivered", {}),
    "failed": ("failed", {}),
    "unsubscribed": ("failed", {"ErrorCode": "21610"}),
}


class WorkerKilled(BaseException):
    """The worker's process is gone at this point: nothing after it is done."""


@dataclass
class Taken:
    """A call or message in the provider's own book; ``status`` is the last one only once it is over."""

    sid: str
    key: str
    to: str
    channel: str
    started_at: datetime
    status: str = "ringing"
    is_over: bool = False
    form: dict[str, str] | None = None

    def listed(self) -> ProviderCall:
        """As the provider lists it."""
        form = self.form or {}
        seconds = form.get("CallDuration")
        return ProviderCall(
            self.sid,
            self.to,
            self.status,
            self.started_at,
            answered_by=form.get("AnsweredBy", ""),
            seconds=int(seconds) if seconds else None,
            error_code=form.get("ErrorCode", ""),
        )


class FaultyTelephone:
    """Takes requests by ``takes`` in turn, keeps a book, and holds callbacks back in ``pending`` until somebody delivers them.

    ``wrong`` : sentences about requests that must never come. ``meanwhile`` : what others do while the provider is slow.
    """

    def __init__(self, clock: FixedClock, meanwhile: Callable[[], None]) -> None:
        self.clock = clock
        self.meanwhile = meanwhile
        self.book: list[Taken] = []
        self.pending: list[tuple[str, dict[str, str]]] = []
        self.opted_out: set[str] = set()
        self.wrong: list[str] = []
        self.deaf = False
        self.use("accept")
        self._numbers = itertools.count(1)

    def use(self, *takes: str) -> None:
        """Take the next requests so, in turn."""
        self.takes = itertools.cycle(takes)

    def place_call(self, request: CallRequest) -> str:
        return self._take(request.attempt_key, request.to, "voice")

    def send_message(self, request: MessageRequest) -> str:
        return self._take(request.attempt_key, request.to, "sms")

    def _take(self, key: str, to: str, channel: str) -> str:
        if to in self.opted_out:
            self.wrong.append(f"{to} opted out and is contacted by {channel}")
        if any(entry.to == to and not entry.is_over for entry in self.book):
            self.wrong.append(f"{to} is contacted by {channel} while another contact is under way")
        if any(entry.key == key for entry in self.book):
            self.wrong.append(f"attempt {key} is made twice")
        how = next(self.takes)
        refusals = {"later": ("20429", True), "dead": ("21211", False), "account": ("20003", False)}
        if how in refusals:
            code, later = refusals[how]
            raise ProviderRefused(code, "refused", retry_later=later)
        if how == "lost":
            raise ProviderUnknown("time-out before the request was taken")
        if how == "killed-first":
            raise WorkerKilled
        entry = Taken(f"SM{next(self._numbers):032x}", key, to, channel, self.clock.now())
        self.book.append(entry)
        self.pending.append((key, self._form(entry, "ringing" if channel == "voice" else "sent")))
        if how == "timed-out":
            raise ProviderUnknown("time-out after the request was taken")
        if how == "killed":
            raise WorkerKilled
        if how == "slow":
            self.meanwhile()
        return entry.sid

    def find_calls(self, to: str, since: datetime) -> list[ProviderCall]:
        return self._find(to, since, "voice")

    def find_messages(self, to: str, since: datetime) -> list[ProviderCall]:
        return self._find(to, since, "sms")

    def _find(self, to: str, since: datetime, channel: str) -> list[ProviderCall]:
        if self.deaf:
            raise ProviderUnknown("the list does not come")
        found = [e for e in self.book if (e.to, e.channel) == (to, channel) and e.started_at >= since]
        return [entry.listed() for entry in reversed(found)]

    def under_way(self, channel: str) -> Sequence[Taken]:
        """What is not over, oldest first."""
        return [entry for entry in self.book if entry.channel == channel and not entry.is_over]

    def finish(self, entry: Taken, how: str) -> None:
        """A call or message ends so; its callbacks wait to be delivered."""
        entry.status, entry.form = (CALL_ENDS if entry.channel == "voice" else MESSAGE_ENDS)[how]
        entry.is_over = True
        if entry.status == "completed":
            self.pending.append((entry.key, self._form(entry, "in-progress")))
        self.pending.append((entry.key, self._form(entry, entry.status, **entry.form)))

    def _form(self, entry: Taken, status: str, **values: str) -> dict[str, str]:
        word = "Call" if entry.channel == "voice" else "Message"
        return {f"{word}Sid": entry.sid, f"{word}Status": status, **values}
