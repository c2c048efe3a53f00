"""The respondent's pages in a real browser: no barrier that axe finds, on the narrowest screens, by keyboard alone, without scripts."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.evalsys.installation import Installation, make_open
from tests.services.serving import serving

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
#: bytes of the first page with everything that it fetches
LIGHT = 35 * 1024


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Installation:
    return make_open(tmp_path_factory.mktemp("open"))


@pytest.fixture(scope="module")
def address(place):
    with serving(place.app) as address:
        yield address


@pytest.fixture
def link(place, address) -> str:
    return free_link(place, address)


def free_link(place: Installation, address: str) -> str:
    """The link of a case that nobody has answered yet."""
    cid, *_ = place.sql(
        'SELECT c.cid FROM "case" c JOIN interview i ON i.case_id = c.id WHERE i.state = :state AND i.version = 0 LIMIT 1',
        state="waiting",
    )[0]
    return f"{address}/q/{place.runtime.keyring.link_token(cid)}"


def open_page(browser, link: str, *, width: int = 320, scripts: bool = True, reading: str = ""):
    context = browser.new_context(locale="zh-CN", viewport={"width": width, "height": 700}, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{link}?{reading}")
    return page


def go_on(page) -> None:
    with page.expect_navigation():
        page.locator("button.primary").click()


def check(page, name: str, width: int) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{name} is {wide} pixels wide on a screen of {width}"
    found = Axe().run(page, options=WCAG)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("size", ["normal", "large"])
@pytest.mark.parametrize("language", ["zh_Hans", "en"])
def test_no_page_of_the_way_has_a_barrier_and_the_chosen_reading_stays(browser, link, screenshots, language, size):
    page = open_page(browser, link, reading=f"lang={language}&size={size}")
    for name in ("welcome", "question", "missing"):
        check(page, name, 320)
        page.screenshot(path=screenshots / f"respondent-{name}-{language}-{size}-320.png", full_page=True)
        go_on(page)
    steps = 0
    while page.locator("form.question").count():
        assert ("large" in (page.locator("html").get_attribute("class") or "")) == (size == "large")
        assert page.locator("html").get_attribute("lang") == {"zh_Hans": "zh-Hans", "en": "en"}[language]
        if page.locator("form.question input[type=radio]").count():
            page.locator("form.question label").first.click()
        check(page, f"question {steps}", 320)
        go_on(page)
        steps += 1
    check(page, "thanks", 320)
    page.screenshot(path=screenshots / f"respondent-thanks-{language}-{size}-320.png", full_page=True)
    assert steps > 8
    page.context.close()


def test_large_type_is_half_as_large_again(browser, link):
    page = open_page(browser, link)
    size = "parseFloat(getComputedStyle(document.querySelector('.lead')).fontSize)"
    normal = page.evaluate(size)
    with page.expect_navigation():
        page.get_by_role("link", name="大字版").click()
    assert page.evaluate(size) == pytest.approx(1.5 * normal)
    with page.expect_navigation():
        page.get_by_role("link", name="标准字号").click()
    assert page.evaluate(size) == pytest.approx(normal)
    page.context.close()


def test_the_whole_questionnaire_is_answered_by_keyboard_alone(browser, link):
    page = open_page(browser, link)

    def tab_to(selector: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    tab_to("button.primary")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    while page.locator("form.question").count():
        if page.locator("form.question input[type=radio]").count():
            tab_to("input[type=radio]")
            page.keyboard.press("Space")
        tab_to("button.primary")
        with page.expect_navigation():
            page.keyboard.press("Enter")
    assert "评价已收到" in page.content()
    page.context.close()


def test_the_whole_questionnaire_is_answered_without_scripts(browser, link):
    page = open_page(browser, link, scripts=False)
    go_on(page)
    while page.locator("form.question").count():
        if page.locator("form.question input[type=radio]").count():
            page.locator("form.question label").first.click()
        go_on(page)
    assert page.get_by_text("评价已收到").count()
    page.context.close()


def test_the_first_page_is_light_and_asks_nobody_else(browser, link, address):
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 800})
    page = context.new_page()
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(link)
    page.wait_for_load_state("networkidle")
    assert all(answer.url.startswith(address) for answer in answers)
    weight = sum(len(answer.body()) for answer in answers)
    assert weight <= LIGHT, f"the first page weighs {weight} bytes"
    context.close()


@pytest.mark.parametrize("language", ["zh_Hans", "en"])
def test_the_page_that_promises_a_call_has_no_barrier(browser, link, screenshots, language):
    page = open_page(browser, link, width=390, reading=f"lang={language}")
    page.screenshot(path=screenshots / f"respondent-welcome-{language}-390.png", full_page=True)
    with page.expect_navigation():
        page.locator("button[value=call]").click()
    assert page.get_by_text({"zh_Hans": "我们会给您打电话", "en": "We will call you"}[language]).count()
    check(page, "call", 390)
    page.screenshot(path=screenshots / f"respondent-call-{language}-390.png", full_page=True)
    page.context.close()


@pytest.mark.parametrize(("language", "width"), [("zh_Hans", 320), ("en", 320), ("zh_Hans", 1280), ("en", 1280)])
def test_all_questions_on_one_page_and_the_review_have_no_barrier(browser, tmp_path, screenshots, language, width):
    place = make_open(tmp_path / "home", web={"layout": "single", "review": True})
    with serving(place.app) as address:
        page = open_page(browser, free_link(place, address), width=width, reading=f"lang={language}")
        go_on(page)

        def look(name: str) -> None:
            check(page, name, width)
            page.screenshot(path=screenshots / f"respondent-{name}-{language}-{width}.png", full_page=True)

        look("all")
        page.locator("section.one label").first.click()
        go_on(page)
        look("all-missing")
        for section in page.locator("section.one:has(input[type=radio])").all():
            section.locator(".option label").first.click()
        page.locator("textarea").fill({"zh_Hans": "谢谢。", "en": "Thank you."}[language])
        go_on(page)
        look("review")
        page.locator(".review a").nth(1).click()
        page.locator("section.one").nth(1).locator(".option label").last.click()
        go_on(page)
        assert page.locator(".review dd").nth(1).inner_text() != page.locator(".review dd").nth(2).inner_text()
        go_on(page)
        assert page.get_by_text({"zh_Hans": "评价已收到", "en": "Thank you for taking part"}[language]).count()
        page.context.close()
