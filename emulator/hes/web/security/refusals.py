"""A request that goes no further, and the page or the JSON that says why."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from hideez_bench.emulator.hes.web.security.paths import SAFE_METHODS

_REFUSAL_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Refused</title>
<link rel="stylesheet" href="/static/style.css">
<body class="alone">
<main class="card"><h1>Refused</h1><p class="notice bad" role="alert">{}</p><a class="button" href="{}">{}</a></main>
"""


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def is_browsed(scope: Scope) -> bool:
    """Whether a browser asks for a page, and not a program or a script."""
    return _is_page(scope) and "text/html" in Headers(scope=scope).get("accept", "")


def refusal_page(sentence: str, to: str = "/", words: str = "Go on") -> str:
    """A page for whom there is no other: it tells nothing of the server, and needs no session."""
    return _REFUSAL_PAGE.format(escape(sentence), escape(to), words)


def _page_of_form(scope: Scope) -> str:
    """The page of ours that a form was sent from, as far as the browser tells."""
    headers = Headers(scope=scope)
    site, referer = f"//{headers.get('host', '')}/", headers.get("referer", "")
    scheme, found, path = referer.partition(site)
    return f"/{path}" if found and scheme in ("http:", "https:") else ""


def _is_page(scope: Scope) -> bool:
    return not scope["path"].startswith(("/api/", "/swagger/"))


async def refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a refused request: the way to the login page, a page, JSON, or the end of a WebSocket."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": str(refused)})
        return
    is_page = _is_page(scope)
    browsed = is_browsed(scope)
    sentence = str(refused)
    if refused.status == 401 and is_page:
        sentence = "Your session has ended, so nothing was changed; log in again."
    response: Response
    if refused.status == 401 and is_page and scope["method"] in SAFE_METHODS:
        wanted = scope["path"] + "?" * bool(scope["query_string"]) + scope["query_string"].decode("latin-1")
        response = RedirectResponse(f"/login?next={quote(wanted)}" if browsed else "/login", 303)
    elif browsed:
        link = (
            (f"/login?next={quote(_page_of_form(scope), safe='')}", "Log in") if refused.status == 401 else ()
        )
        response = HTMLResponse(refusal_page(sentence, *link), refused.status)
    else:
        response = JSONResponse({"error": sentence}, refused.status)
    await response(scope, receive, send)
