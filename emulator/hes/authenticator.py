"""A user's second factor in the database: the secret that their authenticator app has too, and recovery codes.

Each function is part of a transaction of its caller. A code is taken once: its time step is noted, and no code of that
step or an earlier one is taken again.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes.database.user_models import SecondFactor, UnusedRecoveryCode
from hideez_bench.emulator.hes.keys.accounts_update import otp_bytes
from hideez_bench.protocol.channel import Random
from hideez_bench.protocol.secret import LoginCode, Otp, OtpSecret, RecoveryCode
from hideez_bench.protocol.totp import OTP_DIGITS, OTP_SECONDS, one_time_password

_SECRET_SIZE = 20
"""As RFC 4226 advises; it is 32 characters of base32, without padding."""

_STEPS_OFF = 1
"""How far the clocks of server and phone may be apart, as RFC 6238 advises."""

_RECOVERY_CODES = 10
_RECOVERY_CODE_SIZE = 10
"""Bytes: so many that a plain hash of them tells nothing."""

_CLOCK_SET_BACK = 24 * 3600 // OTP_SECONDS
"""Steps that a clock may be set back, and no code is taken twice. One that was taken later than that is of no time that
was, and must not keep anybody out until then."""

_ISSUER = "Hideez stand-in"


def new_secret(random: Random) -> OtpSecret:
    """What an authenticator app is to make its codes from."""
    return OtpSecret(base64.b32encode(random(_SECRET_SIZE)))


def otpauth_uri(email: str, secret: OtpSecret) -> str:
    """The secret as authenticator apps take it, from a link or a picture. It is as secret as the secret itself."""
    label = quote(f"{_ISSUER}:{email}", safe="")
    return f"otpauth://totp/{label}?secret={secret.reveal().decode()}&issuer={quote(_ISSUER)}"


def step_of(secret: OtpSecret, code: LoginCode, now: datetime, after: int = 0) -> int | None:
    """The time step whose code this is, of those around now and later than `after`; None if it is none of them."""
    typed = code.reveal()
    if len(typed) != OTP_DIGITS or not typed.isdigit():
        return None
    key, here = otp_bytes(secret), int(now.timestamp()) // OTP_SECONDS
    after = after if after <= here + _CLOCK_SET_BACK else 0
    # All are compared, whichever it is.
    fitting = [
        step
        for step in range(here - _STEPS_OFF, here + _STEPS_OFF + 1)
        if (one_time_password(key, step * OTP_SECONDS) == Otp(typed)) & (step > after)
    ]
    return max(fitting, default=None)


def is_on(session: Session, user_id: str) -> bool:
    """Whether the user has a second factor."""
    return bool(session.scalar(select(func.count()).where(SecondFactor.user_id == user_id)))


def turn_on(
    session: Session, user_id: str, secret: OtpSecret, step: int, random: Random
) -> tuple[RecoveryCode, ...]:
    """Keep the secret; the recovery codes are told here and never again."""
    codes = tuple(RecoveryCode(base64.b32encode(random(_RECOVERY_CODE_SIZE))) for _ in range(_RECOVERY_CODES))
    session.add(SecondFactor(user_id=user_id, secret=secret, last_step=step))
    session.add_all(UnusedRecoveryCode(code_hash=_hash_of(code), user_id=user_id) for code in codes)
    return codes


def turn_off(session: Session, user_id: str) -> None:
    """Forget the secret and the recovery codes."""
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    session.execute(delete(UnusedRecoveryCode).where(UnusedRecoveryCode.user_id == user_id))


def takes(session: Session, user_id: str, code: LoginCode | RecoveryCode, now: datetime) -> bool:
    """Whether the code is right; it is used up by that.

    Raises:
        HesRuleError: DataProtectionNotActivated, where the secret cannot be had; a recovery code needs no secret.
    """
    if isinstance(code, RecoveryCode):
        mine = (UnusedRecoveryCode.user_id == user_id) & (UnusedRecoveryCode.code_hash == _hash_of(code))
        used = session.execute(delete(UnusedRecoveryCode).where(mine))
        return isinstance(used, CursorResult) and used.rowcount == 1
    factor = session.get(SecondFactor, user_id)
    step = step_of(factor.secret, code, now, factor.last_step) if factor else None
    if factor is None or step is None:
        return False
    factor.last_step = step
    return True


def recovery_codes_left(session: Session, user_id: str) -> int:
    """How many have not been used."""
    query = select(func.count()).where(UnusedRecoveryCode.user_id == user_id)
    return session.scalar(query) or 0


def _hash_of(code: RecoveryCode) -> str:
    return hashlib.sha256(code.reveal()).hexdigest()
