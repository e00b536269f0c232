"""Forms and bodies: how large they may be, and the token that shows that a form is from a page of ours."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import Message, Receive, Scope

from hideez_bench.emulator.hes.web.security.refusals import Refused
from hideez_bench.protocol.secret import SessionToken

FORM_COOKIE = "hes.form"
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "x-csrf-token"
LARGEST_BODY = 1024 * 1024
LARGEST_BODY_OF_A_STRANGER = 16 * 1024
"""Without a session there is nothing to send but an e-mail address and a password, and reading more takes time."""
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})


def csrf_token(request: Request) -> str:
    """What a form of this visitor must send back in its hidden field `csrf_token`."""
    token: str = request.state.csrf_token
    return token


def form_token(token: SessionToken) -> str:
    """What `csrf_token` is for a session that has only just begun."""
    return _csrf(token.reveal())


def visitors_form_token(connection: HTTPConnection, cookies: list[str]) -> str:
    """What `csrf_token` is on the pages of the login, where there is no session; a new visitor gets a cookie for it."""
    if kept := connection.cookies.get(FORM_COOKIE):
        return _csrf(kept.encode())
    secret = secrets.token_urlsafe(32)
    cookies.append(f"{FORM_COOKIE}={secret}; Path=/login; HttpOnly; SameSite=Strict")
    return _csrf(secret.encode())


async def checked_body(scope: Scope, receive: Receive, headers: Headers) -> Receive:
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
