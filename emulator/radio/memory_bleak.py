"""The central's side of the in-process radio: a scanner and a client that go into bleak's `backend=` seam."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from bleak import BleakScanner
from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from bleak.uuids import normalize_uuid_16

from hideez_bench.emulator.radio.memory_link import Link
from hideez_bench.protocol.services import Property, Service

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.memory import MemoryRadio

PROPERTY_NAMES: dict[Property, CharacteristicPropertyName] = {
    Property.READ: "read",
    Property.WRITE: "write",
    Property.WRITE_WITHOUT_RESPONSE: "write-without-response",
    Property.NOTIFY: "notify",
}
CONFIGURATION = normalize_uuid_16(0x2902)


@dataclass(frozen=True)
class Backend:
    """One host on a radio: what `BleakScanner(…, backend=…)` and `BleakClient(…, backend=…)` want."""

    scanner: type[BaseBleakScanner]
    client: type[BaseBleakClient]


def make_backend(radio: MemoryRadio, central: str) -> Backend:
    """The backend of the host `central`. bleak makes the objects itself, so each host has classes of its own."""
    bound = {"__module__": __name__, "radio": radio, "central": central}
    return Backend(
        scanner=type("MemoryScanner", (MemoryScanner,), bound),
        client=type("MemoryClient", (MemoryClient,), bound),
    )


def _check_on(radio: MemoryRadio) -> None:
    if not radio.is_on:
        raise BleakBluetoothNotAvailableError(
            "The in-process radio is closed.", BleakBluetoothNotAvailableReason.POWERED_OFF
        )


class MemoryScanner(BaseBleakScanner):
    """Hears the peripherals of a radio. Active and passive scans are the same here."""

    radio: ClassVar[MemoryRadio]
    central: ClassVar[str]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._scanning = False

    async def start(self) -> None:
        """Start scanning.

        Raises:
            BleakBluetoothNotAvailableError: the radio is closed.
        """
        _check_on(self.radio)
        self.seen_devices = {}
        self._scanning = True
        self.radio.start_scan(self)

    async def stop(self) -> None:
        """Stop scanning."""
        self._scanning = False
        self.radio.stop_scan(self)

    def hear(self, address: str, advertisement: AdvertisementData) -> None:
        """Take an advertisement, unless it came too late or is filtered out."""
        on_air = self._scanning and self.radio.reachable(address) is not None
        if not on_air or not self.is_allowed_uuid(advertisement.service_uuids):
            return
        self.radio.known.add((self.central, address))
        device = self.create_or_update_device(address, address, advertisement.local_name, {}, advertisement)
        self.call_detection_callbacks(device, advertisement)


class MemoryClient(BaseBleakClient):
    """A connection to a peripheral of a radio."""

    radio: ClassVar[MemoryRadio]
    central: ClassVar[str]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        services: set[str] | None,
        timeout: float,
        **_: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self.address = self.address.upper()
        self._device = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._wanted_services = services
        self._link: Link | None = None

    @property
    def name(self) -> str:
        """The name that the peripheral advertised.

        Raises:
            BleakError: it was never seen.
        """
        if self._device is None:
            raise BleakError("Not connected")
        return self._device.name or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """The ATT MTU of the link in bytes, 23 without one."""
        return self._link.mtu if self._link is not None else 23

    @property
    def is_connected(self) -> bool:
        """Whether there is a link."""
        return self._link is not None and self._link.is_open

    # Links

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Connect as soon as the peripheral is heard.

        Raises:
            BleakDeviceNotFoundError: given by address and never heard, or forgotten since it was found.
            TimeoutError: known, but silent.
            BleakError: connected already, or the link was lost again at once.
        """
        _check_on(self.radio)
        if self.is_connected:
            raise BleakError("Client is already connected")
        timeout = kwargs.get("timeout", self._timeout)
        if self._device is None:
            scanner = self.radio.backend(self.central).scanner
            self._device = await BleakScanner.find_device_by_address(self.address, timeout, backend=scanner)
        if self._device is None or (self.central, self.address) not in self.radio.known:
            raise BleakDeviceNotFoundError(self.address, f"Device with address {self.address} was not found.")
        async with asyncio.timeout(timeout):
            server = await self.radio.appearance(self.address)
            self._link = await server.accept(self.central, self._on_lost, pairs=pair)
        self.services = _discover(self._link, self._wanted_services)
        if pair:
            await self.pair()

    async def disconnect(self) -> None:
        """End the link; the disconnected callback is called, as on BlueZ."""
        if self._link is not None:
            self._link.end()
            await self._link.gone.wait()

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        """Bond with the peripheral, which decides whether it may be (Just Works otherwise).

        Raises:
            BleakError: not connected, refused, or the link was lost.
            TimeoutError: the peripheral did not decide in the time that the pairing of two hosts may take.
        """
        link = self._connected_link()
        if (self.central, self.address) in self.radio.bonded:
            return
        if not await link.pair():
            raise BleakError("org.bluez.Error.AuthenticationFailed: the peripheral refused the pairing")
        self.radio.bonded.add((self.central, self.address))

    async def unpair(self) -> None:
        """Forget the device and its bond, and disconnect; it must be found anew before the next connection.

        Raises:
            BleakDeviceNotFoundError: this host does not know the device.
        """
        self._device = None
        await self.disconnect()
        pair = (self.central, self.address)
        if pair not in self.radio.known:
            raise BleakDeviceNotFoundError(self.address, f"Device with address {self.address} was not found.")
        self.radio.known.discard(pair)
        self.radio.bonded.discard(pair)

    def _connected_link(self) -> Link:
        if self._link is None or not self._link.is_open:
            raise BleakError("Not connected")
        return self._link

    def _on_lost(self) -> None:
        self._link = None
        self.services = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    # Values

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        """Read a value; `use_cached` is ignored.

        Raises:
            BleakGATTProtocolError: the peripheral refused.
            BleakError: not connected, or the link was lost.
        """
        link = self._connected_link()
        return bytearray(await link.request(partial(link.server.read, link, characteristic.uuid)))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write a value; without response, only what fits in one packet.

        Raises:
            BleakGATTProtocolError: the peripheral refused, or has no writes without response.
            BleakError: too long for one packet, not connected, or the link was lost.
        """
        link = self._connected_link()
        value = bytes(data)
        kind = Property.WRITE if response else Property.WRITE_WITHOUT_RESPONSE
        write = partial(link.server.write, link, characteristic.uuid, value, kind)
        if response:
            await link.request(write)
            return
        if "write-without-response" not in characteristic.properties:
            raise BleakGATTProtocolError(BleakGATTProtocolErrorCode.REQUEST_NOT_SUPPORTED)
        if len(value) > link.mtu - 3:
            raise BleakError(f"A write without response has at most {link.mtu - 3} bytes, not {len(value)}.")
        await link.command(write)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        """Read a client characteristic configuration, the only kind of descriptor here.

        Raises:
            BleakError: not connected, or the link was lost.
        """
        link = self._connected_link()
        enabled = await link.request(lambda: descriptor.characteristic_uuid in link.subscribed)
        return bytearray([enabled, 0])

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Refuse: bleak itself refuses to write a client characteristic configuration.

        Raises:
            BleakGATTProtocolError: always.
        """
        raise BleakGATTProtocolError(BleakGATTProtocolErrorCode.WRITE_NOT_PERMITTED)

    # Notifications

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: Any
    ) -> None:
        """Subscribe; a second time, the new callback takes the place of the first.

        Raises:
            BleakError: the characteristic does not notify, not connected, or the link was lost.
        """
        link = self._connected_link()
        if "notify" not in characteristic.properties:
            raise BleakError(f"The characteristic {characteristic.uuid} does not notify.")
        link.listeners[characteristic.uuid] = callback
        await link.request(partial(link.server.subscribe, link, characteristic.uuid, enabled=True))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe.

        Raises:
            BleakError: not subscribed, not connected, or the link was lost.
        """
        link = self._connected_link()
        if link.listeners.pop(characteristic.uuid, None) is None:
            raise BleakError("No notify session started")
        await link.request(partial(link.server.subscribe, link, characteristic.uuid, enabled=False))


def _discover(link: Link, wanted: set[str] | None) -> BleakGATTServiceCollection:
    """The services of a peripheral, in bleak's terms.

    Each characteristic takes three handles: its declaration, its value, and its configuration if it notifies.
    """
    found = BleakGATTServiceCollection()
    handle = 1
    for service in link.server.application.services:
        if wanted is None or service.uuid in wanted:
            _add_service(found, handle, service, link.mtu)
        handle += 1 + 3 * len(service.characteristics)
    return found


def _add_service(found: BleakGATTServiceCollection, handle: int, service: Service, mtu: int) -> None:
    parent = BleakGATTService(None, handle, service.uuid)
    found.add_service(parent)
    for number, declared in enumerate(service.characteristics):
        properties = [name for flag, name in PROPERTY_NAMES.items() if flag in declared.properties]
        characteristic = BleakGATTCharacteristic(
            None, handle + 1 + 3 * number, declared.uuid, properties, lambda: mtu - 3, parent
        )
        found.add_characteristic(characteristic)
        if Property.NOTIFY in declared.properties:
            configuration = characteristic.handle + 2
            found.add_descriptor(BleakGATTDescriptor(None, configuration, CONFIGURATION, characteristic))
