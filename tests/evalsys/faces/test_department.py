"""A department sees its own unit in published rounds; another unit, an unpublished round, sample and answers are not found, and logged."""

from __future__ import annotations

import json
import sys

import pytest

from evalsys.accounts.actions import add_user
from evalsys.base.database import db, transaction
from evalsys.faces.department.routes import show_unit
from evalsys.render.words import show_number
from tests.evalsys.faces.published_city import MID_YEAR, publish_city
from tests.evalsys.faces.staff import PASSWORD, signed_in

LIAISON = "liaison"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A published city; the unit shown that the liaison is of, another one, and one that is hidden."""
    app = publish_city(tmp_path_factory.mktemp("department"))
    client = app.test_client()
    with app.app_context():
        query = "select code from round_unit where round_id = (select id from round where code = :code) order by id"
        codes = [code for (code,) in db.session.execute(db.text(query), {"code": MID_YEAR})]
        pages = {code: client.get(f"/results/{MID_YEAR}/units/{code}?lang=en").text for code in codes}
        shown = [code for code, page in pages.items() if "complete interviews" in page]
        hidden = [code for code in codes if code not in shown]
        with transaction() as session:
            clock = app.extensions["evalsys"].clock
            for name, unit in ((LIAISON, shown[0]), ("hidden", hidden[0])):
                add_user(
                    session,
                    clock,
                    name=name,
                    display_name=name,
                    password=PASSWORD,
                    roles=["department"],
                    unit_code=unit,
                )
        db.session.remove()
    return app, shown[0], shown[1], hidden[0]


def list_refused(app) -> list[str]:
    with app.app_context():
        rows = db.session.execute(db.text("select details from audit_entry where action = 'page refused' order by id"))
        return [json.loads(details)["address"] for (details,) in rows]


def test_a_liaison_reads_scores_intervals_and_indicators_of_their_own_unit(city):
    app, own, _, _ = city
    client = signed_in(app, LIAISON)
    assert f"/department/rounds/{MID_YEAR}/units/{own}" in client.get("/department/?lang=en").text
    page = client.get(f"/department/rounds/{MID_YEAR}/units/{own}?lang=en").text
    with app.app_context():
        (raw,) = db.session.execute(
            db.text("select figures from publication where round_id = (select id from round where code = :code)"),
            {"code": MID_YEAR},
        ).one()
    figures = json.loads(raw) if isinstance(raw, str) else raw
    mine = next(unit for unit in figures["round"]["units"] if unit["unit"] == own)
    assert f"{mine['survey_low']}–{mine['survey_high']}" in page
    means = [show_number(part["mean"]) for part in mine["indicators"].values() if part["mean"] is not None]
    assert len(means) >= 6 and not [mean for mean in means if f">{mean}</td>" not in page]


def test_the_year_before_stands_beside_each_score_and_indicator(city, monkeypatch):
    app, own, other, _ = city
    then = {
        "survey_score": "71.11",
        "score": "72.22",
        "hotline": {"score": "73.33"},
        "indicators": {"I1": {"mean": "74.44"}},
    }
    figures = {own: then, other: {"score": "1.23"}}
    monkeypatch.setattr(sys.modules[show_unit.__module__], "list_year_before", lambda *_: figures)
    page = signed_in(app, LIAISON).get(f"/department/rounds/{MID_YEAR}/units/{own}?lang=en").text
    assert [page.count(f">{number}<") for number in ("71.11", "72.22", "73.33", "74.44", "1.23")] == [1, 1, 1, 1, 0]


def test_a_unit_with_too_few_answers_learns_that_and_no_number(city):
    app, _, _, hidden = city
    page = signed_in(app, "hidden").get(f"/department/rounds/{MID_YEAR}/units/{hidden}?lang=en").text
    assert "Too few people answered" in page and '<td class="number">' not in page


def test_what_is_not_the_departments_own_is_not_found_and_stands_in_the_log(city):
    app, own, other, _ = city
    with app.app_context(), transaction() as session:
        (code,) = session.execute(db.text("select code from round where code != :code"), {"code": MID_YEAR}).one()
        session.execute(
            db.text("delete from publication where round_id = (select id from round where code = :c)"), {"c": code}
        )
        session.execute(db.text("update round set published_at = null where code = :c"), {"c": code})
    asked = [
        f"/department/rounds/{MID_YEAR}/units/{other}",
        f"/department/rounds/{code}/units/{own}",
        f"/department/rounds/none/units/{own}",
        f"/commission/rounds/{MID_YEAR}/scores",
        f"/commission/rounds/{MID_YEAR}",
        f"/design/rounds/{MID_YEAR}",
        f"/results/{MID_YEAR}/bundle-auditor.zip",
        f"/oversight/rounds/{MID_YEAR}/draw.zip",
        f"/audit/chains/{MID_YEAR}.jsonl",
        "/accounts/",
    ]
    client, before = signed_in(app, LIAISON), list_refused(app)
    assert {path: client.get(path).status_code for path in asked} == dict.fromkeys(asked, 404)
    assert list_refused(app)[len(before) :] == asked
    assert f"/department/rounds/{code}/" not in client.get("/department/").text
    with app.app_context():
        actors = db.session.execute(db.text("select distinct actor from audit_entry where action = 'page refused'"))
        assert {actor for (actor,) in actors} == {LIAISON}
