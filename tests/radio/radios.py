"""The radios on which the contract is tested: what each one needs, and how bless and bleak are put on it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Protocol, Self

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.peripheral.gatt import GattApplication, GattServer
from hideez_bench.emulator.radio.loopback import LoopbackRadio
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.emulator.radio.virtual_time import VirtualTimeLoop

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class RadioUnderTest(Protocol):
    """A radio, entered as a context: inside, servers can be made and bleak finds them."""

    peripherals: int
    """How many servers it can have on the air at once, beside one central."""

    @classmethod
    def missing(cls) -> str:
        """Why it cannot run on this machine; empty if it can."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exception: object) -> None: ...

    def make_server(self, application: GattApplication, index: int = 0) -> GattServer:
        """A server, not started, on the peripheral side number `index`."""
        ...

    async def host_knows(self, name: str) -> bool:
        """Whether the central's host has a record of the peripheral of this name."""
        ...

    def scanner_kwargs(self) -> dict[str, Any]:
        """What a `BleakScanner` needs to hear this radio."""
        ...

    def client_kwargs(self) -> dict[str, Any]:
        """What a `BleakClient` needs to reach this radio."""
        ...


class Memory:
    """The in-process radio: bleak's API on an object, in virtual time."""

    peripherals = 2

    def __init__(self) -> None:
        self._radio = MemoryRadio()
        self._host = self._radio.backend()
        self._addresses: dict[str, str] = {}

    @classmethod
    def missing(cls) -> str:
        return ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._radio.close()

    def make_server(self, application: GattApplication, index: int = 0) -> GattServer:
        server = self._radio.server(application)
        self._addresses[application.name] = server.address
        return server

    async def host_knows(self, name: str) -> bool:
        return self._addresses[name] in {peripheral for _, peripheral in self._radio.known}

    def scanner_kwargs(self) -> dict[str, Any]:
        return {"backend": self._host.scanner}

    def client_kwargs(self) -> dict[str, Any]:
        return {"backend": self._host.client}


class Loopback:
    """The stand-in for BlueZ on a private message bus, in this process; unmodified bless and bleak."""

    peripherals = 2

    def __init__(self) -> None:
        self._stack = AsyncExitStack()

    @classmethod
    def missing(cls) -> str:
        return "" if shutil.which("dbus-daemon") else "dbus-daemon is not installed"

    async def __aenter__(self) -> Self:
        radio = await self._stack.enter_async_context(LoopbackRadio(adapters=3))
        await self._stack.enter_async_context(radio.joined())
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._stack.aclose()

    def make_server(self, application: GattApplication, index: int = 0) -> GattServer:
        return BlessServer(application, adapter=f"hci{(0, 2)[index]}")

    async def host_knows(self, name: str) -> bool:
        return await _bluez_knows(name)

    def scanner_kwargs(self) -> dict[str, Any]:
        return {"bluez": {"adapter": "hci1"}}

    def client_kwargs(self) -> dict[str, Any]:
        return {"bluez": {"adapter": "hci1"}}


class Bluez:
    """The system's BlueZ: bless on hci0 (and hci2 where there is one), bleak on hci1."""

    PREFIX: ClassVar = "HB-"
    """The names of the contract's peripherals begin with this; only such devices are removed again."""

    @classmethod
    def missing(cls) -> str:
        return ""

    async def __aenter__(self) -> Self:
        self._bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        adapters = [path for path in await self._objects() if path.rsplit("/", 1)[-1].startswith("hci")]
        if len(adapters) < 2:
            self._bus.disconnect()
            raise RuntimeError(f"the contract needs two Bluetooth adapters, here are {adapters}")
        self.peripherals = len(adapters) - 1
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Remove what the central remembers: BlueZ would add it to what it hears in the next test."""
        for path, interfaces in (await self._objects()).items():
            name = interfaces.get("org.bluez.Device1", {}).get("Name")
            if path.startswith("/org/bluez/hci1/") and name and name.value.startswith(self.PREFIX):
                await self._call("/org/bluez/hci1", "org.bluez.Adapter1", "RemoveDevice", "o", [path])
        self._bus.disconnect()

    async def _objects(self) -> dict[str, dict[str, dict[str, Any]]]:
        reply = await self._call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        assert reply.message_type is MessageType.METHOD_RETURN, reply.body
        objects: dict[str, dict[str, dict[str, Any]]] = reply.body[0]
        return objects

    async def _call(
        self, path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
    ) -> Message:
        message = Message("org.bluez", path, interface, member, signature=signature, body=body or [])
        reply = await self._bus.call(message)
        assert reply is not None
        return reply

    def make_server(self, application: GattApplication, index: int = 0) -> GattServer:
        return BlessServer(application, adapter=f"hci{(0, 2)[index]}")

    async def host_knows(self, name: str) -> bool:
        return await _bluez_knows(name)

    def scanner_kwargs(self) -> dict[str, Any]:
        return {"bluez": {"adapter": "hci1"}}

    def client_kwargs(self) -> dict[str, Any]:
        return {"bluez": {"adapter": "hci1"}}


async def _bluez_knows(name: str) -> bool:
    """Whether BlueZ, or what stands in for it, has a device of this name on the central's adapter."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        message = Message("org.bluez", "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        reply = await bus.call(message)
    finally:
        bus.disconnect()
    assert reply is not None
    devices = (
        interfaces.get("org.bluez.Device1", {})
        for path, interfaces in reply.body[0].items()
        if path.startswith("/org/bluez/hci1/")
    )
    return any(device["Name"].value == name for device in devices if "Name" in device)


def _loopback_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _bluez_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


RADIOS: dict[str, type[RadioUnderTest]] = {"memory": Memory, "loopback": Loopback, "bluez": Bluez}
"""Every radio by the name that `--radio` takes. Add one here, and its event loop below."""

LOOP_FACTORIES: dict[str, LoopFactory] = {
    "memory": VirtualTimeLoop,
    "loopback": _loopback_loop,
    "bluez": _bluez_loop,
}
"""A function of its own for each radio: the fixture knows by it which radio's turn it is."""
