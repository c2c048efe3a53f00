"""What may pass between evalsys and Twilio's 2010 API, in our own words: the calls that evalsys uses, and no others.

A schema is a table of names, each with a check; a name that is not in the table is a fault, and so is a missing one that
has to be there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, request

Check = Callable[[Any], bool]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer: ``query`` and ``form`` as pairs in their order, ``body`` the JSON of the answer."""

    method: str
    path: str
    query: Pairs
    form: Pairs
    status: int
    body: Any
    by_product: bool

    @property
    def described(self) -> str:
        return f"{self.method} {self.path} → {self.status}"


def keep_exchanges(app: Flask) -> list[Exchange]:
    """Every exchange of an application below Twilio's addresses from now on, in the order of the answers.

    What the product sends is known by the SDK's User-Agent; tests send faulty requests of their own.
    """
    exchanges: list[Exchange] = []

    @app.after_request
    def keep(answer: Response) -> Response:
        if request.path.startswith("/2010-04-01/"):
            exchanges.append(
                Exchange(
                    request.method,
                    request.path,
                    tuple(request.args.items(multi=True)),
                    tuple(request.form.items(multi=True)),
                    answer.status_code,
                    json.loads(answer.get_data()),
                    request.user_agent.string.startswith("twilio-python/"),
                )
            )
        return answer

    return exchanges


# ── what a value may look like ───────────────────────────────────────────────────────────────────────────────────────────


def _matches(pattern: str) -> Check:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _one_of(words: str) -> Check:
    return lambda value: value in words.split()


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def is_phone(value: Any) -> bool:
    """A number in E.164."""
    return _matches(r"\+[1-9][0-9]{6,14}")(value)


def is_address(value: Any) -> bool:
    """An absolute web address."""
    return isinstance(value, str) and urlsplit(value).scheme in ("http", "https") and bool(urlsplit(value).netloc)


def is_moment(value: Any) -> bool:
    """A moment with its zone in RFC 2822."""
    try:
        return parsedate_to_datetime(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_null(value: Any) -> bool:
    return value is None


TEXT = _matches(r"(?s).+")
DIGITS = _matches("[0-9]+")
LOCAL = _matches(r"/2010-04-01/Accounts/AC[0-9a-f]{32}/[^ ]+[^?& ]")
PAGE_SIZE = _matches("[1-9][0-9]{0,2}|1000")


# ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

#: what a request's parameters must look like; the second table holds those that may be left out
Parameters = tuple[Mapping[str, Check], Mapping[str, Check]]

CALL_FORM: Parameters = (
    {"To": is_phone, "From": is_phone, "Url": is_address},
    {
        "Method": _one_of("GET POST"),
        "StatusCallback": is_address,
        "StatusCallbackMethod": _one_of("GET POST"),
        "StatusCallbackEvent": _one_of("initiated ringing answered completed"),
        "MachineDetection": _one_of("Enable DetectMessageEnd"),
        "AsyncAmd": _one_of("true false"),
        "AsyncAmdStatusCallback": is_address,
        "AsyncAmdStatusCallbackMethod": _one_of("GET POST"),
    },
)
HANG_UP_FORM: Parameters = ({"Status": _one_of("completed")}, {})
MESSAGE_FORM: Parameters = (
    {"To": is_phone, "From": is_phone, "Body": _matches(r"(?s).{1,1600}")},
    {"StatusCallback": is_address},
)
LIST_QUERY: Parameters = ({"To": is_phone}, {"PageSize": PAGE_SIZE, "Page": DIGITS})
NOTHING: Parameters = ({}, {})
#: the parameters that may be given several times, each value of its own
REPEATED = {"StatusCallbackEvent"}


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

_COMMON: dict[str, Check] = {
    "account_sid": _matches("AC[0-9a-f]{32}"),
    "to": is_phone,
    "from": is_phone,
    "api_version": _one_of("2010-04-01"),
    "direction": _one_of("outbound-api"),
    "date_created": is_moment,
    "date_updated": is_moment,
    "price": _is_null,
    "price_unit": _matches("[A-Z]{3}"),
    "uri": LOCAL,
    "subresource_uris": lambda value: isinstance(value, dict) and all(map(LOCAL, value.values())),
}
CALL: dict[str, Check] = _COMMON | {
    "sid": _matches("CA[0-9a-f]{32}"),
    "status": _one_of("queued ringing in-progress completed busy failed no-answer canceled"),
    "start_time": _or_null(is_moment),
    "end_time": _or_null(is_moment),
    "duration": _or_null(DIGITS),
    "queue_time": DIGITS,
    "answered_by": _or_null(
        _one_of("human machine_start machine_end_beep machine_end_silence machine_end_other fax unknown")
    ),
    "to_formatted": TEXT,
    "from_formatted": TEXT,
    **dict.fromkeys(
        ("parent_call_sid", "phone_number_sid", "forwarded_from", "group_sid", "caller_name", "trunk_sid"), _is_null
    ),
}
MESSAGE: dict[str, Check] = _COMMON | {
    "sid": _matches("SM[0-9a-f]{32}"),
    "status": _one_of("queued sending sent delivered undelivered failed"),
    "body": TEXT,
    "num_segments": DIGITS,
    "num_media": DIGITS,
    "date_sent": _or_null(is_moment),
    "error_code": _or_null(_is_number),
    "error_message": _or_null(TEXT),
    "messaging_service_sid": _is_null,
}
PAGE: dict[str, Check] = {
    "page": _is_number,
    "page_size": lambda value: _is_number(value) and 1 <= value <= 1000,
    "start": _is_number,
    "end": _is_number,
    "uri": LOCAL,
    "first_page_uri": LOCAL,
    "next_page_uri": _or_null(LOCAL),
    "previous_page_uri": _or_null(LOCAL),
}
ERROR: dict[str, Check] = {
    "code": lambda value: _is_number(value) and 10000 <= value <= 99999,
    "message": TEXT,
    "more_info": is_address,
    "status": lambda value: _is_number(value) and 400 <= value <= 599,
}


@dataclass(frozen=True)
class Operation:
    """A request that evalsys or a rehearsal may send, and what a success answers."""

    method: str
    path: str
    form: Parameters
    query: Parameters
    status: int
    resource: Mapping[str, Check]
    listed_as: str = ""

    def matches(self, method: str, path: str) -> bool:
        return method == self.method and re.fullmatch(self.path, path) is not None


_ACCOUNT = "/2010-04-01/Accounts/AC[0-9a-f]{32}"
OPERATIONS = (
    Operation("POST", f"{_ACCOUNT}/Calls\\.json", CALL_FORM, NOTHING, 201, CALL),
    Operation("POST", f"{_ACCOUNT}/Calls/CA[0-9a-f]{{32}}\\.json", HANG_UP_FORM, NOTHING, 200, CALL),
    Operation("POST", f"{_ACCOUNT}/Messages\\.json", MESSAGE_FORM, NOTHING, 201, MESSAGE),
    Operation("GET", f"{_ACCOUNT}/Calls\\.json", NOTHING, LIST_QUERY, 200, CALL, "calls"),
    Operation("GET", f"{_ACCOUNT}/Messages\\.json", NOTHING, LIST_QUERY, 200, MESSAGE, "messages"),
    Operation("GET", f"{_ACCOUNT}/Calls/CA[0-9a-f]{{32}}\\.json", NOTHING, NOTHING, 200, CALL),
    Operation("GET", f"{_ACCOUNT}/Messages/SM[0-9a-f]{{32}}\\.json", NOTHING, NOTHING, 200, MESSAGE),
)


def request_faults(exchange: Exchange) -> list[str]:
    """What is wrong with the request, a sentence each; empty where it is one of ``OPERATIONS`` and keeps to it."""
    operation = _find_operation(exchange)
    if operation is None:
        return [f"{exchange.described}: no such request is foreseen"]
    wrong = _parameter_faults(operation.query, exchange.query) + _parameter_faults(operation.form, exchange.form)
    return [f"{exchange.described}: {fault}" for fault in wrong]


def answer_faults(exchange: Exchange) -> list[str]:
    """What is wrong with the answer, a sentence each; errors have one shape whatever was asked."""
    operation, body = _find_operation(exchange), exchange.body
    if exchange.status >= 400:
        wrong = _object_faults(ERROR, body)
        if not wrong and body["status"] != exchange.status:
            wrong = [f"status is {body['status']!r}"]
    elif operation is None or exchange.status != operation.status:
        wrong = ["no such success is foreseen"]
    elif not operation.listed_as:
        wrong = _object_faults(operation.resource, body)
    else:
        wrong = _object_faults(PAGE | {operation.listed_as: lambda value: isinstance(value, list)}, body)
        if not wrong:
            wrong = [fault for item in body[operation.listed_as] for fault in _object_faults(operation.resource, item)]
    return [f"{exchange.described}: {fault}" for fault in wrong]


def _find_operation(exchange: Exchange) -> Operation | None:
    return next((found for found in OPERATIONS if found.matches(exchange.method, exchange.path)), None)


def _parameter_faults(parameters: Parameters, given: Pairs) -> list[str]:
    needed, optional = parameters
    names = [name for name, _ in given]
    faults = [f"{name} is missing" for name in needed if name not in names]
    faults += [f"{name} is given twice" for name in set(names) - REPEATED if names.count(name) > 1]
    return faults + _value_faults({**needed, **optional}, given)


def _object_faults(fields: Mapping[str, Check], given: Any) -> list[str]:
    if not isinstance(given, dict):
        return ["the answer is no object"]
    return [f"{name} is missing" for name in fields if name not in given] + _value_faults(fields, given.items())


def _value_faults(checks: Mapping[str, Check], given: Any) -> list[str]:
    unknown = [f"{name} is not known" for name, _ in given if name not in checks]
    return unknown + [f"{name} is {value!r}" for name, value in given if name in checks and not checks[name](value)]
