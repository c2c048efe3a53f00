"""The second factor: one-time codes by time (TOTP, RFC 6238), and recovery codes for who has lost the device.

A code of this or a neighbouring step of thirty seconds is right, and right once. The secret is encrypted under a key of its own.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode

import pyotp
from sqlalchemy.orm import Session

from evalsys.accounts.actions import CHAIN, count_failure, is_locked
from evalsys.accounts.models import User
from evalsys.accounts.queries import get_user
from evalsys.audit.actions import record_act
from evalsys.base.errors import BadInput, Refused
from evalsys.base.runtime import Runtime

LABEL = "second-factor"
STEP_SECONDS = 30
#: how many steps the clocks of both sides may lie apart
DRIFT_STEPS = 1
RECOVERY_CODES = 10


def find_duty(runtime: Runtime, user: User) -> str:
    """What somebody has to do before anything else: ``"password"``, ``"second_factor"``, or nothing (``""``)."""
    if user.must_change_password:
        return "password"
    return "second_factor" if runtime.settings.wants_second_factor and user.second_factor_at is None else ""


def begin_enrolment(session: Session, runtime: Runtime, name: str) -> None:
    """Make a secret for somebody who has no second factor; it counts once a code made with it was right."""
    user = get_user(session, name)
    if user.second_factor_at is not None:
        raise Refused("This account has a second factor; a security officer can reset it.")
    secret = pyotp.random_base32()
    user.second_factor_cipher = runtime.keyring.encrypt(LABEL, secret.encode(), _place(user))


def read_address(runtime: Runtime, user: User) -> str | None:
    """The ``otpauth`` address of an enrolment under way, as the QR code says it; ``None`` where there is none."""
    if user.second_factor_cipher is None or user.second_factor_at is not None:
        return None
    return pyotp.TOTP(_secret(runtime, user)).provisioning_uri(name=user.name, issuer_name="evalsys")


def confirm_enrolment(session: Session, runtime: Runtime, name: str, code: str) -> list[str]:
    """Take the second factor into use with its first right code; the recovery codes, which are shown this once."""
    user = get_user(session, name)
    if read_address(runtime, user) is None:
        raise Refused("There is no enrolment under way; begin it first.")
    if not _take_step(runtime, user, code):
        raise BadInput("This code does not fit. Look at the device again; a code lives for thirty seconds.")
    user.second_factor_at = runtime.clock.now()
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    user.recovery_digests = [_digest(runtime, user, code) for code in codes]
    record_act(session, runtime.clock, CHAIN, name, "second factor enrolled")
    return codes


def check_code(session: Session, runtime: Runtime, name: str, code: str) -> bool:
    """Whether this finishes signing in: a code of the device or a recovery code, each good once. A wrong one counts towards the lock."""
    user = get_user(session, name)
    if is_locked(user, runtime.clock) or user.second_factor_at is None:
        return False
    if _take_step(runtime, user, code) or _take_recovery(session, runtime, user, code):
        user.failures, user.locked_until = 0, None
        return True
    count_failure(session, runtime.clock, user)
    return False


def reset_second_factor(session: Session, runtime: Runtime, name: str, *, actor: str) -> User:
    """Take away the second factor of somebody who lost device and recovery codes; they enrol again. Never one's own."""
    if name == actor:
        raise Refused("Nobody resets their own second factor; ask another officer.")
    user = get_user(session, name)
    user.second_factor_cipher = user.second_factor_at = None
    user.second_factor_step, user.recovery_digests = 0, []
    user.session_epoch += 1
    record_act(session, runtime.clock, CHAIN, actor, "second factor reset", name=name)
    return user


def _take_step(runtime: Runtime, user: User, code: str) -> bool:
    totp, now = pyotp.TOTP(_secret(runtime, user)), int(runtime.clock.now().timestamp()) // STEP_SECONDS
    said = code.strip().replace(" ", "").encode()
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if step > user.second_factor_step and hmac.compare_digest(totp.generate_otp(step).encode(), said):
            user.second_factor_step = step
            return True
    return False


def _take_recovery(session: Session, runtime: Runtime, user: User, code: str) -> bool:
    digest = _digest(runtime, user, code)
    if digest not in user.recovery_digests:
        return False
    user.recovery_digests = [other for other in user.recovery_digests if other != digest]
    record_act(session, runtime.clock, CHAIN, user.name, "recovery code used", codes_left=len(user.recovery_digests))
    return True


def _new_code() -> str:
    letters = b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def _digest(runtime: Runtime, user: User, code: str) -> str:
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return runtime.keyring.blind_index("recovery-code", f"{user.id}:{letters}")


def _secret(runtime: Runtime, user: User) -> str:
    return runtime.keyring.decrypt(LABEL, user.second_factor_cipher, _place(user)).decode()


def _place(user: User) -> str:
    return f"user:second_factor:{user.id}"
