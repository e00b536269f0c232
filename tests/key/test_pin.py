"""The PIN: who may set it, what entering it satisfies, and what wrong ones cost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.power_loss import Cut, PowerLossNvram, PowerLost
from hideez_bench.emulator.key.state import load_state
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import AccessLevel, Condition, ErrorName, Lock
from hideez_bench.protocol.secret import Pin
from hideez_bench.protocol.values import AccessParams
from tests.key.desk import CODE, MASTER_KEY, STARTED, WRONG_KEY, Desk, profile_of, refusal

PIN, NEW_PIN, WRONG_PIN = Pin.from_text("1234"), Pin.from_text("98765"), Pin.from_text("4321")
NOTHING = AccessLevel(0)
HOURS_48 = 48 * 3600


def asking(*conditions: Condition, tries: int = 3, expiration: int = 0, length: int = 4) -> AccessParams:
    return AccessParams(profile_of(*conditions).conditions, length, tries, expiration, 0, 0)


@pytest.fixture
async def unlocked(desk: Desk) -> Desk:
    await desk.bring_to("U")
    return desk


@pytest.fixture
async def device(unlocked: Desk) -> AsyncIterator[KeyDevice]:
    """A host of a key that asks for a PIN at each connection, three tries."""
    async with unlocked.device("pc") as device:
        await device.access(STARTED, MASTER_KEY, asking(Condition.PIN_CONNECT))
        yield device


async def level(device: KeyDevice) -> AccessLevel:
    return (await device.refresh_device_info()).access_level


async def attempts(device: KeyDevice) -> int:
    return (await device.refresh_device_info()).pin_attempts


async def test_without_an_access_profile_there_is_no_pin(unlocked: Desk) -> None:
    async with unlocked.device() as device:
        assert await refusal(device.set_pin(PIN)) is ErrorName.ERR_NOT_INITIALIZED
        assert await refusal(device.force_set_pin(PIN, MASTER_KEY)) is ErrorName.ERR_NOT_INITIALIZED
        assert await refusal(device.enter_pin(PIN)) is ErrorName.ERR_PIN_NOT_SET
        assert await attempts(device) == 0


async def test_setting_the_first_pin_counts_as_entering_it(device: KeyDevice) -> None:
    assert await level(device) == AccessLevel.NEW_PIN_REQUIRED
    assert await refusal(device.enter_pin(PIN)) is ErrorName.ERR_PIN_NOT_SET
    await device.set_pin(PIN)
    assert await level(device) == NOTHING


async def test_a_pin_is_asked_at_the_next_connection_and_after_a_power_cycle(
    unlocked: Desk, device: KeyDevice
) -> None:
    await device.set_pin(PIN)
    unlocked.switch_on()
    async with unlocked.device("pc") as again:
        assert again.info.access_level == AccessLevel.PIN_REQUIRED
        await again.enter_pin(PIN)
        assert await level(again) == NOTHING


async def test_a_pin_for_the_bond_is_remembered_for_that_host(unlocked: Desk) -> None:
    async with unlocked.device("pc") as device:
        await device.access(STARTED, MASTER_KEY, asking(Condition.PIN_BOND))
        await device.set_pin(PIN)
    unlocked.switch_on()
    async with unlocked.device("pc") as device, unlocked.device("another") as other:
        assert device.info.access_level == NOTHING
        assert other.info.access_level == AccessLevel.PIN_REQUIRED
    unlocked.key.forget_host("pc")
    async with unlocked.device("pc") as device:
        assert device.info.access_level == AccessLevel.PIN_REQUIRED


async def test_a_pin_for_a_channel_is_asked_of_each_but_the_main_one(unlocked: Desk) -> None:
    async with unlocked.host("pc") as host:
        main, second, third = [await host.open(channel) for channel in (1, 2, 3)]
        await main.access(STARTED, MASTER_KEY, asking(Condition.PIN_CHANNEL))
        await main.set_pin(PIN)
        await second.enter_pin(PIN)
        assert [await level(each) for each in (main, second, third)] == [
            NOTHING,
            NOTHING,
            AccessLevel.PIN_REQUIRED,
        ]


async def test_the_first_pin_is_not_for_a_host_that_the_server_has_not_confirmed(unlocked: Desk) -> None:
    async with unlocked.device("pc") as device:
        profile = asking(Condition.PIN_CONNECT, Condition.MASTER_KEY_BOND)
        await device.access(STARTED, MASTER_KEY, profile)
        assert await refusal(device.set_pin(PIN)) is ErrorName.ERR_UNAUTHORIZED
        await device.check_passphrase(MASTER_KEY)
        await device.set_pin(PIN)


async def test_a_pin_is_changed_by_the_old_one(device: KeyDevice) -> None:
    assert await refusal(device.set_pin(NEW_PIN, PIN)) is ErrorName.ERR_PIN_NOT_SET
    await device.set_pin(PIN)
    assert await refusal(device.set_pin(NEW_PIN)) is ErrorName.ERR_PIN_WRONG
    assert await attempts(device) == 3
    assert await refusal(device.set_pin(NEW_PIN, WRONG_PIN)) is ErrorName.ERR_PIN_WRONG
    assert await attempts(device) == 2
    await device.set_pin(NEW_PIN, PIN)
    assert await attempts(device) == 3
    assert await refusal(device.enter_pin(PIN)) is ErrorName.ERR_PIN_WRONG
    await device.enter_pin(NEW_PIN)


async def test_a_pin_set_by_the_master_key_must_be_entered_by_whoever_is_asked(device: KeyDevice) -> None:
    await device.set_pin(PIN)
    assert await refusal(device.force_set_pin(NEW_PIN, WRONG_KEY)) is ErrorName.ERR_KEY_WRONG
    await device.force_set_pin(NEW_PIN, MASTER_KEY)
    assert await level(device) == AccessLevel.PIN_REQUIRED
    await device.enter_pin(NEW_PIN)


async def test_a_short_pin_is_refused_and_costs_nothing(device: KeyDevice) -> None:
    short = Pin.from_text("123")
    assert await refusal(device.set_pin(short)) is ErrorName.ERR_PIN_TOO_SHORT
    assert await refusal(device.force_set_pin(short, MASTER_KEY)) is ErrorName.ERR_PIN_TOO_SHORT
    await device.set_pin(PIN)
    for _ in range(5):
        assert await refusal(device.enter_pin(short)) is ErrorName.ERR_PIN_TOO_SHORT
        assert await refusal(device.set_pin(short, PIN)) is ErrorName.ERR_PIN_TOO_SHORT
    assert await attempts(device) == 3


async def test_a_profile_that_asks_for_a_longer_pin_asks_for_a_new_one(device: KeyDevice) -> None:
    await device.set_pin(PIN)
    await device.access(STARTED, MASTER_KEY, asking(Condition.PIN_CONNECT, length=5))
    assert await level(device) == AccessLevel.NEW_PIN_REQUIRED
    assert await refusal(device.enter_pin(PIN)) is ErrorName.ERR_PIN_TOO_SHORT
    await device.set_pin(NEW_PIN, PIN)
    assert await level(device) == NOTHING


async def test_the_last_wrong_pin_locks_the_key(unlocked: Desk, device: KeyDevice) -> None:
    await device.set_pin(PIN)
    answers = [(await refusal(device.enter_pin(WRONG_PIN)), await attempts(device)) for _ in range(4)]
    assert answers == [
        (ErrorName.ERR_PIN_WRONG, 2),
        (ErrorName.ERR_PIN_WRONG, 1),
        (ErrorName.ERR_DEVICE_LOCKED_BY_PIN, 0),
        (ErrorName.ERR_DEVICE_LOCKED_BY_PIN, 0),
    ]
    assert await refusal(device.enter_pin(PIN)) is ErrorName.ERR_DEVICE_LOCKED_BY_PIN
    assert device.info.lock == Lock.BY_PIN
    assert device.info.locked
    unlocked.switch_on()
    assert await unlocked.state() == "P"


async def test_a_right_pin_restores_the_tries(device: KeyDevice) -> None:
    await device.set_pin(PIN)
    await refusal(device.enter_pin(WRONG_PIN))
    await refusal(device.enter_pin(WRONG_PIN))
    await device.enter_pin(PIN)
    assert await attempts(device) == 3


async def test_status_tells_the_tries(unlocked: Desk) -> None:
    async with unlocked.host("pc") as host:
        device = await host.open()
        await device.access(STARTED, MASTER_KEY, asking(Condition.PIN_CONNECT))
        await device.set_pin(PIN)
        await refusal(device.enter_pin(WRONG_PIN))
        unlocked.advance(0.5)
        await device.ping("x")
        assert host.statuses[-1].state.pin_attempts == 2


@pytest.mark.parametrize("by", ["LOCK_DEVICE_CODE", "UNLOCK"])
async def test_a_lock_by_pin_ends(unlocked: Desk, device: KeyDevice, by: str) -> None:
    await device.set_pin(PIN)
    for _ in range(3):
        await refusal(device.enter_pin(WRONG_PIN))
    if by == "UNLOCK":
        await device.unlock(MASTER_KEY)
    else:
        await device.lock_device_code(MASTER_KEY, CODE, 3)
        await device.unlock_device_code(CODE)
    assert await attempts(device) == 3
    await device.enter_pin(PIN)
    assert await unlocked.state() == "U"


async def test_no_tries_in_the_profile_means_ten(unlocked: Desk) -> None:
    async with unlocked.device("pc") as device:
        await device.access(STARTED, MASTER_KEY, asking(Condition.PIN_CONNECT, tries=0, length=0))
        assert await attempts(device) == 10
        await device.set_pin(Pin.from_text("7"))
        assert await refusal(device.enter_pin(Pin(b""))) is ErrorName.ERR_PIN_TOO_SHORT


async def test_fewer_tries_than_were_used_leave_one(device: KeyDevice) -> None:
    await device.set_pin(PIN)
    await refusal(device.enter_pin(WRONG_PIN))
    await refusal(device.enter_pin(WRONG_PIN))
    await device.access(STARTED, MASTER_KEY, asking(Condition.PIN_CONNECT, tries=1))
    assert await attempts(device) == 1
    await device.enter_pin(PIN)


@pytest.mark.parametrize("condition", [Condition.PIN_BOND, Condition.PIN_CONNECT])
async def test_a_pin_expires(unlocked: Desk, condition: Condition) -> None:
    async with unlocked.host("pc") as host:
        device = await host.open()
        await device.access(STARTED, MASTER_KEY, asking(condition, expiration=HOURS_48))
        await device.set_pin(PIN)
        unlocked.now += HOURS_48 - 1
        assert await level(device) == NOTHING
        unlocked.now += 1
        host.statuses.clear()
        unlocked.key.tick()
        assert await level(device) == AccessLevel.PIN_REQUIRED
        assert host.statuses[0].state.access_level == AccessLevel.PIN_REQUIRED
        await device.enter_pin(PIN)
        assert await level(device) == NOTHING


async def test_a_pin_for_the_bond_expires_while_the_key_is_off(unlocked: Desk) -> None:
    async with unlocked.device("pc") as device:
        await device.access(STARTED, MASTER_KEY, asking(Condition.PIN_BOND, expiration=60))
        await device.set_pin(PIN)
    unlocked.now += 60
    unlocked.switch_on()
    async with unlocked.device("pc") as device:
        assert device.info.access_level == AccessLevel.PIN_REQUIRED


async def test_the_pin_is_kept_as_a_salted_digest(unlocked: Desk, device: KeyDevice) -> None:
    secret = Pin.from_text("a pin that stands out")
    await device.set_pin(secret)
    kept = load_state(unlocked.nvram).pin
    assert kept is not None
    assert secret.reveal() not in kept.reveal()
    assert kept.matches(secret)
    first = kept.reveal()
    await device.force_set_pin(secret, MASTER_KEY)
    again = load_state(unlocked.nvram).pin
    assert again is not None
    assert again.reveal() != first


@pytest.mark.parametrize("pin", [PIN, WRONG_PIN])
async def test_no_pin_is_compared_that_was_not_paid_for(pin: Pin) -> None:
    """Whoever cuts the power right after the count has used up the try; at the last one the key stays locked."""
    memory = MemoryNvram()
    desk = Desk(memory)
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, asking(Condition.PIN_CONNECT))
        await device.set_pin(PIN)
    left = []
    for _ in range(3):
        desk.nvram = PowerLossNvram(memory, 1, Cut.AFTER)
        desk.switch_on()
        async with desk.device() as device:
            with pytest.raises(PowerLost):
                await device.enter_pin(pin)
        desk.nvram = memory
        desk.switch_on()
        async with desk.device() as device:
            left.append(device.info.pin_attempts)
    assert left == [2, 1, 0]
    assert await desk.state() == "P"
