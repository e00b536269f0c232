"""What happened, on a page: the server's own events, and what clients reported."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.web.pages.page import Pages

MOST_SHOWN = 500


class AuditPages:
    """`/audit`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        return [self._pages.route("/audit", self.all, viewers=True)]

    async def all(self, request: Request) -> Response:
        """The latest events of both kinds."""
        audit = self._pages.hes.audit
        return self._pages.show(
            request,
            "audit.html",
            events=audit.server_events(MOST_SHOWN),
            client_events=audit.client_events(MOST_SHOWN),
            most=MOST_SHOWN,
        )
