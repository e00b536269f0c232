"""What happened lately, on a page."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.emulator.hes.web.events import KEPT, RecentEvents
from hideez_bench.emulator.hes.web.pages.page import Pages


class AuditPages:
    """`/audit`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        return [self._pages.route("/audit", self.all, viewers=True)]

    async def all(self, request: Request) -> Response:
        """Every event that is kept."""
        return self._pages.show(request, "audit.html", events=recent(request), most=KEPT)


def recent(request: Request) -> list[HesEvent]:
    """What happened since the server started, the newest first."""
    events = cast(RecentEvents, request.app.state.events)
    return [kept.event for kept in reversed(events.after(0))]
