"""The telephone port: what evalsys asks of any provider of calls and messages, and how a provider may fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class ProviderError(Exception):
    """A provider did not do what it was asked."""


class ProviderRefused(ProviderError):
    """The provider certainly did not accept the request. ``retry_later``: the same may succeed later (rate limits)."""

    def __init__(self, code: str, message: str, *, retry_later: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retry_later = retry_later


class ProviderUnknown(ProviderError):
    """Nobody knows whether the provider accepted: a time-out, an error after sending. Never repeat blindly."""


@dataclass(frozen=True)
class CallRequest:
    """A call to place. ``attempt_key`` stands in every address; ``to`` is E.164.

    ``machine_detection``: ``off``, ``on`` (the first page is fetched once it is known who answered) or ``async`` (it is fetched at once,
    and who answered is told to ``machine_url`` when it is known).
    """

    attempt_key: str
    to: str
    caller_id: str
    voice_url: str
    status_url: str
    machine_detection: str = "on"
    machine_url: str = ""


@dataclass(frozen=True)
class MessageRequest:
    """A text message to send. ``status_url`` is empty where nothing is to be reported of it."""

    attempt_key: str
    to: str
    sender: str
    body: str
    status_url: str


@dataclass(frozen=True)
class ProviderCall:
    """A call or message as the provider lists it: all that a lost callback would have told.

    ``started_at`` is when the provider took it on, dialled or not. ``seconds`` and ``answered_by`` are a call's, the
    latter empty where humans and machines were not told apart; ``error_code`` is a message's.
    """

    sid: str
    to: str
    status: str
    started_at: datetime | None
    answered_by: str = ""
    seconds: int | None = None
    error_code: str = ""


class Telephone(Protocol):
    """A provider. Every method may be called from several threads at once."""

    def place_call(self, request: CallRequest) -> str:
        """Place a call; its provider id. Raises ``ProviderRefused`` or ``ProviderUnknown``."""

    def send_message(self, request: MessageRequest) -> str:
        """Send a message; its provider id. Raises ``ProviderRefused`` or ``ProviderUnknown``."""

    def find_calls(self, to: str, since: datetime) -> list[ProviderCall]:
        """Calls to a number since a moment, newest first, those that wait in the provider's queue among them."""

    def find_messages(self, to: str, since: datetime) -> list[ProviderCall]:
        """Messages to a number since a moment, newest first."""

    def end_call(self, sid: str) -> None:
        """Hang up a call that is under way. Raises ``ProviderRefused`` where it is over already, or ``ProviderUnknown``."""
