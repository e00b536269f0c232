"""The connection of one adapter, as central, with one peripheral."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hideez_bench.emulator.radio.loopback.device import ConnectedCentral
from hideez_bench.emulator.radio.loopback.peripheral import CHARACTERISTIC, LocalCharacteristic, LocalService
from hideez_bench.emulator.radio.loopback.remote_gatt import (
    RemoteCharacteristic,
    RemoteDescriptor,
    RemoteService,
)

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.loopback.adapter import Adapter
    from hideez_bench.emulator.radio.loopback.peripheral import Peripheral
    from hideez_bench.emulator.radio.loopback.remote_peripheral import RemotePeripheral

Remote = RemoteService | RemoteCharacteristic | RemoteDescriptor


class Link:
    """Exists while connected. `holders` are the bus names of the programs that use it from the central's side."""

    def __init__(self, device: RemotePeripheral, peripheral_adapter: Adapter, peripheral: Peripheral) -> None:
        self.device = device
        self.peripheral = peripheral
        self.mtu = device.adapter.air.mtu
        self.holders: set[str] = set()
        self.is_open = True
        # ATT: one request waits for its answer at a time.
        self.turn = asyncio.Lock()
        self._remote: dict[LocalService, list[Remote]] = {}
        self._notified: dict[LocalCharacteristic, RemoteCharacteristic] = {}
        self._central = ConnectedCentral(device.adapter, peripheral_adapter, self)
        peripheral.links[self] = None
        self._central.come()
        device.connected()
        self.show(list(peripheral.services()))
        device.resolved(sorted({service.uuid for service in peripheral.services()}))

    @property
    def central_path(self) -> str:
        """The central, as the peripheral's program sees it."""
        return self._central.path

    # The services of the peripheral, in the central's tree

    def show(self, services: list[LocalService]) -> None:
        """Services that the peripheral has, or has got."""
        for service in services:
            shown: list[Remote] = [RemoteService(self, service)]
            for item in service.characteristics:
                characteristic = RemoteCharacteristic(self, shown[0].path, item)
                self._notified[item] = characteristic
                shown.append(characteristic)
                shown += [RemoteDescriptor(self, characteristic, entry) for entry in item.descriptors]
            self._remote[service] = shown
            for remote in shown:
                self.device.tree.add(remote)

    def hide(self, services: list[LocalService]) -> None:
        """Services that the peripheral has no more."""
        for service in services:
            for item in service.characteristics:
                self._notified.pop(item, None)
            for remote in reversed(self._remote.pop(service, [])):
                self.device.tree.remove(remote)

    # Notifications

    def subscribe(self, item: LocalCharacteristic) -> bool:
        """Switch notifications on; whether this link is the first, so that the program is to be told."""
        first = not item.subscribers
        item.subscribers[self] = None
        return first

    def unsubscribe(self, item: LocalCharacteristic) -> None:
        """Switch notifications off, and tell the program if this link was the last."""
        if item.subscribers.pop(self, self) is None and not item.subscribers:
            self.peripheral.tell(item.path, CHARACTERISTIC, "StopNotify")

    def notify(self, item: LocalCharacteristic, value: bytes) -> None:
        """Carry a notification, cut to what one packet holds."""
        if item in self._notified:
            self._notified[item].notified(value[: self.mtu - 3])

    # The end

    def release(self, holder: str) -> None:
        """A program on the central's side is gone: so are its subscriptions, and the link if nobody else uses it."""
        for characteristic in list(self._notified.values()):
            characteristic.forget(holder)
        if holder in self.holders:
            self.holders.discard(holder)
            if not self.holders:
                self.close()

    def close(self) -> None:
        """End the link, and tell both sides."""
        if not self.is_open:
            return
        self.is_open = False
        for item in self._notified:
            self.unsubscribe(item)
        self.peripheral.links.pop(self, None)
        self._central.go()
        self.hide(list(self._remote))
        self.device.disconnected()
