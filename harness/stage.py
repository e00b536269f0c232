"""A target name, turned into a key within reach: the one place where the harness starts what it stands in for."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.nvram import MemoryNvram, Nvram
from hideez_bench.emulator.key.signal import Signal
from hideez_bench.emulator.key.view import KeyView
from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.loopback import LoopbackRadio
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.emulator.radio.memory_server import MemoryServer
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions
from hideez_bench.harness.targets import BleTarget, EmulatorTarget, Radio, Target
from hideez_bench.protocol.channel import KeysMade
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.wire import Wire

FIRST_NUMBER = 203


@dataclass
class Stage:
    """A key within reach.

    Attributes:
        name: what a person calls it.
        radio: what carries the packets, in words.
        open_link: makes a link to it, with so many seconds to connect.
        options: how bleak reaches it.
        identity: who it is, where the stage started it; None for a key that was there before.
        application: the key itself, where the stage started it: its button, its view.
        memory: the in-process radio, where that carries the packets: its bonds, its faults.
    """

    name: str
    radio: str
    open_link: OpenLink
    options: BleakOptions
    identity: Identity | None = None
    application: KeyApplication | None = None
    memory: MemoryRadio | None = None

    def moves(self, signal: Signal) -> None:
        """A key that the stage started is heard so from now on, which its STATUS tells.

        So do its advertisements on the in-process radio; the loopback has signals of its own.
        """
        if self.application is None:
            raise RuntimeError("the key of this stage is somebody else's")
        clock = asyncio.get_running_loop().time
        self.application.key.moves(signal)
        if self.memory and isinstance(self.application.server, MemoryServer):
            self.memory.rssi(self.application.server.address, lambda: signal(clock()))


@asynccontextmanager
async def open_stage(
    target: Target,
    wire: Wire,
    *,
    adapter: str | None = None,
    key_type: type[Key] = Key,
    realistic: bool = False,
    on_change: Callable[[KeyView], None] = lambda view: None,
) -> AsyncIterator[Stage]:
    """Put the key of a target within reach, for the duration of the context.

    `key_type` is the class of the key, where the stage starts one; for `realistic` and `on_change` see `Key`.

    Raises:
        BenchError: what the target needs is not on this machine.
    """
    async with AsyncExitStack() as stack:
        if isinstance(target, BleTarget):
            yield _ble_stage(target, wire, adapter)
        else:
            identity = Identity.numbered(FIRST_NUMBER)
            key = make_key(
                identity, MemoryNvram(), wire, key_type=key_type, realistic=realistic, on_change=on_change
            )
            yield await _emulator_stage(target, wire, stack, key)


def make_key(
    identity: Identity,
    nvram: Nvram,
    wire: Wire,
    *,
    on_keys: KeysMade = lambda request, answer, keys: None,
    on_change: Callable[[KeyView], None] = lambda view: None,
    realistic: bool = False,
    key_type: type[Key] = Key,
    signal: Signal | None = None,
) -> Key:
    """A key on the event loop's clock and the computer's time, with the system's randomness."""
    return key_type(
        nvram,
        identity=identity,
        clock=asyncio.get_running_loop().time,
        utc=lambda: int(time.time()),
        random=secrets.token_bytes,
        wire=wire,
        on_keys=on_keys,
        on_change=on_change,
        realistic=realistic,
        signal=signal,
    )


def _ble_stage(target: BleTarget, wire: Wire, adapter: str | None) -> Stage:
    options = BleakOptions.on_adapter(adapter)

    def open_link(seconds: float) -> BleakLink:
        return BleakLink(target.device, profile=wire.profile, timeout=seconds, options=options)

    words = f"this machine's Bluetooth{f' ({adapter})' if adapter else ''}"
    return Stage(target.device, words, open_link, options)


async def _emulator_stage(target: EmulatorTarget, wire: Wire, stack: AsyncExitStack, key: Key) -> Stage:
    identity, radio = key.identity, None
    has_bus = shutil.which("dbus-daemon") is not None
    if target.radio is Radio.MEMORY or (target.radio is Radio.AUTO and not has_bus):
        radio = MemoryRadio()
        application = KeyApplication(key, profile=wire.profile, make_server=radio.server)
        host = radio.backend()
        options = BleakOptions({"backend": host.scanner}, {"backend": host.client})
        words = "memory: unmodified bleak, the radio an object in this process"
        if target.radio is Radio.AUTO:
            words += " (loopback needs dbus-daemon, which is not installed)"
    else:
        if not has_bus:
            raise BenchError(
                "The loopback radio needs dbus-daemon; install it (apt-get install dbus), or use emulator:memory."
            )
        loopback = await stack.enter_async_context(LoopbackRadio(adapters=2))
        await stack.enter_async_context(loopback.joined())
        application = KeyApplication(
            key, profile=wire.profile, make_server=lambda app: BlessServer(app, adapter="hci0")
        )
        options = BleakOptions.on_adapter("hci1")
        words = "loopback: unmodified bless and bleak on a private message bus"
    await stack.enter_async_context(application)

    def open_link(seconds: float) -> BleakLink:
        return BleakLink(identity.local_name, profile=wire.profile, timeout=seconds, options=options)

    return Stage(identity.local_name, words, open_link, options, identity, application, radio)
