"""Bluetooth that goes away while nothing runs, and comes back: bluetoothd restarted, an adapter switched off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from dbus_fast import Message, Variant
from dbus_fast.aio import MessageBus

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.loopback import LoopbackRadio
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.harness.client.advertisements import Airwaves, Scan
from hideez_bench.harness.client.met_key import Standing
from hideez_bench.harness.links.bleak_link import BleakOptions, NoBluetooth
from hideez_bench.harness.stage import make_key
from tests.client.office import WIRE, open_office
from tests.radio.radios import needs_loopback

WAIT = 20.0
SILENCE = 0.2


class Listener:
    """A scan on the loopback, and what it told."""

    def __init__(self, radio: LoopbackRadio) -> None:
        self.radio = radio
        self.told: asyncio.Queue[NoBluetooth | None] = asyncio.Queue()
        self.airwaves = Airwaves()
        self.scan = Scan(
            self.airwaves,
            WIRE.profile,
            BleakOptions.on_adapter("hci1"),
            on_radio=self.told.put_nowait,
            silence=SILENCE,
        )

    async def next(self) -> NoBluetooth | None:
        """What is told next."""
        async with asyncio.timeout(WAIT):
            return await self.told.get()

    async def hears_a_key(self) -> bool:
        """Whether a key that comes on the air now is heard."""
        key = make_key(Identity.numbered(203), MemoryNvram(), WIRE)
        application = KeyApplication(
            key, profile=WIRE.profile, make_server=lambda app: BlessServer(app, adapter="hci0")
        )
        async with application:
            return await self.airwaves.wait_for(lambda heard: True, timeout=WAIT) is not None

    async def switch(self, *, on: bool) -> None:
        """Switch its adapter on or off."""
        bus = await MessageBus(bus_address=self.radio.address).connect()
        body = ["org.bluez.Adapter1", "Powered", Variant("b", on)]
        properties = "org.freedesktop.DBus.Properties"
        await bus.call(Message("org.bluez", "/org/bluez/hci1", properties, "Set", signature="ssv", body=body))
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with LoopbackRadio() as radio, radio.joined():
        made = Listener(radio)
        async with made.scan:
            yield made


@needs_loopback
async def test_bluetoothd_that_dies_is_told_once_and_found_again_when_it_is_back(listener: Listener) -> None:
    await listener.radio.stop_daemon()
    assert isinstance(await listener.next(), NoBluetooth)
    await listener.radio.start_daemon()
    assert await listener.next() is None
    assert await listener.hears_a_key()


@needs_loopback
async def test_bluetoothd_that_is_restarted_in_a_moment_is_noticed_too(listener: Listener) -> None:
    await listener.radio.stop_daemon()
    await listener.radio.start_daemon()
    assert isinstance(await listener.next(), NoBluetooth)
    assert await listener.next() is None
    assert await listener.hears_a_key()


@needs_loopback
async def test_an_adapter_that_is_switched_off_and_on_again(listener: Listener) -> None:
    await listener.switch(on=False)
    assert "switched off" in str(await listener.next())
    await listener.switch(on=True)
    assert await listener.next() is None
    assert await listener.hears_a_key()


@pytest.mark.virtual_time
async def test_a_scan_that_hears_nothing_is_no_trouble() -> None:
    told: list[NoBluetooth | None] = []
    backend = MemoryRadio().backend()
    async with Scan(
        Airwaves(), WIRE.profile, BleakOptions({"backend": backend.scanner}), on_radio=told.append
    ):
        await asyncio.sleep(60)
    assert told == []


@pytest.mark.virtual_time
async def test_no_key_stays_online_when_bluetooth_goes_and_each_comes_back_with_it() -> None:
    async with open_office() as office:
        key = await office.key()
        computer = await office.computer(office.types(key))
        await computer.until_standing(key, Standing.ONLINE)
        computer.service.radio_gone()
        assert computer.met(key).standing is Standing.IN_REACH
        await computer.until(lambda: not office.vault(key).is_online)
        await computer.until_standing(key, Standing.ONLINE)
        assert office.vault(key).is_online
