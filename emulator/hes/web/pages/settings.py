"""Settings: data protection, mail, and who may log in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, Role
from hideez_bench.emulator.hes.users import User
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, raw_field
from hideez_bench.emulator.hes.web.security.sessions import current_user
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import Password

PAGE = "/settings"
_TOLD = {
    "enable": "Data protection is on. Keep its password: without it nobody can read codes after a restart.",
    "activate": "Data protection is active again.",
    "change": "Data protection has another password.",
    "disable": "Data protection is off.",
}


class SettingsPages:
    """`/settings` and below."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._users = pages.hes.users
        self._two_factor = pages.hes.two_factor
        self._protection = pages.hes.protection

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        return [
            route(PAGE, self.page),
            *(route(f"{PAGE}/protection/{what}", self._protect(what), methods=["POST"]) for what in _TOLD),
            route(f"{PAGE}/users/new", self.create_user, methods=["POST"]),
            route(f"{PAGE}/users/{{user_id}}/role", self.set_role, methods=["POST"]),
            route(f"{PAGE}/users/{{user_id}}/password", self.password_form),
            route(f"{PAGE}/users/{{user_id}}/password", self.set_password, methods=["POST"]),
            route(f"{PAGE}/users/{{user_id}}/two-factor", self.reset_form),
            route(f"{PAGE}/users/{{user_id}}/two-factor", self.reset_two_factor, methods=["POST"]),
            route(f"{PAGE}/users/{{user_id}}/delete", self.delete_form),
            route(f"{PAGE}/users/{{user_id}}/delete", self.delete_user, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """All of it."""
        return self._page(request)

    def _protect(self, what: str) -> Callable[[Request], Awaitable[Response]]:
        async def handler(request: Request) -> Response:
            password = Password.from_text(await raw_field(request, "password"))
            new = Password.from_text(await raw_field(request, "new_password"))
            try:
                if what in ("enable", "change"):
                    check_repeated(new, Password.from_text(await raw_field(request, "repeated")))
                match what:
                    case "enable":
                        await self._protection.enable(new)
                    case "activate":
                        await self._protection.activate(password)
                    case "change":
                        await self._protection.change_password(password, new)
                    case _:
                        await self._protection.disable(password)
            except BenchError as refusal:
                return self._page(request, protection_refusal=str(refusal))
            return self._pages.onward(request, PAGE, _TOLD[what])

        return handler

    async def create_user(self, request: Request) -> Response:
        """Let somebody log in."""
        typed = await fields(request)
        password = Password.from_text(await raw_field(request, "password"))
        try:
            user = await self._users.create(typed.get("email", ""), password, _role(typed))
        except BenchError as refusal:
            return self._page(request, user_refusal=str(refusal), typed=typed)
        return self._pages.onward(request, PAGE, f"{user.email} may log in.")

    async def set_role(self, request: Request) -> Response:
        """Give somebody another role."""
        user = self._user(request)
        role = _role(await fields(request))
        try:
            self._users.set_role(user, role)
        except BenchError as refusal:
            return self._page(request, user_refusal=str(refusal))
        return self._pages.onward(request, PAGE, f"{user.email} is {role} now, and must log in again.")

    async def password_form(self, request: Request) -> Response:
        """Where another password is typed."""
        return self._password_form(request)

    async def set_password(self, request: Request) -> Response:
        """Give somebody another password."""
        user = self._user(request)
        password = Password.from_text(await raw_field(request, "new_password"))
        try:
            check_repeated(password, Password.from_text(await raw_field(request, "repeated")))
            await self._users.set_password(user, password)
        except BenchError as refusal:
            return self._password_form(request, str(refusal))
        return self._pages.onward(request, PAGE, f"{user.email} has another password, and must log in again.")

    async def reset_form(self, request: Request) -> Response:
        """Ask once more."""
        return self._reset_form(request)

    async def reset_two_factor(self, request: Request) -> Response:
        """Let somebody who has lost their phone log in by their password alone."""
        user = self._user(request)
        if user.id == current_user(request).id:
            # Or whoever finds a browser that was left open could turn it off without a code.
            return self._reset_form(
                request, "Turn off your own under Two-factor sign-in; nothing was changed."
            )
        self._two_factor.reset(user)
        return self._pages.onward(
            request, PAGE, f"{user.email} needs no code any more, and must log in again."
        )

    async def delete_form(self, request: Request) -> Response:
        """Ask once more."""
        return self._delete_form(request)

    async def delete_user(self, request: Request) -> Response:
        """Let somebody no longer log in."""
        user = self._user(request)
        try:
            self._users.delete(user)
        except BenchError as refusal:
            return self._delete_form(request, str(refusal))
        return self._pages.onward(request, PAGE, f"{user.email} may no longer log in.")

    def _user(self, request: Request) -> User:
        for user in self._users.list():
            if user.id == request.path_params["user_id"]:
                return user
        raise HesRuleError(HesCode.UserNotFound, "There is no such user any more; nothing was changed.")

    def _page(
        self,
        request: Request,
        *,
        protection_refusal: str = "",
        user_refusal: str = "",
        typed: dict[str, str] | None = None,
    ) -> Response:
        mail = self._pages.context.mail
        return self._pages.show(
            request,
            "settings.html",
            status=409 if protection_refusal or user_refusal else 200,
            protection=self._protection.state.name,
            protection_refusal=protection_refusal,
            mail=mail.settings if mail else None,
            users=self._users.list(),
            two_factor=self._two_factor.who(),
            roles=[role.value for role in Role],
            typed=typed or {},
            user_refusal=user_refusal,
        )

    def _password_form(self, request: Request, refusal: str = "") -> Response:
        return self._pages.form(
            request,
            "user_password.html",
            subject=self._user(request),
            back=PAGE,
            refusal=refusal,
        )

    def _reset_form(self, request: Request, refusal: str = "") -> Response:
        user = self._user(request)
        text = (
            f"{user.email} is logged out everywhere, and logs in by the password alone until two-factor sign-in is "
            "turned on again. Make sure first that it is they who ask."
        )
        return self._pages.confirm(
            request, PAGE, "Reset two-factor sign-in", text, "Reset", danger=True, refusal=refusal
        )

    def _delete_form(self, request: Request, refusal: str = "") -> Response:
        user = self._user(request)
        text = f"{user.email} may no longer log in. What they did stays."
        return self._pages.confirm(
            request, PAGE, "Delete the user", text, "Delete", danger=True, refusal=refusal
        )


def _role(typed: dict[str, str]) -> Role:
    return Role.ADMINISTRATOR if typed.get("role") == Role.ADMINISTRATOR else Role.VIEWER


def check_repeated(password: Password, repeated: Password) -> None:
    """Whether somebody typed the same twice.

    Raises:
        BenchError: they did not.
    """
    if password != repeated:
        raise BenchError("The two passwords differ; nothing was changed.")
