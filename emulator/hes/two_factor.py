"""Two-factor sign-in as ASP.NET Identity has it: a user turns it on and off, and an administrator resets another's."""

from __future__ import annotations

from sqlalchemy import select

from hideez_bench.emulator.hes import authenticator
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.user_models import SecondFactor
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.logins import Logins
from hideez_bench.emulator.hes.names import HesCode, HesEventKind
from hideez_bench.emulator.hes.users import User, Users, end_sessions
from hideez_bench.protocol.secret import LoginCode, OtpSecret, Password, RecoveryCode, SessionToken


class TwoFactor:
    """The second factors of users. What asks for one at a login is `Logins`."""

    def __init__(self, core: Core, users: Users, logins: Logins) -> None:
        self._core = core
        self._users = users
        self._logins = logins

    def who(self) -> frozenset[str]:
        """The ids of all who have a second factor."""
        with self._core.store.session() as session:
            return frozenset(session.scalars(select(SecondFactor.user_id)))

    def is_on(self, user: User) -> bool:
        """Whether a login of this user needs a code."""
        with self._core.store.session() as session:
            return authenticator.is_on(session, user.id)

    def recovery_codes_left(self, user: User) -> int:
        """How many recovery codes the user has not used."""
        with self._core.store.session() as session:
            return authenticator.recovery_codes_left(session, user.id)

    async def begin(self, user: User, password: Password) -> OtpSecret:
        """A secret for the user's authenticator app. Nothing is kept of it until it is proved by a code.

        Raises:
            LoginRefused: the password is wrong, or there were too many.
        """
        await self._logins.confirm(user, password)
        return authenticator.new_secret(self._core.random)

    def turn_on(
        self, user: User, secret: OtpSecret, code: LoginCode
    ) -> tuple[SessionToken, tuple[RecoveryCode, ...]]:
        """Ask for a code at each login from now on. Every session of the user ends, since none was opened with one.

        Returns:
            A new session, and the recovery codes, which are told here and never again.

        Raises:
            HesRuleError: IncorrectOtp, the app shows another code; DataProtectionNotActivated; it is on (no code).
        """
        step = authenticator.step_of(secret, code, self._core.utc())
        if step is None:
            raise HesRuleError(
                HesCode.IncorrectOtp,
                "That is not the code of this secret at this time; look at the app again, and at the clock of the "
                "phone. Nothing was changed.",
            )
        with self._core.store.session() as session:
            if authenticator.is_on(session, user.id):
                raise HesRuleError(HesCode.None_, "Two-factor sign-in is on already; nothing was changed.")
            codes = authenticator.turn_on(session, user.id, secret, step, self._core.random)
            end_sessions(session, user.id)
        self._core.tell(HesEventKind.ADMIN, "", f"turns on two-factor sign-in for {user.email}")
        return self._users.open_session(user), codes

    async def turn_off(self, user: User, password: Password, code: LoginCode | RecoveryCode) -> None:
        """Ask for the password alone from now on. Wrong passwords and codes are counted as at a login.

        Raises:
            LoginRefused, HesRuleError: as `Logins.verify`.
        """
        await self._logins.confirm(user, password, code)
        self._forget(user)
        self._core.tell(HesEventKind.ADMIN, "", f"turns off two-factor sign-in for {user.email}")

    def reset(self, user: User) -> None:
        """For somebody who has lost their phone and their recovery codes; every session of theirs ends."""
        self._forget(user, log_out=True)
        self._core.tell(HesEventKind.ADMIN, "", f"resets two-factor sign-in of {user.email}")

    def _forget(self, user: User, *, log_out: bool = False) -> None:
        with self._core.store.session() as session:
            authenticator.turn_off(session, user.id)
            if log_out:
                end_sessions(session, user.id)
