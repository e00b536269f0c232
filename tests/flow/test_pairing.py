"""A bond between a key with the real life cycle and a host, from the green press to its end, where a radio pairs."""

from __future__ import annotations

import asyncio

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

from hideez_bench.emulator.key.life import Mode
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.view import KeyView
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.harness.stage import make_key
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.wire import default_wire
from tests.flow.rig import unlike_identity
from tests.radio.radios import Loopback, RadioUnderTest

pytestmark = pytest.mark.bluez
WIRE = default_wire()
INFO = WIRE.profile.uuid("info")


async def find(radio: RadioUnderTest, name: str) -> BLEDevice:
    device = await BleakScanner.find_device_by_name(name, timeout=20, **radio.scanner_kwargs())
    assert device is not None
    return device


async def test_a_bond_is_made_by_a_press_serves_and_ends_with_the_keys_menu(radio: RadioUnderTest) -> None:
    identity = unlike_identity()
    modes: asyncio.Queue[Mode] = asyncio.Queue()

    def saw(view: KeyView) -> None:
        modes.put_nowait(view.mode)

    async def reached(mode: Mode) -> None:
        async with asyncio.timeout(30):
            while await modes.get() is not mode:
                pass

    key = make_key(identity, MemoryNvram(), WIRE, realistic=True, on_change=saw)
    application = KeyApplication(key, profile=WIRE.profile, make_server=radio.make_server)
    async with application:
        application.press(Button.SINGLE)
        device = await find(radio, identity.local_name)
        async with BleakClient(device, **radio.client_kwargs()) as client:
            pairing = asyncio.create_task(client.pair())
            if isinstance(radio, Loopback):
                with pytest.raises(BleakError, match="does not pair"):
                    await pairing
                return
            await reached(Mode.CONFIRMATION)
            application.press(Button.SINGLE)
            await pairing
        await reached(Mode.READY)
        assert len(key.bonds) == 1
        async with BleakClient(device, **radio.client_kwargs()) as client:
            assert await client.read_gatt_char(INFO) == key.info_characteristic()
        await reached(Mode.READY)
        key.forget_hosts()
        application.press(Button.SINGLE)
        await reached(Mode.PAIRING)
        with pytest.raises((BleakError, TimeoutError)):
            async with BleakClient(device, timeout=10, **radio.client_kwargs()) as client:
                await client.read_gatt_char(INFO)
    # The host has its bond still; the next test's key may have the same address.
    await BleakClient(device, **radio.client_kwargs()).unpair()
