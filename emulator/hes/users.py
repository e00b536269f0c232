"""Those who log in to the server: users with e-mail and password, and their sessions.

There is no password that a server comes with: while `Users.any` is false, somebody must be created first.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.attempts import Attempts
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.user_models import User as UserRow
from hideez_bench.emulator.hes.database.user_models import UserSession
from hideez_bench.emulator.hes.errors import HesRuleError, LoginRefused, TooManyLogins
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, LoginRefusal, Role
from hideez_bench.protocol.secret import Password, SessionToken

T = TypeVar("T")

SESSION_TIME = timedelta(days=14)
CLOCK_SET_BACK = timedelta(days=1)
"""So far a clock may be set back, and sessions go on. One that was opened later than that is of no time that was."""
SHORTEST_PASSWORD = 8
_HASHES_AT_ONCE = 2
"""argon2 takes 64 MiB for each, so a crowd at the login must not have them all at once."""
MOST_LOGINS = 20
"""Passwords that wait to be compared. A flood must not keep an administrator waiting for minutes."""


@dataclass(frozen=True)
class User:
    """Somebody who may log in."""

    id: str
    email: str
    role: Role

    @property
    def is_administrator(self) -> bool:
        """Whether they may change anything."""
        return self.role is Role.ADMINISTRATOR


class Users:
    """Users and their sessions. What hashes a password is awaited: it takes tenths of a second, in a thread.

    Args:
        core: what all parts of the server share.
        hasher: argon2id; its own parameters are those of RFC 9106 for little memory.
    """

    def __init__(self, core: Core, hasher: PasswordHasher | None = None) -> None:
        self._core = core
        self._hasher = hasher or PasswordHasher()
        self._attempts = Attempts(core.store, core.utc)
        self._room = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._logins = 0
        self._decoy = ""

    def any(self) -> bool:
        """Whether there is anybody who could log in as an administrator."""
        with self._core.store.session() as session:
            return _administrators(session) > 0

    def list(self) -> tuple[User, ...]:
        """Every user, by e-mail."""
        with self._core.store.session() as session:
            return tuple(_view(row) for row in session.scalars(select(UserRow).order_by(UserRow.email)))

    async def create(self, email: str, password: Password, role: Role) -> User:
        """Enter somebody who may log in.

        Raises:
            HesRuleError: EmailAlreadyTaken; an odd address or a short password (no code).
        """
        email = _normalised(email)
        if not _is_address(email):
            raise HesRuleError(HesCode.None_, "A user needs an e-mail address; nobody was created.")
        password_hash = await self._hash(password)
        row = UserRow(
            id=draw.identifier(self._core.random),
            email=email,
            password_hash=password_hash,
            role=role,
            created_at=self._core.utc(),
        )
        with self._core.store.session() as session:
            if _by_email(session, email):
                raise HesRuleError(HesCode.EmailAlreadyTaken, f"There is a user {email} already.")
            session.add(row)
        self._core.tell(HesEventKind.ADMIN, "", f"creates the user {email} as {role}")
        return _view(row)

    async def verify(self, email: str, password: Password) -> User:
        """Whoever has this e-mail and password. The attempt is counted before the password is looked at.

        An address that nobody has is counted and answered in the same way, and as late.

        Raises:
            LoginRefused: Unauthorized, or UserIsLockedout after 10 wrong passwords, for 15 minutes.
            TooManyLogins: too many others are before this one.
        """
        if self._logins >= MOST_LOGINS:
            raise TooManyLogins
        self._logins += 1
        try:
            return await self._verify(_normalised(email), password)
        finally:
            self._logins -= 1

    async def _verify(self, email: str, password: Password) -> User:
        subject = f"login {hashlib.sha256(email.encode()).hexdigest()}"
        left = self._attempts.take(subject)
        if left is None:
            raise LoginRefused(LoginRefusal.UserIsLockedout)
        decoy = await self._decoy_hash()
        with self._core.store.session() as session:
            found = _by_email(session, email)
        encoded = found.password_hash if found else decoy
        is_right = await self._in_thread(lambda: self._is_right(encoded, password))
        with self._core.store.session() as session:
            row = _by_email(session, email)
            # Another password may have been set while this one was compared.
            known = row is not None and row.password_hash == encoded
        if row is None or not known or not is_right:
            if row is not None:
                self._core.tell(
                    HesEventKind.FAILED, "", f"refuses a wrong password for {email}, {left} tries left"
                )
            raise LoginRefused(LoginRefusal.Unauthorized if left else LoginRefusal.UserIsLockedout)
        self._attempts.forgive(subject)
        self._core.tell(HesEventKind.ADMIN, "", f"lets {email} log in")
        return _view(row)

    def open_session(self, user: User) -> SessionToken:
        """A login that lasts two weeks, however often it is used. The token is told here and never again."""
        token = SessionToken.from_text(secrets.token_urlsafe(32))
        now = self._core.utc()
        with self._core.store.session() as session:
            _row(session, user.id)
            session.execute(delete(UserSession).where(UserSession.expires_at <= now))
            expires = now + SESSION_TIME
            session.add(UserSession(token_hash=_hash_of(token), user_id=user.id, expires_at=expires))
        return token

    def session(self, token: SessionToken) -> User | None:
        """Whose session this is; None where it has ended, or never was."""
        with self._core.store.session() as session:
            found, now = session.get(UserSession, _hash_of(token)), self._core.utc()
            if found is None or not now < found.expires_at <= now + SESSION_TIME + CLOCK_SET_BACK:
                return None
            return _view(_row(session, found.user_id))

    def close_session(self, token: SessionToken) -> None:
        """Log out."""
        with self._core.store.session() as session:
            session.execute(delete(UserSession).where(UserSession.token_hash == _hash_of(token)))

    def close_all_sessions(self, user: User) -> None:
        """Log somebody out everywhere."""
        with self._core.store.session() as session:
            _close_all(session, user.id)

    async def set_password(self, user: User, password: Password) -> None:
        """Another password; every session of the user ends.

        Raises:
            HesRuleError: UserNotFound; a short password (no code).
        """
        password_hash = await self._hash(password)
        with self._core.store.session() as session:
            _row(session, user.id).password_hash = password_hash
            _close_all(session, user.id)
        self._core.tell(HesEventKind.ADMIN, "", f"sets another password for {user.email}")

    async def change_password(self, user: User, old: Password, new: Password) -> SessionToken:
        """Somebody sets their own password; every session of theirs ends, and a new one is returned.

        A wrong old password is counted as one at a login is, so a session that somebody left open is no way to guess.

        Raises:
            LoginRefused: the old password is wrong, or there were too many.
            HesRuleError: UserNotFound; a short password (no code).
        """
        _check_length(new)
        await self.verify(user.email, old)
        await self.set_password(user, new)
        return self.open_session(user)

    def set_role(self, user: User, role: Role) -> User:
        """Another role; every session of the user ends.

        Raises:
            HesRuleError: UserNotFound; nobody would be left to administer (no code).
        """
        with self._core.store.session() as session:
            row = _row(session, user.id)
            row.role = role
            _close_all(session, user.id)
            _keep_an_administrator(session)
        self._core.tell(HesEventKind.ADMIN, "", f"makes {user.email} {role}")
        return _view(row)

    def delete(self, user: User) -> None:
        """Somebody may not log in any more; their sessions end.

        Raises:
            HesRuleError: UserNotFound; nobody would be left to administer (no code).
        """
        with self._core.store.session() as session:
            session.delete(_row(session, user.id))
            _close_all(session, user.id)
            _keep_an_administrator(session)
        self._core.tell(HesEventKind.ADMIN, "", f"deletes the user {user.email}")

    async def _hash(self, password: Password) -> str:
        _check_length(password)
        return await self._in_thread(lambda: self._hasher.hash(password.reveal()))

    async def _decoy_hash(self) -> str:
        """What is compared for an address that nobody has."""
        if not self._decoy:
            self._decoy = await self._in_thread(lambda: self._hasher.hash(secrets.token_bytes(32)))
        return self._decoy

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async with self._room:
            return await asyncio.to_thread(work)

    def _is_right(self, encoded: str, password: Password) -> bool:
        try:
            return self._hasher.verify(encoded, password.reveal())
        except VerifyMismatchError:
            return False


def _check_length(password: Password) -> None:
    if len(password.reveal()) < SHORTEST_PASSWORD:
        raise HesRuleError(
            HesCode.None_,
            f"A password needs {SHORTEST_PASSWORD} characters at least; nothing was changed.",
        )


def _view(row: UserRow) -> User:
    return User(row.id, row.email, row.role)


def _by_email(session: Session, email: str) -> UserRow | None:
    return session.scalar(select(UserRow).filter_by(email=email))


def _row(session: Session, user_id: str) -> UserRow:
    row = session.get(UserRow, user_id)
    if row is None:
        raise HesRuleError(HesCode.UserNotFound, "There is no such user any more; nothing was changed.")
    return row


def _administrators(session: Session) -> int:
    query = select(func.count()).select_from(UserRow).where(UserRow.role == Role.ADMINISTRATOR)
    return session.scalar(query) or 0


def _keep_an_administrator(session: Session) -> None:
    session.flush()
    if not _administrators(session):
        raise HesRuleError(
            HesCode.None_,
            "This is the only administrator; make somebody else one first. Nothing was changed.",
        )


def _close_all(session: Session, user_id: str) -> None:
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def _hash_of(token: SessionToken) -> str:
    """Enough for 32 random bytes, which nobody can guess from it."""
    return hashlib.sha256(token.reveal()).hexdigest()


def _normalised(email: str) -> str:
    """Addresses that differ in case alone are one."""
    return email.strip().casefold()


def _is_address(text: str) -> bool:
    """One @ with something on both sides, and nothing that could forge a line of a log."""
    local, _, domain = text.partition("@")
    return bool(local and domain) and "@" not in domain and text.isprintable() and " " not in text
