"""Who asks: the session's cookie, the user whom the door found behind it, and the cookie of half a login."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from hideez_bench.emulator.hes.pending_logins import PENDING_TIME
from hideez_bench.emulator.hes.users import User
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.secret import SessionToken

SESSION_SECONDS = 14 * 24 * 3600
PENDING_COOKIE = "hes.pending"


def current_user(request: Request) -> User:
    """Who asks; a dependency. Where there is no session, the request came no further than `Security`."""
    user = request.state.user
    if not isinstance(user, User):
        raise HTTPException(401, "Unauthorized")
    return user


async def require_administrator(request: Request) -> User:
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


def pending_token(request: HTTPConnection) -> SessionToken:
    """What this browser got after the password, for the second factor; where there is none, one that is nobody's."""
    return SessionToken.from_text(request.cookies.get(PENDING_COOKIE, ""))


def set_pending_cookie(response: Response, token: SessionToken) -> None:
    """Let the browser that sent the password go on to the second factor, and no other."""
    response.set_cookie(
        PENDING_COOKIE,
        token.reveal().decode(),
        max_age=int(PENDING_TIME.total_seconds()),
        path="/login",
        httponly=True,
        samesite="strict",
    )


def clear_pending_cookie(response: Response) -> None:
    """The login is whole."""
    response.delete_cookie(PENDING_COOKIE, path="/login", httponly=True, samesite="strict")
