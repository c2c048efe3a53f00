"""People: signing in, and what a role may do."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from evalsys.accounts import actions
from evalsys.accounts.actions import (
    LOCK,
    MAXIMUM_FAILURES,
    add_user,
    change_roles,
    give_password,
    lock_user,
    sign_in,
    unlock_user,
)
from evalsys.accounts.permissions import POWERS, PROVIDER, PUBLIC, ROLES, SIGNED_IN, TOKEN, is_allowed, require
from evalsys.accounts.queries import list_users
from evalsys.accounts.second_factor import reset_second_factor
from evalsys.base.errors import BadInput, Refused
from evalsys.cli.accounts import user as user_commands

PASSWORD = "correct horse"


def add(place, **values):
    person = {"name": "chair", "display_name": "Chair", "password": PASSWORD, "roles": ["commission"]} | values
    return place.act(lambda s, r: add_user(s, r.clock, **person))


def enter(place, name: str, password: str) -> bool:
    return place.act(lambda s, r: sign_in(s, r.clock, name, password)) is not None


def test_the_right_password_signs_in_and_any_other_answer_is_the_same_nothing(draft):
    add(draft)
    assert enter(draft, "chair", PASSWORD)
    assert not enter(draft, "chair", "wrong")
    assert not enter(draft, "nobody", PASSWORD)


def test_ten_failures_lock_the_account_even_for_the_right_password_until_the_lock_ends(draft):
    add(draft)
    for _ in range(MAXIMUM_FAILURES - 1):
        enter(draft, "chair", "wrong")
    assert enter(draft, "chair", PASSWORD), "nine failures do not lock, and success forgets them"
    for _ in range(MAXIMUM_FAILURES):
        enter(draft, "chair", "wrong")
    assert not enter(draft, "chair", PASSWORD)
    assert draft.sql("select count(*) from audit_entry where action = 'account locked'") == [(1,)]
    draft.clock.advance(LOCK + timedelta(seconds=1))
    assert enter(draft, "chair", PASSWORD)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"roles": []}, BadInput),
        ({"roles": ["king"]}, BadInput),
        ({"password": "short"}, BadInput),
        ({"roles": ["administrator", "auditor"]}, Refused),
    ],
)
def test_a_person_without_a_proper_role_or_password_is_refused(draft, values, error):
    with pytest.raises(error):
        add(draft, **values)
    assert draft.sql("select count(*) from user") == [(0,)]


def test_a_sign_in_name_is_given_once(draft):
    add(draft)
    with pytest.raises(Refused, match="already"):
        add(draft)


def someone(*roles: str, signed_in: bool = True):
    return SimpleNamespace(is_authenticated=signed_in, roles=list(roles))


def test_a_view_without_a_permission_is_closed_to_everybody():
    assert not any(is_allowed(someone(role), None) for role in ROLES)
    assert not is_allowed(someone(signed_in=False), None)


def test_a_role_may_do_what_is_its_own_and_nothing_else():
    everything = frozenset().union(*ROLES.values())
    for role, own in ROLES.items():
        assert {permission for permission in everything if is_allowed(someone(role), permission)} == own


def test_who_is_not_signed_in_may_only_see_what_is_public_or_checked_elsewhere():
    nobody = someone(*ROLES, signed_in=False)
    assert all(is_allowed(nobody, permission) for permission in (PUBLIC, PROVIDER, TOKEN))
    assert not any(is_allowed(nobody, permission) for permission in (SIGNED_IN, *frozenset().union(*ROLES.values())))


def test_a_role_that_is_not_known_any_more_allows_nothing():
    assert not is_allowed(someone("king"), "scores.read")


def test_a_misspelt_permission_is_an_error_when_the_view_is_written():
    with pytest.raises(ValueError, match="not a permission"):
        require("scores.raed")


PAIRS = list(combinations(ROLES, 2))


@pytest.mark.parametrize("pair", PAIRS, ids=["+".join(pair) for pair in PAIRS])
def test_no_power_meets_another_role_in_one_hand_by_any_door(draft, pair):
    """Over every pair of roles: as a new account, as a change of roles, and on the command line."""
    apart = bool(set(pair) & set(POWERS))
    add(draft, name="clerk", roles=[pair[0]])
    doors = (
        lambda: add(draft, name="new", roles=list(pair)),
        lambda: draft.act(lambda s, r: change_roles(s, r.clock, "clerk", list(pair), actor="officer")),
    )
    for door in doors:
        if apart:
            with pytest.raises(Refused, match="never joined"):
                door()
        else:
            door()
    held = draft.act(lambda s, r: [set(user.roles) for user in list_users(s)])
    assert all(len(roles & set(POWERS)) == 0 or len(roles) == 1 for roles in held)


def test_the_command_line_joins_no_powers_either(draft, monkeypatch):
    monkeypatch.setattr("evalsys.cli.context.create_app", lambda: draft.app)
    add(draft, name="clerk", roles=["auditor"])
    for arguments in (
        ["add", "new", "--role", "auditor", "--role", "security", "--password", PASSWORD],
        ["roles", "clerk", "--role", "auditor", "--role", "commission", "--actor", "officer"],
    ):
        said = CliRunner().invoke(user_commands, arguments)
        assert said.exit_code == 1 and "never joined" in said.output
    assert draft.sql("select name, roles from user") == [("clerk", '["auditor"]')]


def test_nobody_changes_locks_or_resets_their_own_account(draft):
    add(draft, name="officer", roles=["security"])
    for act in (
        lambda s, r: change_roles(s, r.clock, "officer", ["commission"], actor="officer"),
        lambda s, r: lock_user(s, r.clock, "officer", actor="officer"),
        lambda s, r: unlock_user(s, r.clock, "officer", actor="officer"),
        lambda s, r: give_password(s, r.clock, "officer", actor="officer"),
        lambda s, r: reset_second_factor(s, r, "officer", actor="officer"),
    ):
        with pytest.raises(Refused):
            draft.act(act)


def test_an_officers_lock_holds_until_it_is_unlocked_and_stands_in_the_trail(draft):
    add(draft)
    draft.act(lambda s, r: lock_user(s, r.clock, "chair", actor="officer"))
    draft.clock.advance(timedelta(days=300))
    assert not enter(draft, "chair", PASSWORD)
    draft.act(lambda s, r: unlock_user(s, r.clock, "chair", actor="officer"))
    assert enter(draft, "chair", PASSWORD)
    acts = draft.sql("select actor, action from audit_entry where chain = 'system' and actor = 'officer' order by seq")
    assert acts == [("officer", "account locked"), ("officer", "account unlocked")]


def test_nobody_learns_by_the_time_of_the_answer_whether_a_name_has_an_account(draft, monkeypatch):
    """As many passwords are hashed for a stranger as for somebody; what else differs is far below the network's own spread."""
    add(draft)
    hashed = []
    check = actions.check_password_hash
    monkeypatch.setattr(actions, "check_password_hash", lambda known, said: hashed.append(known) or check(known, said))
    for name in ("chair", "nobody"):
        enter(draft, name, "wrong password")
    draft.act(lambda s, r: lock_user(s, r.clock, "chair", actor="officer"))
    enter(draft, "chair", "wrong password")
    assert len(hashed) == 3
    assert {known.rpartition("$")[0].rpartition("$")[0] for known in hashed} == {
        hashed[0].rpartition("$")[0].rpartition("$")[0]
    }
