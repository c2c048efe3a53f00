"""A simulator and a small product on real loopback HTTP, for the tests of the telephone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3
from flask import Flask, Response, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

import evalsys
from evalsys.base.clock import FixedClock
from evalsys.design.programme_files import read_programme
from evalsys.gateways.port import CallRequest, MessageRequest
from evalsys.gateways.simulator.app import create_simulator
from evalsys.gateways.simulator.engine import Engine
from evalsys.gateways.simulator.population import Citizen
from evalsys.gateways.twilio import TwilioTelephone
from surveys.instrument import Questionnaire, hearing_table
from tests.evalsys.gateways.provider_schema import Exchange, answer_faults, keep_exchanges, request_faults
from tests.services.serving import serving

ACCOUNT, TOKEN = "AC" + "1" * 32, "a token of the tests"
START = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
CONFIGURATION = read_programme(Path(evalsys.__file__).parent / "examples" / "city").configuration
QUESTIONNAIRE = Questionnaire.from_configuration(CONFIGURATION)
ASKED = ("CONSENT", "Q0", "I1", "I2")
SHARES = {"Q0": {"1": 1.0}, "I1": {"1": 0.5, "2": 0.5}, "I2": {"3": 0.5, "4": 0.5}}


@dataclass
class Product:
    """What evalsys looks like to a provider: status callbacks, voice pages and web pages of four short questions."""

    address: str = ""
    statuses: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    pages: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    visits: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    machines: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    replies: list[dict[str, str]] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    voice: Callable[[str], Response] | None = None
    web_status: int = 200
    lock: threading.Lock = field(default_factory=threading.Lock)

    def statuses_of(self, key: str) -> list[str]:
        """The statuses called back for one attempt, in the order of their coming."""
        return [form.get("CallStatus") or form["MessageStatus"] for name, form in self.statuses if name == key]

    def forms_of(self, key: str) -> list[dict[str, str]]:
        return [form for name, form in self.statuses if name == key]

    def digits_of(self, key: str) -> dict[str, str]:
        """The keys pressed per question of one attempt; a later key replaces an earlier one."""
        return {
            path.split("/")[1]: form["Digits"]
            for path, form in self.pages
            if path.startswith(key + "/") and "Digits" in form
        }


def make_product(product: Product) -> Flask:
    app = Flask("product")

    @app.before_request
    def check_signature() -> None:
        if request.path.startswith("/q/"):
            return
        form, signature = request.form.to_dict(), request.headers.get("X-Twilio-Signature", "")
        address = product.address + request.full_path.rstrip("?")
        if not RequestValidator(TOKEN).validate(address, form, signature):
            product.unsigned.append(request.path)

    @app.post("/status/<key>")
    def take_status(key: str):
        with product.lock:
            product.statuses.append((key, request.form.to_dict()))
        return "", 204

    @app.post("/machine/<key>")
    def take_machine(key: str):
        with product.lock:
            product.machines.append((key, request.form.to_dict()))
        return "", 204

    @app.post("/inbound")
    def take_reply():
        with product.lock:
            product.replies.append(request.form.to_dict())
        return Response("<Response/>", mimetype="text/xml")

    @app.post("/voice/<path:path>")
    def voice(path: str):
        with product.lock:
            product.pages.append((path, request.form.to_dict()))
        return product.voice(path) if product.voice else Response(_voice_page(path), mimetype="text/xml")

    @app.route("/q/<token>", methods=["GET", "POST"])
    @app.route("/q/<token>/<code>", methods=["GET", "POST"])
    def web(token: str, code: str = "CONSENT"):
        with product.lock:
            product.visits.append((request.method, code, request.form.to_dict()))
        if request.method == "GET":
            return _web_page(token, code), product.web_status
        return "", 303, {"Location": f"/q/{token}/{_after(code)}"}

    return app


def _after(code: str) -> str:
    place = ASKED.index(code) + 1
    return ASKED[place] if place < len(ASKED) else "bye"


def _voice_page(path: str) -> str:
    """``key/CODE`` asks, and takes the key of CODE by going on to the next; a key that is not offered asks again."""
    key, _, code = path.partition("/")
    digits = request.form.get("Digits")
    code = code or "CONSENT"
    page = VoiceResponse()
    if digits is not None and digits in {option.phone_key for option in QUESTIONNAIRE.question(code).options}:
        code = "bye" if code == "CONSENT" and digits != "1" else _after(code)
    if code == "bye":
        page.say("再见。", language="zh-CN")
        page.hangup()
        return str(page)
    gather = Gather(num_digits=1, timeout=5, action=f"/voice/{key}/{code}?round=1&x=2", method="POST")
    context = {"unit": "税务局", "month": "3月"}
    gather.say(QUESTIONNAIRE.spoken(code, "zh", context), language="zh-CN")
    page.append(gather)
    page.redirect(f"/voice/{key}/{code}", method="POST")
    return str(page)


def _web_page(token: str, code: str) -> str:
    if code == "bye":
        return "<html lang=zh><p>谢谢</p></html>"
    if code == "CONSENT":
        return (
            f'<html lang=zh><form method=post action="/q/{token}"><button name=choice value=begin>开始</button></form>'
        )
    question = QUESTIONNAIRE.question(code)
    options = "".join(
        f"<input type=radio id=o{o.value} name=answer value={o.value}><label for=o{o.value}>{o.label['zh']}</label>"
        for o in question.options
    )
    wording = question.text("zh", "web", {"unit": "税务局", "month": "3月"} | dict(QUESTIONNAIRE.context["zh"]))
    return f"<html lang=zh><form method=post><legend>{wording}</legend>{options}<button>下一题</button></form>"


@pytest.fixture
def product() -> Iterator[Product]:
    product = Product()
    with serving(make_product(product)) as product.address:
        yield product


@dataclass
class Simulation:
    """A simulator that is served, the clock it reads, and a client of each kind."""

    address: str
    engine: Engine
    clock: FixedClock
    product: Product
    folder: Path
    exchanges: list[Exchange]
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    def telephone(self, **options: float) -> TwilioTelephone:
        return TwilioTelephone(ACCOUNT, TOKEN, self.address, **options)

    def control(self, what: str, body: dict | None = None, *, token: str = TOKEN) -> tuple[int, dict]:
        """A request to the control desk; status and answer."""
        headers = urllib3.make_headers(basic_auth=f"{ACCOUNT}:{token}") | {"Content-Type": "application/json"}
        method = "GET" if body is None else "POST"
        content = None if body is None else json.dumps(body).encode()
        answer = self.http.request(method, f"{self.address}/simulator/{what}", headers=headers, body=content)
        return answer.status, json.loads(answer.data)

    def run(self, **by: float) -> dict:
        """Let time pass, and everything happen that falls due."""
        self.clock.advance(timedelta(**by))
        status, answer = self.control("run", {"until": self.clock.now().isoformat()})
        assert status == 200
        return answer

    def settle(self, count: int = 400, seed: int | str = 7, inbound_url: str = "") -> None:
        """Let ``count`` citizens of one unit move in; what they write back goes to ``inbound_url``."""
        rows = "".join(f"{phone_of(n)},c{n},U1,G1,K1\n" for n in range(count))
        (self.folder / "directory.csv").write_text("phone,cid,unit,group,county\n" + rows, encoding="utf-8")
        (self.folder / "truth.json").write_text(json.dumps({"units": {"U1": {"G1": SHARES}}}), encoding="utf-8")
        (self.folder / "hearing.json").write_text(json.dumps(hearing_table(CONFIGURATION)), encoding="utf-8")
        paths = {name: str(self.folder / name) for name in ("directory.csv", "truth.json", "hearing.json")}
        status, answer = self.control(
            "population",
            {
                "directory": paths["directory.csv"],
                "truth": paths["truth.json"],
                "hearing": paths["hearing.json"],
                "seed": seed,
                "inbound_url": inbound_url,
            },
        )
        assert (status, answer) == (200, {"citizens": count})

    def find(self, wanted: Callable[[Citizen], bool]) -> str:
        """The number of the first citizen for whom ``wanted`` holds."""
        citizens = self.engine.population.citizens.items()
        return next(phone for phone, citizen in citizens if wanted(citizen))

    def call_request(self, key: str, to: str, machine_detection: str = "on") -> CallRequest:
        base = self.product.address
        machine_url = f"{base}/machine/{key}" if machine_detection == "async" else ""
        return CallRequest(
            key, to, "+861012340", f"{base}/voice/{key}", f"{base}/status/{key}", machine_detection, machine_url
        )

    def message_request(self, key: str, to: str) -> MessageRequest:
        link = f"{self.product.address}/q/abcdefghijklmnopqrstuvwxyz"
        return MessageRequest(key, to, "+861012340", f"请您评价：{link}", f"{self.product.address}/status/{key}")


def phone_of(number: int) -> str:
    return f"+861740{number:07d}"


@contextmanager
def simulating(product: Product, folder: Path) -> Iterator[Simulation]:
    """A simulator of ``product``'s calls with citizens in it; its files are written to ``folder``."""
    clock = FixedClock(START)
    app = create_simulator(ACCOUNT, TOKEN, clock)
    exchanges = keep_exchanges(app)
    with serving(app) as address:
        simulation = Simulation(address, app.extensions["engine"], clock, product, folder, exchanges)
        simulation.settle()
        yield simulation


@pytest.fixture
def simulation(product: Product, tmp_path: Path) -> Iterator[Simulation]:
    with simulating(product, tmp_path) as simulation:
        yield simulation
    # Whatever a test is about: what the product asked and what the simulator answered is the provider's language.
    exchanges = simulation.exchanges
    assert [fault for exchange in exchanges for fault in answer_faults(exchange)] == []
    assert [fault for exchange in exchanges if exchange.by_product for fault in request_faults(exchange)] == []
