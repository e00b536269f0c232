"""A server over HTTP in this process, and visitors of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.web.app import WebContext, create_app
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.secret import Password
from tests.hes.bench import Bench
from tests.hes_web.pages import Visitor

URL = "http://127.0.0.1:8470"
ADMINISTRATOR = "admin@example.org"
VIEWER = "viewer@example.org"
PASSWORD = "correct horse battery staple"  # noqa: S105 - of these tests


@dataclass
class Site:
    """The server, its application, and a browser or program for each who may come."""

    bench: Bench
    context: WebContext
    app: FastAPI
    stranger: httpx.AsyncClient
    administrator: httpx.AsyncClient
    viewer: httpx.AsyncClient

    def visitor(self, **options: str) -> httpx.AsyncClient:
        """A further one without a session."""
        return visitor(self.app, **options)


def visitor(app: FastAPI, **cookies: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=URL, cookies=cookies)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    bench = Bench()
    bench.set_up()
    async with bench.hes as hes:
        context = WebContext(hes)
        app = create_app(context)
        sessions = {}
        for email, role in ((ADMINISTRATOR, Role.ADMINISTRATOR), (VIEWER, Role.VIEWER)):
            user = await hes.users.create(email, Password.from_text(PASSWORD), role)
            sessions[role] = {SESSION_COOKIE: hes.users.open_session(user).reveal().decode()}
        async with (
            visitor(app) as stranger,
            visitor(app, **sessions[Role.ADMINISTRATOR]) as administrator,
            visitor(app, **sessions[Role.VIEWER]) as viewer,
        ):
            yield Site(bench, context, app, stranger, administrator, viewer)


@pytest.fixture
def admin(site: Site) -> Visitor:
    return Visitor(site.administrator)


@pytest.fixture
def viewer(site: Site) -> Visitor:
    return Visitor(site.viewer)
