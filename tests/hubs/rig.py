"""A server, one scripted key and a client that reaches the server over its hubs, all in this process."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.app import WebContext, WebSettings, create_app
from hideez_bench.harness.hes.hub_connection import HubConnection
from hideez_bench.protocol.hes import Workstation
from hideez_bench.protocol.secret import WorkstationKey
from hideez_bench.protocol.wire import default_wire
from tests.hes.bench import Bench
from tests.hubs.sockets import MemorySocket, MemorySockets


def new_key() -> WorkstationKey:
    return WorkstationKey(secrets.token_bytes(32))


def headers(workstation: str, key: WorkstationKey, **more: str) -> dict[str, str]:
    return {"WorkstationId": workstation, "Authorization": f"Bearer {key.to_text()}", **more}


def application(hes: Hes, *, strict_compat: bool = False) -> ASGIApp:
    return create_app(WebContext(hes, WebSettings(strict_compat=strict_compat)))


class HubBench(Bench):
    """As `Bench`, whose client speaks over the hubs. `sockets` are what it opens."""

    hub: HubConnection

    def __post_init__(self) -> None:
        super().__post_init__()
        self.app = application(self.hes)
        self.sockets = MemorySockets(self.app)
        self.workstation_key = new_key()

    async def go_online(self) -> None:
        """Connect the client; the administrator has let it in."""
        self.hub = self.connect_as(self.workstation, self.workstation_key)
        self.connection = self.hub
        await self.hub.connect()
        self.hes.workstations.approve(self.workstation.id)

    def connect_as(self, workstation: Workstation, key: WorkstationKey) -> HubConnection:
        return HubConnection(self.sockets, workstation, key, default_wire())

    def socket(self, path: str = "/appHub", **more: str) -> MemorySocket:
        """A socket that speaks by hand, as this workstation; not open yet."""
        return MemorySocket(self.app, path, headers(self.workstation.id, self.workstation_key, **more))


@asynccontextmanager
async def hub_bench() -> AsyncIterator[HubBench]:
    """A bench whose client is online, and its vault Ready."""
    bench = HubBench()
    bench.set_up()
    async with bench.hes:
        await bench.go_online()
        yield bench
        await bench.hub.close()
