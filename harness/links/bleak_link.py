"""A link over the system's Bluetooth, or over any stand-in behind bleak's `backend=` seam."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
)

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.link import LinkLost, LinkTimeout
from hideez_bench.protocol.profile import Profile

# BlueZ takes values of at most 510 bytes and loses longer write commands without a word; 244 bytes are what one
# radio packet holds with data length extension, so more would gain nothing.
LARGEST_PACKET = 244

ADDRESS = re.compile(r"(?i)([0-9a-f]{2}:){5}[0-9a-f]{2}")


class KeyNotFound(LinkTimeout):
    """No key of that name or address let itself be heard."""


class ConnectionFailed(BenchError):
    """The key is there but did not let itself be connected."""


class ConnectionTimedOut(ConnectionFailed, LinkTimeout):
    """The key is there but did not let itself be connected in time."""


class NoBluetooth(BenchError):
    """This machine has no Bluetooth that can be used."""


@dataclass(frozen=True)
class BleakOptions:
    """How bleak reaches the radio: keyword arguments for its scanner and its client, none for the system's own."""

    scanner: Mapping[str, Any] = field(default_factory=dict)
    client: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def on_adapter(cls, adapter: str | None) -> BleakOptions:
        """The system's Bluetooth, on a named adapter (as `hci1`) where one is given."""
        bluez = {"bluez": {"adapter": adapter}} if adapter else {}
        return cls(bluez, bluez)


class BleakLink:
    """A GATT connection to the key of a name (`HK-00203`) or address (`AA:BB:CC:DD:EE:FF`).

    `timeout` is the time for all of entering, in seconds: to find, to connect, to discover, to subscribe. A `device`
    that a scanner has just heard is connected without another search.
    """

    def __init__(
        self,
        target: str,
        *,
        profile: Profile,
        timeout: float,
        options: BleakOptions | None = None,
        device: BLEDevice | None = None,
    ) -> None:
        self.name = target
        self.info = b""
        self.max_packet = profile.size("packet_min")
        self._profile = profile
        self._timeout = timeout
        self._options = options or BleakOptions()
        self._heard = device
        self._client: BleakClient | None = None
        self._device: BLEDevice | None = None
        self._main: BleakGATTCharacteristic | None = None
        self._on_packet: Callable[[bytes], None] = lambda packet: None
        self._on_lost: Callable[[], None] = lambda: None
        self._lost = False

    def listen(self, on_packet: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        """See `Link.listen`."""
        self._on_packet, self._on_lost = on_packet, on_lost

    async def __aenter__(self) -> Self:
        found = False
        try:
            async with asyncio.timeout(self._timeout):
                self._device = await self._find()
                found = True
                await self._connect(self._device)
        except TimeoutError:
            await self._drop()
            if found:
                raise ConnectionTimedOut(
                    f"{self.name} was found but could not be connected within {self._timeout:g} s; "
                    "is another host connected to it? Nothing was sent to it."
                ) from None
            raise KeyNotFound(
                f"No key {self.name} was found within {self._timeout:g} s; is it on, in reach, and not connected "
                "to another host?"
            ) from None
        except BleakBluetoothNotAvailableError as error:
            raise NoBluetooth(_why_no_bluetooth(error)) from None
        except OSError as error:
            raise NoBluetooth(_why_no_bus(error)) from None
        except (BleakError, EOFError) as error:
            await self._drop()
            if not found:
                raise NoBluetooth(_why_no_scan(error)) from None
            raise ConnectionFailed(f"{self.name} could not be connected: {_first_line(error)}") from None
        except BaseException:
            await self._drop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._drop()

    async def send(self, packet: bytes, *, confirm: bool = False) -> None:
        """See `Link.send`."""
        if self._client is None or self._main is None or self._lost:
            raise LinkLost(f"The link to {self.name} was lost.")
        try:
            await self._client.write_gatt_char(self._main, packet, response=confirm)
        except (BleakError, EOFError) as error:
            raise LinkLost(f"The link to {self.name} was lost: {_first_line(error)}") from None

    async def delete_bond(self) -> None:
        """See `Link.delete_bond`."""
        if self._device is None:
            return
        client = self._client or BleakClient(self._device, **self._options.client)
        # In this order: bleak's clean-up of a link whose device was removed under it fails now and then.
        await self._drop()
        try:
            await client.unpair()
        except BleakDeviceNotFoundError:
            pass  # a host that never bonded has forgotten the key by itself
        except BleakError as error:
            raise ConnectionFailed(
                f"This host could not forget {self.name} ({_first_line(error)}); remove it in the system's Bluetooth "
                "settings."
            ) from None

    async def _find(self) -> BLEDevice:
        if self._heard is not None:
            return self._heard
        services = {self._profile.uuid("hideez_service"), self._profile.uuid("hideez_service_second")}
        by_address = ADDRESS.fullmatch(self.name) is not None

        def is_it(device: BLEDevice, advertised: AdvertisementData) -> bool:
            if by_address:
                return device.address.lower() == self.name.lower()
            # A name alone would do, but a scanner may still show the cached name of something else.
            heard = services & set(advertised.service_uuids)
            return bool(heard) and self.name in (advertised.local_name, device.name)

        device = await BleakScanner.find_device_by_filter(
            is_it, timeout=self._timeout + 1, **self._options.scanner
        )
        if device is None:
            raise TimeoutError
        return device

    async def _connect(self, device: BLEDevice) -> None:
        client = BleakClient(device, self._disconnected, timeout=self._timeout, **self._options.client)
        self._client = client
        await client.connect()
        self._main = self._characteristic(client, "main")
        self.info = bytes(await client.read_gatt_char(self._characteristic(client, "info")))
        if not self.info:
            raise BleakError("its info characteristic is empty")
        self.max_packet = min(self._main.max_write_without_response_size, LARGEST_PACKET)
        await client.start_notify(self._main, lambda _, value: self._on_packet(bytes(value)))

    def _characteristic(self, client: BleakClient, name: str) -> BleakGATTCharacteristic:
        characteristic = client.services.get_characteristic(self._profile.uuid(name))
        if characteristic is None:
            raise BleakError(f"it has no {name} characteristic; is it a Hideez Key?")
        return characteristic

    def _disconnected(self, client: BleakClient) -> None:
        if not self._lost:
            self._lost = True
            self._on_lost()

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            await client.disconnect()
        except (BleakError, EOFError, TimeoutError):
            # It is gone already, or the Bluetooth stack is: either way there is no link any more.
            self._lost = True


@contextmanager
def scan_errors() -> Iterator[None]:
    """Inside, what keeps this machine from scanning is raised as `NoBluetooth`, in one sentence."""
    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        raise NoBluetooth(_why_no_bluetooth(error)) from None
    except OSError as error:
        raise NoBluetooth(_why_no_bus(error)) from None
    except (BleakError, EOFError) as error:
        raise NoBluetooth(_why_no_scan(error)) from None


def _why_no_bus(error: OSError) -> str:
    return (
        f"This machine's Bluetooth cannot be used: its message bus does not answer ({error.strerror}); "
        "start D-Bus and bluetoothd, or use --target emulator, which needs neither."
    )


def _why_no_bluetooth(error: BleakBluetoothNotAvailableError) -> str:
    if error.reason is BleakBluetoothNotAvailableReason.POWERED_OFF:
        return "Bluetooth is switched off on this machine; switch it on (bluetoothctl power on)."
    return (
        f"This machine has no usable Bluetooth ({_first_line(error)}); plug in an adapter, see that "
        "bluetoothd runs, or use --target emulator, which needs none."
    )


def _why_no_scan(error: Exception) -> str:
    name = error.dbus_error if isinstance(error, BleakDBusError) else ""
    if name == "org.freedesktop.DBus.Error.ServiceUnknown":
        return (
            "bluetoothd is not running on this machine; start it (systemctl start bluetooth), or use "
            "--target emulator, which needs none."
        )
    if name == "org.bluez.Error.NotReady":
        return "The Bluetooth adapter is switched off; switch it on (bluetoothctl power on)."
    return f"Bluetooth on this machine could not look for keys: {_first_line(error)}."


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")
