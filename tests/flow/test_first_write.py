"""A key is silent until it is spoken to: behaviours F-005 to F-008, on every radio, with bleak alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bleak import BleakClient, BleakScanner

from hideez_bench.protocol.messages import Status
from hideez_bench.protocol.names import AccessLevel, PacketKind
from tests.flow.rig import WIRE, Rig
from tests.radio.radios import Memory, RadioUnderTest

pytestmark = pytest.mark.bluez

MAIN = WIRE.profile.uuid("main")
CANCEL = bytes.fromhex("0201")
STATUS_PERIOD = 0.5


@asynccontextmanager
async def central(rig: Rig, radio: RadioUnderTest) -> AsyncIterator[BleakClient]:
    """A central that has connected and nothing else."""
    device = await BleakScanner.find_device_by_name(
        rig.identity.local_name, timeout=20, **radio.scanner_kwargs()
    )
    assert device is not None
    async with BleakClient(device, **radio.client_kwargs()) as client:
        yield client


async def heard(notifications: asyncio.Queue[bytes], seconds: float) -> list[bytes]:
    """What arrives within so many seconds."""
    arrived: list[bytes] = []
    try:
        async with asyncio.timeout(seconds):
            while True:
                arrived.append(await notifications.get())
    except TimeoutError:
        return arrived


async def test_f005_nothing_is_notified_to_a_central_that_did_not_subscribe(
    rig: Rig, radio: RadioUnderTest
) -> None:
    notifications: asyncio.Queue[bytes] = asyncio.Queue()
    async with central(rig, radio) as client:
        await client.write_gatt_char(MAIN, CANCEL, response=True)
        assert await heard(notifications, 3 * STATUS_PERIOD) == []
        began = asyncio.get_running_loop().time()
        await client.start_notify(MAIN, lambda _, value: notifications.put_nowait(bytes(value)))
        arrived = await heard(notifications, STATUS_PERIOD / 2)
        took = asyncio.get_running_loop().time() - began
    # What was due before is gone, not saved up: the next one comes at its own time, alone.
    assert len(arrived) <= 1 + took // STATUS_PERIOD


async def test_f006_nothing_is_notified_before_the_first_write(rig: Rig, radio: RadioUnderTest) -> None:
    notifications: asyncio.Queue[bytes] = asyncio.Queue()
    async with central(rig, radio) as client:
        await client.start_notify(MAIN, lambda _, value: notifications.put_nowait(bytes(value)))
        assert await heard(notifications, 5) == []


async def test_f007_after_the_first_write_the_status_comes_twice_a_second(
    rig: Rig, radio: RadioUnderTest
) -> None:
    notifications: asyncio.Queue[bytes] = asyncio.Queue()
    async with central(rig, radio) as client:
        await client.start_notify(MAIN, lambda _, value: notifications.put_nowait(bytes(value)))
        began = asyncio.get_running_loop().time()
        await client.write_gatt_char(MAIN, CANCEL, response=True)
        async with asyncio.timeout(30):
            arrived = [await notifications.get() for _ in range(4)]
        took = asyncio.get_running_loop().time() - began
    # Never sooner; a loaded machine may be late where its own time passes.
    assert took >= 4 * STATUS_PERIOD
    if isinstance(radio, Memory):
        assert took == pytest.approx(4 * STATUS_PERIOD, abs=0.05)
    for packet in arrived:
        parsed = WIRE.packet.parse(packet)
        assert parsed.header.kind is PacketKind.CONTROL
        status = WIRE.from_key.parse(parsed.body)
        assert isinstance(status, Status)
        assert status.state.access_level is AccessLevel.LINK_REQUIRED
        # F-008: byte 3 of the packet is the RSSI, signed.
        assert int.from_bytes(packet[3:4], signed=True) == status.state.rssi
        assert -127 <= status.state.rssi <= 20
