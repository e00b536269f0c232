"""Logins whose password was right, and which wait for the second factor: in memory, and for minutes only."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hideez_bench.protocol.secret import SessionToken

PENDING_TIME = timedelta(minutes=5)


@dataclass(frozen=True)
class Pending:
    """Whose password was right, and which it was: with another one, the login is over."""

    user_id: str
    password_hash: str
    expires_at: datetime


class PendingLogins:
    """One for each user, so that there are never many: a later login takes the place of an earlier one."""

    def __init__(self, utc: Callable[[], datetime]) -> None:
        self._utc = utc
        self._by_token: dict[SessionToken, Pending] = {}

    def open(self, user_id: str, password_hash: str) -> SessionToken:
        """What the browser must bring with the second factor. It opens nothing else."""
        now = self._utc()
        self._by_token = {
            token: one
            for token, one in self._by_token.items()
            if one.expires_at > now and one.user_id != user_id
        }
        token = SessionToken.from_text(secrets.token_urlsafe(32))
        self._by_token[token] = Pending(user_id, password_hash, now + PENDING_TIME)
        return token

    def get(self, token: SessionToken) -> Pending | None:
        """The login of this token, if it still waits."""
        found = self._by_token.get(token)
        left = found.expires_at - self._utc() if found else timedelta()
        # More is left than there ever was where the clock was set back.
        return found if timedelta() < left <= PENDING_TIME else None

    def close(self, token: SessionToken) -> None:
        """It waits no more."""
        self._by_token.pop(token, None)
