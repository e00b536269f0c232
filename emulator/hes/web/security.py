"""Who may ask for what: host and origin, sessions, roles, forms, sizes, and the headers of every answer.

This is the outermost part of the application, and it refuses by default: a path that is not named here needs a
session, and a method that may change something needs an administrator.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from html import escape
from typing import TypedDict
from urllib.parse import quote, urlsplit

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hideez_bench.emulator.hes.users import User
from hideez_bench.emulator.hes.web.context import WebContext
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import SessionToken

SESSION_COOKIE = ".AspNetCore.Identity.Application"
SESSION_SECONDS = 14 * 24 * 3600
FORM_COOKIE = "hes.form"
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "x-csrf-token"
LARGEST_BODY = 1024 * 1024
LARGEST_BODY_OF_A_STRANGER = 16 * 1024
"""Without a session there is nothing to send but an e-mail address and a password, and reading more takes time."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})

# Everything else needs a session. The hubs have an admission of their own.
OPEN_PATHS = frozenset(
    {
        "/login",
        "/api/Identity/Login",
        "/api/Identity/LoginWithPassword",
        "/api/Identity/LoginWithFido2",
        "/api/Identity/AuthN",
        "/appHub",
        "/appHub/negotiate",
        "/deviceHub",
        "/deviceHub/negotiate",
    }
)
OPEN_FOLDER = "/static/"
HUB_PATHS = frozenset({"/appHub", "/appHub/negotiate", "/deviceHub", "/deviceHub/negotiate"})

# What is asked by POST and changes nothing but the asker's own session. Everything else is an administrator's.
VIEWER_MAY_POST = OPEN_PATHS | frozenset(
    {
        "/logout",
        "/password",
        "/api/Identity/Logout",
        "/api/Identity/RefreshSignIn",
        "/api/Employees/GetFilteredEmployees",
        "/api/HardwareVaults/GetFilteredHardwareVaults",
        "/api/Workstations/GetFilteredWorkstations",
    }
)

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


def csrf_token(request: Request) -> str:
    """What a form of this visitor must send back in its hidden field `csrf_token`."""
    token: str = request.state.csrf_token
    return token


def form_token(token: SessionToken) -> str:
    """What `csrf_token` is for a session that has only just begun."""
    return _csrf(token.reveal())


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


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


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
            await _refuse(refused, scope, receive, answer)
            return
        await self._app(scope, replay, answer)

    async def _admit(self, scope: Scope, receive: Receive, answer: _Answer) -> Receive:
        headers = Headers(scope=scope)
        self._check_host(headers)
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if changes:
            _check_origin(headers)
        user = self._check_session(scope, headers, answer)
        path = scope["path"]
        if scope["type"] == "websocket" or path in HUB_PATHS:
            return receive
        if changes and user and not user.is_administrator and path not in VIEWER_MAY_POST:
            raise Refused(403, "A viewer may look, and change nothing.")
        return await _checked_body(scope, receive, headers) if changes else receive

    def _check_host(self, headers: Headers) -> None:
        """Against DNS rebinding: a foreign page may point its own name at this machine, but not take ours.

        Raises:
            Refused: the request is for a name that is not served.
        """
        if _host_name(headers.get("host", "")) not in self._context.settings.hosts:
            raise Refused(421, "This server does not answer to that name; start it with --allow-host.")

    def _check_session(self, scope: Scope, headers: Headers, answer: _Answer) -> User | None:
        connection = HTTPConnection(scope)
        token = session_token(connection)
        try:
            user = self._context.hes.users.session(token) if token else None
        except BenchError as error:
            raise Refused(503, str(error)) from error
        state: _State = {"user": user, "csrf_token": ""}
        if user and token:
            state["csrf_token"] = form_token(token)
        elif scope["path"] == "/login":
            state["csrf_token"] = _csrf(_form_secret(connection, answer))
        scope.setdefault("state", {}).update(state)
        path = scope["path"]
        if user is None and path not in OPEN_PATHS and not path.startswith(OPEN_FOLDER):
            raise Refused(401, "Unauthorized")
        return user


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
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


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


async def _checked_body(scope: Scope, receive: Receive, headers: Headers) -> Receive:
    """Read the body, if it may be read; return a `receive` that hands it out again.

    Raises:
        Refused: too large; not JSON where JSON is due; a form without its token.
    """
    body = await _read(
        receive, headers, LARGEST_BODY if scope["state"]["user"] else LARGEST_BODY_OF_A_STRANGER
    )
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    replay = _replay(body, receive)
    if scope["path"].startswith("/api/"):
        if body and kind != "application/json":
            raise Refused(415, "Send the body as application/json.")
        return replay
    field = await _csrf_field(Request(scope, _replay(body, receive))) if kind in FORMS else None
    sent = headers.get(CSRF_HEADER, field)
    expected = scope["state"]["csrf_token"]
    if not expected or not hmac.compare_digest((sent or "").encode(), expected.encode()):
        raise Refused(403, "This page is out of date; load it again, and nothing was changed.")
    return replay


async def _csrf_field(request: Request) -> str | None:
    """The token in a form. Who handles the request reads the form again, which then can be read.

    Raises:
        Refused: it is no form, or in an encoding that no browser would have chosen.
    """
    _, options = parse_options_header(request.headers["content-type"])
    if options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        raise Refused(415, "Send a form in UTF-8; nothing was changed.")
    try:
        form = await request.form()
    except HTTPException as error:
        raise Refused(400, "The form cannot be understood; nothing was changed.") from error
    field = form.get(CSRF_FIELD)
    await form.close()
    return field if isinstance(field, str) else None


async def _read(receive: Receive, headers: Headers, largest: int) -> bytes:
    too_large = Refused(413, f"A body may have {largest} bytes at the most.")
    announced = headers.get("content-length", "")
    if len(announced) > len(str(largest)) or (announced.isdigit() and int(announced) > largest):
        raise too_large
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "The request broke off.")
        body += message.get("body", b"")
        if len(body) > largest:
            raise too_large
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    handed_out = False

    async def replay() -> Message:
        nonlocal handed_out
        if handed_out:
            return await receive()
        handed_out = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _csrf(secret: bytes) -> str:
    """Bound to the session, and tells nothing of its token."""
    return hmac.new(secret, b"form", hashlib.sha256).hexdigest()


def _form_secret(connection: HTTPConnection, answer: _Answer) -> bytes:
    """What stands in for a session on the login page; a new visitor gets a cookie for it."""
    if kept := connection.cookies.get(FORM_COOKIE):
        return kept.encode()
    secret = secrets.token_urlsafe(32)
    answer.cookies.append(f"{FORM_COOKIE}={secret}; Path=/login; HttpOnly; SameSite=Strict")
    return secret.encode()


_REFUSAL_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Refused</title>
<link rel="stylesheet" href="/static/style.css">
<body class="alone">
<main class="card"><h1>Refused</h1><p class="notice bad" role="alert">{}</p><a class="button" href="/">Go on</a></main>
"""


def is_browsed(scope: Scope) -> bool:
    """Whether a browser asks for a page, and not a program or a script."""
    return _is_page(scope) and "text/html" in Headers(scope=scope).get("accept", "")


def refusal_page(sentence: str) -> str:
    """A page for whom there is no other: it tells nothing of the server, and needs no session."""
    return _REFUSAL_PAGE.format(escape(sentence))


def _is_page(scope: Scope) -> bool:
    return not scope["path"].startswith(("/api/", "/swagger/"))


async def _refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": str(refused)})
        return
    is_page = _is_page(scope)
    browsed = is_browsed(scope)
    response: Response
    if refused.status == 401 and is_page and scope["method"] in SAFE_METHODS:
        wanted = scope["path"] + "?" * bool(scope["query_string"]) + scope["query_string"].decode("latin-1")
        response = RedirectResponse(f"/login?next={quote(wanted)}" if browsed else "/login", 303)
    elif browsed:
        response = HTMLResponse(refusal_page(str(refused)), refused.status)
    else:
        response = JSONResponse({"error": str(refused)}, refused.status)
    await response(scope, receive, send)
