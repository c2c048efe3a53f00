"""The page of quality control in a real browser: it fits, has no barrier that axe finds, draws its figure, and voids with two people."""

from __future__ import annotations

import random

import pytest
from axe_playwright_python.sync_playwright import Axe

from evalsys.accounts.actions import add_user
from evalsys.fieldwork.jobs import seal_ready_answers
from tests.browser.test_pages import CHINESE, read_words, sign_in
from tests.evalsys.faces.staff import PASSWORD, PEOPLE
from tests.evalsys.fieldwork.interviewed import take_interviews
from tests.evalsys.fieldwork.test_closing import HOLD, cases_by_class
from tests.evalsys.installation import ROUND, make_open
from tests.services.serving import serving

PAGE = f"/commission/rounds/{ROUND}/quality"


def answer_by_chance(chance: random.Random, scale: str):
    """What a respondent says who has no opinion, of the answers in ``scale``."""
    return lambda case_id, code: chance.choice(scale)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a round is served in which five interviewers have worked: three long enough to be shown, two for calls still to be checked."""
    place = make_open(tmp_path_factory.mktemp("quality"), quota=150, replicate_size=120, random_arm_share=0.0)
    for name, role in PEOPLE.items():
        place.act(
            lambda s, r, n=name, k=role: add_user(s, r.clock, name=n, display_name=n, password=PASSWORD, roles=[k])
        )
    strata = list(cases_by_class(place).values())[:4]
    chance = random.Random(5)
    for cases in strata:
        for start, who, seconds, scale in ((0, "A01", 300, "12345"), (12, "B02", 310, "12345"), (24, "E05", 60, "12")):
            for case_id in cases[start : start + 12]:
                length = seconds + chance.randrange(20)
                take_interviews(place, [case_id], who, value=answer_by_chance(chance, scale), seconds=length)
    place.clock.advance(HOLD)
    place.do_job(seal_ready_answers)
    for cases in strata:
        take_interviews(place, cases[36:38], "C03", seconds=45)
        take_interviews(place, cases[38:40], "D04", seconds=290)
    with serving(place.app) as address:
        yield address


def test_the_page_fits_speaks_one_language_and_has_no_barrier(page, address, screenshots):
    sign_in(page, address, "chair")
    for language in ("en", "zh_Hans"):
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{address}{PAGE}?lang={language}")
            page.wait_for_load_state("networkidle")
            page.wait_for_selector("#interviewers .chart.drawn")
            page.screenshot(path=screenshots / f"quality-{language}-{width}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"the page is {wide} pixels wide on a screen of {width}"
            found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
            assert found.violations_count == 0, found.generate_report()
        if language == "en":
            assert not CHINESE.findall(read_words(page)), "Chinese words on the English page"


def test_two_people_void_an_interview_in_two_browsers(page, address, screenshots):
    sign_in(page, address, "chair")
    page.goto(f"{address}{PAGE}?lang=en")
    cid = page.locator("#voiding tbody code").first.inner_text()
    page.fill("#case", cid)
    page.fill("#reason", "a call of 45 seconds")
    page.get_by_role("button", name="Propose").first.click()
    assert page.get_by_role("button", name=f"Void: {cid}").count() == 0
    other = page.context.browser.new_context(locale="en-GB").new_page()
    sign_in(other, address, "deputy")
    other.goto(f"{address}{PAGE}?lang=en")
    other.get_by_role("button", name=f"Void: {cid}").click()
    assert "Voided." in other.locator("[role=status]").inner_text()
    row = other.locator("#voiding tr", has_text=cid).first
    assert "chair" in row.inner_text() and "deputy" in row.inner_text()
    other.set_viewport_size({"width": 1280, "height": 900})
    other.screenshot(path=screenshots / "quality-voided.png", full_page=True)
    other.context.close()
