"""The life of a key: every mode and event, the pairing window, the green press, the table of bonds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.life import AUDIENCE, BUZZER, LASTS, LED, TABLE, Audience, Event, Life, Mode
from hideez_bench.emulator.key.nvram import MemoryNvram, NvramError
from hideez_bench.emulator.key.view import Buzzer, Colour, Led
from hideez_bench.protocol.names import AccessLevel, Button, Condition
from tests.key.desk import CODE, MASTER_KEY, STARTED, WIRE, Desk, asked_to_wipe, profile_of

WINDOW = WIRE.profile.seconds("pairing_window")
CONFIRMATION = WIRE.profile.seconds("pairing_confirmation")
BONDS = WIRE.profile.size("bonds")


@pytest.fixture
def key_on_sale() -> Desk:
    """A factory key that lives as one on sale does."""
    return Desk(realistic=True)


class Pairs:
    """A host that starts pairing, and what it was answered."""

    def __init__(self, desk: Desk, host: str = "pc") -> None:
        self.answers: list[bool] = []
        desk.key.pair(host, self.answers.append)


def mode_of(desk: Desk) -> Mode:
    return desk.key.view.mode


def bond(desk: Desk, host: str) -> None:
    desk.key.press(Button.SINGLE)
    pairs = Pairs(desk, host)
    desk.key.press(Button.SINGLE)
    assert pairs.answers == [True]


# --- the table ---


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_says_whom_it_is_for_and_what_it_shows(mode: Mode) -> None:
    assert mode in TABLE
    assert mode in AUDIENCE
    assert mode in LED
    assert (mode in LASTS) == (Event.TIME_UP in TABLE[mode])


def test_every_mode_can_be_reached_and_left() -> None:
    from_rest = {Mode.OFF, Mode.READY, Mode.CONNECTED, Mode.CHARGING}
    targets = {target for row in TABLE.values() for target in row.values() if isinstance(target, Mode)}
    assert targets | from_rest == set(Mode)
    assert all(TABLE.values())
    assert {event for row in TABLE.values() for event in row} == set(Event)


@pytest.mark.parametrize(
    ("links", "bonds", "charging", "rest"),
    [
        (0, 0, False, Mode.OFF),
        (0, 1, False, Mode.READY),
        (0, 0, True, Mode.CHARGING),
        (0, 1, True, Mode.CHARGING),
        (1, 0, True, Mode.CONNECTED),
    ],
)
def test_where_a_key_comes_to_rest(links: int, bonds: int, charging: bool, rest: Mode) -> None:
    life = Life(
        clock=lambda: 0.0,
        profile=WIRE.profile,
        realistic=True,
        links=lambda: links,
        bonds=lambda: bonds,
        charging=lambda: charging,
    )
    assert life.mode is rest


def test_the_published_lights() -> None:
    assert (Led.BLUE_FLASHES.colour, Led.BLUE_FLASHES.pattern.count) == (Colour.BLUE, 3)
    assert LED[Mode.PAIRING] is Led.BLUE_FLASHES
    assert LED[Mode.CONFIRMATION].colour is Colour.GREEN
    assert LED[Mode.CONFIRMATION].pattern.off > 0
    assert LED[Mode.WIPE_REQUEST].colour is Colour.YELLOW


# --- pairing ---


def test_f001_a_new_key_is_off(key_on_sale: Desk) -> None:
    key = key_on_sale.key
    assert (key.view.mode, key.audience, key.next_due) == (Mode.OFF, Audience.NOBODY, None)
    assert not key.admits("pc")
    refused = Pairs(key_on_sale)
    assert refused.answers == [False]


def test_f002_a_short_press_opens_the_window_for_30_seconds(key_on_sale: Desk) -> None:
    key_on_sale.key.press(Button.SINGLE)
    assert key_on_sale.key.view.led is Led.BLUE_FLASHES
    key_on_sale.advance(WINDOW - 0.1)
    assert key_on_sale.key.admits("pc")
    key_on_sale.advance(0.1)
    assert mode_of(key_on_sale) is Mode.OFF
    assert not key_on_sale.key.admits("pc")


@pytest.mark.parametrize("button", [Button.LONG, Button.DOUBLE, Button.SUPER_LONG, Button.NONE])
def test_only_a_short_press_opens_it(key_on_sale: Desk, button: Button) -> None:
    key_on_sale.key.press(button)
    assert mode_of(key_on_sale) is Mode.OFF


def test_the_green_press_makes_the_bond(key_on_sale: Desk) -> None:
    key_on_sale.key.press(Button.SINGLE)
    pairs = Pairs(key_on_sale)
    assert (key_on_sale.key.view.led, pairs.answers) == (Led.GREEN_BLINKS, [])
    key_on_sale.key.press(Button.SINGLE)
    assert pairs.answers == [True]
    assert key_on_sale.key.is_bonded("pc")
    assert (mode_of(key_on_sale), key_on_sale.key.view.bonds) == (Mode.READY, 1)
    key_on_sale.switch_on()
    assert mode_of(key_on_sale) is Mode.READY


def test_f003_without_the_press_pairing_fails_and_wants_a_new_short_press(key_on_sale: Desk) -> None:
    key_on_sale.key.press(Button.SINGLE)
    pairs = Pairs(key_on_sale)
    key_on_sale.advance(CONFIRMATION)
    assert (pairs.answers, mode_of(key_on_sale)) == ([False], Mode.OFF)
    key_on_sale.key.press(Button.SINGLE)
    key_on_sale.key.press(Button.SINGLE)
    assert not key_on_sale.key.is_bonded("pc")


def test_a_press_too_late_opens_a_new_window_and_bonds_nobody(key_on_sale: Desk) -> None:
    bond(key_on_sale, "pc")
    key_on_sale.key.press(Button.SINGLE)
    pairs = Pairs(key_on_sale, "another pc")
    key_on_sale.advance(CONFIRMATION + 1)
    assert (pairs.answers, mode_of(key_on_sale)) == ([False], Mode.READY)
    key_on_sale.key.press(Button.SINGLE)
    assert mode_of(key_on_sale) is Mode.PAIRING
    assert not key_on_sale.key.is_bonded("another pc")


@pytest.mark.parametrize(
    "end", [lambda key: key.press(Button.LONG), lambda key: key.give_up_pairing("pc")], ids=["press", "host"]
)
def test_a_long_press_and_the_host_itself_end_a_pairing(
    key_on_sale: Desk, end: Callable[[Key], None]
) -> None:
    key_on_sale.key.press(Button.SINGLE)
    pairs = Pairs(key_on_sale)
    end(key_on_sale.key)
    assert (pairs.answers, mode_of(key_on_sale)) == ([False], Mode.OFF)


async def test_a_host_that_leaves_takes_its_pairing_with_it(key_on_sale: Desk) -> None:
    key_on_sale.key.press(Button.SINGLE)
    async with key_on_sale.host("pc"):
        pairs = Pairs(key_on_sale)
        assert mode_of(key_on_sale) is Mode.CONFIRMATION
    assert (pairs.answers, mode_of(key_on_sale)) == ([False], Mode.OFF)


def test_one_pairing_at_a_time(key_on_sale: Desk) -> None:
    key_on_sale.key.press(Button.SINGLE)
    first, second = Pairs(key_on_sale), Pairs(key_on_sale, "another pc")
    assert (first.answers, second.answers) == ([], [False])
    key_on_sale.key.press(Button.SINGLE)
    assert first.answers == [True]


async def test_a_stranger_whose_window_is_over_cannot_pair_any_more(key_on_sale: Desk) -> None:
    key_on_sale.key.press(Button.SINGLE)
    async with key_on_sale.host("pc"):
        key_on_sale.advance(WINDOW)
        assert mode_of(key_on_sale) is Mode.CONNECTED
        pairs = Pairs(key_on_sale)
        assert pairs.answers == [False]
    assert mode_of(key_on_sale) is Mode.OFF


async def test_f010_a_host_that_lost_its_bond_pairs_again_with_a_green_press(key_on_sale: Desk) -> None:
    bond(key_on_sale, "pc")
    assert not key_on_sale.key.admits("pc", secure=False)
    assert key_on_sale.key.admits("pc", secure=True)
    async with key_on_sale.host("pc"):
        pairs = Pairs(key_on_sale)
        assert key_on_sale.key.view.led is Led.GREEN_BLINKS
        key_on_sale.key.press(Button.SINGLE)
        assert (pairs.answers, key_on_sale.key.view.bonds) == ([True], 1)


# --- bonds ---


def test_a_full_table_refuses_a_further_host_and_no_known_one(key_on_sale: Desk) -> None:
    for number in range(BONDS):
        bond(key_on_sale, f"pc {number}")
    key_on_sale.key.press(Button.SINGLE)
    assert Pairs(key_on_sale, "one too many").answers == [False]
    assert Pairs(key_on_sale, "pc 0").answers == []


async def test_f004_a_bonded_host_is_admitted_at_any_time_and_nobody_else(key_on_sale: Desk) -> None:
    bond(key_on_sale, "pc")
    key_on_sale.advance(10_000)
    assert key_on_sale.key.admits("pc")
    assert not key_on_sale.key.admits("another pc")
    async with key_on_sale.host("pc"):
        assert mode_of(key_on_sale) is Mode.CONNECTED
        assert not key_on_sale.key.admits("another pc")
    assert mode_of(key_on_sale) is Mode.READY


def test_removing_the_bonds_switches_the_key_off(key_on_sale: Desk) -> None:
    bond(key_on_sale, "pc")
    bond(key_on_sale, "another pc")
    key_on_sale.key.forget_host("pc")
    assert mode_of(key_on_sale) is Mode.READY
    key_on_sale.key.forget_hosts()
    assert (mode_of(key_on_sale), key_on_sale.key.view.bonds) == (Mode.OFF, 0)


async def test_d010_a_wiped_key_has_no_bonds_and_switches_off_when_the_host_leaves(key_on_sale: Desk) -> None:
    bond(key_on_sale, "pc")
    async with key_on_sale.device("pc") as device:
        answer = await asked_to_wipe(key_on_sale, device)
        assert mode_of(key_on_sale) is Mode.WIPE_REQUEST
        key_on_sale.key.press(Button.SUPER_LONG)
        await answer
        assert (mode_of(key_on_sale), key_on_sale.key.view.bonds) == (Mode.CONNECTED, 0)
    assert mode_of(key_on_sale) is Mode.OFF


async def test_d020_a_single_press_keeps_everything(key_on_sale: Desk) -> None:
    bond(key_on_sale, "pc")
    async with key_on_sale.device("pc") as device:
        answer = await asked_to_wipe(key_on_sale, device)
        key_on_sale.key.press(Button.SINGLE)
        await answer
        assert (mode_of(key_on_sale), key_on_sale.key.view.bonds) == (Mode.CONNECTED, 1)


async def test_a_wipe_that_is_asked_meanwhile_ends_a_pairing(key_on_sale: Desk) -> None:
    bond(key_on_sale, "pc")
    key_on_sale.key.press(Button.SINGLE)
    async with key_on_sale.device("pc") as device:
        pairs = Pairs(key_on_sale, "another pc")
        answer = await asked_to_wipe(key_on_sale, device)
        assert pairs.answers == [False]
        key_on_sale.key.press(Button.SINGLE)
        await answer
    assert not key_on_sale.key.is_bonded("another pc")


def test_a_memory_that_fails_makes_no_bond() -> None:
    class Full(MemoryNvram):
        def commit(self, changes: Mapping[str, bytes | None]) -> None:
            if "state.bonds" in changes:
                raise NvramError("full")
            super().commit(changes)

    desk = Desk(Full(), realistic=True)
    desk.key.press(Button.SINGLE)
    pairs = Pairs(desk)
    desk.key.press(Button.SINGLE)
    assert (pairs.answers, len(desk.faults), mode_of(desk)) == ([False], 1, Mode.OFF)


async def test_the_button_at_bond_is_asked_of_who_has_none(key_on_sale: Desk) -> None:
    bond(key_on_sale, "pc")
    async with key_on_sale.device("pc") as device:
        await device.link(MASTER_KEY, CODE, 3)
        await device.unlock_device_code(CODE)
        await device.access(STARTED, MASTER_KEY, profile_of(Condition.BUTTON_BOND))
        assert (await device.refresh_device_info()).access_level == AccessLevel(0)
    async with key_on_sale.device("stranger") as device:
        assert device.info.access_level == AccessLevel.BUTTON_REQUIRED
        key_on_sale.key.press(Button.SINGLE)
        assert (await device.refresh_device_info()).access_level == AccessLevel(0)


# --- without the real life cycle ---


def test_by_default_a_key_is_always_there_and_pairs_without_a_press(desk: Desk) -> None:
    assert (mode_of(desk), desk.key.audience) == (Mode.READY, Audience.ANYBODY)
    assert desk.key.admits("pc", secure=False)
    assert Pairs(desk).answers == [True]
    assert desk.key.is_bonded("pc")
    assert desk.key.admits("pc", secure=False)
    assert desk.key.view.led is Led.OFF


def test_a_buzzer_is_heard_where_the_model_has_one(key_on_sale: Desk) -> None:
    assert set(BUZZER) <= set(Mode)
    key_on_sale.key.press(Button.SINGLE)
    Pairs(key_on_sale)
    assert key_on_sale.key.view.buzzer is Buzzer.SILENT, "a Key 3 has none"
