"""bless 0.3.0, used as it is released, and put right where a key needs it.

Everything that bless leaves out, or does in a way that would disturb the machine, is mended here. Nothing else
imports bless; dbus_next, its way to the bus, is put right in `bluez_bus`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from typing import Any

from bless import GATTAttributePermissions, GATTCharacteristicProperties
from bless.backends.bluezdbus.dbus.advertisement import BlueZLEAdvertisement, Type
from bless.backends.bluezdbus.dbus.application import BlueZGattApplication
from bless.backends.bluezdbus.dbus.characteristic import BlueZGattCharacteristic
from bless.backends.bluezdbus.server import BlessServerBlueZDBus
from dbus_next.constants import MessageType, PropertyAccess
from dbus_next.errors import DBusError
from dbus_next.message import Message
from dbus_next.service import dbus_property, method

from hideez_bench.emulator.peripheral.bluez_agent import Agent
from hideez_bench.emulator.peripheral.bluez_bus import (
    ADAPTER,
    BLUEZ,
    OBJECT_MANAGER,
    BluezBus,
    connect,
    error_text,
    find_adapter,
)
from hideez_bench.emulator.peripheral.gatt import AttError, GattApplication
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.services import Property

DEVICE = "org.bluez.Device1"
# Never under /org/bluez: every bleak on the machine takes what is there for BlueZ's own objects.
BASE_PATH = "/hideez_bench/peripheral"

_PROPERTIES = {
    Property.READ: GATTCharacteristicProperties.read,
    Property.WRITE: GATTCharacteristicProperties.write,
    Property.WRITE_WITHOUT_RESPONSE: GATTCharacteristicProperties.write_without_response,
    Property.NOTIFY: GATTCharacteristicProperties.notify,
}
# What BlueZ turns into which ATT error; any name that it does not know becomes 0x0E, unlikely error.
_ERROR_NAMES = {
    0x02: "org.bluez.Error.NotPermitted",
    0x03: "org.bluez.Error.NotPermitted",
    0x06: "org.bluez.Error.NotSupported",
    0x07: "org.bluez.Error.InvalidOffset",
    0x08: "org.bluez.Error.NotAuthorized",
    0x0D: "org.bluez.Error.InvalidValueLength",
}


class Peripheral(BlessServerBlueZDBus):  # type: ignore[misc]  # bless ships no types
    """bless' server, corrected: see the comments at each method for what bless does."""

    def __init__(self, application: GattApplication, adapter: str | None) -> None:
        self.application = application
        self.characteristics: dict[str, BlueZGattCharacteristic] = {}
        self.lost = asyncio.Event()
        self._wanted = adapter
        self._adapter_path = ""
        self._centrals: dict[str, str] = {}  # object path -> address, in the order of their coming
        self._subscriptions: dict[str, str] = {}  # characteristic -> central
        self._kept: set[str] = set()  # characteristics whose subscriptions BlueZ did not end with the link
        self._request: Any = None  # the method call that is being answered
        self._watcher: asyncio.Task[None] | None = None
        self._agent: Agent
        self._to_forget: set[str] = set()  # object paths
        self._forgetting: asyncio.Task[None] | None = None
        self.bus: Any = None  # a BluezBus, once connected
        self._advertises_at_start = True
        super().__init__(application.name)

    # Coming and going

    async def setup(self) -> None:
        """Connect and find the adapter. bless calls this in a task of its own, `setup_task`."""
        self.bus = await connect()
        self._watcher = asyncio.create_task(self._watch_bus(self.bus))
        self._adapter_path = await find_adapter(self.bus, self._wanted)
        introspection = await self.bus.introspect(BLUEZ, self._adapter_path)
        self.adapter = self.bus.get_proxy_object(BLUEZ, self._adapter_path, introspection)
        self.app = BlueZGattApplication(self.name, BLUEZ, self.bus)
        self.app.base_path = BASE_PATH
        self.app.Read, self.app.Write = self._read, self._write
        self.app.StartNotify = lambda _: self._subscribe(enabled=True)
        self.app.StopNotify = lambda _: self._subscribe(enabled=False)
        # bless would name the adapter after the key, and clear the name at the end: it is the machine's.
        self.app.set_name = self._leave_name_alone
        self.app.start_advertising = self._advertise
        self._agent = Agent(self.bus, self.application.door, self._address_of)
        self.bus.add_message_handler(self._peek)
        await self._agent.register()
        for rule in (
            f"member='PropertiesChanged',path_namespace='{self._adapter_path}'",
            f"interface='{OBJECT_MANAGER}',member='InterfacesAdded'",
            f"interface='{OBJECT_MANAGER}',member='InterfacesRemoved'",
        ):
            await self.bus.add_match(f"type='signal',sender='{BLUEZ}',{rule}")
        await self.bus.add_match(
            f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{BLUEZ}'"
        )

    async def publish(self, *, advertise: bool) -> None:
        """Register the services and advertise."""
        await self.setup_task
        self._advertises_at_start = advertise
        for service in self.application.services:
            await self.add_new_service(service.uuid)
            # bless makes the first service primary only, and phones see no other.
            self.get_service(service.uuid).gatt._primary = True  # noqa: SLF001
            for item in service.characteristics:
                flags = GATTCharacteristicProperties(0)
                for name, flag in _PROPERTIES.items():
                    flags |= flag if name in item.properties else GATTCharacteristicProperties(0)
                permissions = GATTAttributePermissions.readable | GATTAttributePermissions.writeable
                await self.add_new_characteristic(service.uuid, item.uuid, flags, bytearray(), permissions)
                added = self.get_service(service.uuid).get_characteristic(item.uuid)
                self.characteristics[item.uuid] = added.gatt
        await self.start()

    async def withdraw(self) -> None:
        """Leave the air: first the advertisement, so that nobody comes back, then the links, then the services."""
        if self.lost.is_set():
            return
        if self._forgetting is not None:
            await asyncio.wait([self._forgetting])
        try:
            await self.advertise(enabled=False)
            await self._agent.unregister()
            await self.drop_links()
            await self.app.unregister(self.adapter)
        except (DBusError, OSError, EOFError) as error:
            if not self.lost.is_set():
                raise BenchError(f"BlueZ did not let {self.name} leave the air in order: {error}") from error

    async def close(self) -> None:
        """Close the connection to the bus, which bless leaves open."""
        if not self.setup_task.done():
            self.setup_task.cancel()
        with contextlib.suppress(BenchError, DBusError, asyncio.CancelledError):
            await self.setup_task  # its error has reached the caller of `publish`
        if self._watcher is not None:
            self.bus.shut()
            await self._watcher
        self._all_gone()

    async def _watch_bus(self, bus: BluezBus) -> None:
        """Notice the end of the connection, wanted or not, and free the socket, which dbus_next does not."""
        with contextlib.suppress(OSError, EOFError):
            await bus.wait_for_disconnect()
        bus.free()
        self.lost.set()
        self._all_gone()

    async def _leave_name_alone(self, *_: object) -> None:
        """Stands where bless would set the adapter's name."""

    async def _advertise(self, adapter: Any) -> None:
        """The name and the first service's UUID, and no change to the adapter."""
        if not self._advertises_at_start:
            return
        advertisement = _Advertisement(Type.PERIPHERAL, len(self.app.advertisements) + 1, self.app)
        advertisement._local_name = self.name  # noqa: SLF001
        advertisement._service_uuids = [self.app.services[0].UUID]  # noqa: SLF001
        self.bus.export(advertisement.path, advertisement)
        manager = adapter.get_interface("org.bluez.LEAdvertisingManager1")
        await manager.call_register_advertisement(advertisement.path, {})
        self.app.advertisements.append(advertisement)

    async def advertise(self, enabled: bool) -> None:
        """Begin or cease to advertise."""
        if enabled and not self.app.advertisements:
            self._advertises_at_start = True
            await self._advertise(self.adapter)
        elif not enabled and self.app.advertisements:
            await self.app.stop_advertising(self.adapter)

    async def drop_links(self) -> None:
        """Disconnect every central, and wait until BlueZ has done so."""
        replies = await asyncio.gather(*(self.bus.ask(path, DEVICE, "Disconnect") for path in self._centrals))
        for reply in replies:
            # A central that left by itself in the meantime is as good.
            if reply.error_name and not reply.error_name.endswith((".UnknownObject", ".NotConnected")):
                raise BenchError(f"BlueZ did not end the link of {self.name}: {error_text(reply)}")

    def notify(self, uuid: str, value: bytes) -> None:
        """Hand a notification to BlueZ, which knows who is to have it.

        One that nobody is subscribed to stays here: on its way it could be overtaken by a subscription.
        """
        if uuid in self._subscriptions and not self.lost.is_set():
            self.characteristics[uuid].Value = bytes(value)

    # Requests of centrals, on their way through bless

    def _peek(self, message: Message) -> bool:
        """See every message before bless does: bless drops the options of requests, and who came and went."""
        if self._agent.takes(message):
            return True
        if message.message_type is MessageType.METHOD_CALL:
            self._request = message
        elif message.message_type is MessageType.SIGNAL:
            self._signal(message)
        return False

    def _read(self, characteristic: BlueZGattCharacteristic) -> bytes:
        """Answer a read. BlueZ reads a value that is longer than a packet in parts, from an offset."""
        central, options = self._speaker(self._request.body[0])
        with self._errors_for_central():
            value = self.application.read(central, characteristic.UUID)
        return bytes(value)[options["offset"].value if "offset" in options else 0 :]

    def _write(self, characteristic: BlueZGattCharacteristic, value: bytes) -> None:
        central, options = self._speaker(self._request.body[1])
        mtu = options["mtu"].value if "mtu" in options else 23
        with self._errors_for_central():
            self.application.write(central, characteristic.UUID, bytes(value), mtu)

    def _speaker(self, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The central that asks. One whose link is older than this server has not been told of yet."""
        path = options["device"].value
        self._came(path)
        if path not in self._centrals:
            raise DBusError(_ERROR_NAMES[0x08], "this host may not connect")
        return self._centrals[path], options

    @contextlib.contextmanager
    def _errors_for_central(self) -> Iterator[None]:
        """Turn the application's ATT errors into those that BlueZ passes on; show any other to the event loop."""
        try:
            yield
        except AttError as error:
            if 0x80 <= error.code <= 0x9F:
                raise DBusError("org.bluez.Error.Failed", f"0x{error.code:02x}") from error
            raise DBusError(_ERROR_NAMES.get(error.code, "org.bluez.Error.Unlikely"), str(error)) from error
        except Exception as bug:
            # dbus_next would send the traceback to the central and say nothing here.
            self.loop.call_exception_handler(
                {"message": f"The application {self.name} failed", "exception": bug}
            )
            raise DBusError("org.bluez.Error.Unlikely", "the application failed") from bug

    def _subscribe(self, enabled: bool) -> None:
        uuid = next(u for u, item in self.characteristics.items() if item.path == self._request.path)
        self._kept.discard(uuid)
        if enabled:
            self._subscriptions[uuid] = next(reversed(self._centrals.values()), "")
            self.application.subscribed(self._subscriptions[uuid], uuid, enabled=True)
        elif uuid in self._subscriptions:
            self.application.subscribed(self._subscriptions.pop(uuid), uuid, enabled=False)

    # Links

    def _signal(self, message: Message) -> None:
        body = message.body
        if message.member == "NameOwnerChanged" and body[0] == BLUEZ:
            self.lost.set()
            self._all_gone()
        elif message.member == "PropertiesChanged" and self._is_device(message.path):
            if body[0] == DEVICE and "Connected" in body[1]:
                self._came(message.path) if body[1]["Connected"].value else self._gone(message.path)
        elif message.member == "InterfacesAdded" and self._is_device(body[0]):
            if DEVICE in body[1] and body[1][DEVICE]["Connected"].value:
                self._came(body[0])
        elif message.member == "InterfacesRemoved" and DEVICE in body[1]:
            self._gone(body[0])
        elif message.member == "InterfacesRemoved" and body[0] == self._adapter_path and ADAPTER in body[1]:
            self.lost.set()
            self._all_gone()

    def _is_device(self, path: str) -> bool:
        return re.fullmatch(rf"{self._adapter_path}/dev(_[0-9A-F]{{2}}){{6}}", path) is not None

    def _came(self, path: str) -> None:
        if path not in self._centrals:
            address = self._address_of(path)
            if not self.application.door.admits(address, secure=True):
                # BlueZ has no word for not accepting a link: it is ended as soon as it is there.
                self.bus.send(Message(BLUEZ, path, DEVICE, "Disconnect"))
                return
            self._centrals[path] = address
            self.application.connected(self._centrals[path])
            # A bonded central has again what it had subscribed to, and BlueZ does not say so.
            for uuid in self._kept:
                self._subscriptions[uuid] = self._centrals[path]
                self.application.subscribed(self._centrals[path], uuid, enabled=True)
            self._kept.clear()

    def _gone(self, path: str) -> None:
        if path not in self._centrals:
            return
        if len(self._centrals) == 1:
            # BlueZ tells of the end of subscriptions before or after that of the link; the order here is fixed.
            for uuid, central in self._subscriptions.items():
                self.application.subscribed(central, uuid, enabled=False)
            self._kept.update(self._subscriptions)
            self._subscriptions.clear()
        self.application.disconnected(self._centrals.pop(path))
        if path in self._to_forget:
            self._begin_to_forget()

    def forget(self, central: str) -> None:
        """Remove BlueZ's bond with a central, now or when their link ends."""
        path = f"{self._adapter_path}/dev_{central.replace(':', '_')}"
        self._to_forget.add(path)
        if path not in self._centrals:
            self._begin_to_forget()

    def _begin_to_forget(self) -> None:
        if self._forgetting is None:
            self._forgetting = asyncio.get_running_loop().create_task(self._forget())

    async def _forget(self) -> None:
        """Remove the devices whose bond is over.

        Without advertisement and application: bluetoothd 5.66 may crash when it removes a bonded host under them.
        """
        was_advertised = bool(self.app.advertisements)
        try:
            await self.advertise(enabled=False)
            await self.app.unregister(self.adapter)
            while paths := self._to_forget - self._centrals.keys():
                path = paths.pop()
                self._to_forget.discard(path)
                await self.bus.call(
                    Message(BLUEZ, self._adapter_path, ADAPTER, "RemoveDevice", signature="o", body=[path])
                )
            await self.app.register(self.adapter)
            await self.advertise(enabled=was_advertised)
        except (DBusError, OSError, EOFError):
            # Without its services this is no key any more: whoever waits for that learns of it.
            self.lost.set()
        finally:
            self._forgetting = None

    def _address_of(self, path: str) -> str:
        """The address of a device on this adapter; empty for what is none."""
        return path.rsplit("/dev_", 1)[-1].replace("_", ":") if self._is_device(path) else ""

    def _all_gone(self) -> None:
        for path in list(self._centrals):
            self._gone(path)


class _Advertisement(BlueZLEAdvertisement):  # type: ignore[misc]  # bless ships no types
    @dbus_property(access=PropertyAccess.READ)  # type: ignore[untyped-decorator]
    def Discoverable(self) -> b:  # type: ignore[name-defined]  # noqa: F821, N802  # a D-Bus signature
        """General discoverable: BlueZ, asked without a filter, passes over what does not say so, as phones do."""
        return True

    @method()
    def Release(self):  # type: ignore[no-untyped-def]  # noqa: N802  # an annotation would be a D-Bus signature
        """BlueZ let go of the advertisement. bless prints a line for users here."""
