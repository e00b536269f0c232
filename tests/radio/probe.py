"""A GATT application that notes what happens to it, and the names of its attributes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from hideez_bench.emulator.peripheral.gatt import AttError, OpenDoor
from hideez_bench.protocol.services import Characteristic, Property, Service

WAIT = 20.0
"""Seconds after which a test gives up. BlueZ alone takes two for a disconnect."""

NAME = "HB-contract"
FIRST = "f0c50001-6b2c-4d11-9d3c-2f1d8a5e0a01"
CONTROL = "f0c50002-6b2c-4d11-9d3c-2f1d8a5e0a01"
"""Written with and without response; notifies."""
VALUE = "f0c50003-6b2c-4d11-9d3c-2f1d8a5e0a01"
"""Read only."""
STRICT = "f0c50004-6b2c-4d11-9d3c-2f1d8a5e0a01"
"""Written with response only, so that the application's errors come back."""
SECOND = "f0c50010-6b2c-4d11-9d3c-2f1d8a5e0a01"
EVENTS = "f0c50011-6b2c-4d11-9d3c-2f1d8a5e0a01"
"""Read; notifies."""

SERVICES = (
    Service(
        FIRST,
        (
            Characteristic(CONTROL, Property.WRITE | Property.WRITE_WITHOUT_RESPONSE | Property.NOTIFY),
            Characteristic(VALUE, Property.READ),
            Characteristic(STRICT, Property.WRITE),
        ),
    ),
    Service(SECOND, (Characteristic(EVENTS, Property.READ | Property.NOTIFY),)),
)


@dataclass(frozen=True)
class Connected:
    central: str


@dataclass(frozen=True)
class Disconnected:
    central: str


@dataclass(frozen=True)
class Subscribed:
    central: str
    uuid: str
    enabled: bool


@dataclass(frozen=True)
class Written:
    central: str
    uuid: str
    value: bytes
    mtu: int


Event = Connected | Disconnected | Subscribed | Written
AnEvent = TypeVar("AnEvent", Connected, Disconnected, Subscribed, Written)


class Probe:
    """The application of the contract's peripherals."""

    def __init__(self, name: str = NAME) -> None:
        self._name = name
        self.door = OpenDoor()
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.values = {VALUE: b"a value", EVENTS: b""}
        self.errors: dict[str, AttError] = {}
        self.readers: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def services(self) -> Sequence[Service]:
        return SERVICES

    def connected(self, central: str) -> None:
        self.events.put_nowait(Connected(central))

    def disconnected(self, central: str) -> None:
        self.events.put_nowait(Disconnected(central))

    def subscribed(self, central: str, uuid: str, enabled: bool) -> None:
        self.events.put_nowait(Subscribed(central, uuid, enabled))

    def read(self, central: str, uuid: str) -> bytes:
        self.readers.append(central)
        if uuid in self.errors:
            raise self.errors[uuid]
        return self.values[uuid]

    def write(self, central: str, uuid: str, value: bytes, mtu: int) -> None:
        self.events.put_nowait(Written(central, uuid, value, mtu))
        if uuid in self.errors:
            raise self.errors[uuid]

    async def next(self) -> Event:
        """What happened next, in the order in which it happened."""
        async with asyncio.timeout(WAIT):
            return await self.events.get()

    async def next_write(self) -> Written:
        return await self.expect(Written)

    async def expect(self, kind: type[AnEvent]) -> AnEvent:
        """What happened next, which must be of this kind."""
        event = await self.next()
        assert isinstance(event, kind), event
        return event
