"""/api/Identity: logging in and out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import StrictBool
from starlette.responses import JSONResponse

from hideez_bench.emulator.hes.errors import LoginRefused
from hideez_bench.emulator.hes.names import LoginRefusal
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.users import User
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, Hidden, Needed, Text
from hideez_bench.emulator.hes.web.rest.wiring import TheHes
from hideez_bench.emulator.hes.web.security.sessions import (
    clear_session_cookie,
    current_user,
    session_token,
    set_session_cookie,
)
from hideez_bench.protocol.secret import LoginCode, Password

router = APIRouter(prefix="/Identity", tags=["Identity"])


class LoginBody(Body):
    """Who logs in. `otp` is the code of their authenticator app, where they have turned two-factor sign-in on."""

    email: Needed
    password: Hidden
    otp: Text | None = None

    async def verify(self, hes: Hes) -> User:
        """Whose body this is; raises as `Logins.verify`. An empty code is none."""
        code = LoginCode.from_text(self.otp or "")
        password = Password.from_text(self.password.get_secret_value())
        return await hes.logins.verify(self.email, password, code if code.reveal() else None)


class PasswordLoginBody(Body):
    """Who logs in. `rememberMe` is taken and not looked at: a session lasts two weeks."""

    email: Needed
    password: Hidden
    remember_me: StrictBool = False


class UserAnswer(Answer):
    """Somebody who may log in."""

    id: str
    email: str


class AuthorizationResponse(Answer):
    """How a login went. `cookie` is always null: the session is in the cookie, and nowhere else."""

    succeeded: bool = False
    requires_two_factor: bool = False
    is_locked_out: bool = False
    failed: bool = False
    message: str | None = None
    code: str | None = None
    user: UserAnswer | None = None
    cookie: str | None = None


@router.post("/Login", response_class=Response)
async def login(hes: TheHes, body: LoginBody) -> Response:
    """Log in. A refusal is 401, 400 is `CredentialsNull`.

    401 is one of `Unauthorized`, `UserIsLockedout`, `TwoFactorRequired` (no `otp`), `InvalidAuthenticatorCode`.
    """
    try:
        user = await body.verify(hes)
    except LoginRefused as refused:
        return JSONResponse({"error": refused.reason.name}, 401)
    response = Response(status_code=200)
    set_session_cookie(response, hes.users.open_session(user))
    return response


@router.post("/LoginWithPassword")
async def login_with_password(
    hes: TheHes, response: Response, body: PasswordLoginBody
) -> AuthorizationResponse:
    """Log in as the vendor's page does: the answer is 200, and says whether it went well.

    Whoever has a second factor is told so, and logs in by `Login` with their `otp`.
    """
    try:
        user = await hes.logins.verify(body.email, Password.from_text(body.password.get_secret_value()))
    except LoginRefused as refused:
        name = refused.reason.name
        requires_two_factor = refused.reason is LoginRefusal.TwoFactorRequired
        return AuthorizationResponse(
            requires_two_factor=requires_two_factor,
            is_locked_out=refused.reason is LoginRefusal.UserIsLockedout,
            failed=not requires_two_factor,
            message=name,
            code=name,
        )
    set_session_cookie(response, hes.users.open_session(user))
    return AuthorizationResponse(succeeded=True, user=_user(user))


@router.post("/LoginWithFido2")
async def login_with_fido2() -> AuthorizationResponse:
    """Refused: nobody here has registered an authenticator. What is sent is not looked at."""
    name = LoginRefusal.Unauthorized.name
    return AuthorizationResponse(failed=True, message=name, code=name)


@router.post("/AuthN", include_in_schema=False)
async def authn(hes: TheHes, body: LoginBody) -> Response:
    """Whose e-mail and password this is, without a session; a path that the vendor does not describe either."""
    try:
        user = await body.verify(hes)
    except LoginRefused as refused:
        return JSONResponse({"error": f"{refused.reason.name}Exception"}, 401)
    answer = {"firstName": None, "lastName": None, "email": user.email, "phoneNumber": None}
    return JSONResponse(answer)


@router.post("/Logout", response_class=Response)
async def logout(request: Request, hes: TheHes) -> Response:
    """End this session."""
    response = Response(status_code=200)
    if token := session_token(request):
        hes.users.close_session(token)
    clear_session_cookie(response)
    return response


@router.post("/RefreshSignIn", response_class=Response)
async def refresh_sign_in(request: Request, hes: TheHes) -> Response:
    """Go on in a new session, and end this one."""
    response = Response(status_code=200)
    new = hes.users.open_session(current_user(request))
    if token := session_token(request):
        hes.users.close_session(token)
    set_session_cookie(response, new)
    return response


def _user(user: User) -> UserAnswer:
    return UserAnswer(id=user.id, email=user.email)
