"""People: signing in, and what a role may do."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from evalsys.accounts.actions import LOCK, MAXIMUM_FAILURES, add_user, sign_in
from evalsys.accounts.permissions import PROVIDER, PUBLIC, ROLES, SIGNED_IN, TOKEN, is_allowed, require
from evalsys.base.errors import BadInput, Refused

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
        ({"roles": ["administrator", "commission"]}, Refused),
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
