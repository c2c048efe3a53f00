"""The provider of rounds that a call centre works from files: nothing is dialled by the program."""

from __future__ import annotations

from datetime import datetime

from evalsys.gateways.port import CallRequest, MessageRequest, ProviderCall, ProviderRefused

_WHY = "This installation exchanges files with a call centre and dials nothing itself (EVALSYS_TELEPHONE=files)."


class CallCentreFiles:
    """Refuses every automatic call and message, and says why."""

    def place_call(self, request: CallRequest) -> str:
        raise ProviderRefused("files", _WHY, retry_later=True)

    def send_message(self, request: MessageRequest) -> str:
        raise ProviderRefused("files", _WHY, retry_later=True)

    def end_call(self, sid: str) -> None:
        raise ProviderRefused("files", _WHY, retry_later=False)

    def find_calls(self, to: str, since: datetime) -> list[ProviderCall]:
        return []

    def find_messages(self, to: str, since: datetime) -> list[ProviderCall]:
        return []
