"""What the simulator sends to the product: signed requests as Twilio sends them, and a citizen's browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

import urllib3
from twilio.request_validator import RequestValidator

_REDIRECTS = 5
_CONNECTIONS = 16
_TIME_OUT_SECONDS = 15
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What the product answered; status 0 where it could not be reached."""

    status: int
    text: str
    address: str


class Wire:
    """Sends callbacks and fetches pages over connections that are kept; safe for several threads."""

    def __init__(self, auth_token: str) -> None:
        self._pool = urllib3.PoolManager(maxsize=_CONNECTIONS, retries=False, timeout=_TIME_OUT_SECONDS)
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
        answer = None
        # A server may close an idle connection at the very moment it is used again; the second try takes a new one.
        for last in (False, True):
            try:
                answer = self._pool.urlopen(method, address, body=body, headers=headers, redirect=False)
                break
            except urllib3.exceptions.ProtocolError:
                if last:
                    return Answer(0, "", address)
            except urllib3.exceptions.HTTPError:
                return Answer(0, "", address)
        location = answer.headers.get("Location")
        if location:
            return Answer(answer.status, urljoin(address, location), address)
        return Answer(answer.status, answer.data.decode("utf-8", "replace"), address)
