"""Those who log in to the server: users with e-mail, password and perhaps a second factor, and their sessions.

There is no password that a server comes with: while `Users.any` is false, somebody must be created first.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes import authenticator, draw
from hideez_bench.emulator.hes.attempts import Attempts
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.user_models import User as UserRow
from hideez_bench.emulator.hes.database.user_models import UserSession
from hideez_bench.emulator.hes.errors import HesRuleError, LoginExpired, LoginRefused, TooManyLogins
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, LoginRefusal, Role
from hideez_bench.emulator.hes.passwords import Passwords, check_length
from hideez_bench.emulator.hes.pending_logins import PendingLogins
from hideez_bench.protocol.secret import LoginCode, Password, RecoveryCode, SessionToken

SESSION_TIME = timedelta(days=14)
CLOCK_SET_BACK = timedelta(days=1)
"""So far a clock may be set back, and sessions go on. One that was opened later than that is of no time that was."""
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
        self._passwords = Passwords(hasher or PasswordHasher())
        self._attempts = Attempts(core.store, core.utc)
        self._pending = PendingLogins(core.utc)
        self._logins = 0

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
        password_hash = await self._passwords.hash(password)
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

    async def verify(
        self, email: str, password: Password, code: LoginCode | RecoveryCode | None = None
    ) -> User:
        """Whoever has this e-mail and password, and the second factor of whom has one: all of a login at once.

        Each attempt is counted before it is looked at. An address that nobody has is counted and answered in the same
        way, and as late.

        Raises:
            LoginRefused: Unauthorized; TwoFactorRequired or InvalidAuthenticatorCode, where the password is right;
                UserIsLockedout after 10 wrong passwords and codes, for 15 minutes.
            HesRuleError: DataProtectionNotActivated, where the code cannot be compared.
            TooManyLogins: too many others are before this one.
        """
        row, needs_code = await self._proved(email, password)
        if needs_code:
            if code is None:
                raise LoginRefused(LoginRefusal.TwoFactorRequired)
            self._check_code(row, code)
        return self._let_in(row)

    async def start(self, email: str, password: Password) -> User | SessionToken:
        """The first half of a login: the user who is in, or what `finish` wants with the second factor.

        Raises:
            LoginRefused, TooManyLogins: as `verify`.
        """
        row, needs_code = await self._proved(email, password)
        return self._pending.open(row.id, row.password_hash) if needs_code else self._let_in(row)

    def waiting(self, token: SessionToken) -> User:
        """Whose login waits for the second factor.

        Raises:
            LoginExpired: nobody's; it was finished, it took too long, or the user has changed meanwhile.
        """
        return _view(self._waiting(token))

    def finish(self, token: SessionToken, code: LoginCode | RecoveryCode) -> User:
        """The second half of a login. A wrong code is counted as a wrong password is.

        Raises:
            LoginExpired: as `waiting`.
            LoginRefused: InvalidAuthenticatorCode, UserIsLockedout.
            HesRuleError: DataProtectionNotActivated, where the code cannot be compared.
        """
        row = self._waiting(token)
        try:
            self._check_code(row, code)
        except LoginRefused as refused:
            if refused.reason is LoginRefusal.UserIsLockedout:
                self._pending.close(token)
            raise
        self._pending.close(token)
        return self._let_in(row)

    def _waiting(self, token: SessionToken) -> UserRow:
        pending = self._pending.get(token)
        if pending:
            with self._core.store.session() as session:
                row = session.get(UserRow, pending.user_id)
                if (
                    row
                    and row.password_hash == pending.password_hash
                    and authenticator.is_on(session, row.id)
                ):
                    return row
            self._pending.close(token)
        raise LoginExpired

    async def _proved(self, email: str, password: Password) -> tuple[UserRow, bool]:
        """Whoever has this e-mail and password, and whether a code is needed besides."""
        if self._logins >= MOST_LOGINS:
            raise TooManyLogins
        self._logins += 1
        try:
            return await self._password_proved(_normalised(email), password)
        finally:
            self._logins -= 1

    async def _password_proved(self, email: str, password: Password) -> tuple[UserRow, bool]:
        left = self._take_attempt(email)
        decoy = await self._passwords.decoy()
        with self._core.store.session() as session:
            found = _by_email(session, email)
        encoded = found.password_hash if found else decoy
        is_right = await self._passwords.is_right(encoded, password)
        with self._core.store.session() as session:
            row = _by_email(session, email)
            # Another password may have been set while this one was compared.
            known = row is not None and row.password_hash == encoded
            needs_code = row is not None and authenticator.is_on(session, row.id)
        if row is None or not known or not is_right:
            if row is not None:
                self._core.tell(
                    HesEventKind.FAILED, "", f"refuses a wrong password for {email}, {left} tries left"
                )
            raise LoginRefused(LoginRefusal.Unauthorized if left else LoginRefusal.UserIsLockedout)
        if needs_code:
            # Wrong codes still count, or who knows the password could guess codes for ever.
            self._attempts.give_back(_subject(email))
        else:
            self._attempts.forgive(_subject(email))
        return row, needs_code

    def _check_code(self, row: UserRow, code: LoginCode | RecoveryCode) -> None:
        """Use up a code, which is counted before it is compared."""
        left = self._take_attempt(row.email)
        try:
            with self._core.store.session() as session:
                is_right = authenticator.takes(session, row.id, code, self._core.utc())
        except HesRuleError:
            self._attempts.give_back(_subject(row.email))
            raise
        if not is_right:
            self._core.tell(
                HesEventKind.FAILED, "", f"refuses a wrong code for {row.email}, {left} tries left"
            )
            raise LoginRefused(
                LoginRefusal.InvalidAuthenticatorCode if left else LoginRefusal.UserIsLockedout
            )
        self._attempts.forgive(_subject(row.email))

    def _take_attempt(self, email: str) -> int:
        """How many are left after this one."""
        left = self._attempts.take(_subject(email))
        if left is None:
            raise LoginRefused(LoginRefusal.UserIsLockedout)
        return left

    def _let_in(self, row: UserRow) -> User:
        self._core.tell(HesEventKind.ADMIN, "", f"lets {row.email} log in")
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
            end_sessions(session, user.id)

    async def set_password(self, user: User, password: Password) -> None:
        """Another password; every session of the user ends.

        Raises:
            HesRuleError: UserNotFound; a short password (no code).
        """
        password_hash = await self._passwords.hash(password)
        with self._core.store.session() as session:
            _row(session, user.id).password_hash = password_hash
            end_sessions(session, user.id)
        self._core.tell(HesEventKind.ADMIN, "", f"sets another password for {user.email}")

    async def confirm(
        self, user: User, password: Password, code: LoginCode | RecoveryCode | None = None
    ) -> None:
        """Somebody who is logged in types their password once more, and a code where one is wanted.

        Raises:
            LoginRefused, HesRuleError, TooManyLogins: as `verify`, and counted as there.
        """
        row, has_second_factor = await self._proved(user.email, password)
        if code is not None and has_second_factor:
            self._check_code(row, code)

    async def change_password(self, user: User, old: Password, new: Password) -> SessionToken:
        """Somebody sets their own password; every session of theirs ends, and a new one is returned.

        A wrong old password is counted, so a session that somebody left open is no way to guess.

        Raises:
            LoginRefused: the old password is wrong, or there were too many.
            HesRuleError: UserNotFound; a short password (no code).
        """
        check_length(new)
        await self.confirm(user, old)
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
            end_sessions(session, user.id)
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
            end_sessions(session, user.id)
            _keep_an_administrator(session)
        self._core.tell(HesEventKind.ADMIN, "", f"deletes the user {user.email}")


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


def end_sessions(session: Session, user_id: str) -> None:
    """As part of a transaction: log somebody out everywhere."""
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def _hash_of(token: SessionToken) -> str:
    """Enough for 32 random bytes, which nobody can guess from it."""
    return hashlib.sha256(token.reveal()).hexdigest()


def _subject(email: str) -> str:
    """What attempts are counted for; addresses that nobody has are in the database too, and so not as they are."""
    return f"login {hashlib.sha256(email.encode()).hexdigest()}"


def _normalised(email: str) -> str:
    """Addresses that differ in case alone are one."""
    return email.strip().casefold()


def _is_address(text: str) -> bool:
    """One @ with something on both sides, and nothing that could forge a line of a log."""
    local, _, domain = text.partition("@")
    return bool(local and domain) and "@" not in domain and text.isprintable() and " " not in text
