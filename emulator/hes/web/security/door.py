"""Who may ask for what: host and origin, sessions, roles, forms, sizes, and the headers of every answer.

This is the outermost part of the application, and it refuses by default: a path that is not named in `paths.py` needs
a session, and a method that may change something needs an administrator.
"""

from __future__ import annotations

import re
from typing import TypedDict

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hideez_bench.emulator.hes.users import User
from hideez_bench.emulator.hes.web.context import WebContext
from hideez_bench.emulator.hes.web.security.forms import checked_body, form_token, visitors_form_token
from hideez_bench.emulator.hes.web.security.paths import (
    HUB_PATHS,
    OPEN_FOLDER,
    OPEN_PATHS,
    SAFE_METHODS,
    VIEWER_MAY_POST,
    VISITORS_PAGES,
)
from hideez_bench.emulator.hes.web.security.refusals import Refused, refuse
from hideez_bench.emulator.hes.web.security.sessions import session_token
from hideez_bench.protocol.errors import BenchError

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Not no-referrer: with that a browser hides the origin of its own forms, and they are refused.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


_HOST = re.compile(r"(\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.-]+))(:[0-9]{1,5})?", re.ASCII)


class Security:
    """ASGI middleware in front of everything. See the module."""

    def __init__(self, app: ASGIApp, context: WebContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at a request before anything else does."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            replay = await self._admit(scope, receive, answer)
        except Refused as refused:
            await refuse(refused, scope, receive, answer)
            return
        await self._app(scope, replay, answer)

    async def _admit(self, scope: Scope, receive: Receive, answer: _Answer) -> Receive:
        headers = Headers(scope=scope)
        self._check_host(headers)
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if changes:
            _check_origin(headers)
        user = self._check_session(scope, answer)
        path = scope["path"]
        if scope["type"] == "websocket" or path in HUB_PATHS:
            return receive
        if not changes:
            return receive
        if user and not user.is_administrator and path not in VIEWER_MAY_POST:
            raise Refused(403, "A viewer may look, and change nothing.")
        replay = await checked_body(scope, receive, headers)
        # Who asks may let the body wait, and be logged out, demoted or deleted before it is whole.
        if user and path not in OPEN_PATHS and self._user(scope) != user:
            raise Refused(401, "Unauthorized")
        return replay

    def _check_host(self, headers: Headers) -> None:
        """Against DNS rebinding: a foreign page may point its own name at this machine, but not take ours.

        Raises:
            Refused: the request is for a name that is not served.
        """
        if _host_name(headers.get("host", "")) not in self._context.settings.hosts:
            raise Refused(421, "This server does not answer to that name; start it with --allow-host.")

    def _check_session(self, scope: Scope, answer: _Answer) -> User | None:
        """Find out who asks, and leave it in the request's state.

        Raises:
            Refused: nobody, where a session is needed; or the database cannot tell.
        """
        path = scope["path"]
        connection = HTTPConnection(scope)
        user, token = self._user(scope), session_token(connection)
        state: _State = {"user": user, "csrf_token": ""}
        if user and token:
            state["csrf_token"] = form_token(token)
        elif path in VISITORS_PAGES:
            state["csrf_token"] = visitors_form_token(connection, answer.cookies)
        scope.setdefault("state", {}).update(state)
        if user is None and path not in OPEN_PATHS and not path.startswith(OPEN_FOLDER):
            raise Refused(401, "Unauthorized")
        return user

    def _user(self, scope: Scope) -> User | None:
        """Whose session the request brings, as it is now.

        Raises:
            Refused: the database cannot tell.
        """
        # Style and scripts are everybody's: each page asks for several, and the database needs not hear of it.
        token = None if scope["path"].startswith(OPEN_FOLDER) else session_token(HTTPConnection(scope))
        try:
            return self._context.hes.users.session(token) if token else None
        except BenchError as error:
            raise Refused(503, str(error)) from error


class _State(TypedDict):
    user: User | None
    csrf_token: str


class _Answer:
    """Sends on what the application answers, with the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.cookies: list[str] = []

    async def __call__(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            for cookie in self.cookies:
                headers.append("set-cookie", cookie)
        await self._send(message)


def _host_name(host: str) -> str:
    """A Host header without its port; empty where it is none."""
    found = _HOST.fullmatch(host)
    return (found["v6"] or found["name"]).lower() if found else ""


def _check_origin(headers: Headers) -> None:
    """A browser says whose page asks. A program that is no browser says nothing, and has no cookies by accident.

    Raises:
        Refused: another site's page, or another server's on this machine.
    """
    origin = headers.get("origin")
    host = headers["host"].lower()
    if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
        raise Refused(403, "This was asked from a page of another site; nothing was changed.")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "This was asked from a page of another site; nothing was changed.")
