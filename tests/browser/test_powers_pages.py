"""Accounts, the second factor and oversight in a real browser: they fit, have no barrier that axe finds, and do what they say."""

from __future__ import annotations

import re
import subprocess
import sys

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe

from evalsys.accounts.actions import add_user
from evalsys.base.database import db, transaction
from evalsys.fieldwork.jobs import dial_numbers
from evalsys.fieldwork.releases import open_round
from tests.browser.test_pages import CHINESE, PASSWORD, read_words, sign_in
from tests.evalsys.faces.published_city import publish_city
from tests.evalsys.installation import BEACON, OPENING, ROUND, draw, import_all, make_draft
from tests.services.serving import serving

OFFICERS = {"admin": "administrator", "officer": "security", "wang": "commission", "looker": "auditor"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An installation with officers and an empty round."""
    place = make_draft(tmp_path_factory.mktemp("powers"))
    for name, role in OFFICERS.items():
        place.act(
            lambda s, r, n=name, k=role: add_user(s, r.clock, name=n, display_name=n, password=PASSWORD, roles=[k])
        )
    return place


@pytest.fixture(scope="module")
def address(place):
    """Where it is served."""
    with serving(place.app) as address:
        yield address


@pytest.fixture(scope="module")
def supervised(tmp_path_factory):
    """Another installation, whose round has records and no commitment yet, and where it is served."""
    place = make_draft(tmp_path_factory.mktemp("supervised"))
    import_all(place)
    place.act(
        lambda s, r: add_user(s, r.clock, name="wang", display_name="wang", password=PASSWORD, roles=["commission"])
    )
    with serving(place.app) as address:
        yield place, address


def look_at(page, address: str, path: str, screenshots, name: str) -> None:
    """The page in both languages and widths: a picture, nothing wider than the screen, no barrier, no foreign words."""
    for language in ("en", "zh_Hans"):
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{address}{path}?lang={language}")
            page.screenshot(path=screenshots / f"powers-{name}-{language}-{width}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} pixels wide on a screen of {width}"
        found = Axe().run(page, options={"runOnly": RULES})
        assert found.violations_count == 0, found.generate_report()
        if language == "en":
            assert not CHINESE.findall(read_words(page)), f"{name} shows Chinese words on its English page"


def test_somebody_takes_a_second_factor_into_use_and_signs_in_with_it(page, place, address, screenshots):
    sign_in(page, address, "wang")
    look_at(page, address, "/account", screenshots, "account")
    look_at(page, address, "/account/password", screenshots, "password")
    page.goto(f"{address}/account/second-factor?lang=en")
    page.get_by_role("button", name="Begin").click()
    look_at(page, address, "/account/second-factor", screenshots, "second-factor")
    totp = pyotp.TOTP(page.locator("main code").inner_text().replace(" ", ""))
    page.fill("#code", totp.at(place.clock.now()))
    page.locator("main form button").click()
    assert page.locator("main li code").count() == 10
    page.screenshot(path=screenshots / "powers-recovery-codes.png", full_page=True)
    recovery = page.locator("main li code").first.inner_text()
    other = page.context.browser.new_context(locale="en-GB").new_page()
    sign_in(other, address, "wang")
    assert other.url.endswith("/sign-in/code")
    other.screenshot(path=screenshots / "powers-code.png", full_page=True)
    other.fill("#code", recovery)
    other.locator("main form button").click()
    assert other.url.endswith("/commission/")
    other.context.close()


def test_the_pages_of_the_officers_fit_and_have_no_barrier(page, address, screenshots):
    sign_in(page, address, "admin")
    look_at(page, address, "/accounts/", screenshots, "accounts")
    page.fill("#name", "li")
    page.fill("#display_name", "Li")
    page.locator("main form button").last.click()
    assert re.fullmatch(r"\S{16}", page.locator("main code").inner_text())
    page.screenshot(path=screenshots / "powers-password-given.png", full_page=True)
    page.locator(".who button").click()
    sign_in(page, address, "officer")
    look_at(page, address, "/accounts/li", screenshots, "officer")
    page.check("input[value=interviewer]")
    page.locator("main form button").last.click()
    assert page.locator("[role=status]").count() == 1


def test_the_auditors_pages_fit_and_have_no_barrier(page, address, screenshots):
    sign_in(page, address, "looker")
    assert page.url.endswith("/audit/")
    look_at(page, address, "/audit/", screenshots, "log")
    look_at(page, address, "/audit/verification", screenshots, "verification")
    with page.expect_download() as kept:
        page.goto(f"{address}/audit/?lang=en")
        page.get_by_role("link", name="Checkpoint (JSON)").click()
    page.goto(f"{address}/audit/verification?lang=en")
    page.set_input_files("input[type=file]", kept.value.path())
    page.get_by_role("button", name="Compare").click()
    assert "Compared with the checkpoint" in page.locator("main").inner_text()


def test_a_supervisor_goes_from_invitation_to_signed_minutes(browser, supervised, screenshots, tmp_path):
    place, address = supervised
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}, accept_downloads=True)
    chair, page = context.new_page(), browser.new_context(locale="zh-CN", accept_downloads=True).new_page()
    observers, mine = f"/commission/rounds/{ROUND}/observers", f"/oversight/rounds/{ROUND}"
    sign_in(chair, address, "wang")
    chair.goto(f"{address}{observers}?lang=en")
    chair.fill("#name", "Ms Zhou")
    chair.get_by_role("button", name="Make the link").click()
    link = "/observe/" + chair.locator("[role=status] code").inner_text().rpartition("/observe/")[2]
    look_at(chair, address, observers, screenshots, "observers")

    look_at(page, address, link, screenshots, "invitation")
    page.fill("#user_name", "zhou")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.locator("main form button").click()
    sign_in(page, address, "zhou")
    assert page.url.endswith("/oversight/")
    look_at(page, address, "/oversight/", screenshots, "supervision")
    look_at(page, address, mine, screenshots, "supervised-draft")
    page.fill("#nonce", "c0ffee" * 8)
    page.locator(f"form[action='{mine}/nonce'] button").click()
    assert page.locator("[role=status]").count() == 1

    chair.goto(f"{address}/commission/rounds/{ROUND}?lang=en")
    chair.fill("input[name=beacon_source]", BEACON)
    chair.fill("input[name=dice_source]", "twenty dice")
    chair.get_by_role("button", name="Commit", exact=True).click()
    draw(place)
    place.clock.at = OPENING
    place.on_round(open_round, actor="wang")
    place.do_job(dial_numbers)

    look_at(page, address, mine, screenshots, "supervised-drawn")
    with page.expect_download() as drawn:
        page.get_by_role("link", name=f"draw-{ROUND}.zip").click()
    with page.expect_download() as verifier:
        page.locator("main").get_by_role("link", name="verify_draw.py").click()
    command = page.locator("main pre code", has_text="verify_draw").inner_text().split()
    files = [str(drawn.value.path()), command[-1]]
    said = subprocess.run([sys.executable, "-I", verifier.value.path(), *files], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
    look_at(page, address, f"{mine}/interviews", screenshots, "supervised-interviews")
    assert page.locator("main tbody tr").count() == place.sql("select count(*) from attempt")[0][0] > 0

    page.goto(f"{address}{mine}?lang=en")
    page.check("input[value=re-draw]")
    page.fill("#printed", said.stdout)
    page.fill("#text", "The dice were rolled openly, and my own machine draws the same sample.")
    page.get_by_role("button", name="Sign the minutes").click()
    assert "draws the same sample" in page.locator(".minutes").inner_text()
    look_at(page, address, mine, screenshots, "supervised-signed")
    chair.goto(f"{address}{observers}?lang=en")
    assert "draws the same sample" in chair.locator(".minutes").inner_text()
    assert place.sql("select count(*) from audit_entry where action = 'minutes signed'") == [(1,)]


def test_a_departments_pages_fit_and_have_no_barrier(page, tmp_path, screenshots):
    app = publish_city(tmp_path / "home")
    with app.app_context():
        with transaction() as session:
            clock = app.extensions["evalsys"].clock
            person = {"name": "liaison", "display_name": "liaison", "password": PASSWORD, "roles": ["department"]}
            units = session.execute(db.text("select code from round_unit order by id limit 2")).all()
            add_user(session, clock, **person, unit_code=units[1][0])
        db.session.remove()
    with serving(app) as address:
        sign_in(page, address, "liaison")
        assert page.url.endswith("/department/")
        look_at(page, address, "/department/", screenshots, "department")
        look_at(page, address, f"/department/rounds/{ROUND}/units/{units[1][0]}", screenshots, "own-unit")
        assert page.locator("main tbody tr").count() > 8
