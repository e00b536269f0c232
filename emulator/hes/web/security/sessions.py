"""Who asks: the session's cookie, and the user whom the door found behind it."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from hideez_bench.emulator.hes.users import User
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.secret import SessionToken

SESSION_SECONDS = 14 * 24 * 3600


def current_user(request: Request) -> User:
    """Who asks; a dependency. Where there is no session, the request came no further than `Security`."""
    user = request.state.user
    if not isinstance(user, User):
        raise HTTPException(401, "Unauthorized")
    return user


def require_administrator(request: Request) -> User:
    """Who asks, if that is an administrator; a dependency for what a viewer must not even see."""
    user = current_user(request)
    if not user.is_administrator:
        raise HTTPException(403, "Only an administrator may do this.")
    return user


def session_token(request: HTTPConnection) -> SessionToken | None:
    """The session that the request's cookie names, whether it still lives or not."""
    text = request.cookies.get(SESSION_COOKIE)
    return SessionToken.from_text(text) if text else None


def set_session_cookie(response: Response, token: SessionToken) -> None:
    """Let the browser keep a session: out of the reach of scripts, and not sent from other sites."""
    response.set_cookie(
        SESSION_COOKIE,
        token.reveal().decode(),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
    )


def clear_session_cookie(response: Response) -> None:
    """Have the browser forget its session."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
