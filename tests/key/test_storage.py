"""The record store: tables of records, written whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hideez_bench.emulator.key.licence_authority import issue_license
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.power_loss import Cut, PowerLossNvram, PowerLost
from hideez_bench.emulator.key.storage import LONGEST_RECORD, RECORD_OVERHEAD
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import Button, Condition, ErrorName, WriteFlag
from hideez_bench.protocol.secret import Pin, StorageData
from tests.key.desk import IDENTITY, MASTER_KEY, STARTED, Desk, profile_of, refusal

TABLE = 34
OLD, NEW = StorageData(b"old"), StorageData(bytes(range(256)) * 6)
MORE, LAST = WriteFlag.MORE_FOLLOWS, WriteFlag(0)


@pytest.fixture
async def device(desk: Desk) -> AsyncIterator[KeyDevice]:
    """A host of an unlocked key that asks for nothing."""
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, profile_of())
        yield device


def piece(offset: int, data: bytes, flags: WriteFlag, record: int = 1) -> m.WriteStorage:
    return m.WriteStorage(TABLE, record, flags, offset, StorageData(data))


@pytest.mark.parametrize("size", [0, 1, 494, 495, LONGEST_RECORD])
async def test_a_record_is_read_as_it_was_written_and_outlasts_the_power(
    desk: Desk, device: KeyDevice, size: int
) -> None:
    data = StorageData(desk.random.randbytes(size))
    await device.write_storage(TABLE, 1, data)
    desk.switch_on()
    async with desk.device() as again:
        assert await again.read_storage(TABLE, 1) == data
        assert await refusal(again.read_storage(TABLE + 1, 1)) is ErrorName.ERR_NO_DATA
        assert await refusal(again.read_storage(TABLE, 2)) is ErrorName.ERR_NO_DATA


async def test_records_are_replaced_and_deleted(device: KeyDevice) -> None:
    await device.write_storage(TABLE, 1, OLD)
    await device.write_storage(TABLE, 1, NEW)
    assert await device.read_storage(TABLE, 1) == NEW
    await device.delete_storage(TABLE, 1)
    assert await refusal(device.read_storage(TABLE, 1)) is ErrorName.ERR_NO_DATA
    assert await refusal(device.delete_storage(TABLE, 1)) is ErrorName.ERR_NO_DATA


async def test_a_table_is_listed_in_order_in_as_many_answers_as_it_takes(device: KeyDevice) -> None:
    assert await device.enum_records(TABLE) == []
    numbers = [65535, *range(1, 301)]
    for number in numbers:
        await device.write_storage(TABLE, number, StorageData(b""))
    await device.write_storage(TABLE + 1, 7, OLD)
    assert await device.enum_records(TABLE) == sorted(numbers)


async def test_the_state_tells_of_every_change(desk: Desk, device: KeyDevice) -> None:
    for change in range(1, 66):
        desk.now += 60
        await device.write_storage(TABLE, 1, OLD)
        info = await device.refresh_device_info()
        assert info.storage_update_counter == change % 64
        assert info.storage_timestamp == info.time
    assert info.storage_free == info.storage_total - len(OLD.reveal()) - RECORD_OVERHEAD
    await device.delete_storage(TABLE, 1)
    info = await device.refresh_device_info()
    assert (info.storage_update_counter, info.storage_free) == (2, info.storage_total)


async def test_status_tells_the_counter(desk: Desk, device: KeyDevice) -> None:
    await device.write_storage(TABLE, 1, OLD)
    async with desk.host("other") as host:
        desk.key.press(Button.DOUBLE)
        await (await host.open()).ping("x")
        assert host.statuses[0].state.storage_update_counter == 1


async def test_a_half_written_record_is_not_there(device: KeyDevice) -> None:
    await device.write_storage(TABLE, 1, OLD)
    await device.request(piece(0, b"first ", MORE))
    assert await device.read_storage(TABLE, 1) == OLD
    await device.request(piece(6, b"second", LAST))
    assert await device.read_storage(TABLE, 1) == StorageData(b"first second")


@pytest.mark.parametrize("interruption", ["link", "channel", "power"])
async def test_what_ends_half_way_leaves_the_old_record(
    desk: Desk, device: KeyDevice, interruption: str
) -> None:
    await device.write_storage(TABLE, 1, OLD)
    async with desk.host("writer") as host:
        writer = await host.open(2)
        await writer.request(piece(0, b"half", MORE))
        if interruption == "channel":
            await writer.verify_and_initialize()
            assert await refusal(writer.request(piece(4, b"!", LAST))) is ErrorName.ERR_INVALID_PARAMETER
    if interruption == "power":
        desk.switch_on()
    async with desk.device("writer", 2) as writer:
        assert await refusal(writer.request(piece(4, b"!", LAST))) is ErrorName.ERR_INVALID_PARAMETER
        assert await writer.read_storage(TABLE, 1) == OLD


async def test_channels_write_independently(desk: Desk, device: KeyDevice) -> None:
    async with desk.device("other") as other:
        await device.request(piece(0, b"a", MORE))
        await other.request(piece(0, b"b", MORE, record=2))
        await device.request(piece(1, b"A", LAST))
        await other.request(piece(1, b"B", LAST, record=2))
    assert await device.read_storage(TABLE, 1) == StorageData(b"aA")
    assert await device.read_storage(TABLE, 2) == StorageData(b"bB")


@pytest.mark.parametrize(
    "wrong", [piece(1, b"", LAST), piece(3, b"", LAST), piece(2, b"x", LAST, record=2)], ids=repr
)
async def test_a_piece_that_does_not_follow_is_refused_and_ends_the_writing(
    device: KeyDevice, wrong: m.WriteStorage
) -> None:
    await device.request(piece(0, b"ab", MORE))
    assert await refusal(device.request(wrong)) is ErrorName.ERR_INVALID_PARAMETER
    assert await refusal(device.request(piece(2, b"c", LAST))) is ErrorName.ERR_INVALID_PARAMETER
    assert await device.enum_records(TABLE) == []


async def test_beyond_the_end_of_a_record_there_is_nothing_to_read(device: KeyDevice) -> None:
    await device.write_storage(TABLE, 1, OLD)
    assert await refusal(device.request(m.ReadStorage(TABLE, 1, 3))) is ErrorName.Ok
    assert await refusal(device.request(m.ReadStorage(TABLE, 1, 4))) is ErrorName.ERR_INVALID_PARAMETER


async def test_there_is_no_record_0(device: KeyDevice) -> None:
    for call in (
        device.write_storage(TABLE, 0, OLD),
        device.read_storage(TABLE, 0),
        device.delete_storage(TABLE, 0),
        device.get_otp(TABLE, 0),
    ):
        assert await refusal(call) is ErrorName.ERR_INVALID_PARAMETER


async def test_a_record_is_at_most_4096_bytes(device: KeyDevice) -> None:
    await device.write_storage(TABLE, 1, OLD)
    too_long = StorageData(bytes(LONGEST_RECORD + 1))
    assert await refusal(device.write_storage(TABLE, 1, too_long)) is ErrorName.ERR_MESSAGE_TOO_LONG
    assert await device.read_storage(TABLE, 1) == OLD


async def test_a_full_storage_takes_no_more_but_lets_records_shrink(device: KeyDevice) -> None:
    each = LONGEST_RECORD + RECORD_OVERHEAD
    fit, rest = divmod(IDENTITY.storage_size, each)
    for number in range(1, fit + 1):
        await device.write_storage(TABLE, number, StorageData(bytes(LONGEST_RECORD)))
    assert (await device.refresh_device_info()).storage_free == rest
    exact = StorageData(bytes(rest - RECORD_OVERHEAD))
    over = StorageData(exact.reveal() + b"x")
    assert await refusal(device.write_storage(TABLE, 999, over)) is ErrorName.ERR_MESSAGE_TOO_LONG
    await device.write_storage(TABLE, 999, exact)
    assert (await device.refresh_device_info()).storage_free == 0
    await device.write_storage(TABLE, 1, OLD)
    await device.write_storage(TABLE, 1000, OLD)


async def test_a_wipe_takes_the_records(desk: Desk, device: KeyDevice) -> None:
    await device.write_storage(TABLE, 1, OLD)
    await device.request(piece(0, b"half", MORE))
    await device.wipe(MASTER_KEY)
    await desk.bring_to("U")
    assert await device.enum_records(TABLE) == []
    assert await refusal(device.request(piece(4, b"!", LAST))) is ErrorName.ERR_INVALID_PARAMETER
    info = await device.refresh_device_info()
    assert (info.storage_free, info.storage_update_counter) == (info.storage_total, 0)


@pytest.mark.parametrize(
    ("condition", "error"),
    [
        (Condition.MASTER_KEY_CONNECT, ErrorName.ERR_UNAUTHORIZED),
        (Condition.PIN_CONNECT, ErrorName.ERR_PIN_NOT_SET),
        (Condition.BUTTON_CONNECT, ErrorName.ERR_BUTTON_REQ),
    ],
)
async def test_what_the_profile_asks_stands_before_the_storage(
    desk: Desk, device: KeyDevice, condition: Condition, error: ErrorName
) -> None:
    await device.write_storage(TABLE, 1, OLD)
    await device.access(STARTED, MASTER_KEY, profile_of(condition))
    for call in (
        device.read_storage(TABLE, 1),
        device.write_storage(TABLE, 1, NEW),
        device.delete_storage(TABLE, 1),
        device.enum_records(TABLE),
        device.get_otp(TABLE, 1),
    ):
        assert await refusal(call) is error
    await device.check_passphrase(MASTER_KEY)
    desk.key.press(Button.SINGLE)
    await device.set_pin(Pin.from_text("1234"))
    assert await device.read_storage(TABLE, 1) == OLD


async def test_a_pin_that_was_set_must_be_entered(desk: Desk, device: KeyDevice) -> None:
    await device.access(STARTED, MASTER_KEY, profile_of(Condition.PIN_CONNECT))
    await device.force_set_pin(Pin.from_text("1234"), MASTER_KEY)
    assert await refusal(device.enum_records(TABLE)) is ErrorName.ERR_PIN_REQ
    await device.enter_pin(Pin.from_text("1234"))
    assert await device.enum_records(TABLE) == []


async def test_the_storage_wants_a_valid_licence_where_there_are_any(device: KeyDevice) -> None:
    """A key without licences belongs to no server, and its storage serves its owner."""
    await device.write_storage(TABLE, 1, OLD)
    await device.load_license(issue_license(IDENTITY.serial, STARTED))
    assert await refusal(device.read_storage(TABLE, 1)) is ErrorName.ERR_LICENSE_EXPIRED
    assert await refusal(device.write_storage(TABLE, 1, NEW)) is ErrorName.ERR_LICENSE_EXPIRED
    await device.load_license(issue_license(IDENTITY.serial, STARTED + 86400))
    assert await device.read_storage(TABLE, 1) == OLD


@pytest.mark.parametrize("cut", Cut)
async def test_a_power_cut_leaves_the_old_record_or_the_new_one(cut: Cut) -> None:
    memory = MemoryNvram()
    desk = Desk(memory)
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.write_storage(TABLE, 1, OLD)
    desk.nvram = PowerLossNvram(memory, 1, cut)
    desk.switch_on()
    async with desk.device() as device:
        with pytest.raises(PowerLost):
            await device.write_storage(TABLE, 1, NEW)
    desk.nvram = memory
    desk.switch_on()
    async with desk.device() as device:
        assert await device.read_storage(TABLE, 1) == (OLD if cut is Cut.BEFORE else NEW)
        assert device.info.storage_update_counter == (1 if cut is Cut.BEFORE else 2)
