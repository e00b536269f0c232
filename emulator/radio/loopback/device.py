"""`org.bluez.Device1`, and a central as the program of the peripheral that it is connected to sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbus_fast import Variant

from hideez_bench.emulator.radio.loopback.objects import BusError, BusObject, Properties, method

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.loopback.adapter import Adapter
    from hideez_bench.emulator.radio.loopback.link import Link

DEVICE = "org.bluez.Device1"
_SETTABLE = {"Trusted": "b", "Blocked": "b", "Alias": "s"}


class Device(BusObject):
    """A device that one adapter knows."""

    def __init__(
        self, adapter: Adapter, address: str, address_type: str, audience: str | None, properties: Properties
    ) -> None:
        path = f"{adapter.path}/dev_{address.replace(':', '_')}"
        common = {
            "Address": Variant("s", address),
            "AddressType": Variant("s", address_type),
            "Alias": properties.get("Name", Variant("s", address.replace(":", "-"))),
            "Adapter": Variant("o", adapter.path),
            "UUIDs": Variant("as", []),
        }
        flags = ("Paired", "Bonded", "Trusted", "Blocked", "LegacyPairing", "Connected", "ServicesResolved")
        common |= {name: Variant("b", False) for name in flags}
        super().__init__(adapter.tree, path, {DEVICE: common | properties}, audience)
        self.adapter = adapter
        self.address = address

    def set_property(self, caller: str, interface: str, name: str, value: Variant) -> None:
        """Trust, block or name the device. Nothing here acts on it."""
        if interface != DEVICE or _SETTABLE.get(name) != value.signature:
            super().set_property(caller, interface, name, value)
        self.change(interface, {name: value})

    @method(DEVICE, "Pair")
    def pair(self, caller: str) -> None:
        """Pairing is not part of this stand-in."""
        del caller
        raise BusError("NotSupported", "The loopback radio does not pair; the lab's BlueZ does")

    @method(DEVICE, "CancelPairing")
    def cancel_pairing(self, caller: str) -> None:
        """There is never a pairing to cancel."""
        del caller
        raise BusError("DoesNotExist", "Does Not Exist")

    @method(DEVICE, "ConnectProfile", "s")
    def connect_profile(self, caller: str, uuid: str) -> None:
        """Profiles are for classic Bluetooth."""
        del caller, uuid
        raise BusError("NotSupported", "Operation is not supported")

    @method(DEVICE, "DisconnectProfile", "s")
    def disconnect_profile(self, caller: str, uuid: str) -> None:
        """Profiles are for classic Bluetooth."""
        self.connect_profile(caller, uuid)


class ConnectedCentral(Device):
    """The central at the other end of a link. Only the peripheral's own program sees it.

    BlueZ shows it to everybody; but there one adapter is one peripheral, and here several programs can each have a
    peripheral on the same adapter, and each must see its own links only.
    """

    def __init__(self, central: Adapter, peripheral_adapter: Adapter, link: Link) -> None:
        connected = {"Connected": Variant("b", True), "Alias": central.alias}
        owner = link.peripheral.owner
        super().__init__(peripheral_adapter, central.address, "public", owner, connected)
        self._link = link

    def come(self) -> None:
        """The link is there."""
        self.tree.add(self)

    def go(self) -> None:
        """The link is gone."""
        self.change(DEVICE, {"Connected": Variant("b", False)})
        self.tree.remove(self)

    @method(DEVICE, "Connect")
    def connect(self, caller: str) -> None:
        """It is connected, or this object would not be there."""

    @method(DEVICE, "Disconnect")
    def disconnect(self, caller: str) -> None:
        """End the link from the peripheral's side."""
        del caller
        self._link.close()
