"""A central that knows nothing of this project, BlueZ's own bluetoothctl, uses the emulated key."""

from __future__ import annotations

import os
import shutil

import pytest

from hideez_bench.protocol.wire import default_wire
from tests.processes.conftest import Surroundings
from tests.processes.programs import running

pytestmark = [
    pytest.mark.bluez,
    pytest.mark.skipif(shutil.which("bluetoothctl") is None, reason="bluetoothctl is not installed"),
]

UUID = default_wire().profile.uuid


async def test_bluetoothctl_connects_lists_reads_subscribes_writes_and_sees_the_status(
    surroundings: Surroundings,
) -> None:
    await surroundings.start_key(name="HK-00777")
    env = {**os.environ, **surroundings.env, "TERM": "dumb"}
    async with running(["bluetoothctl"], env) as control:
        await control.expect("Agent registered")
        # The first adapter is the key's.
        await control.say(f"select {await surroundings.adapter_address('hci1')}")
        await control.say("scan le")
        # Where an earlier key had this address, BlueZ tells of another name and not of another device.
        found = await control.expect(r"Device ([0-9A-F:]{17}) (?:Name: )?HK-00777")
        await control.say("scan off")
        await control.say(f"connect {found[1]}")
        # Which of the two comes first is the stack's affair.
        done, resolved = "Connection successful", "ServicesResolved: yes"
        await control.expect(f"({done}.*{resolved})|({resolved}.*{done})")

        await control.say("menu gatt")
        await control.say("list-attributes")
        for name in ("main", "info", "battery_level"):
            await control.expect(UUID(name))
        await control.say(f"select-attribute {UUID('info')}")
        await control.say("read")
        await control.expect("00 01 00 02 08")
        await control.say(f"select-attribute {UUID('main')}")
        await control.say("notify on")
        await control.expect("Notify started")
        await control.say("write '0x02 0x01'")
        for _ in range(3):
            # kind CONTROL, STATUS, battery 100 %, any RSSI, then the rest of the state.
            await control.expect(r"02 02 64 [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2} 00 01 00")
        await control.say("back")
        await control.say(f"disconnect {found[1]}")
        await control.expect("Successful disconnected")
        await control.say(f"remove {found[1]}")
        await control.expect("Device has been removed")
