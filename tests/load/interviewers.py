"""Two hundred interviewers at one queue: python -m tests.load.interviewers [INTERVIEWERS] [CASES EACH].

Each signs in with a browser of their own and takes case after case: calls, and either hears nobody or goes through all questions. The
pages are served in this one process, on SQLite, to eight requests at a time; the telephone only writes down. Printed: how long taking
the next case, calling, an answer and the look every few seconds whether anything happened take, requests a second, and whether
anybody was given to two.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator

from evalsys.accounts.actions import add_user
from evalsys.fieldwork.releases import open_round
from evalsys.samples.imports import import_service_records
from tests.evalsys.faces.staff import PASSWORD, signed_in
from tests.evalsys.installation import (
    COUNTIES,
    OPENING,
    ROUND,
    UNITS,
    Installation,
    commit,
    draw,
    make_draft,
    write_records,
)

INTERVIEWERS, CASES = 200, 5
AT_ONCE = 8
#: every third person who is called answers all questions
ANSWERS = 3
#: how often somebody presses “Call” whom the pace of all made wait
TRIES = 10
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]*)"')
FORM = re.compile(r"<form.*?</form>", re.S)
STATE = re.compile(r'hx-get="([^"]*)"')


class Desk:
    """One interviewer's browser, with a stopwatch."""

    def __init__(self, place: Installation, name: str, taken: dict[str, list[float]]) -> None:
        self.place, self.taken, self.html = place, taken, ""
        self.browser = signed_in(place.app, name)
        self.look("/interviewing/")

    def look(self, path: str) -> None:
        self.html = self.browser.get(path).text

    def press(self, what: str, action: str, **values: str) -> bool:
        """Send a form of the page and open the page that follows, timed under ``what``; whether there is such a form."""
        form = next((form for form in FORM.findall(self.html) if re.search(rf'action="[^"]*{action}"', form)), None)
        if form is None:
            return False
        hidden = [tag for tag in re.findall(r"<input[^>]*>", form) if 'type="hidden"' in tag]
        fields = {re.search(r'name="([^"]*)"', tag)[1]: re.search(r'value="([^"]*)"', tag)[1] for tag in hidden}
        address = re.search(r'action="([^"]*)"', form)[1]
        begun = time.perf_counter()
        answer = self.browser.post(address, data=fields | values)
        if answer.status_code == 302:
            self.look(answer.location)
        self.taken[what].append(time.perf_counter() - begun)
        return answer.status_code == 302

    def begin(self) -> None:
        self.browser.post(
            "/interviewing/shift",
            data={"csrf_token": TOKEN.search(self.html)[1], "round": ROUND, "number": "13900000001"},
        )
        self.look("/interviewing/")

    def pick_up(self) -> bool:
        """The telephone that was called is answered: the provider fetches its page, and the interviewer's shows the questions.

        Whether it was called: the pace of all may have been spent at that moment.
        """
        settings, form = self.place.runtime.settings, {"CallSid": "CA1"}
        case_id = re.search(r"/cases/(\d+)/", self.html)[1]
        found = self.place.sql("SELECT key FROM attempt WHERE case_id = :case AND state != 'ended'", case=case_id)
        if not found:
            return False
        ((key,),) = found
        url = f"{settings.public_base_url}/voice/{key}"
        signature = RequestValidator(settings.twilio_auth_token).compute_signature(url, form)
        client = self.place.app.test_client()
        client.post(urlsplit(url).path, data=form, headers={"X-Twilio-Signature": signature})
        self.look("/interviewing/")
        return True

    def watch(self) -> None:
        """What the page asks every few seconds while somebody is on the line."""
        if found := STATE.search(self.html):
            begun = time.perf_counter()
            self.browser.get(found[1].replace("&amp;", "&"))
            self.taken["look"].append(time.perf_counter() - begun)

    def work(self, cases: int) -> int:
        """So many cases, one after the other; how many there were."""
        for number in range(cases):
            if not self.press("next case", "/next"):
                return number
            for _ in range(TRIES):
                self.place.clock.advance(timedelta(milliseconds=100))
                self.press("call", "/call")
                if self.pick_up():
                    self.watch()
                    break
            if number % ANSWERS == 0:
                while 'id="answers"' in self.html:
                    asked = re.search(r'name="code"[^>]*value="(\w+)"', self.html)[1]
                    if not self.press("answer", "/answers", answer="" if asked == "P2" else "1"):
                        break
            else:
                self.press("outcome", "/outcome", outcome="3.13")
        return cases


def make_queue(home: Path, people: int, cases: int) -> Installation:
    """A round with more cases than all of them will take."""
    wanted = people * cases
    place = make_draft(
        home,
        mode_sequence=["phone"],
        random_arm_share=0.0,
        calls_by="interviewers",
        calls_per_second=1000,
        concurrent_calls=10_000,
        quota=wanted // 2,
        replicate_size=wanted,
    )
    rows = [
        (f"{unit}-{number}", unit, "", "个人", f"17{place_no}{number:08d}", "2026-03-02", "办证", COUNTIES[number % 2])
        for place_no, unit in enumerate(UNITS, 4)
        for number in range(2 * wanted)
    ]
    place.on_round(import_service_records, path=write_records(home / "records.csv", rows), actor="designer")
    commit(place)
    draw(place)
    place.clock.at = OPENING
    place.on_round(open_round, actor="chair")
    return place


def find_shared(place: Installation) -> int:
    """Cases that two interviewers called."""
    by_case = defaultdict(set)
    for case_id, interviewer in place.sql("SELECT case_id, interviewer FROM attempt"):
        by_case[case_id].add(interviewer)
    return sum(len(who) > 1 for who in by_case.values())


def main(people: int, cases: int) -> int:
    """Let them work; how many cases were given to two, or called twice."""
    taken: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        place = make_queue(Path(folder) / "home", people, cases)
        names = [f"p{number}" for number in range(people)]

        def add(session, runtime):
            for name in names:
                add_user(session, runtime.clock, name=name, display_name=name, password=PASSWORD, roles=["interviewer"])

        place.act(add)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            desks = list(pool.map(lambda name: Desk(place, name, taken), names))
            list(pool.map(Desk.begin, desks))
            place.sql(
                "INSERT INTO staff_call (round_id, key, purpose, person, room, caller_id, state, planned_at, provider_sid)"
                " SELECT round_id, room, 'own', interviewer, room, '', 'up', began_at, '' FROM shift"
            )
            list(pool.map(lambda desk: desk.look("/interviewing/"), desks))
            begun = time.perf_counter()
            done = sum(pool.map(lambda desk: desk.work(cases), desks))
            wall = time.perf_counter() - begun
        attempts = place.sql("SELECT case_id FROM attempt")
        twice = sum(count > 1 for count in Counter(attempts).values())
        shared = find_shared(place)
        answered = place.sql("SELECT count(*) FROM interview WHERE state = 'answered'")[0][0]
    print(
        f"{people} interviewers, {done} cases, {len(attempts)} calls, {answered} interviews in {wall:.1f} s, {AT_ONCE} at once"
    )
    for what, seconds in taken.items():
        points = quantiles(seconds, n=100) if len(seconds) > 1 else seconds * 99
        shown = f"p50 {1000 * points[49]:6.1f} ms  p95 {1000 * points[94]:6.1f} ms"
        print(f"  {what:<12} {len(seconds):>6}  {shown}  {len(seconds) / wall:7.1f} a second")
    print(f"cases called twice or by two interviewers: {twice + shared}")
    return twice + shared


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(given + [INTERVIEWERS, CASES][len(given) :])) > 0)
