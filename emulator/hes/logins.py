"""Logging in: the password, and the second factor of whom has one; each attempt is counted, and the crowd bounded."""

from __future__ import annotations

import hashlib

from hideez_bench.emulator.hes import authenticator
from hideez_bench.emulator.hes.attempts import Attempts
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.user_models import User as UserRow
from hideez_bench.emulator.hes.errors import HesRuleError, LoginExpired, LoginRefused, TooManyLogins
from hideez_bench.emulator.hes.names import HesEventKind, LoginRefusal
from hideez_bench.emulator.hes.passwords import Passwords, check_length
from hideez_bench.emulator.hes.pending_logins import PendingLogins
from hideez_bench.emulator.hes.users import User, Users, by_email, normalised, user_of
from hideez_bench.protocol.secret import LoginCode, Password, RecoveryCode, SessionToken

MOST_LOGINS = 20
"""Passwords that wait to be compared. A flood must not keep an administrator waiting for minutes."""


class Logins:
    """Who somebody is, by password and second factor. A login opens no session; the caller does, by `Users`.

    Args:
        core: what all parts of the server share.
        passwords: the same object as in `users`, which bounds how many are worked out at once.
        users: those who may log in.
    """

    def __init__(self, core: Core, passwords: Passwords, users: Users) -> None:
        self._core = core
        self._passwords = passwords
        self._users = users
        self._attempts = Attempts(core.store, core.utc)
        self._pending = PendingLogins(core.utc)
        self._under_way = 0

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
        return user_of(self._waiting(token))

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
            HesRuleError: UserNotFound; a short password, or somebody else set another one meanwhile (no code).
        """
        check_length(new)
        row, _ = await self._proved(user.email, old)
        # The old password is no right to replace one that an administrator sets while the new one is worked out.
        await self._users.set_password(user, new, instead_of=row.password_hash)
        return self._users.open_session(user)

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
        if self._under_way >= MOST_LOGINS:
            raise TooManyLogins
        self._under_way += 1
        try:
            return await self._password_proved(normalised(email), password)
        finally:
            self._under_way -= 1

    async def _password_proved(self, email: str, password: Password) -> tuple[UserRow, bool]:
        left = self._take_attempt(email)
        decoy = await self._passwords.decoy()
        with self._core.store.session() as session:
            found = by_email(session, email)
        encoded = found.password_hash if found else decoy
        is_right = await self._passwords.is_right(encoded, password)
        with self._core.store.session() as session:
            row = by_email(session, email)
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
        return user_of(row)


def _subject(email: str) -> str:
    """What attempts are counted for; addresses that nobody has are in the database too, and so not as they are."""
    return f"login {hashlib.sha256(email.encode()).hexdigest()}"
