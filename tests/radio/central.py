"""The central's side of a test: bleak, and what it notes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice

from hideez_bench.emulator.peripheral.gatt import GattServer
from tests.radio.probe import NAME, WAIT


class Central:
    """bleak with the options that a radio needs. Its clients note the loss of their link."""

    def __init__(self, scanner_kwargs: dict[str, Any], client_kwargs: dict[str, Any]) -> None:
        self._scanner_kwargs = scanner_kwargs
        self._client_kwargs = client_kwargs
        self.lost = asyncio.Event()

    @classmethod
    def on_adapter(cls, name: str | None) -> Central:
        """On one of BlueZ's adapters, or on bleak's own choice."""
        options: dict[str, Any] = {"bluez": {"adapter": name}} if name else {}
        return cls(options, options)

    async def find(self, name: str = NAME, timeout: float = WAIT) -> BLEDevice | None:
        return await BleakScanner.find_device_by_name(name, timeout, **self._scanner_kwargs)

    async def client(self, name: str = NAME) -> BleakClient:
        device = await self.find(name)
        assert device is not None, f"{name} is not on the air"
        self.lost.clear()
        return BleakClient(device, lambda _: self.lost.set(), timeout=WAIT, **self._client_kwargs)

    async def wait_lost(self) -> None:
        async with asyncio.timeout(WAIT):
            await self.lost.wait()


class Inbox:
    """The notifications of one characteristic, in the order of their arrival."""

    def __init__(self) -> None:
        self._values: asyncio.Queue[bytes] = asyncio.Queue()

    def __call__(self, _: BleakGATTCharacteristic, value: bytearray) -> None:
        self._values.put_nowait(bytes(value))

    async def next(self) -> bytes:
        async with asyncio.timeout(WAIT):
            return await self._values.get()

    @property
    def empty(self) -> bool:
        return self._values.empty()


@asynccontextmanager
async def on_air(server: GattServer) -> AsyncIterator[GattServer]:
    """A server, started, and stopped at the end."""
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
