"""The radios on which the contract is tested: what each one needs, and how bless and bleak are put on it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Protocol, Self

import pytest
from bleak import BleakClient, BleakScanner
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.peripheral.gatt import GattApplication, GattServer
from hideez_bench.emulator.radio.loopback import LoopbackRadio
from hideez_bench.emulator.radio.loopback.environment import VARIABLE, system_bus
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.emulator.radio.virtual_time import VirtualTimeLoop

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
AGENT = "/tests/agent"
NOTHING = Variant("s", "")
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

    async def bond(self, name: str) -> None:
        """Pair the central's host with the peripheral of this name, as a person does before the first use.

        The loopback has no pairing; there a host remembers what it has seen until it is told to forget it.
        """
        ...

    async def host_knows(self, name: str) -> bool:
        """Whether the central's host still has its bond with the peripheral of this name."""
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

    async def bond(self, name: str) -> None:
        await _pair(self, name)

    async def host_knows(self, name: str) -> bool:
        return self._addresses[name] in {peripheral for _, peripheral in self._radio.bonded}

    def scanner_kwargs(self) -> dict[str, Any]:
        return {"backend": self._host.scanner}

    def client_kwargs(self) -> dict[str, Any]:
        return {"backend": self._host.client}


class _OverDBus:
    """What the stand-in and the real BlueZ share: bless on hci0 and hci2, bleak on hci1."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._bus: MessageBus

    async def _join(self, address: str) -> None:
        """Make a bus the system's, for bless, bleak and this."""
        await self._stack.enter_async_context(system_bus(address))
        self._bus = await MessageBus(bus_address=address).connect()
        self._stack.push_async_callback(self._leave)

    async def _leave(self) -> None:
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def __aexit__(self, *exception: object) -> None:
        await self._stack.aclose()

    async def _objects(self) -> dict[str, dict[str, dict[str, Any]]]:
        message = Message("org.bluez", "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        objects: dict[str, dict[str, dict[str, Any]]] = (await self._bus.call(message)).body[0]
        return objects

    async def _devices(self) -> dict[str, str]:
        """The names of the devices that the central's adapter knows, by path."""
        return {
            path: interfaces[DEVICE]["Name"].value
            for path, interfaces in (await self._objects()).items()
            if path.startswith("/org/bluez/hci1/") and "Name" in interfaces.get(DEVICE, {})
        }

    async def bond(self, name: str) -> None:
        """Nothing to do where there is no pairing."""

    async def host_knows(self, name: str) -> bool:
        return name in (await self._devices()).values()

    def make_server(self, application: GattApplication, index: int = 0) -> GattServer:
        return BlessServer(application, adapter=f"hci{(0, 2)[index]}")

    def scanner_kwargs(self) -> dict[str, Any]:
        return {"bluez": {"adapter": "hci1"}}

    def client_kwargs(self) -> dict[str, Any]:
        return {"bluez": {"adapter": "hci1"}}


class Loopback(_OverDBus):
    """The stand-in for BlueZ on a private message bus, in this process; unmodified bless and bleak."""

    peripherals = 2

    @classmethod
    def missing(cls) -> str:
        return "" if shutil.which("dbus-daemon") else "dbus-daemon is not installed"

    async def __aenter__(self) -> Self:
        radio = await self._stack.enter_async_context(LoopbackRadio(adapters=3))
        await self._join(radio.address)
        return self


class Bluez(_OverDBus):
    """The system's BlueZ, with two adapters, or three for two peripherals at once."""

    peripherals = 1

    def __init__(self) -> None:
        super().__init__()
        self._bonded: dict[str, str] = {}

    PREFIX: ClassVar = "HB-"
    """The names of the contract's peripherals begin with this; only such devices are removed again."""

    @classmethod
    def missing(cls) -> str:
        return ""

    async def __aenter__(self) -> Self:
        await self._join(os.environ.get(VARIABLE, "unix:path=/run/dbus/system_bus_socket"))
        self._stack.push_async_callback(self._forget_devices)
        adapters = [path for path, interfaces in (await self._objects()).items() if ADAPTER in interfaces]
        if len(adapters) < 2:
            await self._stack.aclose()
            raise RuntimeError(f"the contract needs two Bluetooth adapters, here are {adapters}")
        self.peripherals = len(adapters) - 1
        return self

    async def bond(self, name: str) -> None:
        """Just Works; both sides ask the default agent, since nobody else offers one."""
        self._bus.add_message_handler(_agree)
        for member, signature, body in (
            ("RegisterAgent", "os", [AGENT, "NoInputNoOutput"]),
            ("RequestDefaultAgent", "o", [AGENT]),
        ):
            await self._ask("/org/bluez", "org.bluez.AgentManager1", member, signature, body)
        self._bonded[name] = await _pair(self, name)

    async def host_knows(self, name: str) -> bool:
        # Not by its name: once connected, BlueZ takes that from the peripheral's own BlueZ, not its advertisement.
        return any(
            path.startswith("/org/bluez/hci1/")
            and interfaces.get(DEVICE, {}).get("Address", NOTHING).value == self._bonded[name]
            and interfaces[DEVICE]["Paired"].value
            for path, interfaces in (await self._objects()).items()
        )

    async def _forget_devices(self) -> None:
        """Remove what the central remembers: BlueZ would add it to what it hears in the next test.

        And the bonds that a test made, on both sides; by now the peripheral has left the air, for bluetoothd 5.66
        may crash when a bonded central is removed under a registered application.
        """
        objects = await self._objects()
        bonded = {*self._bonded.values(), objects["/org/bluez/hci1"][ADAPTER]["Address"].value}
        for path, interfaces in objects.items():
            if DEVICE not in interfaces:
                continue
            name = interfaces[DEVICE].get("Name", NOTHING).value
            if name.startswith(self.PREFIX) or (
                self._bonded and interfaces[DEVICE]["Address"].value in bonded
            ):
                await self._ask(path.rsplit("/", 1)[0], ADAPTER, "RemoveDevice", "o", [path])

    async def _ask(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        await self._bus.call(Message("org.bluez", path, interface, member, signature=signature, body=body))


def _agree(message: Message) -> Message | None:
    """An agent that says yes to whatever a pairing asks."""
    if message.message_type is MessageType.METHOD_CALL and message.interface == "org.bluez.Agent1":
        return Message.new_method_return(message)
    return None


async def _pair(radio: RadioUnderTest, name: str) -> str:
    """Pair the central with the peripheral of this name, whose address is returned."""
    device = await BleakScanner.find_device_by_name(name, timeout=20, **radio.scanner_kwargs())
    assert device is not None
    async with BleakClient(device, **radio.client_kwargs()) as client:
        await client.pair()
    return device.address


def _loopback_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _bluez_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


needs_loopback = pytest.mark.skipif(
    bool(Loopback.missing()) and os.environ.get("CI") != "true",
    reason=f"no loopback radio: {Loopback.missing()}",
)
"""For tests of the loopback itself; with CI=true they fail instead."""

RADIOS: dict[str, type[RadioUnderTest]] = {"memory": Memory, "loopback": Loopback, "bluez": Bluez}
"""Every radio by the name that `--radio` takes. Add one here, and its event loop below."""

LOOP_FACTORIES: dict[str, LoopFactory] = {
    "memory": VirtualTimeLoop,
    "loopback": _loopback_loop,
    "bluez": _bluez_loop,
}
"""A function of its own for each radio: the fixture knows by it which radio's turn it is."""
