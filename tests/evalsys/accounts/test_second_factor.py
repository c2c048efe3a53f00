"""The second factor: a code by time is good once, within one step of drift; a lost device is replaced by recovery codes or an officer."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest

from evalsys.accounts import second_factor
from evalsys.accounts.actions import MAXIMUM_FAILURES, sign_in
from evalsys.accounts.queries import get_user
from evalsys.base.errors import BadInput, Refused
from tests.evalsys.accounts.test_accounts import PASSWORD, add

STEP = timedelta(seconds=30)


class Device:
    """An authenticator with a clock of its own, ``drift`` away from the house's."""

    def __init__(self, place, secret: str) -> None:
        self.place, self.secret, self.drift = place, secret, timedelta()

    def read(self) -> str:
        return pyotp.TOTP(self.secret).at(self.place.clock.now() + self.drift)


def secret_of(place, name: str) -> str:
    address = place.act(lambda s, r: second_factor.read_address(r, get_user(s, name)))
    return pyotp.parse_uri(address).secret


def enrol(place, name: str = "chair") -> tuple[Device, list[str]]:
    """``name`` with a device and ten recovery codes; the code of the enrolment is used up."""
    place.act(lambda s, r: second_factor.begin_enrolment(s, r, name))
    device = Device(place, secret_of(place, name))
    codes = place.act(lambda s, r: second_factor.confirm_enrolment(s, r, name, device.read()))
    return device, codes


def check(place, code: str, name: str = "chair") -> bool:
    return place.act(lambda s, r: second_factor.check_code(s, r, name, code))


@pytest.fixture
def chair(draft):
    """A place where the chair has an account, enrolled a minute ago: the place, the device, the recovery codes."""
    add(draft)
    device, codes = enrol(draft)
    draft.clock.advance(2 * STEP)
    return draft, device, codes


def test_a_code_is_good_once_and_none_before_it_any_more(chair):
    place, device, _ = chair
    earlier, code = pyotp.TOTP(device.secret).at(place.clock.now() - STEP), device.read()
    assert check(place, code)
    assert not check(place, code), "the same code was taken twice"
    assert not check(place, earlier), "a code from before the one that was used was taken"
    place.clock.advance(STEP)
    assert check(place, device.read())


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_lie_one_step_apart_and_no_more(chair, steps, taken):
    place, device, _ = chair
    place.clock.advance(4 * STEP)
    device.drift = steps * STEP
    assert check(place, device.read()) is taken


def test_the_codes_are_those_of_the_standard(draft):
    """RFC 6238, appendix B: SHA-1, at 1111111109 seconds, for the secret "12345678901234567890"; of its eight digits the last six."""
    assert pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").at(1111111109) == "081804"
    add(draft)
    draft.act(lambda s, r: second_factor.begin_enrolment(s, r, "chair"))
    totp = pyotp.TOTP(secret_of(draft, "chair"))
    assert (totp.interval, totp.digits, totp.digest().name) == (second_factor.STEP_SECONDS, 6, "sha1")


def test_each_of_ten_recovery_codes_signs_in_once_and_only_their_digests_are_kept(chair):
    place, device, codes = chair
    assert len(set(codes)) == 10
    kept = str(place.sql("select * from user")) + str(place.sql("select details from audit_entry"))
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    assert device.secret not in kept
    assert all(check(place, code.upper()) for code in codes)
    assert not any(check(place, code) for code in codes[:5])


def test_wrong_codes_lock_the_account_and_the_right_password_in_between_forgives_none(chair):
    place, device, _ = chair
    for _ in range(MAXIMUM_FAILURES):
        assert place.act(lambda s, r: sign_in(s, r.clock, "chair", PASSWORD)) is not None
        assert not check(place, "000000" if device.read() != "000000" else "111111")
    assert place.act(lambda s, r: sign_in(s, r.clock, "chair", PASSWORD)) is None
    assert not check(place, device.read()), "a locked account took a code"


def test_an_officers_reset_makes_the_device_worthless_and_stands_in_the_trail(chair):
    place, device, codes = chair
    place.act(lambda s, r: second_factor.reset_second_factor(s, r, "chair", actor="officer"))
    assert not check(place, device.read()) and not check(place, codes[0])
    assert place.sql("select actor from audit_entry where action = 'second factor reset'") == [("officer",)]
    renewed, _ = enrol(place)
    assert renewed.secret != device.secret


def test_a_factor_in_use_cannot_be_replaced_by_whoever_holds_the_session(chair):
    place, _, _ = chair
    with pytest.raises(Refused, match="security officer"):
        place.act(lambda s, r: second_factor.begin_enrolment(s, r, "chair"))


def test_an_enrolment_counts_only_once_its_first_code_was_right(draft):
    add(draft)
    draft.act(lambda s, r: second_factor.begin_enrolment(s, r, "chair"))
    with pytest.raises(BadInput):
        draft.act(lambda s, r: second_factor.confirm_enrolment(s, r, "chair", "12345"))
    assert draft.act(lambda s, r: get_user(s, "chair").second_factor_at) is None
