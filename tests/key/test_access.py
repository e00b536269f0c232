"""The access profile: what is asked at a new bond, at a connection, for a further channel."""

from __future__ import annotations

import pytest

from hideez_bench.protocol.names import AccessLevel, Button, Condition, ErrorName
from tests.key.desk import MASTER_KEY, STARTED, Desk, asked_to_wipe, profile_of

MASTER, BUTTON, NEW_PIN = (
    AccessLevel.MASTER_KEY_REQUIRED,
    AccessLevel.BUTTON_REQUIRED,
    AccessLevel.NEW_PIN_REQUIRED,
)
NOTHING = AccessLevel(0)


@pytest.fixture
async def unlocked(desk: Desk) -> Desk:
    """An unlocked key without an access profile."""
    await desk.bring_to("U")
    return desk


async def level(desk: Desk, host: str, channel: int = 1) -> AccessLevel:
    """What the key asks of a host that connects anew."""
    async with desk.device(host, channel) as device:
        return device.info.access_level


async def test_nothing_is_asked_before_the_first_access(unlocked: Desk) -> None:
    assert await level(unlocked, "pc") == NOTHING


async def test_the_default_profile_asks_this_very_bond_for_the_master_key_until_it_is_given(
    unlocked: Desk,
) -> None:
    default = profile_of(Condition.MASTER_KEY_BOND, Condition.BUTTON_BOND)
    async with unlocked.host("pc") as host:
        client, hes = await host.open(1), await host.open(4)
        await hes.access(STARTED, MASTER_KEY, default)
        assert (await client.refresh_device_info()).access_level == MASTER
        await hes.check_passphrase(MASTER_KEY)
        assert (await client.refresh_device_info()).access_level == NOTHING
        await hes.access(STARTED, MASTER_KEY, default)
        assert (await client.refresh_device_info()).access_level == MASTER
        await hes.check_passphrase(MASTER_KEY)
    assert await level(unlocked, "pc") == NOTHING
    unlocked.switch_on()
    assert await level(unlocked, "pc") == NOTHING
    assert await level(unlocked, "another pc") == MASTER


async def test_b017_a_new_bond_of_a_known_host_is_asked_anew(unlocked: Desk) -> None:
    async with unlocked.device("pc") as device:
        await device.access(STARTED, MASTER_KEY, profile_of(Condition.MASTER_KEY_BOND))
        await device.check_passphrase(MASTER_KEY)
    unlocked.key.forget_host("pc")
    assert await level(unlocked, "pc") == MASTER


async def test_a_condition_at_connect_is_asked_at_every_connection(unlocked: Desk) -> None:
    async with unlocked.device("pc") as device:
        await device.access(STARTED, MASTER_KEY, profile_of(Condition.MASTER_KEY_CONNECT))
        await device.check_passphrase(MASTER_KEY)
        assert (await device.refresh_device_info()).access_level == NOTHING
        assert await level(unlocked, "another pc") == MASTER
    assert await level(unlocked, "pc") == MASTER


async def test_a_condition_at_channel_is_asked_of_every_channel_but_the_main_one(unlocked: Desk) -> None:
    async with unlocked.host("pc") as host:
        main, second, third = [await host.open(channel) for channel in (1, 2, 3)]
        await main.access(STARTED, MASTER_KEY, profile_of(Condition.MASTER_KEY_CHANNEL))
        await second.check_passphrase(MASTER_KEY)
        levels = [(await device.refresh_device_info()).access_level for device in (main, second, third)]
        assert levels == [NOTHING, NOTHING, MASTER]
        await second.verify_and_initialize()
        assert second.info.access_level == MASTER


@pytest.mark.parametrize(
    ("condition", "channel"), [(Condition.BUTTON_CONNECT, 1), (Condition.BUTTON_CHANNEL, 2)]
)
async def test_a_single_press_satisfies_the_button(
    unlocked: Desk, condition: Condition, channel: int
) -> None:
    async with unlocked.device("pc", channel) as device:
        await device.access(STARTED, MASTER_KEY, profile_of(condition))
        unlocked.key.press(Button.DOUBLE)
        assert (await device.refresh_device_info()).access_level == BUTTON
        unlocked.key.press(Button.SINGLE)
        assert (await device.refresh_device_info()).access_level == NOTHING
    assert await level(unlocked, "pc", channel) == BUTTON


async def test_the_press_that_confirmed_the_pairing_is_the_button_at_bond(unlocked: Desk) -> None:
    async with unlocked.device("pc") as device:
        await device.access(STARTED, MASTER_KEY, profile_of(Condition.BUTTON_BOND))
    assert await level(unlocked, "another pc") == NOTHING


async def test_a_pin_that_nobody_could_set_yet_must_be_set(unlocked: Desk) -> None:
    async with unlocked.device("pc") as device:
        await device.access(STARTED, MASTER_KEY, profile_of(Condition.PIN_CONNECT))
        info = await device.refresh_device_info()
    assert (info.access_level, info.pin_min_length, info.pin_attempts) == (NEW_PIN, 4, 10)


@pytest.mark.parametrize("condition", [Condition.MASTER_KEY_CONNECT, Condition.MASTER_KEY_CHANNEL])
async def test_access_forgets_what_link_and_channel_have_satisfied(
    unlocked: Desk, condition: Condition
) -> None:
    async with unlocked.device("pc", channel=2) as device:
        await device.access(STARTED, MASTER_KEY, profile_of(condition))
        await device.check_passphrase(MASTER_KEY)
        assert (await device.refresh_device_info()).access_level == NOTHING
        await device.access(STARTED, MASTER_KEY, profile_of(condition))
        assert (await device.refresh_device_info()).access_level == MASTER


async def test_a_press_that_cancels_a_wipe_satisfies_nothing_else(unlocked: Desk) -> None:
    async with unlocked.host("pc") as host, unlocked.device("another pc") as other:
        device = await host.open()
        await device.access(STARTED, MASTER_KEY, profile_of(Condition.BUTTON_CONNECT))
        answer = await asked_to_wipe(unlocked, device)
        unlocked.key.press(Button.SINGLE)
        assert await answer is ErrorName.ERR_OPERATION_CANCELED
        for each in (device, other):
            assert (await each.refresh_device_info()).access_level == BUTTON
