"""A GATT server over BlueZ, by bless: on a real adapter, in the lab's guest, or on the loopback."""

from __future__ import annotations

import asyncio

from dbus_next.errors import DBusError

from hideez_bench.emulator.peripheral.bless_peripheral import Peripheral
from hideez_bench.emulator.peripheral.gatt import GattApplication
from hideez_bench.protocol.errors import BenchError


class BlessServer:
    """Puts one application on the air of one adapter. It can be started once; make another to start again."""

    def __init__(self, application: GattApplication, adapter: str | None = None) -> None:
        """`adapter` is a name such as "hci0"; without one, the first adapter that is switched on is taken."""
        self._application = application
        self._adapter = adapter
        self._peripheral: Peripheral | None = None

    async def start(self, *, advertise: bool = True) -> None:
        """Register the services and advertise.

        Raises:
            BenchError: there is no D-Bus, no BlueZ, no such adapter, it is switched off, or BlueZ refused.
        """
        peripheral = Peripheral(self._application, self._adapter)
        try:
            await peripheral.publish(advertise=advertise)
        except DBusError as error:
            raise BenchError(
                f"BlueZ refused to put {self._application.name} on the air: {error.text}"
            ) from error
        else:
            self._peripheral = peripheral
        finally:
            if self._peripheral is None:
                await peripheral.close()

    async def advertise(self, enabled: bool) -> None:
        """Begin or cease to advertise; nothing if the server is not on the air.

        Raises:
            BenchError: BlueZ refused.
        """
        if self._peripheral is None or self._peripheral.lost.is_set():
            return
        try:
            await self._peripheral.advertise(enabled)
        except (DBusError, OSError, EOFError) as error:
            if not self._peripheral.lost.is_set():
                what = "put on the air" if enabled else "taken off the air"
                raise BenchError(f"BlueZ did not let {self._application.name} be {what}: {error}") from error

    async def stop(self) -> None:
        """Stop advertising, drop the links, remove the services and close the connection to BlueZ."""
        if self._peripheral is None:
            return
        peripheral, self._peripheral = self._peripheral, None
        try:
            await peripheral.withdraw()
        finally:
            await peripheral.close()

    def notify(self, uuid: str, value: bytes) -> None:
        """Send a notification to every subscribed central; nothing if the server is not on the air."""
        if self._peripheral is not None:
            self._peripheral.notify(uuid, value)

    async def disconnect(self) -> None:
        """End every link from the peripheral's side. BlueZ takes two seconds for it."""
        if self._peripheral is not None:
            await self._peripheral.drop_links()

    def forget(self, central: str) -> None:
        """Have BlueZ remove its bond with a central, once their link has ended."""
        if self._peripheral is not None:
            self._peripheral.forget(central)

    async def wait_closed(self) -> None:
        """Return when bluetoothd, its bus or the adapter went away; never for a server that is not started."""
        if self._peripheral is None:
            await asyncio.Event().wait()
        else:
            await self._peripheral.lost.wait()
