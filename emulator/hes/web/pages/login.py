"""Logging in and out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from hideez_bench.emulator.hes.errors import LoginRefused
from hideez_bench.emulator.hes.web.pages.live import Live
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, local, raw_field
from hideez_bench.emulator.hes.web.security.forms import csrf_token
from hideez_bench.emulator.hes.web.security.sessions import (
    clear_session_cookie,
    session_token,
    set_session_cookie,
)
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import Password

FIRST_PAGE = "/vaults"


class LoginPages:
    """`/login` and `/logout`."""

    def __init__(self, pages: Pages, live: Live) -> None:
        self._pages = pages
        self._live = live
        self._users = pages.hes.users

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        # These two stand outside of `Pages.route`: nobody has a role yet.
        return [
            Route("/login", self.form, methods=["GET"]),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        """The page to log in, or the first page where somebody is logged in already."""
        if request.state.user:
            return RedirectResponse(FIRST_PAGE, 303)
        return self._form(request, onward=request.query_params.get("next", ""))

    async def log_in(self, request: Request) -> Response:
        """Look at e-mail and password."""
        typed = await fields(request)
        password = Password.from_text(await raw_field(request, "password"))
        email = typed.get("email", "")
        try:
            user = await self._users.verify(email, password)
        except LoginRefused as refused:
            return self._form(request, typed.get("next", ""), email, str(refused), status=401)
        except BenchError as error:
            return self._form(request, typed.get("next", ""), email, str(error), status=503)
        answer = RedirectResponse(local(typed.get("next", ""), FIRST_PAGE), 303)
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
        self, request: Request, onward: str, email: str = "", refusal: str = "", *, status: int = 200
    ) -> Response:
        return self._pages.show(
            request,
            "login.html",
            status=status,
            refusal=refusal,
            email=email,
            next=local(onward, ""),
        )
