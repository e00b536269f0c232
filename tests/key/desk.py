"""A key on a desk: with a hand on its clock, its power and its button, and hosts that talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from random import Random
from typing import Any

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.nvram import MemoryNvram, Nvram
from hideez_bench.emulator.key.state import load_state, store_state
from hideez_bench.emulator.key.view import KeyView, Led
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.names import Condition, ErrorName
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.transport import KeyRefused, PacketTransport
from hideez_bench.protocol.values import AccessParams, Error
from hideez_bench.protocol.wire import default_wire
from tests.key.direct_link import DirectLink

WIRE = default_wire()
IDENTITY = Identity.numbered(203)
MASTER_KEY = MasterKey(bytes(range(1, 33)))
WRONG_KEY = MasterKey(bytes([7]) * 32)
CODE = ActivationCode(b"123456")
WRONG_CODE = ActivationCode(b"654321")
STARTED = 1_800_000_000


def profile_of(*conditions: Condition) -> AccessParams:
    """An access profile with these conditions, and the server's defaults otherwise."""
    return AccessParams(reduce(or_, conditions, Condition(0)), 4, 10, 86400, 0, 0)


@dataclass
class Host:
    """A computer with a link to the key, and what the key told it unasked."""

    link: DirectLink
    transport: PacketTransport
    random: Random
    statuses: list[m.Status] = field(default_factory=list)
    controls: list[m.FromKey] = field(default_factory=list)

    async def open(self, channel: int = 1) -> KeyDevice:
        """A verified channel."""
        device = KeyDevice(self.transport, channel, wire=WIRE, random=self.random.randbytes)
        await device.verify_and_initialize()
        return device

    def heard(self, to_key: bool, message: m.ToKey | m.FromKey) -> None:
        if not to_key and isinstance(message, m.Status):
            self.statuses.append(message)
        elif not to_key:
            self.controls.append(message)  # type: ignore[arg-type]  # what does not go to the key comes from it


class Desk:
    """One key, its memory, and time that passes only when told to."""

    def __init__(
        self,
        nvram: Nvram | None = None,
        seed: int = 0,
        key_type: type[Key] = Key,
        *,
        realistic: bool = False,
        **options: Any,
    ) -> None:
        self.options = options
        self.nvram: Nvram = MemoryNvram() if nvram is None else nvram
        self.key_type = key_type
        self.realistic = realistic
        self.identity = options.pop("identity", IDENTITY)
        self.now = 1000.0
        self.views: list[KeyView] = []
        self.faults: list[BenchError] = []
        self.random = Random(seed)  # noqa: S311 - the same each time, on purpose
        self.key = self.switch_on()

    def switch_on(self) -> Key:
        """The key as it comes up from its memory; doing it again is a power cycle."""
        self.key = self.key_type(
            self.nvram,
            identity=self.identity,
            clock=lambda: self.now,
            utc=lambda: STARTED + int(self.now),
            random=self.random.randbytes,
            on_change=self.views.append,
            on_fault=self.faults.append,
            realistic=self.realistic,
            **self.options,
        )
        return self.key

    def advance(self, seconds: float) -> None:
        """Let time pass, and the key do what falls due in it."""
        end = self.now + seconds
        while (due := self.key.next_due) is not None and due <= end:
            self.now = max(self.now, due)
            self.key.tick()
        self.now = end

    @asynccontextmanager
    async def host(self, name: str = "pc", max_packet: int = 20) -> AsyncIterator[Host]:
        """A host that has made its first write."""
        async with DirectLink(self.key, name, max_packet) as link:
            transport = PacketTransport(link, WIRE)
            host = Host(link, transport, Random(name))  # noqa: S311 - the same each time, on purpose
            transport.events.traffic.append(host.heard)
            await transport.start()
            yield host

    @asynccontextmanager
    async def device(self, name: str = "pc", channel: int = 1) -> AsyncIterator[KeyDevice]:
        """A host with one channel open."""
        async with self.host(name) as host:
            yield await host.open(channel)

    async def bring_to(self, state: str) -> None:
        """Bring a factory key into one of the states of test_state_machine.py."""
        if state == "F":
            return
        async with self.device("factory") as device:
            await device.link(MASTER_KEY, CODE, 3)
            if state == "X":
                for _ in range(3):
                    await refusal(device.unlock_device_code(WRONG_CODE))
            if state in "UP":
                await device.unlock_device_code(CODE)
        if state == "P":
            unlocked = load_state(self.nvram)
            store_state(self.nvram, unlocked, replace(unlocked, locked_by_pin=True))
            self.switch_on()

    async def state(self) -> str:
        """The letter of the state that the key is in, as a host sees it."""
        async with self.device("onlooker") as device:
            info = device.info
        if info.link_required:
            return "F"
        if not info.locked:
            return "U"
        if info.lock.BY_PIN in info.lock:
            return "P"
        return "W" if info.can_unlock else "X"

    async def attempts(self) -> int:
        """How many codes may still be tried."""
        async with self.device("onlooker") as device:
            return device.info.unlock_attempts


async def refusal(call: Awaitable[object]) -> Error:
    """The error with which the key answers; Ok if it does what it is told."""
    try:
        await call
    except KeyRefused as refused:
        return refused.error
    return ErrorName.Ok


async def settled() -> None:
    """Let everything that is on its way arrive."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(happened: Callable[[], bool]) -> None:
    """Let the event loop turn until something is so."""
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not happen")


async def asked_to_wipe(desk: Desk, device: KeyDevice) -> asyncio.Task[Error]:
    """A wipe that waits for its confirmation; the task ends with the key's answer."""
    task = asyncio.create_task(refusal(device.wipe(None)))
    await until(lambda: desk.key.view.led is Led.YELLOW)
    return task
