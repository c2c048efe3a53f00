"""Accounts on pages: who opens one gives it no role, who gives roles opens none, and production lets nobody in without a second factor."""

from __future__ import annotations

import re

import pyotp
import pytest

from evalsys.accounts.actions import add_user
from evalsys.app import create_app
from evalsys.base.clock import FixedClock
from evalsys.base.config import read_settings
from evalsys.base.database import db, transaction
from tests.evalsys.faces.staff import PASSWORD, make_installation, send, signed_in
from tests.evalsys.installation import BEFORE

OFFICERS = {"admin": "administrator", "officer": "security"}


@pytest.fixture
def app(tmp_path):
    """An installation with an administrator and a security officer besides."""
    app = make_installation(tmp_path, FixedClock(BEFORE))
    with app.app_context():
        with transaction() as session:
            for name, role in OFFICERS.items():
                clock = app.extensions["evalsys"].clock
                add_user(session, clock, name=name, display_name=name, password=PASSWORD, roles=[role])
        db.session.remove()
    return app


def open_account(app, name: str = "wang") -> str:
    """Have the administrator open an account; the password shown once."""
    answer = send(signed_in(app, "admin"), "/accounts/", name=name, display_name="Wang")
    assert answer.status_code == 200, answer.text
    return re.search(r"<p><code>([^<]+)</code></p>", answer.text).group(1)


def enter(app, name: str, password: str):
    client = app.test_client()
    return client, send(client, "/sign-in?lang=en", name=name, password=password)


def test_an_account_needs_two_officers_and_then_its_owners_own_password(app):
    given = open_account(app)
    client, answer = enter(app, "wang", given)
    assert answer.headers["Location"] == "/account/password"
    assert client.get("/commission/").status_code in (302, 403), "no role was given yet"
    answer = send(signed_in(app, "officer"), "/accounts/wang", "/accounts/wang/roles", roles=["commission"])
    assert answer.status_code == 302, answer.text
    client, _ = enter(app, "wang", given)
    assert client.get("/commission/").headers["Location"] == "/account/password", "somebody else knows this password"
    answer = send(client, "/account/password", old=given, new=PASSWORD, again=PASSWORD)
    assert answer.status_code == 302, answer.text
    assert client.get("/commission/").status_code == 200


def test_an_administrator_gives_no_role_and_a_security_officer_opens_no_account(app):
    open_account(app)
    admin, officer = signed_in(app, "admin"), signed_in(app, "officer")
    assert send(admin, "/accounts/", "/accounts/wang/roles", roles=["commission"]).status_code == 403
    for act in ("lock", "unlock", "second-factor/reset"):
        assert send(admin, "/accounts/", f"/accounts/wang/{act}").status_code == 403
    assert send(officer, "/accounts/", name="li", display_name="Li").status_code == 403
    assert send(officer, "/accounts/wang", "/accounts/wang/password").status_code == 403


def test_a_lock_and_new_roles_end_the_sessions_that_are_open(app):
    for act, data in (("roles", {"roles": ["commission", "designer"]}), ("lock", {})):
        client = signed_in(app, "chair")
        assert client.get("/commission/").status_code == 200
        assert send(signed_in(app, "officer"), "/accounts/chair", f"/accounts/chair/{act}", **data).status_code == 302
        assert client.get("/commission/").status_code == 302


def test_signing_out_everywhere_ends_every_browser(app):
    here, there = signed_in(app, "chair"), signed_in(app, "chair")
    assert send(here, "/account", "/account/sign-out-everywhere").status_code == 302
    assert [client.get("/commission/").status_code for client in (here, there)] == [302, 302]


def test_signing_in_begins_a_new_session(app):
    client = app.test_client()
    client.get("/sign-in")
    with client.session_transaction() as browser:
        browser["planted"], planted = "by somebody else", browser.get("csrf_token")
    send(client, "/sign-in", name="chair", password=PASSWORD)
    with client.session_transaction() as browser:
        assert "planted" not in browser and (planted is None or browser.get("csrf_token") != planted)


def test_where_the_factor_is_required_nobody_gets_further_than_enrolment_and_then_needs_a_code(app, tmp_path):
    required = create_app(
        read_settings({"EVALSYS_HOME": str(tmp_path), "EVALSYS_SECOND_FACTOR": "required"}),
        clock=app.extensions["evalsys"].clock,
    )
    client, answer = enter(required, "chair", PASSWORD)
    assert answer.headers["Location"] == "/account/second-factor"
    assert client.get("/commission/").headers["Location"] == "/account/second-factor"
    assert send(client, "/account", "/commission/rounds/x/acts/open").status_code == 403
    send(client, "/account/second-factor", "/account/second-factor/secret")
    page = client.get("/account/second-factor").text
    totp = pyotp.TOTP(re.search(r"<code>([A-Z2-7 ]+)</code>", page).group(1).replace(" ", ""))
    clock = required.extensions["evalsys"].clock
    assert "<svg" in page and "style=" not in page.partition("<main")[2]
    answer = send(client, "/account/second-factor", code=totp.at(clock.now()))
    assert len(re.findall(r"<li><code>", answer.text)) == 10
    assert client.get("/commission/").status_code == 200

    client, answer = enter(required, "chair", PASSWORD)
    assert answer.headers["Location"] == "/sign-in/code" and client.get("/commission/").status_code == 302
    used = send(client, "/sign-in/code", code=totp.at(clock.now()))
    assert used.status_code == 422, "the code of the enrolment was taken again"
    clock.at = clock.now().replace(minute=clock.now().minute + 1)
    assert send(client, "/sign-in/code", code=totp.at(clock.now())).status_code == 302
    assert client.get("/commission/").status_code == 200


def test_the_code_has_to_follow_the_password_within_five_minutes(app):
    client = app.test_client()
    with client.session_transaction() as browser:
        browser["half_way"] = {"name": "chair", "at": "2026-06-05T01:54:00+00:00", "next": ""}
    assert client.get("/sign-in/code").headers["Location"] == "/sign-in"


def test_a_locked_account_an_unknown_name_and_a_wrong_password_get_the_same_page(app):
    send(signed_in(app, "officer"), "/accounts/chair", "/accounts/chair/lock")
    tries = (("chair", PASSWORD), ("chair", "wrong password"), ("nobody", PASSWORD))
    pages = []
    for name, password in tries:
        _, answer = enter(app, name, password)
        pages.append((answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)))
    assert pages[0][0] == 422 and len(set(pages)) == 1
