"""Passwords and codes that are tried, counted before they are compared: a server that stops in between has counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete

from hideez_bench.emulator.hes.database.store import Store
from hideez_bench.emulator.hes.database.user_models import FailedAttempts

LIMIT = 10
PAUSE = timedelta(minutes=15)


class Attempts:
    """The vendor's lockout: after 10 wrong ones nothing is compared for 15 minutes after the last of them.

    Attempts older than the pause are forgotten, so nobody gets more than 10 in 15 minutes, and rows do not pile up.
    """

    def __init__(self, store: Store, utc: Callable[[], datetime]) -> None:
        self._store = store
        self._utc = utc

    def take(self, subject: str) -> int | None:
        """Use up one attempt; how many are left after it, or None where none was left to take."""
        now = self._utc()
        with self._store.session() as session:
            session.execute(delete(FailedAttempts).where(FailedAttempts.last_at <= now - PAUSE))
            row = session.get(FailedAttempts, subject)
            if row is None:
                row = FailedAttempts(subject=subject, count=0, last_at=now)
                session.add(row)
            # A clock that was ahead, and was set right, locks nobody out until that day.
            row.last_at = min(row.last_at, now)
            if row.count >= LIMIT:
                return None
            row.count += 1
            row.last_at = now
            return LIMIT - row.count

    def give_back(self, subject: str) -> None:
        """What was tried was right, but not all that is asked for: the others still count."""
        with self._store.session() as session:
            row = session.get(FailedAttempts, subject)
            if row is not None and row.count > 0:
                row.count -= 1

    def forgive(self, subject: str) -> None:
        """All was right: all attempts are there again."""
        with self._store.session() as session:
            session.execute(delete(FailedAttempts).where(FailedAttempts.subject == subject))
