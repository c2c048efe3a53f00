"""Print what a status callback and a voice page cost in the product itself: python -m tests.load.provider_requests [CALLS].

The requests go straight into the WSGI application of one process, so no socket and no simulator is measured. Every call is told of four
times (initiated, ringing, answered, completed), and asks for a greeting, the consent and the first questions in between. Processor time
of the request's own thread, per request.
"""

from __future__ import annotations

import cProfile
import io
import pstats
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from evalsys.fieldwork.callbacks import apply_receipts
from evalsys.fieldwork.dialling import keep_answers, make_attempts, plan_attempts
from evalsys.fieldwork.rules import rules_of
from tests.evalsys.installation import make_open


class Provider:
    """Signs requests and sends them into the application."""

    def __init__(self, place) -> None:
        self.place, self.settings = place, place.runtime.settings
        self.signer = RequestValidator(self.settings.twilio_auth_token)
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def post(self, what: str, path: str, form: dict[str, str]) -> str:
        """The page that the application answers."""
        body = urlencode(form).encode()
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "RAW_URI": path, "QUERY_STRING": "", "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_LENGTH": str(len(body)), "wsgi.url_scheme": "http",
            "CONTENT_TYPE": "application/x-www-form-urlencoded", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr,
            "HTTP_X_TWILIO_SIGNATURE": self.signer.compute_signature(self.settings.public_base_url + path, form),
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.version": (1, 0), "wsgi.run_once": False,
        }  # fmt: skip
        statuses = []
        begun = time.thread_time()
        answer = self.place.app(environ, lambda status, headers, exc_info=None: statuses.append(status))
        page = b"".join(answer)
        answer.close()
        self.seconds[what].append(time.thread_time() - begun)
        if not statuses[0].startswith("20"):
            raise SystemExit(f"{path} answered {statuses[0]}: {page[:200]!r}")
        return page.decode()


def main(calls: int) -> None:
    """Place calls, let the provider tell of them and talk, apply what was told; print milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        place = make_open(Path(folder) / "home", mode_sequence=["phone"], random_arm=0)
        provider = Provider(place)
        rules = place.on_round(lambda s, r, round_: rules_of(round_.configuration))
        begun = time.thread_time()
        planned = place.on_round(plan_attempts, channel="voice", limit=calls)
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
        for what, seconds in provider.seconds.items():
            print(f"{what:<26}{1000 * sum(seconds) / len(seconds):8.2f} ms of {len(seconds)}")


if __name__ == "__main__":
    count = int(next((word for word in sys.argv[1:] if word.isdigit()), 60))
    if "profile" in sys.argv:
        profile = cProfile.Profile()
        profile.runcall(main, count)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(120)
    else:
        main(count)
