"""What one program has put on the air of one adapter: its services and its advertisements."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bleak.uuids import normalize_uuid_str
from dbus_fast import Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus

from hideez_bench.emulator.radio.loopback.objects import OBJECT_MANAGER, BusError, Properties

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.loopback.link import Link

SERVICE = "org.bluez.GattService1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
DESCRIPTOR = "org.bluez.GattDescriptor1"
ADVERTISEMENT = "org.bluez.LEAdvertisement1"

REQUEST_TIMEOUT = 30.0
"""Seconds that ATT gives a peripheral to answer; then the link is dead (Bluetooth Core 5.4, Vol 3, Part F, 3.3.3)."""
_FIRST_HANDLE = 0x000A


@dataclass(eq=False)
class LocalDescriptor:
    """A descriptor as its program registered it."""

    path: str
    uuid: str
    flags: list[str]
    handle: int


@dataclass(eq=False)
class LocalCharacteristic:
    """A characteristic as its program registered it, and the links over which it notifies."""

    path: str
    uuid: str
    flags: list[str]
    handle: int
    descriptors: list[LocalDescriptor] = field(default_factory=list)
    subscribers: dict[Link, None] = field(default_factory=dict)

    @property
    def notifies(self) -> bool:
        """Whether a central can subscribe."""
        return "notify" in self.flags or "indicate" in self.flags


@dataclass(eq=False)
class LocalService:
    """A service as its program registered it."""

    path: str
    uuid: str
    primary: bool
    handle: int
    characteristics: list[LocalCharacteristic] = field(default_factory=list)


class Peripheral:
    """One program (`owner`, its bus name) on one adapter. It has an address of its own, unlike with BlueZ."""

    def __init__(self, bus: MessageBus, owner: str) -> None:
        self._bus = bus
        self.owner = owner
        self.address = ""
        self.applications: dict[str, list[LocalService]] = {}
        self.advertisements: dict[str, Properties] = {}
        self.links: dict[Link, None] = {}
        self._next_handle = _FIRST_HANDLE

    # What it is made of

    def services(self) -> Iterator[LocalService]:
        """All services, in the order of registration."""
        for services in self.applications.values():
            yield from services

    def characteristic_at(self, path: str) -> LocalCharacteristic | None:
        """The characteristic that stands at one of the program's own paths."""
        found = (item for service in self.services() for item in service.characteristics if item.path == path)
        return next(found, None)

    def advertised(self) -> Properties:
        """What its advertisements say, in the words of `org.bluez.Device1`."""
        result: Properties = {}
        for advertisement in self.advertisements.values():
            uuids = result.get("UUIDs", Variant("as", [])).value
            uuids += [normalize_uuid_str(uuid) for uuid in advertisement.get("ServiceUUIDs", _NO_UUIDS).value]
            result["UUIDs"] = Variant("as", uuids)
            for theirs, ours in (("LocalName", "Name"), ("TxPower", "TxPower")):
                if theirs in advertisement:
                    result[ours] = advertisement[theirs]
            for name in ("ManufacturerData", "ServiceData"):
                if advertisement.get(name) is not None and advertisement[name].value:
                    result[name] = advertisement[name]
        return result

    def take_address(self, seed: str, taken: set[str]) -> None:
        """Choose a static random address: the same for the same seed, unless another peripheral has it."""
        if self.address:
            return
        attempt = 0
        while not self.address or self.address in taken:
            raw = bytearray(hashlib.sha256(f"{seed} {attempt}".encode()).digest()[:6])
            raw[0] |= 0xC0
            self.address = ":".join(f"{byte:02X}" for byte in raw)
            attempt += 1

    async def read_application(self, root: str) -> list[LocalService]:
        """Read the tree of services that a program offers below `root`.

        Raises:
            BusError: it offers none, or the tree cannot be read.
        """
        reply = await self.call(root, OBJECT_MANAGER, "GetManagedObjects")
        if reply.message_type is MessageType.ERROR or reply.signature != "a{oa{sa{sv}}}":
            raise BusError("Failed", "No object received")
        objects: dict[str, dict[str, Properties]] = dict(sorted(reply.body[0].items()))
        try:
            services = [self._service(path, objects) for path, found in objects.items() if SERVICE in found]
        except KeyError as error:
            raise BusError("Failed", f"A property is missing: {error}") from error
        if not services:
            raise BusError("Failed", "No valid service object found")
        return services

    def _service(self, path: str, objects: dict[str, dict[str, Properties]]) -> LocalService:
        properties = objects[path][SERVICE]
        service = LocalService(path, _uuid(properties), properties["Primary"].value, self._handle())
        service.characteristics = [
            self._characteristic(below, found[CHARACTERISTIC], objects)
            for below, found in objects.items()
            if CHARACTERISTIC in found and found[CHARACTERISTIC]["Service"].value == path
        ]
        return service

    def _characteristic(
        self, path: str, properties: Properties, objects: dict[str, dict[str, Properties]]
    ) -> LocalCharacteristic:
        # One handle for the declaration, which names the characteristic, and one for the value.
        handle = self._handle(2)
        item = LocalCharacteristic(path, _uuid(properties), properties["Flags"].value, handle)
        item.descriptors = [
            LocalDescriptor(below, _uuid(found[DESCRIPTOR]), found[DESCRIPTOR]["Flags"].value, self._handle())
            for below, found in objects.items()
            if DESCRIPTOR in found and found[DESCRIPTOR]["Characteristic"].value == path
        ]
        if item.notifies:
            item.descriptors.append(LocalDescriptor("", CCCD, [], self._handle()))
        return item

    def _handle(self, count: int = 1) -> int:
        self._next_handle += count
        return self._next_handle - count

    # Talking to its program

    def notify(self, path: str, value: bytes) -> None:
        """Carry a notification to every central that subscribed to the characteristic at one of its own paths."""
        item = self.characteristic_at(path)
        if item is not None:
            for link in list(item.subscribers):
                link.notify(item, value)

    async def call(
        self, path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
    ) -> Message:
        """Call the program; the reply may be an error.

        Raises:
            BusError: it did not answer within `REQUEST_TIMEOUT`.
        """
        message = Message(self.owner, path, interface, member, signature=signature, body=body or [])
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                return await self._bus.call(message)
        except TimeoutError:
            raise BusError("Failed", "The program does not answer") from None

    def tell(
        self, path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
    ) -> None:
        """Call the program and want no answer."""
        quiet = MessageFlag.NO_REPLY_EXPECTED
        self._bus.send(
            Message(self.owner, path, interface, member, flags=quiet, signature=signature, body=body or [])
        )


CCCD = "00002902-0000-1000-8000-00805f9b34fb"
"""Client Characteristic Configuration: the stack's own descriptor, not the program's."""
_NO_UUIDS = Variant("as", [])


def _uuid(properties: Properties) -> str:
    return normalize_uuid_str(properties["UUID"].value)
