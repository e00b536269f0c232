"""An application and its server, with somebody who is told of everything that centrals do with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from hideez_bench.emulator.peripheral.gatt import AttError, Door, GattApplication, GattServer
from hideez_bench.protocol.services import Service


class Witness(Protocol):
    """Is told what happens on one connection."""

    def discovered(self) -> None:
        """The central found the services."""
        ...

    def mtu(self, mtu: int) -> None:
        """The ATT MTU in bytes; told often, and mostly the same."""
        ...

    def read(self, uuid: str, value: bytes) -> None:
        """The central read a characteristic."""
        ...

    def read_refused(self, uuid: str, code: int) -> None:
        """A read was answered with an ATT error."""
        ...

    def subscribed(self, uuid: str, enabled: bool) -> None:
        """The central switched notifications on or off."""
        ...

    def written(self, uuid: str, value: bytes) -> None:
        """The central wrote a characteristic."""
        ...

    def notified(self, uuid: str, value: bytes) -> None:
        """The central was sent a notification."""
        ...

    def left(self) -> None:
        """The connection is over."""
        ...


class RecordedApplication:
    """A `GattApplication` with a witness, made by `witness`, for each connection of a central."""

    def __init__(
        self, application: GattApplication, witness: Callable[[str, Sequence[Service]], Witness]
    ) -> None:
        self._application = application
        self._make_witness = witness
        self._witnesses: dict[str, Witness] = {}
        self._subscribed: dict[str, set[str]] = {}

    @property
    def name(self) -> str:
        """See `GattApplication.name`."""
        return self._application.name

    @property
    def services(self) -> Sequence[Service]:
        """See `GattApplication.services`."""
        return self._application.services

    @property
    def door(self) -> Door:
        """See `GattApplication.door`."""
        return self._application.door

    def connected(self, central: str) -> None:
        """See `GattApplication.connected`."""
        self._witness(central)
        self._application.connected(central)

    def disconnected(self, central: str) -> None:
        """See `GattApplication.disconnected`."""
        self._application.disconnected(central)
        self._subscribed.pop(central, None)
        if witness := self._witnesses.pop(central, None):
            witness.left()

    def subscribed(self, central: str, uuid: str, enabled: bool) -> None:
        """See `GattApplication.subscribed`."""
        uuids = self._subscribed.setdefault(central, set())
        (uuids.add if enabled else uuids.discard)(uuid)
        # Told once more at the end of a link, when there may be nobody to tell any more.
        if enabled or central in self._witnesses:
            self._witness(central).subscribed(uuid, enabled)
        self._application.subscribed(central, uuid, enabled)

    def read(self, central: str, uuid: str) -> bytes:
        """See `GattApplication.read`."""
        try:
            value = self._application.read(central, uuid)
        except AttError as error:
            self._witness(central).read_refused(uuid, error.code)
            raise
        self._witness(central).read(uuid, value)
        return value

    def write(self, central: str, uuid: str, value: bytes, mtu: int) -> None:
        """See `GattApplication.write`."""
        witness = self._witness(central)
        witness.mtu(mtu)
        # Before it is taken: the key may answer before `write` returns.
        witness.written(uuid, value)
        self._application.write(central, uuid, value, mtu)

    def notified(self, uuid: str, value: bytes) -> None:
        """Everybody who subscribed is sent a notification."""
        for central, uuids in self._subscribed.items():
            if uuid in uuids and central in self._witnesses:
                self._witnesses[central].notified(uuid, value)

    def _witness(self, central: str) -> Witness:
        if central not in self._witnesses:
            self._witnesses[central] = witness = self._make_witness(central, self.services)
            witness.discovered()
        return self._witnesses[central]


class RecordedServer:
    """A `GattServer` whose notifications the witnesses of its application hear of."""

    def __init__(self, server: GattServer, application: RecordedApplication) -> None:
        self._server = server
        self._application = application

    async def start(self, *, advertise: bool = True) -> None:
        """See `GattServer.start`."""
        await self._server.start(advertise=advertise)

    async def advertise(self, enabled: bool) -> None:
        """See `GattServer.advertise`."""
        await self._server.advertise(enabled)

    async def stop(self) -> None:
        """See `GattServer.stop`."""
        await self._server.stop()

    def notify(self, uuid: str, value: bytes) -> None:
        """See `GattServer.notify`."""
        self._application.notified(uuid, value)
        self._server.notify(uuid, value)

    async def disconnect(self) -> None:
        """See `GattServer.disconnect`."""
        await self._server.disconnect()

    def forget(self, central: str) -> None:
        """See `GattServer.forget`."""
        self._server.forget(central)

    async def wait_closed(self) -> None:
        """See `GattServer.wait_closed`."""
        await self._server.wait_closed()
