"""Print what the requests of fieldwork cost in the product itself: python -m tests.load.field_requests [CALLS].

The requests go straight into the WSGI application of one process, so no socket and no simulator is measured. Every call is told of four
times (initiated, ringing, answered, completed), and asks for a greeting, the consent and the first questions in between; then as many
links are opened and their first questions answered. Processor time of the request's own thread, per request.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import select
from twilio.request_validator import RequestValidator

from evalsys.base.database import db
from evalsys.fieldwork.callbacks import apply_receipts
from evalsys.fieldwork.dialling import keep_answers, make_attempts, plan_attempts
from evalsys.fieldwork.models import Interview
from evalsys.fieldwork.rules import rules_of
from evalsys.samples.models import Case
from tests.evalsys.installation import make_open


class Caller:
    """Sends requests into the application, signed as the provider would sign them."""

    def __init__(self, place) -> None:
        self.place, self.settings = place, place.runtime.settings
        self.signer = RequestValidator(self.settings.twilio_auth_token)
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def post(self, what: str, path: str, form: dict[str, str]) -> str:
        """Post a form; the page that is answered, or where it leads."""
        body = urlencode(form).encode()
        signature = self.signer.compute_signature(self.settings.public_base_url + path, form)
        return self._send(
            what,
            path,
            REQUEST_METHOD="POST",
            CONTENT_LENGTH=str(len(body)),
            CONTENT_TYPE="application/x-www-form-urlencoded",
            HTTP_X_TWILIO_SIGNATURE=signature,
            **{"wsgi.input": io.BytesIO(body)},
        )

    def get(self, what: str, path: str) -> str:
        """The page at an address."""
        return self._send(what, path, REQUEST_METHOD="GET", **{"wsgi.input": io.BytesIO()})

    def _send(self, what: str, path: str, **given) -> str:
        environ = {
            "PATH_INFO": path,
            "RAW_URI": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            **given,
        }
        answered = []
        begun = time.thread_time()
        answer = self.place.app(
            environ, lambda status, headers, exc_info=None: answered.append((status, dict(headers)))
        )
        page = b"".join(answer)
        answer.close()
        self.seconds[what].append(time.thread_time() - begun)
        status, headers = answered[0]
        if status[0] not in "23":
            raise SystemExit(f"{path} answered {status}: {page[:200]!r}")
        return headers.get("Location") or page.decode()


def main(calls: int) -> None:
    """Place calls, let the provider tell of them and talk, apply what was told; print milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        place = make_open(Path(folder) / "home", mode_sequence=["phone"], random_arm=0)
        provider = Caller(place)
        rules = place.on_round(lambda s, r, round_: rules_of(round_.configuration))
        begun = time.thread_time()
        planned = place.on_round(plan_attempts, channel="voice", limit=calls, fence=1)
        provider.seconds["plan an attempt"].append((time.thread_time() - begun) / len(planned))
        with place.app.app_context():
            answers = make_attempts(place.runtime, rules, planned)
        place.act(lambda s, r: keep_answers(s, r, answers))
        sids = {answer.attempt_id: answer.sid for answer in answers}
        for attempt in planned:
            about = {
                "CallSid": sids[attempt.attempt_id],
                "From": attempt.caller_id,
                "To": attempt.phone,
                "AccountSid": "AC",
            }
            for status in ("initiated", "ringing", "in-progress"):
                provider.post("status callback", f"/provider/status/{attempt.key}", about | {"CallStatus": status})
            page = provider.post("greeting", f"/voice/{attempt.key}", about)
            for digit, what in (("1", "consent"), ("1", "answer"), ("1", "answer"), ("1", "answer")):
                action = page.partition('action="')[2].partition('"')[0]
                page = provider.post(what, action, about | {"Digits": digit})
            over = {"CallStatus": "completed", "CallDuration": "60"}
            provider.post("status callback", f"/provider/status/{attempt.key}", about | over)
        begun = time.thread_time()
        while place.act(apply_receipts):
            pass
        provider.seconds["apply a call's callbacks"].append((time.thread_time() - begun) / len(planned))
        with place.app.app_context():
            cids = (
                db.session().scalars(select(Case.cid).join(Interview, Interview.case_id == Case.id).limit(calls)).all()
            )
        for cid in cids:
            link = f"/q/{place.runtime.keyring.link_token(cid)}"
            provider.get("welcome page", link)
            address = provider.post("begin", link, {"choice": "begin"})
            for _ in range(3):
                provider.get("question page", address)
                address = provider.post("web answer", address, {"answer": "1"})
        for what, seconds in provider.seconds.items():
            print(f"{what:<26}{1000 * sum(seconds) / len(seconds):8.2f} ms of {len(seconds)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
