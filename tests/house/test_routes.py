"""Every route × role is decided: default deny, and a route that states no permission is a fault."""

from __future__ import annotations

from types import SimpleNamespace

import flask_migrate
import pytest

from evalsys.accounts.models import User
from evalsys.accounts.permissions import PROVIDER, PUBLIC, ROLES, SIGNED_IN, TOKEN, is_allowed, require
from evalsys.app import create_app
from evalsys.base.config import read_settings
from evalsys.base.database import db, transaction

OPEN = {PUBLIC, PROVIDER, TOKEN}
#: what must never meet in one role: running the system, deciding who may, looking over everybody's shoulder
POWERS = ({"accounts.open"}, {"accounts.secure"}, {"scores.publish", "fieldwork.run"}, {"oversight.audit"})


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An application with one person per role, and nothing else."""
    app = create_app(read_settings({"EVALSYS_HOME": str(tmp_path_factory.mktemp("home"))}))
    with app.app_context():
        flask_migrate.upgrade()
        now = app.extensions["evalsys"].clock.now()
        with transaction() as session:
            for role in ROLES:
                session.add(User(name=role, display_name=role, password_hash="!", roles=[role], created_at=now))
        db.session.remove()
    return app


def list_routes(app):
    """(rule, view) of every route but the static files."""
    return [
        (rule, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.endpoint.rpartition(".")[2] != "static"
    ]


def address_of(rule) -> str:
    """An address of the route, with made-up values in its place-holders."""
    values = {
        name: (1 if type(rule._converters[name]).__name__ == "IntegerConverter" else "x") for name in rule.arguments
    }
    return rule.build(values)[1]


def open_all(app, client):
    """(rule, method, status) for each route that some permission guards."""
    for rule, view in list_routes(app):
        if view.permission not in OPEN:
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield rule, view.permission, method, client.open(address_of(rule), method=method).status_code


def test_every_route_states_its_permission(app):
    silent = [rule.rule for rule, view in list_routes(app) if getattr(view, "permission", None) is None]
    assert list_routes(app)
    assert not silent, f"closed to everybody, since they state no permission: {silent}"


def test_every_stated_permission_is_held_by_some_role(app):
    held = OPEN.union({SIGNED_IN}, *ROLES.values())
    assert {view.permission for _, view in list_routes(app)} <= held


def test_a_stranger_is_sent_to_sign_in_or_refused(app):
    let_in = []
    for rule, _, method, status in open_all(app, app.test_client()):
        if not (status in (401, 403) or (status == 302 and method == "GET")):
            let_in.append((rule.rule, method, status))
    assert not let_in


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_whatever_it_was_not_given(app, role):
    client = app.test_client()
    with app.app_context():
        user = db.session.query(User).filter_by(name=role).one()
        db.session.remove()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = str(user.id), True
    for rule, permission, method, status in open_all(app, client):
        if is_allowed(SimpleNamespace(is_authenticated=True, roles=[role]), permission):
            assert status < 500, f"{method} {rule.rule} fails for {role} on an empty database"
            assert status not in (401, 403) or method != "GET", f"{role} may not {method} {rule.rule}, but should"
        else:
            # A department does not even learn that the page exists.
            wanted = 404 if role == "department" else 403
            assert status == wanted, f"{role} may {method} {rule.rule} ({permission})"


def test_a_view_that_forgot_to_state_its_permission_is_closed_to_every_role(tmp_path):
    app = create_app(read_settings({"EVALSYS_HOME": str(tmp_path)}))
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert app.test_client().get("/forgotten").status_code == 403


def test_a_permission_that_nobody_defined_cannot_be_stated():
    with pytest.raises(ValueError, match="scores.invent"):
        require("scores.invent")


def test_the_three_powers_never_meet_in_one_role():
    for role, permissions in ROLES.items():
        powers = [power for power in POWERS if power & permissions]
        assert len(powers) <= 1, f"{role} holds {powers}"


def test_an_unknown_role_opens_nothing():
    stranger = SimpleNamespace(is_authenticated=True, roles=["mayor"])
    assert not any(is_allowed(stranger, permission) for permission in set().union(*ROLES.values()))


def test_every_page_that_a_department_was_refused_stands_in_the_log(app):
    """The rules of refusal themselves are tested above, over every route; each leaves an entry with its address."""
    client = app.test_client()
    with app.app_context():
        user = db.session.query(User).filter_by(name="department").one()
        db.session.remove()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = str(user.id), True

    def count():
        with app.app_context():
            return db.session.scalar(db.text("select count(*) from audit_entry where action = 'page refused'"))

    before, refused = count(), [status for _, _, _, status in open_all(app, client) if status == 404]
    assert count() == before + len(refused) > before + 50
