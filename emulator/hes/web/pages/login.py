"""Logging in and out."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from hideez_bench.emulator.hes.errors import HesRuleError, LoginExpired, LoginRefused
from hideez_bench.emulator.hes.names import LoginRefusal, ProtectionState
from hideez_bench.emulator.hes.users import User
from hideez_bench.emulator.hes.web.pages.live import Live
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, local, raw_field
from hideez_bench.emulator.hes.web.pages.two_factor import typed_code
from hideez_bench.emulator.hes.web.security.forms import csrf_token
from hideez_bench.emulator.hes.web.security.sessions import (
    clear_pending_cookie,
    clear_session_cookie,
    pending_token,
    session_token,
    set_pending_cookie,
    set_session_cookie,
)
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import Password, SessionToken

FIRST_PAGE = "/vaults"
CODE_PAGE = "/login/code"


class LoginPages:
    """`/login`, `/login/code` for whoever has a second factor, and `/logout`."""

    def __init__(self, pages: Pages, live: Live) -> None:
        self._pages = pages
        self._live = live
        self._users = pages.hes.users
        self._logins = pages.hes.logins
        self._protection = pages.hes.protection

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        # These stand outside of `Pages.route`: nobody has a role yet.
        return [
            Route("/login", self.form, methods=["GET"]),
            Route("/login", self.log_in, methods=["POST"]),
            Route(CODE_PAGE, self.code_form, methods=["GET"]),
            Route(CODE_PAGE, self.check_code, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        """The page to log in, or the first page where somebody is logged in already."""
        if request.state.user:
            return RedirectResponse(FIRST_PAGE, 303)
        return self._form(request, onward=request.query_params.get("next", ""))

    async def log_in(self, request: Request) -> Response:
        """Look at e-mail and password; who has a second factor is asked for it next, and has no session before."""
        typed = await fields(request)
        password = Password.from_text(await raw_field(request, "password"))
        email, onward = typed.get("email", ""), typed.get("next", "")
        try:
            found = await self._logins.start(email, password)
        except LoginRefused as refused:
            return self._form(request, onward, email, str(refused), status=401)
        except BenchError as error:
            return self._form(request, onward, email, str(error), status=503)
        if isinstance(found, SessionToken):
            answer = RedirectResponse(f"{CODE_PAGE}?next={quote(local(onward, ''))}", 303)
            set_pending_cookie(answer, found)
            return answer
        return self._in(found, onward)

    async def code_form(self, request: Request) -> Response:
        """Where the code is typed, in the browser where the password was."""
        try:
            user = self._logins.waiting(pending_token(request))
        except BenchError:
            return RedirectResponse("/login", 303)
        return self._code_form(request, user, request.query_params.get("next", ""))

    async def check_code(self, request: Request) -> Response:
        """Look at the code of the app, or a recovery code.

        After a start of the server it cannot be compared before data protection is active. An administrator enters its
        password here then, since they come no further without.
        """
        token, typed = pending_token(request), await fields(request)
        onward = typed.get("next", "")
        unsealing = Password.from_text(await raw_field(request, "protection_password"))
        try:
            user = self._logins.waiting(token)
        except LoginExpired as expired:
            return self._form(request, onward, refusal=str(expired), status=401)
        except BenchError as error:
            return self._form(request, onward, refusal=str(error), status=503)
        try:
            if user.is_administrator and self._is_sealed and unsealing.reveal():
                await self._protection.activate(unsealing)
            user = self._logins.finish(token, typed_code(typed))
        except LoginExpired as expired:
            return self._form(request, onward, refusal=str(expired), status=401)
        except LoginRefused as refused:
            if refused.reason is LoginRefusal.UserIsLockedout:
                return self._form(request, onward, user.email, str(refused), status=401)
            return self._code_form(request, user, onward, str(refused), status=401)
        except HesRuleError as refusal:
            return self._code_form(request, user, onward, str(refusal))
        except BenchError as error:
            return self._code_form(request, user, onward, str(error), status=503)
        answer = self._in(user, onward)
        clear_pending_cookie(answer)
        return answer

    @property
    def _is_sealed(self) -> bool:
        return self._protection.state is ProtectionState.NOT_ACTIVATED

    def _in(self, user: User, onward: str) -> Response:
        answer = RedirectResponse(local(onward, FIRST_PAGE), 303)
        set_session_cookie(answer, self._users.open_session(user))
        return answer

    async def log_out(self, request: Request) -> Response:
        """End the session, and what is open for it."""
        token = session_token(request)
        if token is not None:
            self._users.close_session(token)
            self._live.session_ended(token)
        self._pages.memory.forget(csrf_token(request))
        answer = RedirectResponse("/login", 303)
        clear_session_cookie(answer)
        return answer

    def _form(
        self, request: Request, onward: str, email: str = "", refusal: str = "", *, status: int | None = None
    ) -> Response:
        return self._pages.show(
            request,
            "login.html",
            status=status,
            refusal=refusal,
            email=email,
            next=local(onward, ""),
        )

    def _code_form(
        self, request: Request, user: User, onward: str, refusal: str = "", *, status: int | None = None
    ) -> Response:
        is_sealed = self._is_sealed
        return self._pages.show(
            request,
            "login_code.html",
            status=status,
            refusal=refusal,
            email=user.email,
            next=local(onward, ""),
            is_sealed=is_sealed,
            asks_protection=is_sealed and user.is_administrator,
        )
