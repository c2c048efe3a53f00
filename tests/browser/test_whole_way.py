"""The whole way in a real browser: a designer makes a round, a respondent answers by link, staff publish, the public reads the score."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from evalsys.accounts.actions import add_user
from evalsys.app import create_app
from evalsys.base.clock import FixedClock
from evalsys.base.config import read_settings
from evalsys.base.database import db, transaction
from evalsys.design.actions import load_programme
from evalsys.design.programme_files import read_programme
from evalsys.examples.records import generate_records
from evalsys.fieldwork.interviews import load_conversation, record_answer
from evalsys.fieldwork.models import Interview
from evalsys.samples.models import Case
from tests.services.serving import serving

CITY = Path(__file__).resolve().parents[2] / "evalsys" / "examples" / "city"
ROUND, UNITS = "2026-mid-year", ["U001", "U039"]
PASSWORDS = {"designer": "design-password", "chair": "chair-password", "deputy": "deputy-password"}
ROLES = {"designer": "designer", "chair": "commission", "deputy": "commission"}


@pytest.fixture
def site(tmp_path) -> Iterator[tuple[str, object]]:
    """An installation with the example programme and three people, served on loopback at ten in the morning of the first field day."""
    clock = FixedClock(datetime.fromisoformat("2026-06-08T10:00:00+08:00"))
    app = create_app(read_settings({"EVALSYS_HOME": str(tmp_path / "home")}), clock=clock)
    with app.app_context():
        db.create_all()
        with transaction() as session:
            load_programme(session, clock, read_programme(CITY), actor="test", reason="test")
            for name, password in PASSWORDS.items():
                add_user(session, clock, name=name, display_name=name, password=password, roles=[ROLES[name]])
    with serving(app) as address:
        yield address, app


def sign_in(page, base: str, name: str) -> None:
    """Sign a person in, in English."""
    page.goto(f"{base}/sign-in?lang=en")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORDS[name])
    with page.expect_navigation():
        page.locator("main button").click()


def press(page, label: str) -> None:
    """Press the button with exactly this label, and wait for the page that follows."""
    with page.expect_navigation():
        page.get_by_role("button", name=label, exact=True).click()


def go_on(page) -> None:
    """Press a respondent's main button, and wait for the page that follows."""
    with page.expect_navigation():
        page.locator("button.primary").click()


def second(page, base: str, path: str, label: str) -> None:
    """The second person signs in at another desk, looks at what was proposed and approves it."""
    desk = page.context.browser.new_context(locale="en-GB").new_page()
    sign_in(desk, base, "deputy")
    desk.goto(base + path)
    press(desk, label)
    desk.context.close()


def answer_by_link(browser, base: str, link: str, screenshots: Path) -> None:
    """A respondent opens the link on a phone and answers every question."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 800})
    page = context.new_page()
    for language in ("en", "zh_Hans"):
        page.goto(f"{base}/q/{link}?lang={language}")
        page.screenshot(path=screenshots / f"respondent-welcome-{language}-390.png", full_page=True)
    page.goto(f"{base}/q/{link}")
    go_on(page)
    page.screenshot(path=screenshots / "respondent-question-zh_Hans-390.png", full_page=True)
    go_on(page)
    assert page.get_by_role("alert").count() == 1, "an answer that is missing is asked for beside the question"
    page.screenshot(path=screenshots / "respondent-missing-zh_Hans-390.png", full_page=True)
    while page.locator("form.question").count():
        if page.locator("form.question input[type=radio]").count():
            page.locator("form.question label").first.click()
        go_on(page)
    assert "评价已收到" in page.content()
    context.close()


def answer_for_the_others(app, skip: int) -> int:
    """Fifty more people of each unit answer, through the same door as every channel."""
    runtime = app.extensions["evalsys"]
    answered = 0
    with app.app_context(), transaction() as session:
        for unit in UNITS:
            rows = select(Interview.case_id).where(Interview.unit_code == unit, Interview.state == "waiting")
            cases = [case for case in session.scalars(rows.order_by(Interview.case_id)) if case != skip][::5][:70]
            for number, case_id in enumerate(cases):
                talk = load_conversation(session, runtime, case_id)
                while (question := talk.next_question("web")) is not None and talk.is_open:
                    value = (
                        ""
                        if not question.options
                        else question.options[number % 3 if question.code[0] == "I" else 0].value
                    )
                    talk = record_answer(session, runtime, talk, question.code, value, channel="web")
                answered += 1
    return answered


def test_from_the_designer_to_the_public_table(site, browser, page, screenshots, tmp_path):
    """What a designer sets up and a respondent answers stands, as a score with its interval, on the public page."""
    base, app = site
    made = generate_records(
        read_programme(CITY), tmp_path / "records", round_kind="mid_year", seed=3, units=UNITS, per_unit=500
    )
    sign_in(page, base, "designer")
    page.goto(f"{base}/design/programmes/example-2026/rounds")
    page.select_option("select[name=plan]", ROUND)
    page.fill("[name=frame_supplier]", "the units' own systems")
    for unit in UNITS:
        page.check(f"input[name=units][value={unit}]")
    press(page, "Make the round")
    for path in made.records:
        page.set_input_files("input[type=file]", path)
        press(page, "Import")
        assert "0 refused" in page.content()
    press(page, "Sign out")

    sign_in(page, base, "chair")
    page.goto(f"{base}/commission/rounds/{ROUND}")
    page.fill("input[name=dice_source]", "twenty dice before the supervisors")
    press(page, "Commit")
    page.fill("input[name=dice]", "63454660390103169462")
    press(page, "Propose the draw")
    second(page, base, f"/commission/rounds/{ROUND}?lang=en", "Approve and draw")
    page.reload()
    press(page, "Open fieldwork")

    with app.app_context():
        case = db.session.scalar(select(Case).where(Case.released_at.is_not(None), Case.unit_code == "U001").limit(1))
        link = app.extensions["evalsys"].keyring.link_token(case.cid)
    problems = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.clock.install()
    page.goto(f"{base}/commission/rounds/{ROUND}")
    assert "1.1" not in page.locator("#fieldwork").inner_text(), "nobody has answered yet"
    answer_by_link(browser, base, link, screenshots)
    page.clock.run_for(11_000)
    page.locator("#fieldwork th", has_text="Complete").wait_for()
    assert page.locator("#fieldwork").count() == 1, "the section is replaced, not repeated"
    assert problems == [], "nothing that the content security policy forbids"
    assert answer_for_the_others(app, case.id) == 140

    for act in ("Close fieldwork", "Freeze the answers", "Score"):
        page.goto(f"{base}/commission/rounds/{ROUND}")
        press(page, act)
    press(page, "Propose to publish")
    second(page, base, f"/commission/rounds/{ROUND}/scores?lang=en", "Approve and publish")

    visitor = browser.new_context(locale="en-GB").new_page()
    visitor.goto(f"{base}/results/{ROUND}/?lang=en")
    text = visitor.locator("main").inner_text()
    assert "Public Security Bureau" in text
    with app.app_context():
        from evalsys.results.queries import get_publication

        scores = {u["unit"]: u for u in get_publication(db.session(), ROUND).figures["round"]["units"]}
    assert scores["U001"]["survey_score"] is not None
    assert scores["U001"]["survey_score"] in text
    visitor.context.close()
