"""What happened, on a page: the server's own events, and what clients reported."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.web.pages.page import Pages
from hideez_bench.emulator.hes.web.pages.paging import paging_of


class AuditPages:
    """`/audit`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        return [self._pages.route("/audit", self.all, viewers=True)]

    async def all(self, request: Request) -> Response:
        """The events of both kinds, latest first."""
        audit = self._pages.hes.audit
        paging = paging_of(request, audit.count_server_events())
        client_paging = paging_of(request, audit.count_client_events(), "client_page")
        return self._pages.show(
            request,
            "audit.html",
            events=audit.server_events(paging.size, paging.start),
            client_events=audit.client_events(client_paging.size, client_paging.start),
            paging=paging,
            client_paging=client_paging,
        )
