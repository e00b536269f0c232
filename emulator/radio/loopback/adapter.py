"""An adapter: what programs do with it as central, and what they put on it as peripheral."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from dbus_fast import MessageType, Variant

from hideez_bench.emulator.radio.loopback.discovery import Discovery
from hideez_bench.emulator.radio.loopback.objects import PROPERTIES, BusError, BusObject, method
from hideez_bench.emulator.radio.loopback.peripheral import ADVERTISEMENT, Peripheral
from hideez_bench.emulator.radio.loopback.remote_peripheral import RemotePeripheral

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.loopback.air import Air
    from hideez_bench.emulator.radio.loopback.link import Link

ADAPTER = "org.bluez.Adapter1"
GATT = "org.bluez.GattManager1"
ADVERTISING = "org.bluez.LEAdvertisingManager1"

MAX_ADVERTISEMENTS = 16
_SETTABLE = {
    "Alias": "s",
    "Powered": "b",
    "Discoverable": "b",
    "DiscoverableTimeout": "u",
    "Pairable": "b",
    "PairableTimeout": "u",
}


class Adapter(BusObject):
    """hci0, hci1, …: `org.bluez.Adapter1` and the two managers of what it advertises and serves."""

    def __init__(self, air: Air, index: int) -> None:
        self.air = air
        self.discovery = Discovery()
        self.peripherals: dict[str, Peripheral] = {}  # by the bus name of their program
        self._acting: set[str] = set()  # programs that use it as central
        self._devices: dict[str, RemotePeripheral] = {}  # by address
        self._timers: dict[RemotePeripheral, asyncio.TimerHandle] = {}
        # From the block for documentation (RFC 7042): no real adapter has it.
        self.address = f"00:00:5E:00:53:{index:02X}"
        super().__init__(air.tree, f"/org/bluez/hci{index}", _properties(self.address, f"loopback-{index}"))

    @property
    def powered(self) -> bool:
        """Whether it is switched on."""
        return bool(self.value(ADAPTER, "Powered"))

    @property
    def alias(self) -> Variant:
        """Its name, which a central shows to a peripheral."""
        return self.interfaces[ADAPTER]["Alias"]

    # Central

    @method(ADAPTER, "SetDiscoveryFilter", "a{sv}")
    def set_discovery_filter(self, caller: str, wanted: dict[str, Variant]) -> None:
        """Say what a program wants to hear of."""
        self.discovery.set_filter(caller, wanted)

    @method(ADAPTER, "GetDiscoveryFilters", "", "as")
    def get_discovery_filters(self, caller: str) -> list[str]:
        """The filters that can be set."""
        del caller
        return Discovery.filters()

    @method(ADAPTER, "StartDiscovery")
    def start_discovery(self, caller: str) -> None:
        """Listen for a program."""
        self._need_power()
        self.discovery.start(caller)
        self.acts_as_central(caller)
        self._show_discovery()
        # After the answer, as over the air.
        asyncio.get_running_loop().call_soon(self.air.announce)

    @method(ADAPTER, "StopDiscovery")
    def stop_discovery(self, caller: str) -> None:
        """Listen no more for a program."""
        self._need_power()
        self.discovery.stop(caller)
        self._show_discovery()

    @method(ADAPTER, "RemoveDevice", "o")
    def remove_device(self, caller: str, path: str) -> None:
        """Forget a device, and end its link."""
        del caller
        device = next((device for device in self._devices.values() if device.path == path), None)
        if device is None:
            raise BusError("DoesNotExist", "Does Not Exist")
        self._forget(device)

    def acts_as_central(self, program: str) -> None:
        """Note that a program uses the adapter as central."""
        self._acting.add(program)

    def onlookers(self) -> set[str]:
        """The programs that are to hear of links to peripherals.

        All that have looked, but for those that only have a peripheral here. Such a program takes every device
        that connects for a central of its own, and with BlueZ it is right: one adapter cannot connect to itself.
        """
        return self.tree.viewers - (set(self.peripherals) - self._acting)

    def hear(self, peripheral: Peripheral, rssi: int) -> None:
        """An advertisement arrives."""
        if not self.discovery.wants(peripheral, rssi):
            return
        if peripheral.address in self._devices:
            self._devices[peripheral.address].heard(peripheral, rssi)
        else:
            self._devices[peripheral.address] = RemotePeripheral(self, peripheral, rssi)
            self.tree.add(self._devices[peripheral.address])

    def forget_later(self, device: RemotePeripheral) -> None:
        """Forget a device after a while, unless it is on the air or connected then."""
        if device in self._timers:
            self._timers.pop(device).cancel()
        loop = asyncio.get_running_loop()
        self._timers[device] = loop.call_later(self.air.forget_after, self._forget_if_gone, device)

    def _forget_if_gone(self, device: RemotePeripheral) -> None:
        self._timers.pop(device, None)
        if device.link is None and self.air.find(device.address) is None:
            self._forget(device)

    def _forget(self, device: RemotePeripheral) -> None:
        if device.link is not None:
            device.link.close()
        if device in self._timers:
            self._timers.pop(device).cancel()
        self._devices.pop(device.address, None)
        self.tree.remove(device)

    def _show_discovery(self) -> None:
        if self.value(ADAPTER, "Discovering") != self.discovery.active:
            self.change(ADAPTER, {"Discovering": Variant("b", self.discovery.active)})
            if not self.discovery.active:
                for device in self._devices.values():
                    device.silent()

    # Peripheral

    @method(GATT, "RegisterApplication", "oa{sv}")
    async def register_application(self, caller: str, path: str, options: dict[str, Variant]) -> None:
        """Take a program's services."""
        del options
        peripheral = self._peripheral(caller)
        if path in peripheral.applications:
            raise BusError("AlreadyExists", "Already Exists")
        services = await peripheral.read_application(path)
        peripheral.applications[path] = services
        for link in peripheral.links:
            link.show(services)

    @method(GATT, "UnregisterApplication", "o")
    def unregister_application(self, caller: str, path: str) -> None:
        """Give a program's services back."""
        peripheral = self.peripherals.get(caller)
        if peripheral is None or path not in peripheral.applications:
            raise BusError("DoesNotExist", "Does Not Exist")
        services = peripheral.applications.pop(path)
        for link in peripheral.links:
            link.hide(services)
        self._drop_if_empty(peripheral)

    @method(ADVERTISING, "RegisterAdvertisement", "oa{sv}")
    async def register_advertisement(self, caller: str, path: str, options: dict[str, Variant]) -> None:
        """Put a program's advertisement on the air."""
        del options
        peripheral = self._peripheral(caller)
        if path in peripheral.advertisements:
            raise BusError("AlreadyExists", "Already Exists")
        if self._advertisements() == MAX_ADVERTISEMENTS:
            raise BusError("NotPermitted", "Maximum advertisements reached")
        reply = await peripheral.call(path, PROPERTIES, "GetAll", "s", [ADVERTISEMENT])
        if reply.message_type is MessageType.ERROR or "Type" not in reply.body[0]:
            raise BusError("Failed", "Failed to parse advertisement.")
        peripheral.advertisements[path] = reply.body[0]
        name = peripheral.advertised().get("Name", Variant("s", caller)).value
        peripheral.take_address(f"{self.address} {name}", {found.address for _, found in self.air.on_air()})
        self._show_advertisements()

    @method(ADVERTISING, "UnregisterAdvertisement", "o")
    def unregister_advertisement(self, caller: str, path: str) -> None:
        """Take a program's advertisement off the air."""
        peripheral = self.peripherals.get(caller)
        if peripheral is None or path not in peripheral.advertisements:
            raise BusError("DoesNotExist", "Does Not Exist")
        del peripheral.advertisements[path]
        self._drop_if_empty(peripheral)
        self._show_advertisements()

    def _peripheral(self, owner: str) -> Peripheral:
        """The peripheral of a program, made when it first registers something."""
        self._need_power()
        if owner not in self.peripherals:
            self.peripherals[owner] = Peripheral(self.air.bus, owner)
            self.air.watch(owner, enabled=True)
        return self.peripherals[owner]

    def _drop_if_empty(self, peripheral: Peripheral) -> None:
        if not peripheral.applications and not peripheral.advertisements:
            self._drop(peripheral)

    def _drop(self, peripheral: Peripheral) -> None:
        """A program has nothing on this adapter any more: its links end."""
        self.peripherals.pop(peripheral.owner, None)
        for link in list(peripheral.links):
            link.close()
        self.air.watch(peripheral.owner, enabled=False)

    def _advertisements(self) -> int:
        return sum(len(peripheral.advertisements) for peripheral in self.peripherals.values())

    def _show_advertisements(self) -> None:
        count = self._advertisements()
        left = MAX_ADVERTISEMENTS - count
        counts = {"ActiveInstances": Variant("y", count), "SupportedInstances": Variant("y", left)}
        self.change(ADVERTISING, counts)
        self.air.change()
        self.air.announce()
        self.air.forget_the_gone()

    # Power, and programs that go away

    def set_property(self, caller: str, interface: str, name: str, value: Variant) -> None:
        """Name the adapter, or switch it on or off."""
        if interface != ADAPTER or _SETTABLE.get(name) != value.signature:
            super().set_property(caller, interface, name, value)
        if name == "Alias" and not value.value:
            value = self.interfaces[ADAPTER]["Name"]
        self.change(interface, {name: value})
        if name == "Powered":
            self._show_power()

    def _show_power(self) -> None:
        """Off: links, advertisements and discovery end at once. On: what is registered is on the air again."""
        if not self.powered:
            self.discovery.end()
            self._show_discovery()
            for link in self._links():
                link.close()
        self.air.change()
        self.air.announce()
        self.air.forget_the_gone()

    def _links(self) -> list[Link]:
        here = [link for peripheral in self.peripherals.values() for link in peripheral.links]
        return here + [device.link for device in self._devices.values() if device.link is not None]

    def program_gone(self, name: str) -> None:
        """A program left the bus: all that it had here goes with it."""
        self._acting.discard(name)
        self.discovery.forget(name)
        self._show_discovery()
        if name in self.peripherals:
            self._drop(self.peripherals[name])
            self._show_advertisements()
        for link in [device.link for device in self._devices.values() if device.link is not None]:
            link.release(name)

    def forget_gone(self) -> None:
        """Start the clock for every device that is neither on the air nor connected."""
        for device in self._devices.values():
            if device.link is None and device not in self._timers and self.air.find(device.address) is None:
                self.forget_later(device)

    def close(self) -> None:
        """Stop all clocks."""
        for timer in self._timers.values():
            timer.cancel()

    def _need_power(self) -> None:
        if not self.powered:
            raise BusError("NotReady", "Resource Not Ready")


def _properties(address: str, name: str) -> dict[str, dict[str, Any]]:
    adapter = {
        "Address": Variant("s", address),
        "AddressType": Variant("s", "public"),
        "Name": Variant("s", name),
        "Alias": Variant("s", name),
        "Class": Variant("u", 0),
        "Powered": Variant("b", True),
        "Discoverable": Variant("b", False),
        "DiscoverableTimeout": Variant("u", 180),
        "Pairable": Variant("b", False),
        "PairableTimeout": Variant("u", 0),
        "Discovering": Variant("b", False),
        "UUIDs": Variant("as", []),
        "Roles": Variant("as", ["central", "peripheral"]),
    }
    advertising = {
        "ActiveInstances": Variant("y", 0),
        "SupportedInstances": Variant("y", MAX_ADVERTISEMENTS),
        "SupportedIncludes": Variant("as", ["tx-power", "local-name"]),
    }
    return {ADAPTER: adapter, GATT: {}, ADVERTISING: advertising}
