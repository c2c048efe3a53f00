"""The provider's addresses: the part of Twilio's 2010 API that evalsys uses, and a control desk for rehearsals.

The desk, below ``/simulator/`` with the same credentials: ``POST population`` (paths of ``directory``, ``truth`` and
``hearing``, ``seed``, ``inbound_url`` for what citizens write back, and ``behaviour``) lets people move in; ``POST run`` (``until``)
lets time pass; ``POST staff`` (``numbers``) says which telephones are those of people at work, ``GET conferences`` who is in which one
and what they would answer; ``POST faults`` lets things go wrong (see ``Faults``); ``GET statistics``, ``GET timings`` and ``GET
outbox`` tell what happened.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, request

from evalsys.base.clock import EPOCH, Clock
from evalsys.gateways.simulator.engine import Engine
from evalsys.gateways.simulator.faults import Faults
from evalsys.gateways.simulator.hearing import Hearing
from evalsys.gateways.simulator.lives import Contact, provider_date
from evalsys.gateways.simulator.population import Behaviour, Population
from surveys.errors import SurveyError
from surveys.instrument.segments import measure_message

API = "/2010-04-01/Accounts/<account>"
REQUIRED = {"call": ("To", "From", "Url"), "message": ("To", "From", "Body")}
MISSING = {"To": 21201, "From": 21603, "Url": 21205, "Body": 21602}
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
LONGEST_BODY = 1600
PAGE_SIZE, LARGEST_PAGE = 50, 1000


class ControlProblem(Exception):
    """A request to the control desk that cannot be followed."""


def create_simulator(account_sid: str, auth_token: str, clock: Clock) -> Flask:
    """The simulator as a WSGI application; its engine is ``app.extensions["engine"]``."""
    app = Flask("evalsys-simulator")
    engine = app.extensions["engine"] = Engine(account_sid, auth_token, clock)

    @app.before_request
    def check_credentials():
        given = request.authorization
        if not given or (given.username, given.password) != (account_sid, auth_token):
            return _error(401, 20003, "Authenticate")
        account = (request.view_args or {}).get("account", account_sid)
        return None if account == account_sid else _error(404, 20404, f"The account {account} was not found")

    _add_resources(app, engine)
    _add_control(app, engine)
    return app


def _add_resources(app: Flask, engine: Engine) -> None:
    @app.post(f"{API}/Calls.json")
    def create_call(account: str):
        return _create(engine, "call")

    @app.post(f"{API}/Messages.json")
    def create_message(account: str):
        return _create(engine, "message")

    @app.get(f"{API}/Calls.json")
    def list_calls(account: str):
        since = request.args.get("StartTime>") or request.args.get("StartTime>=")
        return _list(engine, "call", since)

    @app.get(f"{API}/Messages.json")
    def list_messages(account: str):
        since = request.args.get("DateSent>") or request.args.get("DateSent>=")
        return _list(engine, "message", since)

    @app.get(f"{API}/Calls/<sid>.json")
    def get_call(account: str, sid: str):
        return _get(engine, "call", sid)

    @app.post(f"{API}/Calls/<sid>.json")
    def update_call(account: str, sid: str):
        contact = engine.contacts.get(sid)
        if contact is None or contact.kind != "call":
            return _get(engine, "call", sid)
        if request.form.get("Status") != "completed":
            return _error(400, 20001, "Of a call that is under way only Status=completed can be asked here")
        if not engine.end(contact):
            return _error(400, 21220, "Call is not in-progress. Cannot redirect.")
        return jsonify(_describe(engine, contact))

    @app.get(f"{API}/Messages/<sid>.json")
    def get_message(account: str, sid: str):
        return _get(engine, "message", sid)


def _create(engine: Engine, kind: str) -> Response | tuple[Response, int]:
    form = request.form
    problem = _find_problem(kind, form)
    if problem:
        return _error(400, *problem)
    if engine.refuse(kind, form["To"]):
        return _error(429, 20429, "Too Many Requests")
    contact = engine.accept(
        Contact(
            kind=kind,
            to=form["To"],
            sender=form["From"],
            created_at=engine.clock.now(),
            status_callback=form.get("StatusCallback", ""),
            url=form.get("Url", ""),
            body=form.get("Body", ""),
            events=tuple(form.getlist("StatusCallbackEvent")) or ("completed",),
            detect_machine=form.get("MachineDetection") in ("Enable", "DetectMessageEnd"),
            detect_async=form.get("AsyncAmd") == "true",
            machine_callback=form.get("AsyncAmdStatusCallback", ""),
        )
    )
    key = (kind, contact.to, contact.try_number)
    if engine.faults.strikes("hang_after_accepting", *key):
        time.sleep(engine.faults.hang_seconds)
    if engine.faults.strikes("fail_after_accepting", *key):
        return _error(500, 20500, "An internal server error has occurred")
    return jsonify(_describe(engine, contact)), 201


def _find_problem(kind: str, form: Mapping[str, str]) -> tuple[int, str] | None:
    """The provider's code and sentence for a request that it would not take."""
    for name in REQUIRED[kind]:
        if not form.get(name):
            return MISSING[name], f"A '{name}' parameter is required"
    if not E164.fullmatch(form["To"]):
        return 21211, f"The 'To' number {form['To']} is not a valid phone number"
    for name in ("Url", "StatusCallback"):
        if form.get(name) and not form[name].startswith(("http://", "https://")):
            return {"Url": 21205, "StatusCallback": 21609}[name], f"{name} is not a valid URL: {form[name]}"
    if len(form.get("Body", "")) > LONGEST_BODY:
        return 21617, f"The concatenated message body exceeds the {LONGEST_BODY} character limit"
    return None


def _get(engine: Engine, kind: str, sid: str) -> Response | tuple[Response, int]:
    contact = engine.contacts.get(sid)
    if contact is None or contact.kind != kind:
        return _error(404, 20404, f"The requested resource {request.path.rpartition('Accounts/')[2]} was not found")
    return jsonify(_describe(engine, contact))


def _list(engine: Engine, kind: str, since: str | None) -> Response | tuple[Response, int]:
    try:
        begin = _read_time(since) if since else None
    except ValueError as error:
        return _error(400, 20001, str(error))
    page, page_size = request.args.get("Page", "0"), request.args.get("PageSize", str(PAGE_SIZE))
    if not page.isdecimal() or not page_size.isdecimal() or not 1 <= int(page_size) <= LARGEST_PAGE:
        return _error(
            400, 20001, f"Page {page} of {page_size} is not to be had: a page has 1 to {LARGEST_PAGE} entries"
        )
    page, page_size = int(page), int(page_size)
    found = engine.find(kind, request.args.get("To", ""), begin)
    start = page * page_size
    listed = found[start : start + page_size]
    return jsonify(
        {
            f"{kind}s": [_describe(engine, contact) for contact in listed],
            "page": page,
            "page_size": page_size,
            "start": start,
            "end": start + max(0, len(listed) - 1),
            "uri": _page_address(page, page_size),
            "first_page_uri": _page_address(0, page_size),
            "next_page_uri": _page_address(page + 1, page_size) if start + page_size < len(found) else None,
            "previous_page_uri": _page_address(page - 1, page_size) if page else None,
        }
    )


def _page_address(page: int, page_size: int) -> str:
    """Another page of the list that is asked for, relative to the provider's address as Twilio tells it."""
    asked = {name: value for name, value in request.args.items() if name not in ("Page", "PageSize")}
    return f"{request.path}?{urlencode(asked | {'PageSize': page_size, 'Page': page})}"


def _describe(engine: Engine, contact: Contact) -> dict:
    folder = "Calls" if contact.kind == "call" else "Messages"
    common = {
        "sid": contact.sid,
        "account_sid": engine.account_sid,
        "to": contact.to,
        "from": contact.sender,
        "status": contact.status,
        "direction": "outbound-api",
        "api_version": "2010-04-01",
        "date_created": provider_date(contact.created_at),
        "date_updated": provider_date(contact.ended_at or contact.created_at),
        "price": None,
        "price_unit": "USD",
        "uri": f"/2010-04-01/Accounts/{engine.account_sid}/{folder}/{contact.sid}.json",
        "subresource_uris": {},
    }
    if contact.kind == "message":
        return common | {
            "body": contact.body,
            "num_segments": str(measure_message(contact.body).segments),
            "num_media": "0",
            "error_code": contact.error_code,
            "error_message": None,
            "messaging_service_sid": None,
            "date_sent": provider_date(contact.begun_at),
        }
    return common | {
        "parent_call_sid": None,
        "phone_number_sid": None,
        "to_formatted": contact.to,
        "from_formatted": contact.sender,
        "start_time": provider_date(contact.begun_at),
        "end_time": provider_date(contact.ended_at),
        "duration": str(contact.duration) if contact.ended_at else None,
        "answered_by": contact.answered_by or None,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
    }


def _add_control(app: Flask, engine: Engine) -> None:
    @app.errorhandler(ControlProblem)
    def explain(problem: ControlProblem):
        return _error(400, 20001, str(problem))

    @app.post("/simulator/run")
    def run():
        steps = engine.run(_given("until", _read_time))
        following = engine.next_at()
        return jsonify(
            delivered=steps,
            next_event_at=following.isoformat() if following else None,
            in_flight=engine.in_flight(),
        )

    @app.post("/simulator/population")
    def settle():
        hearing = Hearing(_given("hearing", _read_json))
        truth, seed = _given("truth", _read_json), _given("seed", str)
        try:
            behaviour = Behaviour.from_request(request.get_json().get("behaviour", {}))
        except ValueError as error:
            raise ControlProblem(str(error)) from error
        population = _given("directory", lambda path: Population.load(path, truth, hearing, seed, behaviour))
        engine.settle(population, hearing, request.get_json().get("inbound_url", ""))
        return jsonify(citizens=len(population.citizens))

    @app.post("/simulator/staff")
    def go_to_work():
        engine.staff.clear()
        engine.staff.update(_given("numbers", list))
        return jsonify(at_work=len(engine.staff))

    @app.get("/simulator/conferences")
    def conferences():
        return jsonify(conferences=engine.describe_rooms())

    @app.post("/simulator/faults")
    def set_faults():
        try:
            engine.faults = Faults.from_request(request.get_json())
        except ValueError as error:
            raise ControlProblem(str(error)) from error
        return jsonify(asdict(engine.faults))

    @app.get("/simulator/statistics")
    def statistics():
        return jsonify(engine.statistics())

    @app.get("/simulator/timings")
    def timings():
        return jsonify(engine.timings())

    @app.get("/simulator/outbox")
    def outbox():
        sent = [contact for contact in list(engine.contacts.values()) if contact.kind == "message"]
        return jsonify(messages=[{"sid": c.sid, "to": c.to, "body": c.body, "status": c.status} for c in sent])


def _given(name: str, read: Callable[[Any], Any]) -> Any:
    """A value of a control request, as ``read`` makes it out."""
    given = request.get_json()
    if name not in given:
        raise ControlProblem(f"The request has no {name!r}.")
    try:
        return read(given[name])
    except (ValueError, TypeError, OSError, SurveyError) as error:
        raise ControlProblem(f"{name}: {error}") from error


def _read_json(path: str) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def _read_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = parsedate_to_datetime(text)
    return at if at.tzinfo else at.replace(tzinfo=EPOCH.tzinfo)


def _error(status: int, code: int, message: str):
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return jsonify(body), status
