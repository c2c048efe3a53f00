"""Interviewers before a browser without scripts, and beside them the telephones that the provider connects."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator

from evalsys.accounts.actions import add_user
from evalsys.gateways.port import CallRequest
from tests.evalsys.faces.staff import PASSWORD, signed_in
from tests.evalsys.fieldwork.desks import make_staffed
from tests.evalsys.installation import ROUND, Installation

PEOPLE = {"wang": "interviewer", "li": "interviewer", "chair": "commission"}
FULL_NUMBER = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)")


def make_office(home: Path) -> Installation:
    """A round in which interviewers call, with two of them and a supervisor."""
    return add_people(make_staffed(home))


def add_people(place: Installation) -> Installation:
    """The same round with its interviewers and their supervisor."""
    for name, role in PEOPLE.items():
        place.act(
            lambda s, r, name=name, role=role: add_user(
                s, r.clock, name=name, display_name=name, password=PASSWORD, roles=[role]
            )
        )
    return place


class Person:
    """An interviewer before a browser without scripts, and beside them the telephones that the provider connects."""

    def __init__(self, place, name: str = "wang", home: str = "/interviewing/") -> None:
        self.place, self.browser, self.home = place, signed_in(place.app, name), home
        self.shown: list[str] = []
        self.html = ""
        self.look()

    def look(self, path: str = ""):
        path = path or self.home
        answer = self.browser.get(path)
        assert answer.status_code == 200
        self.html = answer.text
        self.shown.append(answer.text)
        return self

    def press(self, action: str, **values) -> int:
        """Send the form of the page whose address ends like this, as it stands, with these values; the status of the answer."""
        found = next(
            form
            for form in re.findall(r"<form.*?</form>", self.html, re.S)
            if (re.search(rf'action="[^"]*{action}"', form) if action else 'name="shift"' in form)
        )
        address = action and re.search(r'action="([^"]*)"', found)[1] or self.home
        fields = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"', found))
        fields |= dict(re.findall(r'<input[^>]*name="(csrf_token)"[^>]*value="([^"]*)"', found))
        for tag in re.findall(r"<input[^>]*hidden[^>]*>", found):
            fields[re.search(r'name="([^"]*)"', tag)[1]] = re.search(r'value="([^"]*)"', tag)[1]
        answer = self.browser.post(address, data=fields | values)
        self.shown.append(answer.text)
        if answer.status_code == 302:
            self.look(answer.location)
        return answer.status_code

    def fetch(self, url: str, **form: str) -> str:
        """A page or a callback as the provider asks for it."""
        settings = self.place.runtime.settings
        form = {"CallSid": "CA1", **form}
        signature = RequestValidator(settings.twilio_auth_token).compute_signature(url, form)
        answer = self.place.app.test_client().post(
            urlsplit(url).path, data=form, headers={"X-Twilio-Signature": signature}
        )
        assert answer.status_code in (200, 204), answer.text
        return answer.text

    def begin(self, number: str = "139 0000 0001"):
        assert self.press("/shift", round=ROUND, number=number) == 302
        self.press("/line")
        self.room = re.search(r">(\w+)</Conference>", self.fetch(self.place.telephone.placed[-1].voice_url))[1]
        return self.look()

    def call(self) -> CallRequest:
        """Press “Call”; the request that the provider got."""
        self.place.clock.advance(timedelta(seconds=5))
        assert self.press("/call") == 302
        return self.place.telephone.placed[-1]

    def talk(self):
        """Call, and the person answers."""
        self.page = self.fetch(self.call().voice_url)
        return self.look()

    def key(self) -> str:
        return self.place.telephone.placed[-1].attempt_key

    def asked(self) -> str:
        return re.search(r'name="code"[^>]*value="(\w+)"', self.html)[1]

    def answer_all(self, value: str = "1") -> None:
        while 'id="answers"' in self.html:
            assert self.press("/answers", answer="" if self.asked() == "P2" else value) == 302
