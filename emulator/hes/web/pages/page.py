"""What every page is made with: templates, refusals, and the way to the next page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.web.context import WebContext
from hideez_bench.emulator.hes.web.pages.memory import SessionMemory
from hideez_bench.emulator.hes.web.security.forms import csrf_token
from hideez_bench.protocol.errors import BenchError

Handler = Callable[[Request], Awaitable[Response]]

HERE = Path(__file__).parent
# What the scripts send along: the answer goes into a dialog, or into parts of the page that is there already.
DIALOG_HEADER = "x-dialog"
ONWARD_HEADER = "x-location"


class Pages:
    """The pages' common ground."""

    def __init__(self, context: WebContext, clock: Callable[[], float]) -> None:
        self.context = context
        self.hes = context.hes
        self.memory = SessionMemory(clock)
        self._templates = _templates()

    def route(
        self, path: str, handler: Handler, *, methods: Sequence[str] = ("GET",), viewers: bool = False
    ) -> Route:
        """A page at a path; for administrators only, unless viewers may see it.

        What the rules or the database refuse before there is a form to show it in becomes a page of its own.
        """

        async def page(request: Request) -> Response:
            if not viewers and not is_administrator(request):
                return self.show(
                    request, "refused.html", status=403, sentence="Only an administrator may do this."
                )
            try:
                return await handler(request)
            except BenchError as error:
                status = 404 if isinstance(error, HesRuleError) else 503
                return self.show(request, "refused.html", status=status, sentence=str(error))

        return Route(path, page, methods=list(methods))

    def show(
        self, request: Request, template: str, *, status: int | None = None, refusal: str = "", **values: Any
    ) -> HTMLResponse:
        """A page. `values` are what its template asks for; a refusal has status 409 where no other is named."""
        user = request.state.user
        common = {
            "user": user,
            "refusal": refusal,
            "is_administrator": is_administrator(request),
            "csrf_token": csrf_token(request),
            "notices": self.memory.take_notices(csrf_token(request))
            if user and not _is_fetched(request)
            else [],
            "alarm": self.hes.alarm if user else False,
            "path": request.url.path,
            "here": here(request),
            "from_here": f"?from={quote(here(request), safe='')}" if request.url.query else "",
        }
        content = self._templates.get_template(template).render(common | values)
        return HTMLResponse(content, status or (409 if refusal else 200))

    def form(
        self, request: Request, template: str, back: str, refusal: str = "", **values: Any
    ) -> HTMLResponse:
        """A form, shown again with a sentence where what was typed is refused; its *Cancel* leads to `back`.

        It goes to where it came from, or to an `action` among the values.
        """
        values = {"action": request.url.path, "back": back} | values
        return self.show(request, template, refusal=refusal, **values)

    def confirm(
        self,
        request: Request,
        back: str,
        title: str,
        text: str,
        button: str,
        *,
        danger: bool = False,
        hidden: dict[str, str] | None = None,
        refusal: str = "",
    ) -> HTMLResponse:
        """Ask before something is done; `hidden` are fields that the answer brings along."""
        question = {"title": title, "text": text, "button": button, "danger": danger, "hidden": hidden or {}}
        return self.form(request, "confirm.html", back, refusal, **question)

    def onward(self, request: Request, to: str, told: str = "", *, kind: str = "good") -> Response:
        """After something was done: on to another page, which tells it."""
        is_renewal = request.method == "GET" and _is_fetched(request)
        if told and not is_renewal:
            self.memory.add_notice(csrf_token(request), kind, told)
        if _is_fetched(request):
            return Response(status_code=204, headers={ONWARD_HEADER: to})
        return RedirectResponse(to, 303)


def _is_fetched(request: Request) -> bool:
    """Whether a script asks, to fill a dialog or renew a page: it shows no notices, and must not use them up."""
    return DIALOG_HEADER in request.headers


@cache
def _templates() -> Environment:
    """The templates, which are compiled once in a process."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"segment": _segment, "moment": _moment, "minute": _minute, "day": _day}
    return made


def is_administrator(request: Request) -> bool:
    """Whether who asks may change something."""
    user = request.state.user
    return user is not None and user.role is Role.ADMINISTRATOR


async def fields(request: Request) -> dict[str, str]:
    """What was typed into a form, without blanks around it; a file counts as its text.

    Of fields with one name the last counts. Passwords are taken with `raw_field`.
    """
    typed: dict[str, str] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            typed[name] = value.strip()
        else:
            typed[name] = (await value.read()).decode("utf-8", errors="replace").strip()
            await value.close()
    return typed


async def raw_field(request: Request, name: str) -> str:
    """A field as it was typed, blanks and all: a password."""
    value = (await request.form()).get(name)
    return value if isinstance(value, str) else ""


def fits(search: str, *texts: str) -> bool:
    """Whether what is looked for is a part of one of the texts, without regard to case."""
    return any(search.casefold() in text.casefold() for text in texts)


def here(request: Request) -> str:
    """The page's own address, to come back to."""
    query = request.url.query
    return f"{quote(request.url.path)}?{query}" if query else quote(request.url.path)


def local(address: str, otherwise: str) -> str:
    """An address that was handed around, if it is on this server."""
    is_local = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if is_local and address.isprintable() and address.isascii() else otherwise


async def way_back(request: Request, otherwise: str) -> str:
    """Where a form was opened from, to go there afterwards: its field `back`, or that of the address."""
    sent = await fields(request) if request.method == "POST" else request.query_params
    return local(sent.get("back", ""), otherwise)


def list_of(address: str, otherwise: str) -> str:
    """The list from which somebody came to an address, with its filter and page, without the row.

    It is the address itself, or what stands in its `from`; `otherwise` is the list as it is at first.
    """
    for tried in (address, parse_qs(urlsplit(address).query).get("from", [""])[0]):
        parts = urlsplit(local(tried, ""))
        if parts.path == otherwise:
            return parts._replace(fragment="").geturl()
    return otherwise


def _segment(text: str) -> str:
    """A name as one piece of a path."""
    return quote(text, safe="")


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at else "never"


def _minute(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _day(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d") if at else "none"


def counted(number: int, word: str) -> str:
    """So many of something, in words."""
    return f"1 {word}" if number == 1 else f"{number} {word}s"
