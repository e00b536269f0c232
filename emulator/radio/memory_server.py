"""The peripheral's side of the in-process radio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from bleak.exc import BleakError

from hideez_bench.emulator.peripheral.gatt import AttError, GattApplication
from hideez_bench.emulator.radio.memory_link import Link
from hideez_bench.protocol.services import Property

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.memory import MemoryRadio

MAX_VALUE = 512
"""Bytes that an attribute holds at most (Bluetooth Core 5.4, Vol 3, Part F, 3.2.9)."""

READ_NOT_PERMITTED = 0x02
WRITE_NOT_PERMITTED = 0x03
INVALID_LENGTH = 0x0D


class MemoryServer:
    """A `GattServer`: one application on a `MemoryRadio`. It advertises while it has links, too."""

    def __init__(self, radio: MemoryRadio, application: GattApplication, address: str) -> None:
        self.application = application
        self.address = address
        self.links: dict[str, Link] = {}
        """The open links by central: a central has one link to a peripheral."""
        self.closed = asyncio.Event()
        """Set when the radio went away."""
        self._radio = radio
        self._is_started = False
        self._properties: dict[str, Property] = {}

    async def start(self, *, advertise: bool = True) -> None:
        """Register the services and advertise.

        Raises:
            BenchError: the radio is closed, or the address is on the air already.
        """
        self._properties = {
            characteristic.uuid: characteristic.properties
            for service in self.application.services
            for characteristic in service.characteristics
        }
        self._is_started = True
        if advertise:
            self._radio.put_on_air(self)

    async def advertise(self, enabled: bool) -> None:
        """Begin or cease to advertise; nothing if the server is not started."""
        if enabled and self._is_started:
            self._radio.put_on_air(self)
        else:
            self._radio.take_off_air(self)

    async def stop(self) -> None:
        """Stop advertising, drop the links. Safe to call twice."""
        self._is_started = False
        self._radio.take_off_air(self)
        await self.disconnect()

    def notify(self, uuid: str, value: bytes) -> None:
        """Send a notification to every subscribed central, cut to `mtu - 3` bytes."""
        for link in self.links.values():
            link.notify(uuid, value)

    async def disconnect(self) -> None:
        """End every link after what was sent before has arrived. Advertising goes on."""
        links = list(self.links.values())
        for link in links:
            link.end()
        for link in links:
            await link.gone.wait()

    def forget(self, central: str) -> None:
        """Do nothing: the radio asks the application, and remembers the bonds of hosts only."""

    async def wait_closed(self) -> None:
        """Return when the radio went away (`MemoryRadio.close`)."""
        await self.closed.wait()

    # For centrals

    async def accept(self, central: str, on_lost: Callable[[], None], *, pairs: bool) -> Link:
        """Open a link for a central; `pairs` says that it is going to pair at once.

        Raises:
            BleakError: the central has one already, the server went off the air at this moment, or the peripheral
                does not want it: it is no host for it now, or only one of both sides has a bond with the other.
        """
        await asyncio.sleep(0)
        if central in self.links:
            raise BleakError(f"{central} is connected to {self.address} already, by another client.")
        if self._radio.reachable(self.address) is not self:
            raise BleakError("failed to discover services, device disconnected")
        door = self.application.door
        has_bond = (central, self.address) in self._radio.bonded
        if (has_bond and not door.is_bonded(central)) or not door.admits(central, secure=has_bond or pairs):
            raise BleakError("failed to discover services, device disconnected")
        link = Link(self, central, self._radio.mtu, on_lost)
        self.links[central] = link
        self.application.connected(central)
        return link

    def pair(self, link: Link, answer: Callable[[bool], None]) -> None:
        """Ask the application about a pairing."""
        self.application.door.pairing_asked(link.central, answer)

    def give_up_pairing(self, link: Link) -> None:
        """Tell the application that the central broke its pairing off."""
        self.application.door.pairing_given_up(link.central)

    def read(self, link: Link, uuid: str) -> bytes:
        """Answer a read request.

        Raises:
            AttError: not readable, refused by the application, or longer than an attribute.
        """
        if Property.READ not in self._properties[uuid]:
            raise AttError(READ_NOT_PERMITTED)
        value = self.application.read(link.central, uuid)
        if len(value) > MAX_VALUE:
            raise AttError(INVALID_LENGTH)
        return value

    def write(self, link: Link, uuid: str, value: bytes, kind: Property) -> None:
        """Take a value, written with (`WRITE`) or without response (`WRITE_WITHOUT_RESPONSE`).

        Raises:
            AttError: not writable in this way, longer than an attribute, or refused by the application.
        """
        if kind not in self._properties[uuid]:
            raise AttError(WRITE_NOT_PERMITTED)
        if len(value) > MAX_VALUE:
            raise AttError(INVALID_LENGTH)
        self.application.write(link.central, uuid, value, link.mtu)

    def subscribe(self, link: Link, uuid: str, enabled: bool) -> None:
        """Switch the notifications of a characteristic on or off; the application hears of changes only."""
        if (uuid in link.subscribed) == enabled:
            return
        if enabled:
            link.subscribed[uuid] = None
        else:
            del link.subscribed[uuid]
        self.application.subscribed(link.central, uuid, enabled)

    def lose(self, link: Link) -> None:
        """Learn that a link is gone; that switches its notifications off."""
        del self.links[link.central]
        for uuid in link.subscribed:
            self.application.subscribed(link.central, uuid, enabled=False)
        self.application.disconnected(link.central)
