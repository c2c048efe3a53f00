"""Signing in: nobody learns who has an account, and nobody is sent elsewhere."""

from __future__ import annotations

import pytest

from tests.evalsys.faces.staff import PASSWORD, make_installation, send, signed_in


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An installation with people and nothing else."""
    return make_installation(tmp_path_factory.mktemp("home"))


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(app):
    answers = [
        send(app.test_client(), "/sign-in?lang=en", name=name, password="wrong password")
        for name in ("nobody", "looker")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    said = "Name and password do not belong together, or the account is locked."
    assert all(said in answer.text for answer in answers)


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/design/units?q=1", "/design/units?q=1"),
        ("https://evil.example/", "/commission/"),
        ("//evil.example/", "/commission/"),
        ("/\\evil.example/", "/commission/"),
        ("/\t/evil.example/", "/commission/"),
        ("", "/commission/"),
    ],
)
def test_after_signing_in_one_reaches_only_pages_of_this_site(app, wanted, reached):
    client = app.test_client()
    client.get("/sign-in")
    token = send(client, "/sign-in", name="", password="").text.split('name="csrf_token"')[1].split('value="')[1]
    data = {"csrf_token": token.split('"')[0], "name": "chair", "password": PASSWORD}
    answer = client.post("/sign-in", query_string={"next": wanted}, data=data)
    assert answer.headers["Location"] == reached


def test_a_page_that_needs_signing_in_comes_back_to_itself_afterwards(app):
    answer = app.test_client().get("/design/units?q=health")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in?next=/design/units?q%3Dhealth"


def test_signing_out_closes_the_pages_again(app):
    client = signed_in(app, "chair")
    assert client.get("/commission/").status_code == 200
    assert send(client, "/commission/", "/sign-out").status_code == 302
    assert client.get("/commission/").status_code == 302


def test_signing_out_without_the_pages_token_is_refused(app):
    client = signed_in(app, "chair")
    assert client.post("/sign-out").status_code == 400
    assert client.get("/commission/").status_code == 200
