"""The public pages in a real browser: no error on the console, no sideways scrolling of the page, no barrier that axe finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from evalsys.accounts.actions import add_user
from evalsys.base.database import db, transaction
from evalsys.results.reports import order_reports
from tests.browser.test_pages import sign_in
from tests.evalsys.faces.published_city import YEAR_END, publish_city
from tests.evalsys.faces.staff import PASSWORD
from tests.services.serving import serving

PAGES = {
    "rounds": "/",
    "round": f"/results/{YEAR_END}/",
    "category": f"/results/{YEAR_END}/categories/services/",
    "unit": f"/results/{YEAR_END}/units/U002",
    "hidden": f"/results/{YEAR_END}/units/U001",
    "method": f"/results/{YEAR_END}/method",
    "verify": "/verify/",
    "sign-in": "/sign-in",
}
WIDTHS = {"wide": 1280, "narrow": 390}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a published city is served."""
    app = publish_city(tmp_path_factory.mktemp("city"))
    with app.app_context():
        with transaction() as session:
            clock = app.extensions["evalsys"].clock
            add_user(session, clock, name="chair", display_name="chair", password=PASSWORD, roles=["commission"])
            order_reports(session, app.extensions["evalsys"], YEAR_END, "en")
        db.session.remove()
    with serving(app) as address:
        yield address


def open_page(page, address, name, language, width):
    """Open a page at a width and wait until its figures are drawn."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{address}{PAGES[name]}?lang={language}")
    for place in page.locator(".chart").all():
        place.locator(".main-svg").first.wait_for()


@pytest.mark.parametrize("language", ["zh_Hans", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_barrier_and_scrolls_sideways_only_within_its_tables(page, address, screenshots, name, language):
    for label, width in WIDTHS.items():
        open_page(page, address, name, language, width)
        page.screenshot(path=screenshots / f"public-{name}-{language}-{label}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} pixels wide on a screen of {width}"
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


def test_every_category_has_its_figure_beside_the_table(page, address):
    open_page(page, address, "round", "en", 1280)
    assert page.locator(".chart.drawn").count() == page.locator("section:has(table.scores)").count() == 3
    drawn = page.locator(".chart").first.inner_text()
    assert "Traffic Police Corps" in drawn and "Public Security Bureau" not in drawn, "a hidden unit is not drawn"


def test_the_round_is_complete_without_scripts(browser, address):
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(address + PAGES["round"])
    assert page.locator("table.scores").first.is_visible()
    assert page.locator(".chart").first.is_hidden()
    context.close()


def test_the_first_key_press_leads_past_the_menu(page, address):
    open_page(page, address, "round", "zh_Hans", 1280)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize(("kind", "begins"), [("SVG", b"<svg"), ("PNG", b"\x89PNG")])
def test_a_figure_is_saved_as_a_file(page, address, kind, begins):
    open_page(page, address, "round", "en", 1280)
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save as {kind}").first.click()
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(begins) and len(content) > 2000


@pytest.mark.parametrize("language", ["zh_Hans", "en"])
@pytest.mark.parametrize("place", ["documents", "scores"])
def test_the_commission_s_scores_and_documents_have_no_barrier(page, address, screenshots, place, language):
    sign_in(page, address, "chair")
    for label, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{address}/commission/rounds/{YEAR_END}/{place}?lang={language}")
        for chart in page.locator(".chart").all():
            chart.locator(".main-svg").first.wait_for()
        page.screenshot(path=screenshots / f"commission-{place}-{language}-{label}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
