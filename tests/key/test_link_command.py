"""LINK, and what a factory key refuses: behaviours B-002 to B-007, and B-014 for ACCESS."""

from __future__ import annotations

import pytest

from hideez_bench.protocol.names import AccessLevel, Command, ErrorName, Lock
from hideez_bench.protocol.secret import ActivationCode
from tests.key.desk import CODE, MASTER_KEY, STARTED, WIRE, Desk, profile_of, refusal

LINK = WIRE.profile.number("command", Command.LINK)


async def test_b002_a_factory_key_asks_to_be_linked(desk: Desk) -> None:
    async with desk.device() as device:
        info = device.info
    assert info.access_level == AccessLevel.LINK_REQUIRED
    assert (info.lock, info.license_info, info.unlock_attempts) == (Lock(0), 0, 0)


async def test_b003_a_linked_key_waits_for_its_code(desk: Desk) -> None:
    async with desk.device() as device:
        await device.link(MASTER_KEY, CODE, 3)
        info = await device.refresh_device_info()
    assert info.access_level == AccessLevel.LOCKED
    assert info.lock == Lock.BY_CODE | Lock.CAN_UNLOCK
    assert info.unlock_attempts == 3


async def test_b004_a_linked_key_is_not_linked_again(desk: Desk) -> None:
    await desk.bring_to("W")
    async with desk.device() as device:
        before = device.info
        assert await refusal(device.link(MASTER_KEY, CODE, 9)) is ErrorName.ERR_ALREADY_INITIALIZED
        assert await device.refresh_device_info() == before


def link_body(*, key: bytes = bytes(range(1, 33)), attempts: int = 3, code: bytes = b"123456") -> bytes:
    return bytes([LINK]) + key + bytes([attempts, len(code)]) + code


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(link_body(attempts=2), id="B-005 2 attempts"),
        pytest.param(link_body(attempts=16), id="B-005 16 attempts"),
        pytest.param(link_body(key=bytes(range(1, 32))), id="B-006 key of 31 bytes"),
        pytest.param(link_body(key=bytes(range(1, 34))), id="B-006 key of 33 bytes"),
        pytest.param(link_body(key=bytes(range(32))), id="B-006 key with a zero byte"),
        pytest.param(link_body(code=b"12345"), id="code of 5 bytes"),
        pytest.param(link_body(code=b"123456789"), id="code of 9 bytes"),
        pytest.param(link_body() + b"1", id="a byte left over"),
        pytest.param(bytes([LINK]), id="nothing"),
    ],
)
async def test_a_malformed_link_changes_nothing(desk: Desk, body: bytes) -> None:
    async with desk.device() as device:
        reply = await device.request_raw(body)
    assert (reply.command, reply.error) == (Command.LINK, ErrorName.ERR_INVALID_PARAMETER)
    assert await desk.state() == "F"


@pytest.mark.parametrize("attempts", [3, 15])
async def test_b005_the_limits_of_attempts_are_taken(desk: Desk, attempts: int) -> None:
    async with desk.device() as device:
        await device.link(MASTER_KEY, ActivationCode(b"12345678"), attempts)
        assert (await device.refresh_device_info()).unlock_attempts == attempts


async def test_b007_a_factory_key_refuses_what_needs_a_master_key(desk: Desk) -> None:
    async with desk.device() as device:
        before = device.info
        for call in (
            device.unlock_device_code(CODE),
            device.access(0, MASTER_KEY, profile_of()),
            device.check_passphrase(MASTER_KEY),
            device.lock_device_code(MASTER_KEY, CODE, 3),
            device.unlock(MASTER_KEY),
            device.wipe(MASTER_KEY),
        ):
            assert await refusal(call) is ErrorName.ERR_NOT_INITIALIZED
        assert await device.refresh_device_info() == before


async def test_b014_access_sets_the_clock_which_then_runs_and_survives_a_power_cycle(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        assert device.info.time == 0
        await device.access(STARTED + 5_000_000, MASTER_KEY, profile_of())
        assert (await device.refresh_device_info()).time == STARTED + 5_000_000
        desk.advance(60)
        assert (await device.refresh_device_info()).time == STARTED + 5_000_060
    desk.switch_on()
    async with desk.device() as device:
        assert device.info.time == STARTED + 5_000_060


async def test_the_clock_is_a_32_bit_counter(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(2**32 - 1, MASTER_KEY, profile_of())
        desk.advance(3)
        assert (await device.refresh_device_info()).time == 2
