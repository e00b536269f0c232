"""What keys advertise, heard by unmodified bleak on each radio."""

from __future__ import annotations

import asyncio

import pytest

from hideez_bench.harness.client.advertisements import Advertisement, Airwaves, Scan
from hideez_bench.harness.client.pairs import Pairs
from hideez_bench.harness.client.triggers import AutomaticTrigger, Surroundings, TapTrigger, Why
from hideez_bench.harness.links.bleak_link import BleakOptions
from tests.flow.rig import WIRE, Rig


@pytest.mark.bluez
async def test_a_key_is_heard_and_starts_what_its_signal_asks_for(rig: Rig) -> None:
    airwaves = Airwaves()
    started: asyncio.Queue[tuple[Advertisement, Why]] = asyncio.Queue()
    around = Surroundings(
        airwaves,
        Pairs(list),
        lambda advertisement, why: started.put_nowait((advertisement, why)),
        lambda: False,
    )
    tap, automatic = TapTrigger(around), AutomaticTrigger(around)
    tap.start()
    automatic.start()
    options = BleakOptions(rig.radio.scanner_kwargs(), rig.radio.client_kwargs())
    name = rig.identity.local_name
    with airwaves.listening(tap.heard), airwaves.listening(automatic.heard):
        async with asyncio.timeout(20), Scan(airwaves, WIRE.profile, options, only=name):
            advertisement, why = await started.get()
    assert advertisement.name == name
    assert -127 <= advertisement.rssi <= 20
    # A key in the same machine is near, but nobody has laid it on a dongle.
    assert why is Why.AUTOMATIC
    assert airwaves.in_reach()[0].device is not None


async def test_who_is_not_meant_is_not_heard(rig: Rig) -> None:
    airwaves = Airwaves()
    options = BleakOptions(rig.radio.scanner_kwargs(), rig.radio.client_kwargs())
    async with Scan(airwaves, WIRE.profile, options, only="HK-99999X"):
        assert await airwaves.wait_for(lambda heard: True, timeout=0.5) is None
