"""The staff's pages in a real browser: no barrier that axe finds, no sideways scrolling, no word of the other language."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from evalsys.accounts.actions import add_user
from evalsys.base.database import db, transaction
from tests.evalsys.faces.published_city import YEAR_END, publish_city
from tests.evalsys.faces.staff import PASSWORD, PEOPLE
from tests.services.serving import serving

DESIGNER = {
    "programmes": "/design/",
    "programme": "/design/programmes/example-2026",
    "units": "/design/units?category=services",
    "unit": "/design/units/U001",
    "areas": "/design/areas",
    "new-round": "/design/programmes/example-2026/rounds",
    "round": f"/design/rounds/{YEAR_END}",
}
COMMISSION = {
    "fieldwork": "/commission/",
    "progress": f"/commission/rounds/{YEAR_END}",
    "scores": f"/commission/rounds/{YEAR_END}/scores",
}
PAGES = [("planner", *page) for page in DESIGNER.items()] + [("chair", *page) for page in COMMISSION.items()]
#: what people typed in (names, reasons, sign-ins) and codes that are the same in every language
SAME_IN_CHINESE = {"planner", "chair", "designer", "example", "themselves", "units"}
CHINESE = re.compile("[\u3400-\u9fff]")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a city with two published rounds and its staff is served."""
    app = publish_city(tmp_path_factory.mktemp("city"))
    with app.app_context():
        with transaction() as session:
            for name, role in PEOPLE.items():
                clock = app.extensions["evalsys"].clock
                add_user(session, clock, name=name, display_name=name, password=PASSWORD, roles=[role])
        db.session.remove()
    with serving(app) as address:
        yield address


def sign_in(page, address: str, name: str) -> None:
    """Sign in by the form, as a person does."""
    page.goto(f"{address}/sign-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("main button")


def read_words(page) -> str:
    """What a person reads on the page besides codes, data of the register, and what stands in fields."""
    return page.evaluate(
        """() => {
          const main = document.querySelector("main").cloneNode(true);
          main.querySelectorAll("code, input, textarea, svg").forEach((part) => part.remove());
          return main.textContent;
        }"""
    )


@pytest.mark.parametrize(("person", "name", "path"), PAGES, ids=[name for _, name, _ in PAGES])
def test_a_staff_page_fits_speaks_one_language_and_has_no_barrier(page, address, screenshots, person, name, path):
    sign_in(page, address, person)
    sign = "&" if "?" in path else "?"
    for language in ("en", "zh_Hans"):
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{address}{path}{sign}lang={language}")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=screenshots / f"staff-{name}-{language}-{width}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} pixels wide on a screen of {width}"
        words = read_words(page)
        if language == "en":
            assert not CHINESE.findall(words), f"{name} shows Chinese words on its English page"
        else:
            strange = set(re.findall(r"\b[a-z]{4,}\b", words)) - SAME_IN_CHINESE
            assert not strange, f"{name} shows {strange} on its Chinese page"
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


def test_the_forms_mistakes_are_tied_to_their_fields(page, address):
    """The console is not looked at here: the browser reports the refused form's status as an error of its own."""
    context = page.context.browser.new_context(locale="en-GB")
    other = context.new_page()
    sign_in(other, address, "planner")
    other.goto(f"{address}/design/units/U002?lang=en")
    other.fill("#name_en", "")
    other.click("main button")
    field = other.locator("#name_en")
    assert field.get_attribute("aria-invalid") == "true"
    described = field.get_attribute("aria-describedby").split()[-1]
    assert other.locator(f"#{described}").inner_text() == "Fill this in."
    context.close()
