"""The fieldwork board in a real browser: it fits, has no barrier that axe finds, and follows its round without a reload."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from evalsys.fieldwork.jobs import dial_numbers
from tests.browser.test_pages import CHINESE, SAME_IN_CHINESE, read_words, sign_in
from tests.evalsys.faces.test_board import PAGE, add_people, keys_of, take
from tests.evalsys.fieldwork.working import end
from tests.evalsys.installation import make_open
from tests.services.serving import serving


@pytest.fixture
def served(tmp_path):
    """A round whose people were called, an interviewer among those who called, and where it is served."""
    place = make_open(
        tmp_path, mode_sequence=["phone"], random_arm_share=0, cost_per_minute=0.1, cost_per_message=0.1, budget=500
    )
    add_people(place)
    place.do_job(dial_numbers)
    keys = keys_of(place)
    place.sql("UPDATE attempt SET interviewer = 'A01' WHERE key = :key", key=keys[0])
    for key in keys[:6]:
        take(place, key, "1")
    for key in keys[6:30]:
        end(place, key, "no-answer")
    with serving(place.app) as address:
        yield place, address


def test_the_board_fits_speaks_one_language_and_has_no_barrier(page, served, screenshots):
    _, address = served
    sign_in(page, address, "chair")
    for language in ("en", "zh_Hans"):
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{address}{PAGE}?lang={language}")
            page.locator(".chart.drawn").nth(3).wait_for()
            page.screenshot(path=screenshots / f"staff-board-{language}-{width}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"the board is {wide} pixels wide on a screen of {width}"
        words = read_words(page)
        if language == "en":
            assert not CHINESE.findall(words)
        else:
            strange = set(page.evaluate("(words) => words.match(/\\b[a-z]{4,}\\b/g) || []", words)) - SAME_IN_CHINESE
            assert not strange, f"the board shows {strange} on its Chinese page"
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


def test_the_board_follows_its_round_without_a_reload_and_rests_while_nobody_looks(page, served):
    place, address = served
    sign_in(page, address, "chair")
    page.goto(f"{address}{PAGE}?lang=en")
    page.locator(".chart.drawn").nth(3).wait_for()
    page.evaluate("window.stayed = true")
    said = page.locator("#board-said")
    assert said.inner_text() == "6 of 60 completes"
    asked: list[int] = []
    page.on("response", lambda answer: asked.append(answer.status) if answer.url.endswith("/board") else None)
    with page.expect_response(lambda answer: answer.url.endswith("/board")):
        pass
    assert asked == [304], "the board was sent again although nothing had changed"

    with page.expect_response(lambda answer: answer.url.endswith("units.json"), timeout=20_000):
        take(place, keys_of(place)[40], "1")
    page.wait_for_function("document.querySelector('#board-said').textContent === '7 of 60 completes'")
    assert page.locator(".tiles dd").first.inner_text().startswith("7")
    assert page.evaluate("window.stayed"), "the page was loaded anew"
    assert page.locator(".chart.drawn .main-svg").count() >= 4, "the figures were lost"

    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    page.wait_for_timeout(500)
    asked.clear()
    page.wait_for_timeout(6_000)
    assert asked == [], "the board was asked for while nobody looked"
    page.evaluate("delete document.hidden")
    with page.expect_response(lambda answer: answer.url.endswith("/board"), timeout=10_000):
        pass
