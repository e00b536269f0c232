"""Activations one after another: the server in this process by plain calls, and over REST and hubs on loopback."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import AsyncExitStack
from statistics import median

from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.harness.fleet import Fleet, numbered_from
from hideez_bench.harness.hes.in_process import InProcessServer
from hideez_bench.harness.hes.network import Login, NetworkServer
from hideez_bench.harness.hes.server import HesServer
from hideez_bench.harness.stage import make_key
from hideez_bench.protocol.secret import Password, WorkstationKey
from hideez_bench.protocol.wire import default_wire
from tests.hubs.rig import application
from tests.hubs.served import served

KEYS = 20
WIRE = default_wire()


async def _seconds(server: HesServer, first: int) -> float:
    """What one activation takes of the processor, the median of so many."""
    identities = numbered_from(Identity.numbered(first), KEYS)
    async with AsyncExitStack() as stack:
        radio = MemoryRadio()
        stack.callback(radio.close)
        for identity in identities:
            key = make_key(identity, MemoryNvram(), WIRE)
            await stack.enter_async_context(
                KeyApplication(key, profile=WIRE.profile, make_server=radio.server)
            )
        spent = []
        started = time.process_time()
        async for outcome in Fleet(identities, radio, server, WIRE).activate(at_once=1):
            assert outcome.is_active, outcome.error
            spent.append(time.process_time() - started)
            started = time.process_time()
        return median(spent)


async def measure() -> tuple[float, float]:
    """Seconds of the processor by plain calls, and over the hubs; key, client and server are all in this process."""
    async with Hes("sqlite://", wire=WIRE, observe=lambda event: None) as hes:
        near = await _seconds(InProcessServer(hes), 1)
        user, password = "ann@example.org", Password.from_text(secrets.token_hex(8))
        await hes.users.create(user, password, Role.ADMINISTRATOR)
        key = WorkstationKey(secrets.token_bytes(32))
        async with served(application(hes)) as url:
            server = NetworkServer(url, Login(user, password), key, WIRE, tell=lambda text: None)
            await server.open()
            far = await _seconds(server, 1 + KEYS)
            await server.close()
    return near, far


def main() -> None:
    """Print the figures."""
    near, far = asyncio.run(measure())
    print("\nOne activation, processor time by what lies between client and server")
    print(f"plain calls in one process   {near * 1000:7.1f} ms   {1:4.1f} x")
    print(f"REST and hubs on loopback    {far * 1000:7.1f} ms   {far / near:4.1f} x", flush=True)
