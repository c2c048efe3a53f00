"""One batch of forms on paper in a real browser, from print to signature; each page fits and has no barrier that axe finds."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.test_pages import CHINESE, read_words, sign_in
from tests.evalsys.faces.meeting import KEYING, PAGE, SERIAL, make_meeting
from tests.evalsys.fieldwork.paper import FILLED
from tests.evalsys.installation import ROUND
from tests.services.serving import serving

SIGNING = "/paper/signing"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a round is served whose people answer on paper."""
    place = make_meeting(tmp_path_factory.mktemp("paper"))
    with serving(place.app) as address:
        yield address


@pytest.fixture
def open_as(browser, address):
    """A browser in which somebody is signed in."""
    contexts = []

    def open_page(name: str):
        contexts.append(browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}))
        page = contexts[-1].new_page()
        sign_in(page, address, name)
        page.goto(f"{address}/?lang=en")
        return page

    yield open_page
    for context in contexts:
        context.close()


def check_page(page, screenshots, name: str) -> None:
    """Look at the page in both languages, wide and narrow."""
    here = page.url.split("?")[0]
    for language in ("zh_Hans", "en"):
        page.goto(f"{here}?lang={language}")
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=screenshots / f"paper-{name}-{language}-{width}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} pixels wide on a screen of {width}"
            if (language, width) not in (("zh_Hans", 390), ("en", 1280)):
                continue
            found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
            assert found.violations_count == 0, found.generate_report()


def key(page, address: str, serial: str, **fields: str) -> None:
    """Type a serial in and key the form."""
    page.goto(f"{address}{KEYING}?lang=en")
    page.fill("input[name=serial]", serial)
    page.get_by_role("button", name="Key this form").click()
    for name, value in fields.items():
        page.check(f"input[name=f-{name}][value='{value}']")
    page.get_by_role("button", name="Keep").click()


def test_a_batch_goes_from_print_to_signature_in_the_browser(open_as, address, screenshots):
    chair = open_as("chair")
    chair.goto(f"{address}{PAGE}?lang=en")
    check_page(chair, screenshots, "batches")
    chair.fill("#limit", "2")
    chair.select_option("#units", "U001")
    chair.get_by_role("button", name="Make the batch").click()
    check_page(chair, screenshots, "batch")
    first, second = sorted(set(SERIAL.findall(chair.content())))
    with chair.expect_download() as printed:
        chair.get_by_role("button", name="Forms, PDF").click()
    assert printed.value.suggested_filename == f"{ROUND}-paper-1.pdf"

    zhao, qian = open_as("zhao"), open_as("qian")
    zhao.goto(f"{address}{KEYING}/{ROUND}/{first}")
    check_page(zhao, screenshots, "key")
    assert "U001" not in zhao.content()
    key(zhao, address, first, **FILLED)
    assert "Another person keys it too" in zhao.locator("[role=status]").inner_text()
    key(qian, address, first, **{**FILLED, "I1": "4"})
    check_page(qian, screenshots, "differences")
    qian.check("input[name=f-I1][value='4']")
    qian.fill("#reason", "the tick is in the fourth box")
    qian.get_by_role("button", name="Settle").click()
    assert f"{first} is done" in qian.locator("[role=status]").inner_text()
    check_page(qian, screenshots, "work")

    chair.goto(f"{address}{PAGE}/1?lang=en")
    chair.check(f"input[value='{second}']")
    chair.get_by_label("Handed out and not returned").check()
    chair.get_by_role("button", name="Account for these").click()

    observer = open_as("observer")
    observer.goto(f"{address}{SIGNING}?lang=en")
    check_page(observer, screenshots, "signing")
    assert not CHINESE.findall(read_words(observer)), "Chinese words on the English page"
    observer.get_by_role("button", name="Sign batch 1").click()
    assert "Batch 1 is signed and closed." in observer.locator("[role=status]").inner_text()
    chair.goto(f"{address}{PAGE}/1?lang=en")
    assert "Signed by observer" in chair.locator("main").inner_text()
    check_page(chair, screenshots, "signed")
