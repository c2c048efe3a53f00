"""What the simulator sends to the product: signed requests over kept connections, with the faults that were asked for."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlencode, urljoin

import urllib3
from twilio.request_validator import RequestValidator


@dataclass
class Faults:
    """How often something goes wrong, as shares 0–1."""

    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    refuse: float = 0.0
    fail_after_accepting: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    @classmethod
    def from_request(cls, given: Mapping) -> Faults:
        """The faults of a control request; raises ``ValueError`` naming what is not one."""
        names = {field.name for field in fields(cls)}
        unknown = set(given) - names
        if unknown:
            raise ValueError(f"Unknown faults: {', '.join(sorted(unknown))}; known are {', '.join(sorted(names))}.")
        return cls(**given)

    def happens(self, fault: str) -> bool:
        """Whether the fault strikes this time."""
        share = getattr(self, fault)
        if share <= 0:
            return False
        with self._lock:
            return self._random.random() < share


@dataclass(frozen=True)
class Answer:
    """What the product answered."""

    status: int
    text: str
    address: str


class Wire:
    """Sends signed callbacks and fetches pages; safe for several threads."""

    def __init__(self, auth_token: str) -> None:
        self._pool = urllib3.PoolManager(maxsize=16, retries=False, timeout=15)
        self._validator = RequestValidator(auth_token)

    def post(self, address: str, form: Mapping[str, str]) -> Answer:
        """POST a form with the signature over address and form; a broken connection answers with status 0."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": self._validator.compute_signature(address, form),
            "User-Agent": "TwilioProxy/1.1",
        }
        return self._send("POST", address, urlencode(form), headers)

    def browse(self, method: str, address: str, form: Mapping[str, str] | None = None) -> Answer:
        """What a citizen's browser does: no signature, redirects followed."""
        headers = {"User-Agent": "Mozilla/5.0", "Accept": "text/html"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self._send(method, address, urlencode(form) if form is not None else None, headers, follow=True)

    def _send(self, method: str, address: str, body: str | None, headers: dict, *, follow: bool = False) -> Answer:
        for _ in range(5):
            try:
                answer = self._pool.urlopen(method, address, body=body, headers=headers, redirect=False)
            except urllib3.exceptions.HTTPError:
                return Answer(0, "", address)
            if not (follow and answer.status in (301, 302, 303, 307, 308)):
                break
            address = urljoin(address, answer.headers["Location"])
            method, body = "GET", None
        return Answer(answer.status, answer.data.decode("utf-8", "replace"), address)
