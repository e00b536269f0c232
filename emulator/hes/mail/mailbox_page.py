"""The mailbox's page and its JSON: what arrived, shown so that no mail can do anything, to nobody but this machine.

The page is for reading codes, so strangers must not reach it through somebody's browser: the server listens on
loopback, answers to no other host name (a stranger's name that points to loopback), and to no other page.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hideez_bench.emulator.hes.mail.letter import LOGO
from hideez_bench.emulator.hes.mail.message import Received

if TYPE_CHECKING:
    from hideez_bench.emulator.hes.mail.mailbox import Mailbox

FOLDER = Path(__file__).parent / "page"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A mail's HTML: no scripts, nothing from elsewhere, an origin of its own.
MAIL_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def mailbox_app(mailbox: Mailbox, port: int) -> Starlette:
    """The application that shows a mailbox on this port of loopback."""
    pages = _Pages(mailbox)
    return Starlette(
        routes=[
            Route("/", pages.page),
            Route("/mailbox.css", pages.style),
            Route("/mailbox.js", pages.script),
            Route("/logo.png", pages.icon),
            Route("/api/messages", pages.listing, methods=["GET"]),
            Route("/api/messages", pages.clear, methods=["DELETE"]),
            Route("/api/messages/{id}", pages.message, methods=["GET"]),
            Route("/api/messages/{id}/html", pages.html, methods=["GET"]),
            Route("/api/messages/{id}/source", pages.source, methods=["GET"]),
        ],
        middleware=[Middleware(_Guard, port=port)],
    )


class _Guard:
    """Answers to loopback's own names alone, lets no foreign page change anything, and sets the headers."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = {"content-security-policy": PAGE_POLICY} | HEADERS
                present = {name for name, _ in message["headers"]}
                message["headers"] += [
                    (name.encode(), value.encode())
                    for name, value in headers.items()
                    if name.encode() not in present
                ]
            await send(message)

        refused = self._refused(Request(scope)) if scope["type"] == "http" else None
        answer = PlainTextResponse(refused, status_code=403) if refused else self._app
        await answer(scope, receive, send_with_headers)

    def _refused(self, request: Request) -> str | None:
        if request.headers.get("host") not in self._hosts:
            return "This mailbox answers to 127.0.0.1 and localhost with its own port only."
        # A browser names the page that asks; a program without one, as curl, is no page.
        origin = request.headers.get("origin")
        if origin is not None and origin not in self._origins:
            return "This mailbox answers to no other page."
        return None


class _Pages:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def page(self, request: Request) -> Response:
        return FileResponse(FOLDER / "mailbox.html")

    async def style(self, request: Request) -> Response:
        return FileResponse(FOLDER / "mailbox.css")

    async def script(self, request: Request) -> Response:
        return FileResponse(FOLDER / "mailbox.js", media_type="text/javascript")

    async def icon(self, request: Request) -> Response:
        return FileResponse(LOGO)

    async def listing(self, request: Request) -> Response:
        listed = [_summary(message) for message in self._mailbox.messages()]
        return JSONResponse(listed, headers={"x-dropped": str(self._mailbox.dropped)})

    async def clear(self, request: Request) -> Response:
        self._mailbox.clear()
        return Response(status_code=204)

    async def message(self, request: Request) -> Response:
        message = self._wanted(request)
        if message is None:
            return _gone()
        return JSONResponse(_summary(message) | {"text": message.text, "html": message.html})

    async def html(self, request: Request) -> Response:
        message = self._wanted(request)
        if message is None:
            return _gone()
        return HTMLResponse(message.html, headers={"content-security-policy": MAIL_POLICY})

    async def source(self, request: Request) -> Response:
        message = self._wanted(request)
        return _gone() if message is None else PlainTextResponse(message.raw.decode("utf-8", "replace"))

    def _wanted(self, request: Request) -> Received | None:
        return self._mailbox.message(request.path_params["id"])


def _summary(message: Received) -> dict[str, Any]:
    return {
        "id": message.id,
        "from": message.sender,
        "to": list(message.recipients),
        "subject": message.subject,
        "at": message.at.isoformat(),
    }


def _gone() -> Response:
    return JSONResponse({"error": "There is no such message any more."}, status_code=404)
