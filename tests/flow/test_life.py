"""A key that lives as one on sale does, and a host with unmodified bleak, on the in-process radio's own time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.view import KeyView, Led
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.harness.stage import make_key
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.wire import default_wire

pytestmark = pytest.mark.virtual_time
WIRE = default_wire()
IDENTITY = Identity.numbered(203)
PC, LAPTOP = "02:00:00:00:00:0A", "02:00:00:00:00:0B"
ADDRESS = "C0:DE:00:00:02:03"


class Room:
    """A key, and the hosts around it."""

    def __init__(self) -> None:
        self.radio = MemoryRadio()
        self.views: list[KeyView] = []
        self._changed = asyncio.Event()
        self.application = self._switch_on(MemoryNvram())
        self.key = self.application.key

    def _switch_on(self, nvram: MemoryNvram) -> KeyApplication:
        key = make_key(IDENTITY, nvram, WIRE, realistic=True, on_change=self._saw)
        return KeyApplication(
            key, profile=WIRE.profile, make_server=lambda app: self.radio.server(app, ADDRESS)
        )

    def press(self) -> None:
        self.application.press(Button.SINGLE)

    async def heard(self, seconds: float = 1.0, host: str = PC) -> bool:
        """Whether a host that listens for so long hears the key."""
        backend = self.radio.backend(host)
        found = await BleakScanner.find_device_by_name(
            IDENTITY.local_name, timeout=seconds, backend=backend.scanner
        )
        return found is not None

    @asynccontextmanager
    async def connected(self, host: str = PC, *, pair: bool = False) -> AsyncIterator[BleakClient]:
        """A host's connection; with `pair` it asks for a bond first."""
        backend = self.radio.backend(host)
        device = await BleakScanner.find_device_by_name(IDENTITY.local_name, backend=backend.scanner)
        assert device is not None
        async with BleakClient(device, pair=pair, timeout=60, backend=backend.client) as client:
            yield client

    async def bond(self, host: str = PC) -> None:
        """As a person does it: press, start pairing on the host, press when the light blinks green."""
        self.press()
        async with self.connected(host) as client:
            pairing = asyncio.create_task(client.pair())
            await self.shows(Led.GREEN_BLINKS)
            self.press()
            await pairing

    async def shows(self, led: Led) -> None:
        """Return when the light is this."""
        async with asyncio.timeout(60):
            while self.key.view.led is not led:
                self._changed.clear()
                await self._changed.wait()

    def _saw(self, view: KeyView) -> None:
        self.views.append(view)
        self._changed.set()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """A new key, as it comes out of its box."""
    made = Room()
    async with made.application:
        yield made


async def test_f001_a_new_key_is_not_heard(room: Room) -> None:
    assert not await room.heard(600)


async def test_f002_after_a_short_press_it_is_heard_for_30_seconds(room: Room) -> None:
    room.press()
    assert await room.heard(0.2)
    await asyncio.sleep(29)
    assert await room.heard(0.2)
    await asyncio.sleep(1)
    assert not await room.heard(600)


async def test_f003_without_the_green_press_pairing_fails_after_15_seconds(room: Room) -> None:
    room.press()
    loop = asyncio.get_running_loop()
    async with room.connected() as client:
        asked = loop.time()
        with pytest.raises(BleakError, match="refused the pairing"):
            await client.pair()
        assert loop.time() - asked == pytest.approx(15, abs=0.01)
        with pytest.raises(BleakError, match="refused the pairing"):
            await client.pair()  # it wants a new short press first
    assert room.radio.bonded == set()
    assert not await room.heard(600)


async def test_f004_a_bonded_host_comes_back_at_any_time_and_a_stranger_does_not(room: Room) -> None:
    await room.bond()
    await asyncio.sleep(3600)
    async with room.connected() as client:
        assert await client.read_gatt_char(WIRE.profile.uuid("info"))
    with pytest.raises(BleakError, match="device disconnected"):
        async with room.connected(LAPTOP):
            pass


async def test_a_second_host_bonds_in_a_window_of_its_own(room: Room) -> None:
    await room.bond(PC)
    await room.bond(LAPTOP)
    async with room.connected(PC), room.connected(LAPTOP):
        assert (room.key.view.connections, room.key.view.bonds) == (2, 2)


async def test_a_host_that_breaks_off_its_pairing_leaves_the_key_as_it_was(room: Room) -> None:
    room.press()
    async with room.connected() as client:
        pairing = asyncio.create_task(client.pair())
        await room.shows(Led.GREEN_BLINKS)
        pairing.cancel()
        await asyncio.wait([pairing])
        assert room.key.view.led is Led.OFF
    assert not await room.heard(600)


async def test_f010_a_bond_that_the_host_lost_is_made_anew_with_a_green_press(room: Room) -> None:
    await room.bond()
    room.radio.bonded.clear()
    with pytest.raises(BleakError, match="device disconnected"):
        async with room.connected():
            pass

    async def again() -> None:
        async with room.connected(pair=True) as client:
            assert client.is_connected

    rebond = asyncio.create_task(again())
    await room.shows(Led.GREEN_BLINKS)
    room.press()
    await rebond
    async with room.connected():
        assert room.key.view.bonds == 1


async def test_f011_a_bond_that_the_key_lost_keeps_the_host_out_until_it_forgets(room: Room) -> None:
    await room.bond()
    room.key.forget_hosts()
    room.press()
    with pytest.raises(BleakError, match="device disconnected"):
        async with room.connected():
            pass
    backend = room.radio.backend(PC)
    await BleakClient(ADDRESS, backend=backend.client).unpair()
    await room.bond()
    async with room.connected():
        assert room.key.view.bonds == 1


async def test_the_light_tells_the_story_of_a_pairing(room: Room) -> None:
    await room.bond()
    lights = [view.led for view in room.views]
    assert list(dict.fromkeys(lights)) == [Led.BLUE_FLASHES, Led.GREEN_BLINKS, Led.OFF]


async def test_the_advertisement_follows_the_keys_own_signal(room: Room) -> None:
    room.radio.rssi(ADDRESS, lambda: -round(asyncio.get_running_loop().time()))
    room.press()
    backend = room.radio.backend(PC)
    heard = []
    async with BleakScanner(
        lambda device, advertised: heard.append(advertised.rssi), backend=backend.scanner
    ):
        await asyncio.sleep(5)
    assert (heard[0], heard[-1]) == (0, -5)


async def test_a_host_is_notified_of_the_battery(room: Room) -> None:
    await room.bond()
    levels: asyncio.Queue[int] = asyncio.Queue()
    async with room.connected() as client:
        await client.start_notify(
            WIRE.profile.uuid("battery_level"), lambda _, value: levels.put_nowait(value[0])
        )
        assert await levels.get() == 99
