"""The battery: what drains it, what charges it, what outlasts a power cycle and a wipe."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.key.battery import Rates
from hideez_bench.emulator.key.identity import Identity, Model
from hideez_bench.emulator.key.life import Mode
from hideez_bench.emulator.key.nvram import MemoryNvram, NvramError
from hideez_bench.emulator.key.view import Led
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.names import Button
from tests.key.desk import Desk, asked_to_wipe

HOUR = 3600.0
KEY_4 = Identity.numbered(4, Model.KEY_4)
NOTHING = Rates(advertising=0, connection=0, light=0, notification=0, charging=0)


def bond(desk: Desk) -> None:
    desk.key.press(Button.SINGLE)
    desk.key.pair("pc", lambda agreed: None)
    desk.key.press(Button.SINGLE)


def test_a_key_that_is_off_or_convenient_uses_nothing() -> None:
    for desk in (Desk(realistic=True), Desk()):
        desk.advance(10_000 * HOUR)
        assert (desk.key.battery, desk.key.next_due) == (100, None)


def test_a_cell_lasts_six_months_of_waiting_for_its_host() -> None:
    desk = Desk(realistic=True)
    bond(desk)
    desk.advance(91 * 24 * HOUR)
    assert desk.key.battery == pytest.approx(50, abs=1)
    desk.advance(92 * 24 * HOUR)
    assert desk.key.battery == 0


@pytest.mark.parametrize(
    "rates", [Rates(0, 1, 0, 0), Rates(0, 0, 0, 1 / 7200)], ids=["link", "notifications"]
)
async def test_what_a_connected_key_uses(rates: Rates) -> None:
    desk = Desk(realistic=True, rates=rates)
    bond(desk)
    async with desk.host("pc"):
        desk.advance(10 * HOUR)
        assert desk.key.battery == pytest.approx(90, abs=1)
    level = desk.key.battery
    desk.advance(10 * HOUR)
    assert desk.key.battery == level


def test_the_light_costs_while_it_shines() -> None:
    desk = Desk(realistic=True, rates=Rates(0, 0, 3600, 0))
    desk.key.press(Button.SINGLE)
    desk.advance(1000)
    assert desk.key.battery == pytest.approx(70, abs=1)  # the 30 s of the window


async def test_it_outlasts_a_power_cycle_and_a_wipe() -> None:
    desk = Desk(realistic=True, rates=NOTHING)
    desk.key.battery = 40
    desk.switch_on()
    assert desk.key.battery == 40
    bond(desk)
    async with desk.device("pc") as device:
        answer = await asked_to_wipe(desk, device)
        desk.key.press(Button.SUPER_LONG)
        await answer
    desk.switch_on()
    assert (desk.key.battery, desk.key.view.bonds) == (40, 0)


def test_hosts_see_it_fall(desk: Desk) -> None:
    draining = Desk(realistic=True, rates=Rates(advertising=60))
    bond(draining)
    draining.views.clear()
    draining.advance(600)
    assert [view.battery for view in draining.views] == list(range(99, 89, -1))


def test_a_key_4_charges_and_turns_green_when_full() -> None:
    desk = Desk(realistic=True, identity=KEY_4)
    desk.key.battery = 50
    desk.key.plug_in()
    assert (desk.key.view.mode, desk.key.view.led) == (Mode.CHARGING, Led.RED_PULSES)
    desk.advance(HOUR + 5)
    assert (desk.key.battery, desk.key.view.led) == (100, Led.GREEN)
    desk.key.plug_in(plugged=False)
    assert (desk.key.view.mode, desk.key.view.led) == (Mode.OFF, Led.OFF)


async def test_a_charging_key_is_there_for_its_host() -> None:
    desk = Desk(realistic=True, identity=KEY_4)
    bond(desk)
    desk.key.plug_in()
    assert desk.key.admits("pc")
    assert not desk.key.admits("another pc")
    async with desk.device("pc") as device:
        assert await device.ping("here") == "here"
        assert desk.key.view.connections == 1
    assert str(desk.key.view.mode) == Mode.CHARGING


def test_a_coin_cell_cannot_be_plugged_in(desk: Desk) -> None:
    with pytest.raises(BenchError, match="only a Key 4"):
        desk.key.plug_in()


@pytest.mark.parametrize(("percent", "low"), [(100, False), (26, False), (25, True), (0, True)])
def test_the_warning(desk: Desk, percent: int, low: bool) -> None:
    desk.key.battery = percent
    assert desk.key.view.battery_is_low is low


@pytest.mark.parametrize("stored", [b"full", b"101", b"-1"])
def test_a_damaged_charge_is_refused(stored: bytes) -> None:
    nvram = MemoryNvram()
    nvram.commit({"battery": stored})
    with pytest.raises(NvramError, match="battery"):
        Desk(nvram)
