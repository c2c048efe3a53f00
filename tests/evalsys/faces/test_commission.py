"""The commission's pages: from the commitment to a closed round, with two people where two are wanted."""

from __future__ import annotations

import csv
import io
import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from evalsys.accounts.actions import add_user
from evalsys.app import create_app
from evalsys.base.config import read_settings
from evalsys.base.database import db
from evalsys.faces.commission.progress import describe_progress
from evalsys.fieldwork.jobs import send_messages
from evalsys.gateways.port import ProviderUnknown
from evalsys.outbox.worker import run_due_jobs
from tests.evalsys.faces.staff import (
    PASSWORD,
    ROUND,
    UNITS,
    load_city,
    make_drafted_round,
    make_installation,
    send,
    signed_in,
)
from tests.evalsys.installation import FakeTelephone, make_open

PAGE = f"/commission/rounds/{ROUND}"
BEACON = "drand:quicknet:1000000"
SOURCES = {"beacon": f"{BEACON}:ab12", "dice": ""}


class StandingClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = datetime(2026, 6, 9, 2, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The time it was set to, a moment later each time."""
        self.at += timedelta(milliseconds=1)
        return self.at


@pytest.fixture(scope="module")
def drafted(tmp_path_factory):
    """The folder of an installation with a round of two units whose records are imported."""
    home = tmp_path_factory.mktemp("drafted")
    app = make_installation(home, StandingClock())
    load_city(app)
    make_drafted_round(app)
    with app.app_context():
        db.engine.dispose()
    return home


@pytest.fixture
def app(drafted, tmp_path):
    """A copy of that installation for this test alone."""
    home = shutil.copytree(drafted, tmp_path / "home")
    return create_app(read_settings({"EVALSYS_HOME": str(home)}), clock=StandingClock())


def commit(app):
    """Have the chair commit the frame; the answer."""
    client = signed_in(app, "chair")
    return client, send(client, PAGE, f"{PAGE}/commitment", beacon_source=BEACON, dice_source="")


def test_a_commitment_names_at_least_one_source_of_chance(app):
    client = signed_in(app, "chair")
    answer = send(client, PAGE, f"{PAGE}/commitment", beacon_source=" ", dice_source="")
    assert answer.status_code == 422 and "Name a beacon, or dice, or both." in answer.text


def test_the_draw_is_offered_only_after_the_commitment(app):
    client = signed_in(app, "chair")
    assert "/draw" not in client.get(PAGE).text
    answer = send(client, PAGE, f"{PAGE}/draw", **SOURCES)
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"beacon": "drand:quicknet:1:ab"}, "The beacon must be that of"),
        ({"dice": "123"}, "for no other"),
    ],
)
def test_sources_that_were_not_committed_are_refused_before_a_second_person_is_asked(app, change, said):
    client, _ = commit(app)
    answer = send(client, PAGE, f"{PAGE}/draw", **SOURCES | change)
    assert answer.status_code == 422 and said in answer.text
    assert "frame committed" in client.get(PAGE).text


def test_a_refusal_of_the_survey_method_is_a_sentence_in_the_readers_language(app):
    commit(app)
    client = signed_in(app, "chair", "zh_Hans")
    answer = send(client, PAGE, f"{PAGE}/draw", **SOURCES | {"beacon": "drand:quicknet:1:ab"})
    assert answer.status_code == 422
    assert f"随机信标须为所承诺的 &#39;{BEACON}&#39;，后接“:”和取值。" in answer.text


def press(client, page: str, label: str):
    """Press the button with this label, whose form is the only one that ends in it; the answer."""
    address = re.search(
        rf'<form method="post" action="([^"]+)">(?:(?!</form>).)*>{label}</button>', client.get(page).text
    )
    assert address, f"there is no button {label!r} on {page}"
    return send(client, page, address.group(1))


def draw(app, client):
    """Have the signed-in person propose the draw and the deputy approve it; the last answer."""
    answer = send(client, PAGE, f"{PAGE}/draw", **SOURCES)
    assert answer.status_code == 302, answer.text
    return press(signed_in(app, "deputy"), PAGE, "Approve and draw")


def test_nobody_approves_the_draw_that_they_proposed_and_nobody_without_the_right_does(app):
    client, _ = commit(app)
    send(client, PAGE, f"{PAGE}/draw", **SOURCES)
    page = client.get(PAGE).text
    assert "Proposed by chair" in page and "Approve and draw" not in page
    answer = send(client, PAGE, f"{PAGE}/draw/1/approval")
    assert answer.status_code == 409 and "Somebody else" in answer.text
    assert send(signed_in(app, "planner"), PAGE, f"{PAGE}/draw/1/approval").status_code == 403
    assert "frame committed" in client.get(PAGE).text


def test_sources_that_the_second_person_does_not_find_right_are_typed_in_anew(app):
    client, _ = commit(app)
    send(client, PAGE, f"{PAGE}/draw", **SOURCES)
    assert send(client, PAGE, f"{PAGE}/draw", **SOURCES).status_code == 409, "it was proposed already"
    deputy = signed_in(app, "deputy")
    assert press(deputy, PAGE, "Do not approve").status_code == 302
    assert send(deputy, PAGE, f"{PAGE}/draw/1/approval").status_code == 409, "it was decided before"
    assert draw(app, client).status_code == 302


def test_a_round_goes_from_commitment_to_frozen_answers_by_its_buttons(app):
    client, answer = commit(app)
    assert answer.status_code == 302
    assert draw(app, client).status_code == 302
    page = client.get(PAGE).text
    assert "sample drawn" in page and "chair, deputy" in page
    for name, state in (
        ("open", "in the field"),
        ("pause", "paused"),
        ("resume", "in the field"),
        ("close", "closed"),
    ):
        assert send(client, PAGE, f"{PAGE}/acts/{name}").status_code == 302
        assert f"<dd>{state}</dd>" in client.get(PAGE).text
    assert "not attempted, no invitation sent" in client.get(PAGE).text


def test_progress_by_unit_counts_released_cases_against_the_quota(app):
    client, _ = commit(app)
    draw(app, client)
    send(client, PAGE, f"{PAGE}/acts/open")
    page = client.get(PAGE).text
    assert page.count("<progress") == len(UNITS)
    assert "0 of 145 completes" in page and "of a quota of 290" in page


@pytest.mark.parametrize(("language", "said"), [("en", "Text messages have stopped"), ("zh_Hans", "短信已停止")])
def test_staff_see_on_the_rounds_page_that_the_provider_fails(app, language, said):
    client, _ = commit(app)
    draw(app, client)
    send(client, PAGE, f"{PAGE}/acts/open")
    assert 'class="alert alert-warning"' not in client.get(PAGE).text
    app.extensions["evalsys"].telephone = FakeTelephone()
    app.extensions["evalsys"].telephone.fails = ProviderUnknown("time-out")
    with app.app_context():
        run_due_jobs()
    client = signed_in(app, "chair", language)
    (notice,) = re.findall('<p class="alert alert-warning" role="alert">(.+?)</p>', client.get(PAGE).text)
    assert notice.startswith(said) and "(unknown × 40)" in notice.replace("（", "(").replace("）", ")")


def test_what_calls_and_messages_cost_stands_on_the_rounds_page_where_prices_are_known(app, tmp_path):
    place = make_open(tmp_path / "prices", cost_per_message=0.05, cost_per_minute=0.1, budget=1234)
    place.act(
        lambda s, r: add_user(s, r.clock, name="chair", display_name="chair", password=PASSWORD, roles=["commission"])
    )
    place.do_job(send_messages)
    cost = f"{0.05 * place.sql('SELECT sum(segments) FROM attempt')[0][0]:.2f}"
    page = signed_in(place.app, "chair").get(PAGE).text
    assert f"<dd>{cost}<small>of a budget of 1,234.00</small></dd>" in page
    client, _ = commit(app)
    draw(app, client)
    send(client, PAGE, f"{PAGE}/acts/open")
    assert "Cost of calls" not in client.get(PAGE).text


def test_hotline_orders_are_imported_or_their_bad_lines_named(app):
    client, _ = commit(app)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("order_no", "unit", "received_on", "responded", "resolved", "satisfied"))
    writer.writerow(("1", UNITS[0], "2026-03-01", "yes", "no", ""))
    good = text.getvalue().encode()
    bad = good + b"2,U999,2026-03-01,maybe,no,\n"
    answer = send(client, PAGE, f"{PAGE}/orders", file=(io.BytesIO(bad), "orders.csv"))
    assert answer.status_code == 422 and "U999" in answer.text and "maybe" in answer.text
    assert send(client, PAGE, f"{PAGE}/orders", file=(io.BytesIO(good), "orders.csv")).status_code == 302
    assert "1 hotline orders imported." in client.get(PAGE).text


def test_scoring_an_open_round_and_publishing_an_unscored_one_are_refused_with_the_reason(app):
    client, _ = commit(app)
    draw(app, client)
    send(client, PAGE, f"{PAGE}/acts/open")
    answer = send(client, PAGE, f"{PAGE}/acts/score")
    assert answer.status_code == 409 and ROUND in answer.text
    answer = send(client, PAGE, f"{PAGE}/publication")
    assert answer.status_code == 409 and ROUND in answer.text


def test_an_act_that_does_not_exist_is_not_found(app):
    client = signed_in(app, "chair")
    assert send(client, PAGE, f"{PAGE}/acts/destroy").status_code == 404


def test_a_designer_sees_progress_but_no_button(app):
    page = signed_in(app, "planner").get(PAGE).text
    assert "/acts/" not in page and "/commitment" not in page


def test_a_refusal_is_said_in_chinese_without_english_words_in_it(app):
    commit(app)
    client = signed_in(app, "chair", "zh_Hans")
    answer = send(client, PAGE, f"{PAGE}/acts/freeze")
    said = answer.text.split('role="alert"')[-1] if 'role="alert"' in answer.text else answer.text
    assert answer.status_code == 409
    assert "committed" not in said and "freezing" not in said and "closed" not in said


def test_outcomes_stand_in_the_order_of_the_standard_definitions(tmp_path):
    """A part of an outcome stands below it: 2.113 between 2.11 and 2.12, and before 2.20."""
    place = make_open(tmp_path / "home")
    codes = ("2.20", "2.113", "1.1", "2.12", "2.11")
    for number, code in enumerate(codes):
        place.sql(
            "UPDATE interview SET state = 'ended', outcome = :code "
            "WHERE case_id = (SELECT case_id FROM interview ORDER BY case_id LIMIT 1 OFFSET :number)",
            code=code,
            number=number,
        )
    shown = place.on_round(describe_progress).outcomes
    assert [outcome.code for outcome, _ in shown] == ["1.1", "2.11", "2.113", "2.12", "2.20"]
