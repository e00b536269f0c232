"""Many keys in one process: on one in-process radio, connected to one workstation or to many, before one server."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.harness.administration import Administrator
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.hes.in_process import InProcessServer
from hideez_bench.harness.hes.server import HesServer
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions
from hideez_bench.harness.people import Choice, ScriptedPerson
from hideez_bench.harness.stage import make_key
from hideez_bench.harness.timeline import Timeline
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesConnection
from hideez_bench.protocol.wire import Wire


@dataclass(frozen=True)
class Outcome:
    """What became of one key: its vault's status on the server, why it is not Active, and how long it took."""

    name: str
    serial: str
    status: VaultStatus
    error: BenchError | None
    seconds: float

    @property
    def is_active(self) -> bool:
        """Activation is complete."""
        return self.status is VaultStatus.Active and self.error is None


class _Host:
    """A workstation that several keys connect to, with one Bluetooth and one connection to the server.

    Attributes:
        turn: a client connects one key after another.
    """

    def __init__(self, number: int, radio: MemoryRadio, server: HesServer, wire: Wire) -> None:
        self.workstation = RelayingWorkstation(f"{server.workstation}-{number}", wire)
        backend = radio.backend(
            f"02:00:00:{number >> 16 & 0xFF:02X}:{number >> 8 & 0xFF:02X}:{number & 0xFF:02X}"
        )
        self.options = BleakOptions({"backend": backend.scanner}, {"backend": backend.client})
        self.turn = asyncio.Lock()
        self._server = server
        self._connection: HesConnection | None = None

    async def connected(self) -> HesConnection:
        """Its connection to the server, made when the first key needs it; for who has the turn."""
        if self._connection is None:
            self._connection = await self._server.connect(self.workstation)
        return self._connection


class Fleet:
    """Factory-new keys, numbered, advertising side by side. Made by `open_fleet`.

    `each` keys connect to one workstation, the first ones to the first.
    """

    def __init__(
        self, identities: list[Identity], radio: MemoryRadio, server: HesServer, wire: Wire, *, each: int = 1
    ) -> None:
        self.identities = identities
        self._hosts = [_Host(number, radio, server, wire) for number in range(-(-len(identities) // each))]
        self._each = each
        self._server = server
        self._wire = wire
        self._at_the_desk = asyncio.Lock()  # there is one administrator, who does one thing after another

    async def activate(self, *, at_once: int) -> AsyncGenerator[Outcome]:
        """Take every key from its assignment to Active, so many at a time, in the order in which they end.

        Raises:
            BenchError: the server knows one of them already, or fails.
        """
        await self._check_unknown()
        turns = asyncio.Semaphore(at_once)

        async def in_turn(number: int, identity: Identity) -> Outcome:
            host = self._hosts[number // self._each]
            async with host.turn, turns:
                return await self._activate(identity, host)

        tasks = [asyncio.create_task(in_turn(*numbered)) for numbered in enumerate(self.identities)]
        try:
            for ended in asyncio.as_completed(tasks):
                yield await ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _check_unknown(self) -> None:
        known = {vault.serial for vault in await self._server.vaults()}
        for identity in self.identities:
            if identity.serial in known:
                raise BenchError(
                    f"The server knows key {identity.serial} already, and these are fresh from the factory; begin with "
                    "a number that it does not know (--name)."
                )

    async def _activate(self, identity: Identity, host: _Host) -> Outcome:
        started = time.perf_counter()
        timeline = Timeline(asyncio.get_running_loop().time)
        administrator = Administrator(self._server, timeline, self._wire)
        serial = identity.serial
        async with self._at_the_desk:
            await administrator.import_vault(serial, str(identity.firmware))
            # Not by Administrator.assign, which looks through all employees for one without a key.
            employee = await self._server.create_employee("Ada", f"Lovelace ({serial})", "ada@example.com")
            await self._server.assign(employee, serial)
        flow = ConnectionFlow(
            open_link=lambda seconds: BleakLink(
                identity.local_name, profile=self._wire.profile, timeout=seconds, options=host.options
            ),
            hes=await host.connected(),
            workstation=host.workstation,
            ui=ScriptedPerson([Choice.RIGHT], partial(administrator.code, serial)),
            timeline=timeline,
            wire=self._wire,
            random=secrets.token_bytes,
        )
        async with flow:
            result = await flow.run()
        return Outcome(
            identity.local_name,
            serial,
            (await self._server.vault(serial)).status,
            result.error,
            time.perf_counter() - started,
        )


@asynccontextmanager
async def open_fleet(
    first: Identity, count: int, wire: Wire, *, server: HesServer | None = None, each: int = 1
) -> AsyncIterator[Fleet]:
    """`count` keys on the air, numbered from `first`, for the duration of the context, which closes the server.

    Without `server` there is one in this process, in memory. `each` keys connect to one workstation.

    Raises:
        BenchError: there are not so many numbers.
    """
    async with AsyncExitStack() as stack:
        server = server or InProcessServer(Hes("sqlite://", wire=wire))
        stack.push_async_callback(server.close)
        identities = numbered_from(first, count)
        radio = MemoryRadio()
        stack.callback(radio.close)
        for identity in identities:
            key = make_key(identity, MemoryNvram(), wire)
            application = KeyApplication(key, profile=wire.profile, make_server=radio.server)
            await stack.enter_async_context(application)
        yield Fleet(identities, radio, server, wire, each=each)


def numbered_from(first: Identity, count: int) -> list[Identity]:
    """So many invented keys of one model, numbered from the first.

    Raises:
        BenchError: the numbers go beyond 99999.
    """
    number = int(first.serial[-5:])
    if number + count > 100_000:
        raise BenchError(
            f"From {first.local_name} on there are {100_000 - number} keys, not {count}; begin with a lower number."
        )
    return [Identity.numbered(number + index, first.model) for index in range(count)]
