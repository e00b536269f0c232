"""A key on the memory radio, and a bench that reaches its server over REST and hubs, all in virtual time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.passwords import Passwords
from hideez_bench.emulator.hes.records import HesEvent, VaultView
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.radio.virtual_time import VirtualTimeLoop
from hideez_bench.harness.bench import Bench
from hideez_bench.harness.hes.network import Login, NetworkServer
from hideez_bench.protocol.secret import Password, WorkstationKey
from tests.flow.rig import WIRE, Rig
from tests.hes.bench import QUICK_HASHER
from tests.hubs.rig import application
from tests.hubs.sockets import MemorySockets
from tests.radio.radios import Memory

URL = "http://127.0.0.1:8470"
USER, PASSWORD = "ann@example.org", Password.from_text("correct horse")


class Requests(httpx.ASGITransport):
    """Requests to an application in this process. It works with threads too, which virtual time cannot see."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        with loop.real_time():
            return await super().handle_async_request(request)


class AsTheVendor(httpx.AsyncBaseTransport):
    """A server without what this one adds to REST; `also` names more paths that it does not have."""

    def __init__(self, inner: httpx.AsyncBaseTransport, also: str = "/api/bench/") -> None:
        self._inner = inner
        self._missing = ("/api/bench/", also)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith(self._missing):
            return httpx.Response(404, text="")
        return await self._inner.handle_async_request(request)


async def enter_administrator(hes: Hes) -> None:
    """Somebody who may log in."""
    hes.users._passwords = hes.logins._passwords = Passwords(QUICK_HASHER)
    await hes.users.create(USER, PASSWORD, Role.ADMINISTRATOR)


def approve_all(hes: Hes) -> Callable[[], None]:
    """An administrator who lets in every workstation that shows up."""

    def seen(event: HesEvent) -> None:
        if event.text.startswith("shows a key for workstation "):
            # The workstation is stored right after.
            asyncio.get_running_loop().call_soon(hes.workstations.approve, event.text.split()[-1])

    return hes.subscribe(seen)


def network_server(
    hes: Hes,
    sockets: MemorySockets,
    *,
    login: Login | None = None,
    tell: Callable[[str], None] = lambda text: None,
    http: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda inner: inner,
    key: WorkstationKey | None = None,
) -> NetworkServer:
    """The server of a test, as if it were behind a network."""
    return NetworkServer(
        URL,
        login or Login(USER, PASSWORD),
        key or WorkstationKey(secrets.token_bytes(32)),
        WIRE,
        tell=tell,
        http=http(Requests(sockets.app)),
        open_socket=sockets,
    )


class HubRig(Rig):
    """As `Rig`, its bench over the network. `sockets` are what the client opens."""

    def make_bench(self) -> Bench:
        self.near = super().make_bench()
        self.sockets = MemorySockets(application(self.near.hes))
        self.server = network_server(self.near.hes, self.sockets)
        return Bench(open_link=self.link, timeline=self.timeline, wire=WIRE, server=self.server)

    def vault(self) -> VaultView:
        return self.near.hes.vaults.get(self.serial)


@asynccontextmanager
async def hub_rig() -> AsyncIterator[HubRig]:
    """A rig, its vault Reserved, its client online."""
    async with Memory() as radio:
        rig = HubRig(radio)
        hes = rig.near.hes
        async with rig.application, hes:
            await enter_administrator(hes)
            approve_all(hes)
            await rig.server.open()
            async with rig.bench:
                await rig.bench.administrator.import_vault(rig.serial, "3.5.2")
                await rig.bench.administrator.assign(rig.serial)
                yield rig
