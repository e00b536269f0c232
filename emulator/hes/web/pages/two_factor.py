"""Where whoever is logged in turns two-factor sign-in on and off for themselves, a viewer too."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.authenticator import otpauth_uri
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, raw_field
from hideez_bench.emulator.hes.web.security.forms import csrf_token, form_token
from hideez_bench.emulator.hes.web.security.sessions import current_user, set_session_cookie
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import LoginCode, OtpSecret, Password, RecoveryCode

PAGE = "/two-factor"
_OFF = "Two-factor sign-in is off: your password is enough again."
_FORGOTTEN = "This took too long, and the secret was thrown away; begin anew. Nothing was changed."


class TwoFactorPages:
    """`/two-factor` and below."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._two_factor = pages.hes.two_factor

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        return [
            route(PAGE, self.page, viewers=True),
            *(
                route(f"{PAGE}/{what}", handler, methods=["POST"], viewers=True)
                for what, handler in (("begin", self.begin), ("on", self.turn_on), ("off", self.turn_off))
            ),
        ]

    async def page(self, request: Request) -> Response:
        """Whether it is on, or the secret where somebody has begun."""
        return self._page(request)

    async def begin(self, request: Request) -> Response:
        """After the password: a secret for the app, kept for this session alone."""
        password = Password.from_text(await raw_field(request, "password"))
        try:
            secret = await self._two_factor.begin(current_user(request), password)
        except BenchError as refusal:
            return self._page(request, str(refusal))
        self._pages.memory.keep_otp_secret(csrf_token(request), secret)
        return self._pages.onward(request, PAGE)

    async def turn_on(self, request: Request) -> Response:
        """After a code that proves that the app has the secret: this browser gets a new session, and all others end."""
        secret = self._pages.memory.otp_secret(csrf_token(request))
        code = LoginCode.from_text((await fields(request)).get("code", ""))
        if secret is None:
            return self._page(request, _FORGOTTEN)
        try:
            token, codes = self._two_factor.turn_on(current_user(request), secret, code)
        except BenchError as refusal:
            return self._page(request, str(refusal))
        self._pages.memory.forget(csrf_token(request))
        request.state.csrf_token = form_token(token)
        # Shown in this answer, so that they are kept nowhere.
        shown = [one.to_text() for one in codes]
        answer = self._pages.show(request, "recovery_codes.html", codes=shown)
        set_session_cookie(answer, token)
        return answer

    async def turn_off(self, request: Request) -> Response:
        """After password and code."""
        password = Password.from_text(await raw_field(request, "password"))
        try:
            code = typed_code(await fields(request))
            await self._two_factor.turn_off(current_user(request), password, code)
        except BenchError as refusal:
            return self._page(request, str(refusal))
        return self._pages.onward(request, PAGE, _OFF)

    def _page(self, request: Request, refusal: str = "") -> Response:
        user = current_user(request)
        is_on = self._two_factor.is_on(user)
        secret = None if is_on else self._pages.memory.otp_secret(csrf_token(request))
        return self._pages.show(
            request,
            "two_factor.html",
            refusal=refusal,
            is_on=is_on,
            codes_left=self._two_factor.recovery_codes_left(user),
            secret=_in_groups(secret) if secret else "",
            uri=otpauth_uri(user.email, secret) if secret else "",
        )


def typed_code(typed: dict[str, str]) -> LoginCode | RecoveryCode:
    """What was typed as a second factor: the app's code, or else a recovery code.

    Raises:
        HesRuleError: nothing was (no code), which counts as no attempt.
    """
    if typed.get("code"):
        return LoginCode.from_text(typed["code"])
    if typed.get("recovery_code"):
        return RecoveryCode.from_text(typed["recovery_code"])
    raise HesRuleError(HesCode.None_, "Type the code of your authenticator app, or a recovery code.")


def _in_groups(secret: OtpSecret) -> str:
    text = secret.reveal().decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
