"""Two interviewers work one queue in a real browser: each gets a case of their own, calls, and answers by keys."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from twilio.request_validator import RequestValidator

from tests.evalsys.faces.interviewers import FULL_NUMBER, make_office
from tests.evalsys.faces.staff import PASSWORD
from tests.services.serving import serving

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture
def office(tmp_path):
    """A round in which interviewers call, served on loopback; ``place.address`` is where."""
    place = make_office(tmp_path / "home")
    with serving(place.app) as place.address:
        yield place


class Worker:
    """An interviewer at a browser, and the provider behind their telephone."""

    def __init__(self, office, browser, name: str, number: str) -> None:
        self.office, self.name = office, name
        self.page = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}).new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.goto(f"{office.address}/sign-in?lang=en")
        self.page.fill("#name", name)
        self.page.fill("#password", PASSWORD)
        self.click("main button")
        assert self.page.url == f"{office.address}/interviewing/"
        self.page.fill("#number", number)
        self.click("main button")
        office.clock.advance(timedelta(seconds=5))
        self.click("text=Call my telephone")
        self.pick_up()
        self.page.reload()

    def click(self, what: str) -> None:
        with self.page.expect_navigation():
            self.page.locator(what).first.click()

    def press(self, *keys: str) -> None:
        """Press keys; the last one leads to another page."""
        for key in keys[:-1]:
            self.page.keyboard.press(key)
        with self.page.expect_navigation():
            self.page.keyboard.press(keys[-1])

    def pick_up(self) -> str:
        """The telephone that was called last is answered; the page that the provider fetches then."""
        call = self.office.telephone.placed[-1]
        form = {"CallSid": "CA1"}
        signature = RequestValidator(self.office.runtime.settings.twilio_auth_token).compute_signature(
            call.voice_url, form
        )
        answer = self.office.app.test_client().post(
            urlsplit(call.voice_url).path, data=form, headers={"X-Twilio-Signature": signature}
        )
        assert "<Conference" in answer.text
        return answer.text

    def call(self) -> None:
        """Call the person of the case, who answers."""
        self.office.clock.advance(timedelta(seconds=5))
        self.press("Enter")
        self.pick_up()
        self.page.reload()

    def look(self, screenshots, what: str) -> None:
        """Both languages, both widths: it fits, has no barrier, and shows no whole number."""
        for language in ("zh_Hans", "en"):
            for width in (390, 1280):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.goto(f"{self.page.url.partition('?')[0]}?lang={language}")
                self.page.screenshot(path=screenshots / f"interviewer-{what}-{language}-{width}.png", full_page=True)
                wide = self.page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{what} is {wide} pixels wide on a screen of {width}"
            assert not FULL_NUMBER.findall(self.page.locator("main").inner_text())
            found = Axe().run(self.page, options={"runOnly": RULES})
            assert found.violations_count == 0, found.generate_report()


def test_two_interviewers_work_one_queue_by_keys_without_meeting_on_a_case(office, browser, screenshots):
    wang = Worker(office, browser, "wang", "13900000001")
    li = Worker(office, browser, "li", "13900000002")
    wang.look(screenshots, "ready")
    for worker in (wang, li):
        worker.press("Enter")
    cases = office.sql("select distinct case_id from hold")
    assert len(cases) == 2, "each holds another case"
    wang.look(screenshots, "case")

    for worker in (wang, li):
        worker.call()
    wang.look(screenshots, "talk")
    asked = 0
    while wang.page.locator("#answers").count():
        asked += 1
        if asked == 3:
            before = wang.page.locator("#answers legend").inner_text()
            wang.press("Backspace")
            assert wang.page.locator("#answers legend").inner_text() != before, "one question back"
            assert wang.page.locator("#answers input:checked").count() == 1, "the answer there was"
            wang.press("Enter")
            assert wang.page.locator("#answers legend").inner_text() == before
        if wang.page.locator("#answers textarea").count():
            wang.click("#answers button")
        else:
            wang.press("1", "Enter")
    assert "1.1" in wang.page.locator("main").inner_text()

    li.page.fill("#day", "2026-06-09")
    li.page.locator("h1").click()
    li.page.wait_for_timeout(6000)
    assert li.page.input_value("#day") == "2026-06-09", "the page is not loaded anew while nothing has changed"
    li.page.fill("#time", "15:00")
    li.click("text=Call then, and end this call")
    li.page.goto(f"{office.address}/interviewing/appointments")
    assert "15:00" in li.page.locator("main").inner_text()
    li.look(screenshots, "appointments")
    li.page.goto(f"{office.address}/interviewing/figures")
    li.look(screenshots, "figures")

    li.page.goto(f"{office.address}/interviewing/")
    li.press("Enter")
    li.call()
    li.press("u", "a")
    assert "3.13" in li.page.locator("main").inner_text()
    assert office.sql("select interviewer, outcome from attempt order by outcome") == [
        ("i1", "1.1"),
        ("i2", "2.21"),
        ("i2", "3.13"),
    ]

    office.clock.advance(timedelta(hours=28, minutes=50))
    li.page.reload()
    li.press("Enter")
    assert "2026-06-09 15:00" in li.page.locator("#case").inner_text(), (
        "the appointment is kept by whoever agreed on it"
    )
    assert (wang.errors, li.errors) == ([], [])


def test_a_page_whose_lease_was_lost_says_so_by_itself(office, browser):
    """The browser reports the refused beat as an error of its own, so its console is not looked at here."""
    wang = Worker(office, browser, "wang", "13900000001")
    wang.page.clock.install()
    wang.press("Enter")
    office.clock.advance(timedelta(minutes=6))
    assert not wang.page.locator("#lost").is_visible()
    wang.page.clock.run_for(61_000)
    wang.page.locator("#lost").wait_for(state="visible")


def test_a_supervisor_sees_who_is_at_work(office, browser, screenshots):
    Worker(office, browser, "wang", "13900000001")
    chair = browser.new_context(locale="en-GB").new_page()
    chair.goto(f"{office.address}/sign-in")
    chair.fill("#name", "chair")
    chair.fill("#password", PASSWORD)
    chair.click("main button")
    for language in ("zh_Hans", "en"):
        for width in (390, 1280):
            chair.set_viewport_size({"width": width, "height": 900})
            chair.goto(f"{office.address}/commission/rounds/2026-mid-year/interviewers/?lang={language}")
            chair.screenshot(path=screenshots / f"interviewers-at-work-{language}-{width}.png", full_page=True)
            assert chair.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(chair, options={"runOnly": RULES})
        assert found.violations_count == 0, found.generate_report()
    assert "on the line" in chair.locator("main").inner_text()
