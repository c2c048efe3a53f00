"""Twilio, and whatever speaks its language: calls and messages by the official SDK, and the check of its signatures."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import requests
import structlog
from requests.adapters import HTTPAdapter
from twilio.base import values
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.rest.api.v2010.account.message import MessageInstance
from urllib3.exceptions import NewConnectionError

from evalsys.gateways.port import (
    CallRequest,
    MessageRequest,
    ProviderCall,
    ProviderError,
    ProviderRefused,
    ProviderUnknown,
)

log = structlog.get_logger()
TWILIO = "https://api.twilio.com"
STATUS_EVENTS = ["initiated", "ringing", "answered", "completed"]
TIME_OUT_SECONDS = 15
_POOL = 16
_NEWEST = 20
_LATER = {20429, 429}
#: the provider gave up reading the request: whether it had read enough to act on, only it knows
_TIMED_OUT = 408


class PooledHttpClient(HttpClient):
    """Sends the SDK's requests over kept connections, to another base address where one is given; times each."""

    def __init__(self, base_url: str = "", time_out_seconds: float = TIME_OUT_SECONDS) -> None:
        super().__init__(logging.getLogger("twilio"), is_async=False, timeout=time_out_seconds)
        self._base_url = base_url.rstrip("/")
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=_POOL, pool_maxsize=_POOL))
        # Proxies and certificates of the environment are looked up once, and not again for every call.
        found = self._session.merge_environment_settings(self._base_url or TWILIO, {}, None, None, None)
        self._session.proxies, self._session.verify, self._session.trust_env = found["proxies"], found["verify"], False

    def request(
        self, method, url, params=None, data=None, headers=None, auth=None, timeout=None, allow_redirects=False
    ) -> Response:
        if self._base_url and url.startswith(TWILIO):
            url = self._base_url + url.removeprefix(TWILIO)
        begun, outcome = time.perf_counter(), {}
        try:
            answer = self._session.request(
                method.upper(),
                url,
                params=params,
                data=data,
                headers=headers,
                auth=auth,
                timeout=timeout or self.timeout,
                allow_redirects=allow_redirects,
            )
            outcome["status"] = answer.status_code
        except requests.RequestException as error:
            # The kind only: the text of the error has the address, and with it whatever was searched for.
            outcome["error"] = type(error).__name__
            raise
        finally:
            milliseconds = round(1000 * (time.perf_counter() - begun))
            write = log.debug if outcome.get("status", 500) < 400 else log.warning
            write("provider request", method=method, milliseconds=milliseconds, **outcome)
        return Response(answer.status_code, answer.text, answer.headers)


class TwilioTelephone:
    """The telephone port over Twilio's 2010 API."""

    def __init__(
        self, account_sid: str, auth_token: str, base_url: str = "", *, time_out_seconds: float = TIME_OUT_SECONDS
    ) -> None:
        self._client = Client(account_sid, auth_token, http_client=PooledHttpClient(base_url, time_out_seconds))

    def place_call(self, request: CallRequest) -> str:
        return self._send(
            lambda: self._client.calls.create(
                to=request.to,
                from_=request.caller_id,
                url=request.voice_url,
                method="POST",
                status_callback=request.status_url,
                status_callback_method="POST",
                status_callback_event=STATUS_EVENTS,
                **_machine_detection(request),
            )
        )

    def send_message(self, request: MessageRequest) -> str:
        return self._send(
            lambda: self._client.messages.create(
                to=request.to,
                from_=request.sender,
                body=request.body,
                status_callback=request.status_url or values.unset,
            )
        )

    def end_call(self, sid: str) -> None:
        self._ask(lambda: self._client.calls(sid).update(status="completed"))

    def find_calls(self, to: str, since: datetime) -> list[ProviderCall]:
        return self._find(self._client.calls.list, to, since)

    def find_messages(self, to: str, since: datetime) -> list[ProviderCall]:
        return self._find(self._client.messages.list, to, since)

    def _find(self, list_resource: Callable[..., list], to: str, since: datetime) -> list[ProviderCall]:
        # Not by the provider's own filter: StartTime and DateSent are empty, and the filter finds nothing, while a call
        # or message still waits in its queue; taken for lost, it would be made again.
        found = self._ask(lambda: list_resource(to=to, limit=_NEWEST))
        listed = [_read_contact(item) for item in found]
        begin = since.replace(microsecond=0)  # the provider tells whole seconds
        return [contact for contact in listed if contact.started_at is None or contact.started_at >= begin]

    def _send(self, create) -> str:
        sid = self._ask(create).sid
        if not sid:
            raise ProviderUnknown("The provider's answer names no id.")
        return sid

    def _ask(self, do):
        try:
            return do()
        except (TwilioRestException, TwilioServiceException) as error:
            raise _read_error(error) from error
        except requests.ConnectTimeout as error:
            raise ProviderRefused("unreachable", "The provider cannot be reached.", retry_later=True) from error
        except requests.ConnectionError as error:
            if _was_never_connected(error):
                raise ProviderRefused("unreachable", "The provider cannot be reached.", retry_later=True) from error
            raise ProviderUnknown("The connection to the provider broke.") from error
        except requests.RequestException as error:
            raise ProviderUnknown(f"The provider could not be reached ({type(error).__name__}).") from error
        except (ValueError, TypeError, AttributeError) as error:
            # A success whose body the SDK cannot read (cut off, a proxy's page): the provider may well have accepted.
            raise ProviderUnknown("The provider's answer cannot be read.") from error


def _machine_detection(request: CallRequest) -> dict[str, str]:
    """What the provider is asked about answering machines; nothing where they are not to be told apart."""
    if request.machine_detection == "off":
        return {}
    asked = {"machine_detection": "Enable"}
    if request.machine_detection == "async":
        asked |= {
            "async_amd": "true",
            "async_amd_status_callback": request.machine_url,
            "async_amd_status_callback_method": "POST",
        }
    return asked


def _read_contact(item: CallInstance | MessageInstance) -> ProviderCall:
    """A call or message of the SDK as the port has it."""
    contact = ProviderCall(item.sid, item.to, str(item.status), item.date_created)
    if isinstance(item, CallInstance):
        return replace(
            contact, answered_by=item.answered_by or "", seconds=int(item.duration) if item.duration else None
        )
    return replace(contact, error_code=str(item.error_code or ""))


def _read_error(error: TwilioRestException | TwilioServiceException) -> ProviderError:
    """What an answer that is no success says of the request, in either of the two shapes that the provider uses."""
    if error.status >= 500 or error.status == _TIMED_OUT:
        return ProviderUnknown(f"The provider answered {error.status}.")
    later = error.status == 429 or error.code in _LATER
    sentence = error.msg if isinstance(error, TwilioRestException) else error.detail or error.title
    return ProviderRefused(str(error.code or error.status), str(sentence), retry_later=later)


def _was_never_connected(error: requests.ConnectionError) -> bool:
    """Whether no connection came about, so that the provider cannot have seen the request."""
    return isinstance(getattr(error.args[0] if error.args else None, "reason", None), NewConnectionError)


def verify_signature(
    auth_token: str, public_base_url: str, path_and_query: str, form: Mapping[str, str], signature: str
) -> bool:
    """Whether the provider signed a callback, over the configured public address, whatever host the request names."""
    return RequestValidator(auth_token).validate(public_base_url.rstrip("/") + path_and_query, form, signature)
