"""One-time passwords by time (RFC 6238), as a key shows them and a server asks for them."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hideez_bench.protocol.secret import Otp

OTP_DIGITS, OTP_SECONDS = 6, 30


def one_time_password(secret: bytes, time: int) -> Otp:
    """What is shown at a time, in seconds since 1970. `secret` is not empty."""
    sha1 = SHA1()  # noqa: S303 - the RFC's default, which everybody uses
    return Otp(TOTP(secret, OTP_DIGITS, sha1, OTP_SECONDS, enforce_key_length=False).generate(time))
