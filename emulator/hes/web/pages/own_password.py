"""Where whoever is logged in sets their own password, a viewer too."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.web.pages.page import Pages, fields, local, raw_field
from hideez_bench.emulator.hes.web.pages.settings import check_repeated
from hideez_bench.emulator.hes.web.security.forms import csrf_token, form_token
from hideez_bench.emulator.hes.web.security.sessions import current_user, set_session_cookie
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import Password

_TOLD = "Your password was changed. Wherever else you were logged in, you are not any more."


class OwnPasswordPage:
    """`/password`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._logins = pages.hes.logins

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        return [self._pages.route("/password", self.page, methods=["GET", "POST"], viewers=True)]

    async def page(self, request: Request) -> Response:
        """Ask for the old and the new password, and set it: the old session ends, and this browser gets a new one."""
        if request.method == "GET":
            return self._form(request, request.query_params.get("back", ""))
        back = (await fields(request)).get("back", "")
        old, new, repeated = [
            Password.from_text(await raw_field(request, name))
            for name in ("password", "new_password", "repeated")
        ]
        try:
            check_repeated(new, repeated)
            token = await self._logins.change_password(current_user(request), old, new)
        except BenchError as refusal:
            return self._form(request, back, str(refusal))
        self._pages.memory.forget(csrf_token(request))
        self._pages.memory.add_notice(form_token(token), "good", _TOLD)
        answer = self._pages.onward(request, local(back, "/vaults"))
        set_session_cookie(answer, token)
        return answer

    def _form(self, request: Request, back: str, refusal: str = "") -> Response:
        return self._pages.form(
            request,
            "own_password.html",
            back=local(back, "/vaults"),
            refusal=refusal,
        )
