"""The faults of the in-process radio: what each side sees when the air, or the stack, fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakError

from hideez_bench.emulator.peripheral.gatt import GattServer
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.protocol.errors import BenchError
from tests.radio.probe import CONTROL, STRICT, VALUE, Connected, Disconnected, Probe, Subscribed, Written

pytestmark = pytest.mark.virtual_time

NAME = "HB-contract"
ALICE = "02:00:00:00:00:0A"
BOB = "02:00:00:00:00:0B"


class Host:
    """A host with one client, which notes what reaches it."""

    def __init__(self, radio: MemoryRadio, address: str) -> None:
        self.address = address
        self.heard: list[bytes] = []
        self.lost = asyncio.Event()
        self._backend = radio.backend(address)

    async def find(self, timeout: float = 2.0) -> str | None:
        device = await BleakScanner.find_device_by_name(NAME, timeout, backend=self._backend.scanner)
        return device.address if device else None

    async def connect(self, timeout: float = 10.0) -> BleakClient:
        device = await BleakScanner.find_device_by_name(NAME, backend=self._backend.scanner)
        assert device is not None
        client = BleakClient(device, lambda _: self.lost.set(), timeout=timeout, backend=self._backend.client)
        await client.connect()
        await client.start_notify(CONTROL, lambda _, value: self.heard.append(bytes(value)))
        return client


@pytest.fixture
def radio() -> MemoryRadio:
    return MemoryRadio()


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
async def server(radio: MemoryRadio, probe: Probe) -> AsyncIterator[GattServer]:
    server = radio.server(probe)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def alice(radio: MemoryRadio) -> Host:
    return Host(radio, ALICE)


@pytest.fixture
def bob(radio: MemoryRadio) -> Host:
    return Host(radio, BOB)


async def test_a_cut_is_seen_by_both_sides(
    radio: MemoryRadio, server: GattServer, probe: Probe, alice: Host
) -> None:
    client = await alice.connect()
    radio.cut()
    assert not client.is_connected
    await alice.lost.wait()
    assert [await probe.next() for _ in range(4)] == [
        Connected(ALICE),
        Subscribed(ALICE, CONTROL, enabled=True),
        Subscribed(ALICE, CONTROL, enabled=False),
        Disconnected(ALICE),
    ]
    with pytest.raises(BleakError):
        await client.read_gatt_char(VALUE)
    server.notify(CONTROL, b"nobody listens")
    await client.connect()
    assert await client.read_gatt_char(VALUE) == b"a value"
    assert alice.heard == []


@pytest.mark.usefixtures("server")
async def test_a_cut_can_be_for_one_central(radio: MemoryRadio, alice: Host, bob: Host) -> None:
    hers, his = await alice.connect(), await bob.connect()
    radio.cut(ALICE.lower())
    await alice.lost.wait()
    assert (hers.is_connected, his.is_connected) == (False, True)
    assert await his.read_gatt_char(VALUE) == b"a value"


async def test_what_is_on_its_way_when_the_link_is_cut_is_lost(
    radio: MemoryRadio, server: GattServer, probe: Probe, alice: Host
) -> None:
    client = await alice.connect()
    server.notify(CONTROL, b"in time")
    write = asyncio.create_task(client.write_gatt_char(STRICT, b"lost", response=True))
    await asyncio.sleep(0)
    server.notify(CONTROL, b"too late")
    radio.cut()
    with pytest.raises(BleakError, match="Not connected"):
        await write
    assert alice.heard == [b"in time"], "it was a step ahead of the write"
    assert not any(isinstance(probe.events.get_nowait(), Written) for _ in range(probe.events.qsize()))


async def test_the_answer_to_a_write_is_lost_when_the_write_breaks_the_link(
    radio: MemoryRadio, probe: Probe, alice: Host
) -> None:
    class Fragile(Probe):
        def write(self, central: str, uuid: str, value: bytes, mtu: int) -> None:
            super().write(central, uuid, value, mtu)
            radio.cut(central)

    await radio.server(Fragile()).start()
    client = await alice.connect()
    with pytest.raises(BleakError, match="Not connected"):
        await client.write_gatt_char(STRICT, b"x", response=True)
    await alice.lost.wait()


async def test_what_was_sent_before_the_peripheral_disconnects_arrives(
    server: GattServer, alice: Host
) -> None:
    client = await alice.connect()
    server.notify(CONTROL, b"first")
    server.notify(CONTROL, b"last words")
    await server.disconnect()
    assert alice.lost.is_set()
    assert not client.is_connected
    assert alice.heard == [b"first", b"last words"]


async def test_a_muted_peripheral_is_neither_heard_nor_connected_to_and_keeps_its_links(
    radio: MemoryRadio, probe: Probe, alice: Host, bob: Host
) -> None:
    server = radio.server(probe)
    await server.start()
    client = await alice.connect()
    late = BleakClient(server.address, timeout=60.0, backend=radio.backend(BOB).client)
    assert await bob.find() == server.address
    radio.mute(server.address)
    assert await bob.find() is None
    assert await client.read_gatt_char(VALUE) == b"a value"

    connecting = asyncio.create_task(late.connect())
    await asyncio.sleep(30.0)
    assert not late.is_connected
    radio.mute(server.address, muted=False)
    await connecting
    assert late.is_connected


async def test_a_connection_to_a_muted_peripheral_times_out(
    radio: MemoryRadio, probe: Probe, bob: Host
) -> None:
    server = radio.server(probe)
    await server.start()
    client = await bob.connect(timeout=5.0)
    await client.disconnect()
    radio.mute(server.address)
    with pytest.raises(TimeoutError):
        await client.connect()
    assert asyncio.get_running_loop().time() == pytest.approx(5.0)


async def test_when_the_stack_goes_away_everything_ends(
    radio: MemoryRadio, server: GattServer, probe: Probe, alice: Host
) -> None:
    client = await alice.connect()
    waiting = asyncio.create_task(server.wait_closed())
    scanner = BleakScanner(backend=radio.backend(BOB).scanner)
    await scanner.start()
    radio.close()
    await waiting
    await alice.lost.wait()
    assert [await probe.next() for _ in range(4)][-1] == Disconnected(ALICE)
    for attempt in (client.connect(), BleakScanner(backend=radio.backend(BOB).scanner).start()):
        with pytest.raises(BleakBluetoothNotAvailableError):
            await attempt
    with pytest.raises(BenchError, match="closed"):
        await server.start()
    await scanner.stop()


async def test_an_advertisement_on_its_way_is_lost_when_its_sender_falls_silent(
    radio: MemoryRadio, probe: Probe, alice: Host
) -> None:
    server = radio.server(probe)
    await server.start()
    scanner = BleakScanner(backend=radio.backend(ALICE).scanner)
    await scanner.start()
    radio.mute(server.address)
    await asyncio.sleep(1.0)
    await scanner.stop()
    assert scanner.discovered_devices == []
    assert radio.known == set()


async def test_a_peripheral_that_stops_while_it_is_connected_to_leaves_no_link(
    server: GattServer, probe: Probe, alice: Host
) -> None:
    client = await alice.connect()
    await client.disconnect()
    while not probe.events.empty():
        probe.events.get_nowait()
    connecting = asyncio.create_task(client.connect())
    await asyncio.sleep(0)
    await server.stop()
    with pytest.raises(BleakError, match="device disconnected"):
        await connecting
    assert not client.is_connected
    assert probe.events.empty()
