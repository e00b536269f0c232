"""Those who may log in to the server: users with e-mail, password and role, and their sessions.

There is no password that a server comes with: while `Users.any` is false, somebody must be created first.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.user_models import User as UserRow
from hideez_bench.emulator.hes.database.user_models import UserSession
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, Role
from hideez_bench.emulator.hes.passwords import Passwords
from hideez_bench.protocol.secret import Password, SessionToken

SESSION_TIME = timedelta(days=14)
CLOCK_SET_BACK = timedelta(days=1)
"""So far a clock may be set back, and sessions go on. One that was opened later than that is of no time that was."""


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
    """The directory of users, and their sessions. Who is one of them is found out by `Logins`."""

    def __init__(self, core: Core, passwords: Passwords) -> None:
        self._core = core
        self._passwords = passwords

    def any(self) -> bool:
        """Whether there is anybody who could log in as an administrator."""
        with self._core.store.session() as session:
            return _administrators(session) > 0

    def list(self) -> tuple[User, ...]:
        """Every user, by e-mail."""
        with self._core.store.session() as session:
            return tuple(user_of(row) for row in session.scalars(select(UserRow).order_by(UserRow.email)))

    async def create(self, email: str, password: Password, role: Role) -> User:
        """Enter somebody who may log in.

        Raises:
            HesRuleError: EmailAlreadyTaken; an odd address or a short password (no code).
        """
        email = normalised(email)
        if not _is_address(email):
            raise HesRuleError(HesCode.None_, "A user needs an e-mail address; nobody was created.")
        password_hash = await self._passwords.hash(password)
        row = UserRow(
            id=draw.identifier(self._core.random),
            email=email,
            password_hash=password_hash,
            role=role,
            created_at=self._core.utc(),
        )
        with self._core.store.session() as session:
            if by_email(session, email):
                raise HesRuleError(HesCode.EmailAlreadyTaken, f"There is a user {email} already.")
            session.add(row)
        self._core.tell(HesEventKind.ADMIN, "", f"creates the user {email} as {role}")
        return user_of(row)

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
            return user_of(_row(session, found.user_id))

    def close_session(self, token: SessionToken) -> None:
        """Log out."""
        with self._core.store.session() as session:
            session.execute(delete(UserSession).where(UserSession.token_hash == _hash_of(token)))

    def close_all_sessions(self, user: User) -> None:
        """Log somebody out everywhere."""
        with self._core.store.session() as session:
            end_sessions(session, user.id)

    async def set_password(self, user: User, password: Password, instead_of: str | None = None) -> None:
        """Another password; every session of the user ends. `instead_of` is the hash of the one that it may replace.

        Raises:
            HesRuleError: UserNotFound; a short password, or there is another one already (no code).
        """
        password_hash = await self._passwords.hash(password)
        with self._core.store.session() as session:
            row = _row(session, user.id)
            if instead_of not in (None, row.password_hash):
                raise HesRuleError(
                    HesCode.None_,
                    "Your password was changed by somebody else just now; log in with that one.",
                )
            row.password_hash = password_hash
            end_sessions(session, user.id)
        self._core.tell(HesEventKind.ADMIN, "", f"sets another password for {user.email}")

    def set_role(self, user: User, role: Role) -> User:
        """Another role; every session of the user ends.

        Raises:
            HesRuleError: UserNotFound; nobody would be left to administer (no code).
        """
        with self._core.store.session() as session:
            row = _row(session, user.id)
            row.role = role
            end_sessions(session, user.id)
            _keep_an_administrator(session)
        self._core.tell(HesEventKind.ADMIN, "", f"makes {user.email} {role}")
        return user_of(row)

    def delete(self, user: User) -> None:
        """Somebody may not log in any more; their sessions end.

        Raises:
            HesRuleError: UserNotFound; nobody would be left to administer (no code).
        """
        with self._core.store.session() as session:
            session.delete(_row(session, user.id))
            end_sessions(session, user.id)
            _keep_an_administrator(session)
        self._core.tell(HesEventKind.ADMIN, "", f"deletes the user {user.email}")


def user_of(row: UserRow) -> User:
    """A row as anybody may see it."""
    return User(row.id, row.email, row.role)


def by_email(session: Session, email: str) -> UserRow | None:
    """As part of a transaction: whoever has this address, which is `normalised`."""
    return session.scalar(select(UserRow).filter_by(email=email))


def normalised(email: str) -> str:
    """Addresses that differ in case alone are one."""
    return email.strip().casefold()


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


def end_sessions(session: Session, user_id: str) -> None:
    """As part of a transaction: log somebody out everywhere."""
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def _hash_of(token: SessionToken) -> str:
    """Enough for 32 random bytes, which nobody can guess from it."""
    return hashlib.sha256(token.reveal()).hexdigest()


def _is_address(text: str) -> bool:
    """One @ with something on both sides, and nothing that could forge a line of a log."""
    local, _, domain = text.partition("@")
    return bool(local and domain) and "@" not in domain and text.isprintable() and " " not in text
