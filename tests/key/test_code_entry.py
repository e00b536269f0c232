"""Activation codes and the attempts that they cost: behaviours C-001 to C-022, as far as they are the key's."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import replace

import pytest

from hideez_bench.emulator.key.power_loss import Cut, PowerLossNvram, PowerLost
from hideez_bench.emulator.key.state import load_state, store_state
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import Command, ErrorName, PacketKind
from hideez_bench.protocol.packets import fragment
from hideez_bench.protocol.secret import ActivationCode
from tests.key.desk import CODE, MASTER_KEY, WIRE, WRONG_CODE, WRONG_KEY, Desk, Host, refusal, settled

UNLOCK_DEVICE_CODE = WIRE.profile.number("command", Command.UNLOCK_DEVICE_CODE)


@pytest.fixture
async def waiting(desk: Desk) -> Desk:
    """A key that waits for its code, with three attempts."""
    await desk.bring_to("W")
    return desk


async def test_c001_a_wrong_code_costs_one_attempt(waiting: Desk) -> None:
    async with waiting.device() as device:
        assert await refusal(device.unlock_device_code(WRONG_CODE)) is ErrorName.ERR_PIN_WRONG
        info = await device.refresh_device_info()
    assert (info.unlock_attempts, info.can_unlock, info.locked) == (2, True, True)


async def test_c002_wrong_wrong_right_unlocks_and_restores_the_attempts(waiting: Desk) -> None:
    async with waiting.device() as device:
        await refusal(device.unlock_device_code(WRONG_CODE))
        await refusal(device.unlock_device_code(WRONG_CODE))
        await device.unlock_device_code(CODE)
        info = await device.refresh_device_info()
    assert (info.unlock_attempts, info.locked) == (3, False)


async def test_c003_the_third_wrong_code_locks_the_key_for_good(waiting: Desk) -> None:
    async with waiting.device() as device:
        errors = [await refusal(device.unlock_device_code(WRONG_CODE)) for _ in range(4)]
        info = await device.refresh_device_info()
    wrong, locked = ErrorName.ERR_PIN_WRONG, ErrorName.ERR_DEVICE_LOCKED_BY_CODE
    assert errors == [wrong, wrong, locked, locked]
    assert (info.unlock_attempts, info.can_unlock, info.locked) == (0, False, True)


async def test_c006_a_right_code_comes_too_late_without_attempts(desk: Desk) -> None:
    await desk.bring_to("X")
    async with desk.device() as device:
        assert await refusal(device.unlock_device_code(CODE)) is ErrorName.ERR_DEVICE_LOCKED_BY_CODE
    assert await desk.state() == "X"


@pytest.mark.parametrize("size", [0, 5, 9, 255])
async def test_c008_a_code_of_impossible_length_is_malformed_and_costs_nothing(
    waiting: Desk, size: int
) -> None:
    async with waiting.device() as device:
        reply = await device.request_raw(bytes([UNLOCK_DEVICE_CODE, size]) + b"1" * size)
        assert reply.error is ErrorName.ERR_INVALID_PARAMETER
        assert (await device.refresh_device_info()).unlock_attempts == 3


async def test_c012_c013_attempts_survive_the_end_of_the_link_and_of_the_power(waiting: Desk) -> None:
    async with waiting.device() as device:
        await refusal(device.unlock_device_code(WRONG_CODE))
    assert await waiting.attempts() == 2
    waiting.switch_on()
    assert await waiting.attempts() == 2


async def test_c014_power_cut_during_the_check_has_used_up_the_attempt(waiting: Desk) -> None:
    async with waiting.device() as device:
        await refusal(device.unlock_device_code(WRONG_CODE))
        await refusal(device.unlock_device_code(WRONG_CODE))
    memory = waiting.nvram
    waiting.nvram = PowerLossNvram(memory, lose_at=1, cut=Cut.AFTER)
    waiting.switch_on()
    async with waiting.device() as device:
        with pytest.raises(PowerLost):
            await device.unlock_device_code(CODE)
    waiting.nvram = memory
    waiting.switch_on()
    assert await waiting.state() == "X"


async def test_c015_a_code_is_spent_once_used_and_dead_once_replaced(waiting: Desk) -> None:
    async with waiting.device() as device:
        await device.unlock_device_code(CODE)
        assert await refusal(device.unlock_device_code(CODE)) is ErrorName.ERR_UNSUPPORTED
        assert not (await device.refresh_device_info()).locked
        await device.lock_device_code(MASTER_KEY, ActivationCode(b"222222"), 3)
        assert await refusal(device.unlock_device_code(CODE)) is ErrorName.ERR_PIN_WRONG


async def test_c016_c017_a_new_code_replaces_the_old_one_and_restores_the_attempts(waiting: Desk) -> None:
    async with waiting.device() as device:
        await refusal(device.unlock_device_code(WRONG_CODE))
        await refusal(device.unlock_device_code(WRONG_CODE))
        await device.lock_device_code(MASTER_KEY, ActivationCode(b"222222"), 3)
        assert (await device.refresh_device_info()).unlock_attempts == 3
        assert await refusal(device.unlock_device_code(CODE)) is ErrorName.ERR_PIN_WRONG
        assert (await device.refresh_device_info()).unlock_attempts == 2
        await device.unlock_device_code(ActivationCode(b"222222"))
    assert await waiting.state() == "U"


@pytest.mark.parametrize("text", ["0123456", "123456 ", " 123456", "１２", "123456\0"])
async def test_c018_codes_are_compared_byte_by_byte(waiting: Desk, text: str) -> None:
    async with waiting.device() as device:
        assert (
            await refusal(device.unlock_device_code(ActivationCode.from_text(text)))
            is ErrorName.ERR_PIN_WRONG
        )


async def test_c019_every_comparison_is_one_of_equally_long_digests(
    waiting: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[tuple[int, int]] = []

    def compare(a: bytes, b: bytes) -> bool:
        lengths.append((len(a), len(b)))
        return hmac_compare(a, b)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    async with waiting.device() as device:
        for code in (b"023456", b"12345678", b"123456"):
            lengths.clear()
            await refusal(device.unlock_device_code(ActivationCode(code)))
            assert set(lengths) == {(48, 48)}  # salt and HMAC, whatever the code


async def test_c020_codes_on_two_channels_and_two_links_each_cost_one(waiting: Desk) -> None:
    async with waiting.host("a") as a, waiting.host("b") as b:
        devices = [await a.open(1), await a.open(2), await b.open(1), await b.open(4)]
        errors = await asyncio.gather(*(refusal(device.unlock_device_code(WRONG_CODE)) for device in devices))
    assert errors.count(ErrorName.ERR_PIN_WRONG) == 2
    assert errors.count(ErrorName.ERR_DEVICE_LOCKED_BY_CODE) == 2
    assert await waiting.attempts() == 0


def replay(host: Host, message: bytes) -> None:
    for packet in fragment(WIRE, PacketKind.ENCRYPTED, message, 20):
        host.link.key_side.receive(packet)


async def test_c021_a_code_on_a_channel_that_is_not_verified_is_not_looked_at(waiting: Desk) -> None:
    async with waiting.host() as host:
        plain = WIRE.request.build(m.UnlockDeviceCode(CODE))
        replay(host, WIRE.envelope.build(m.Envelope(1, 1, plain + bytes(8))))
        await settled()
        assert host.controls == [m.ControlError(ErrorName.ERR_ENCRYPTION_REQ)]
    assert await waiting.state() == "W"
    assert await waiting.attempts() == 3


async def test_c022_a_replayed_message_is_refused_and_costs_the_channel_its_keys(waiting: Desk) -> None:
    async with waiting.host() as host:
        device = await host.open()
        before = len(host.link.sent)
        await refusal(device.unlock_device_code(WRONG_CODE))
        for packet in host.link.sent[before:]:
            host.link.key_side.receive(packet)
        await settled()
        assert host.controls[-1] == m.ControlError(ErrorName.InvalidMessageSignuture)
        assert await refusal(device.refresh_device_info()) is ErrorName.ERR_ENCRYPTION_REQ
        await device.verify_and_initialize()
        assert device.info.unlock_attempts == 2


async def test_an_altered_message_costs_the_channel_its_keys_and_nothing_else(waiting: Desk) -> None:
    async with waiting.host() as host:
        device = await host.open()
        other = await host.open(4)
        replay(host, WIRE.envelope.build(m.Envelope(1, 99, bytes(20))))
        await settled()
        assert host.controls[-1] == m.ControlError(ErrorName.InvalidMessageSignuture)
        assert await refusal(device.ping("hello")) is ErrorName.ERR_ENCRYPTION_REQ
        assert await other.ping("hello") == "hello"


async def test_unlocking_by_code_is_not_possible_while_locked_by_pin_as_well(waiting: Desk) -> None:
    state = load_state(waiting.nvram)
    store_state(waiting.nvram, state, replace(state, locked_by_pin=True))
    waiting.switch_on()
    async with waiting.device() as device:
        assert not device.info.can_unlock
        assert await refusal(device.unlock_device_code(CODE)) is ErrorName.ERR_DEVICE_LOCKED_BY_PIN
        assert (await device.refresh_device_info()).unlock_attempts == 3


async def test_after_five_wrong_master_keys_the_key_takes_its_time(waiting: Desk) -> None:
    async with waiting.host() as host:
        device, other = await host.open(1), await host.open(2)
        for _ in range(5):
            assert await refusal(device.unlock(WRONG_KEY)) is ErrorName.ERR_KEY_WRONG
        for seconds in (1, 2, 4, 8, 16, 32, 60, 60):
            answer = asyncio.create_task(refusal(device.unlock(WRONG_KEY)))
            await settled()
            waiting.advance(seconds - 0.01)
            assert await other.ping("not held up") == "not held up"
            assert not answer.done()
            waiting.advance(0.02)
            assert await answer is ErrorName.ERR_KEY_WRONG
        answer = asyncio.create_task(refusal(device.unlock(MASTER_KEY)))
        await settled()
        waiting.advance(61)
        assert await answer is ErrorName.Ok
    waiting.switch_on()
    async with waiting.device() as device:
        await device.unlock(MASTER_KEY)


async def test_a_delayed_command_is_judged_when_it_is_due(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.host() as host:
        device, other = await host.open(1), await host.open(2)
        for _ in range(5):
            await refusal(device.unlock(WRONG_KEY))
        late = asyncio.create_task(refusal(device.check_passphrase(MASTER_KEY)))
        lock = asyncio.create_task(refusal(other.lock_device_code(MASTER_KEY, CODE, 3)))
        await settled()
        desk.advance(1.5)
        assert {await late, await lock} == {ErrorName.Ok}
        assert await desk.state() == "W"


async def test_malformed_bodies_are_no_guesses(waiting: Desk) -> None:
    unlock = WIRE.profile.number("command", Command.UNLOCK)
    async with waiting.device() as device:
        for _ in range(9):
            await device.request_raw(bytes([unlock]) + bytes(32))
        await device.unlock(MASTER_KEY)
