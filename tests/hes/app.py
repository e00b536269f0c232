"""An authenticator app: shows the code of a secret."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from hideez_bench.protocol.secret import LoginCode, OtpSecret
from hideez_bench.protocol.totp import one_time_password

SECRET = OtpSecret(b"JBSWY3DPEHPK3PXPKRUGKIDBNZSCA3LP")
"""One that chance has no say in: a random one shows the same code twice in a while."""


def app_code(secret: OtpSecret, now: datetime, **off: float) -> LoginCode:
    """What it shows now, or where its clock is off by so much."""
    at = now + timedelta(**off)
    return LoginCode(one_time_password(base64.b32decode(secret.reveal()), int(at.timestamp())).reveal())


def another_code(secret: OtpSecret, now: datetime) -> LoginCode:
    """Six digits that it shows neither now nor in the minutes around."""
    near = {app_code(secret, now, seconds=30 * steps) for steps in range(-10, 11)}
    return next(code for code in (LoginCode(b"%06d" % number) for number in range(22)) if code not in near)
