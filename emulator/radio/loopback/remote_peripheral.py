"""`org.bluez.Device1` of a peripheral, as an adapter that has heard it knows it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dbus_fast import Variant

from hideez_bench.emulator.radio.loopback.device import DEVICE, Device
from hideez_bench.emulator.radio.loopback.link import Link
from hideez_bench.emulator.radio.loopback.objects import BusError, method

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.loopback.adapter import Adapter
    from hideez_bench.emulator.radio.loopback.peripheral import Peripheral

CONNECT_TIMEOUT = 20.0
"""Seconds for which a connection waits for a peripheral that is known but silent."""
_FROM_ADVERTISEMENT = ("Name", "UUIDs", "ManufacturerData", "ServiceData", "TxPower")


class RemotePeripheral(Device):
    """A peripheral that was heard. It is kept while it is on the air or connected, and some time longer."""

    def __init__(self, adapter: Adapter, peripheral: Peripheral, rssi: int) -> None:
        properties = peripheral.advertised() | {"RSSI": Variant("n", rssi)}
        super().__init__(adapter, peripheral.address, "random", None, properties)
        self.link: Link | None = None
        self._give_up = False

    def heard(self, peripheral: Peripheral, rssi: int) -> None:
        """It was heard again, perhaps with another advertisement."""
        known, said = self.interfaces[DEVICE], peripheral.advertised()
        changed = {name: value for name, value in said.items() if known.get(name) != value}
        if self.value(DEVICE, "ServicesResolved"):
            changed.pop("UUIDs", None)  # once connected, it is the whole list
        if "Name" in changed:
            changed["Alias"] = changed["Name"]
        gone = [
            name for name in _FROM_ADVERTISEMENT if name in known and name not in said and name != "UUIDs"
        ]
        self.change(DEVICE, changed | {"RSSI": Variant("n", rssi)}, gone)

    def silent(self) -> None:
        """Nobody listens any more."""
        self.change(DEVICE, {}, ["RSSI", "TxPower"])

    @method(DEVICE, "Connect")
    async def connect(self, caller: str) -> None:
        """Connect for a program; done once the services are known. It joins a link that is there."""
        self.adapter.acts_as_central(caller)
        if self.link is None:
            adapter, peripheral = await self._wait_on_air()
            if self.link is None:
                self.link = Link(self, adapter, peripheral)
        self.link.holders.add(caller)

    async def _wait_on_air(self) -> tuple[Adapter, Peripheral]:
        """The peripheral, and the adapter that it is on, as soon as it advertises."""
        if not self.adapter.powered:
            raise BusError("NotReady", "Resource Not Ready")
        self._give_up = False
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                while not self._abandoned():
                    if found := self.adapter.air.find(self.address):
                        return found
                    await self.adapter.air.changed()
        except TimeoutError:
            raise BusError("Failed", "le-connection-timeout") from None
        raise BusError("Failed", "le-connection-abort-by-local")

    def _abandoned(self) -> bool:
        return self._give_up or not self.adapter.powered

    @method(DEVICE, "Disconnect")
    def disconnect(self, caller: str) -> None:
        """End the link, or the attempt to connect."""
        del caller
        self._give_up = True
        self.adapter.air.change()
        if self.link is not None:
            self.link.close()

    def connected(self) -> None:
        """The link is there."""
        self.change(DEVICE, {"Connected": Variant("b", True)}, onlookers=self.adapter.onlookers())

    def resolved(self, uuids: list[str]) -> None:
        """The services are known."""
        self.change(DEVICE, {"UUIDs": Variant("as", uuids), "ServicesResolved": Variant("b", True)})

    def disconnected(self) -> None:
        """The link is gone."""
        self.link = None
        self.change(DEVICE, {"ServicesResolved": Variant("b", False)})
        self.change(DEVICE, {"Connected": Variant("b", False)}, onlookers=self.adapter.onlookers())
        self.adapter.forget_later(self)
