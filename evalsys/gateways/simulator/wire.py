"""What the simulator sends to the product: signed requests as Twilio sends them, and a citizen's browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from twilio.request_validator import RequestValidator

_REDIRECTS = 5
_TIME_OUT_SECONDS = 15
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What the product answered, and after how many seconds; status 0 where it could not be reached."""

    status: int
    text: str
    address: str
    seconds: float = 0.0


class Wire:
    """Sends callbacks and fetches pages over connections that are kept, each thread over its own.

    By the standard library's client: a rehearsal makes many thousands of small requests, and a pool shared by threads costs
    more than the requests themselves.
    """

    def __init__(self, auth_token: str) -> None:
        self._of_thread = threading.local()
        self._validator = RequestValidator(auth_token)

    def post(self, address: str, form: Mapping[str, str]) -> Answer:
        """POST a form with the signature over address and form."""
        headers = {
            "Content-Type": _FORM,
            "X-Twilio-Signature": self._validator.compute_signature(address, form),
            "User-Agent": "TwilioProxy/1.1",
        }
        return self._send("POST", address, urlencode(form), headers)

    def browse(self, method: str, address: str, form: Mapping[str, str] | None = None) -> Answer:
        """What a citizen's browser does: no signature, redirects followed by GET."""
        headers = {"User-Agent": "Mozilla/5.0", "Accept": "text/html"}
        body = None
        if form is not None:
            headers["Content-Type"] = _FORM
            body = urlencode(form)
        answer = self._send(method, address, body, headers)
        for _ in range(_REDIRECTS):
            if answer.status not in (301, 302, 303, 307, 308):
                break
            # A redirect's own address is in ``text``, put there by ``_send``.
            answer = self._send("GET", answer.text, None, {k: v for k, v in headers.items() if k != "Content-Type"})
        return answer

    def _send(self, method: str, address: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        begun = time.perf_counter()
        place = urlsplit(address)
        path = f"{place.path or '/'}?{place.query}" if place.query else place.path or "/"
        # A server may close an idle connection at the very moment it is used again; the second try takes a new one.
        for _ in range(2):
            connection = self._connection(place)
            is_new = connection.sock is None
            try:
                connection.request(method, path, body, dict(headers))
                answer = connection.getresponse()
                text = answer.read().decode("utf-8", "replace")
                break
            except (HTTPException, OSError) as error:
                connection.close()
                if is_new or isinstance(error, TimeoutError):
                    return Answer(0, "", address)
        else:
            return Answer(0, "", address)
        location = answer.getheader("Location")
        seconds = time.perf_counter() - begun
        return Answer(answer.status, urljoin(address, location) if location else text, address, seconds)

    def _connection(self, place: SplitResult) -> HTTPConnection:
        """This thread's connection to a server; opened by its first request, and again after it was closed."""
        known: dict[str, HTTPConnection] = self._of_thread.__dict__
        server = f"{place.scheme}://{place.netloc}"
        if server not in known:
            kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
            known[server] = kind(place.netloc, timeout=_TIME_OUT_SECONDS)
        return known[server]
