"""What shows each defect that the machine of `promises.py` is not for. A check passes on a key without defects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from unittest.mock import patch

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.licence_authority import issue_license
from hideez_bench.emulator.key.power_loss import Cut, PowerLossNvram, PowerLost
from hideez_bench.emulator.key.state import SecretDigest
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import HostHandshake
from hideez_bench.protocol.names import (
    AccessLevel,
    Button,
    Command,
    Condition,
    ErrorName,
    PacketKind,
    WipeResult,
)
from hideez_bench.protocol.packets import fragment
from hideez_bench.protocol.secret import ActivationCode, Pin, StorageData
from hideez_bench.protocol.values import Error, Mode
from tests.key.desk import (
    CODE,
    IDENTITY,
    MASTER_KEY,
    STARTED,
    WIRE,
    WRONG_CODE,
    WRONG_KEY,
    Desk,
    asked_to_wipe,
    profile_of,
    refusal,
    settled,
)
from tests.key.raw_channel import RawChannel

Check = Callable[[Desk], Awaitable[None]]
NEW_CODE = ActivationCode(b"222222")
WRONG = ErrorName.ERR_PIN_WRONG
MALFORMED = ErrorName.ERR_INVALID_PARAMETER
EXPIRES = 2_000_000_000


def number(command: Command) -> int:
    return WIRE.profile.number("command", command)


# --- codes and attempts ---


async def malformed_codes_are_free(desk: Desk) -> None:
    await desk.bring_to("W")
    async with desk.device() as device:
        reply = await device.request_raw(bytes([number(Command.UNLOCK_DEVICE_CODE), 5]) + b"11111")
        assert reply.error is MALFORMED
        assert (await device.refresh_device_info()).unlock_attempts == 3


async def codes_are_compared_as_digests_in_constant_time(desk: Desk) -> None:
    await desk.bring_to("W")
    async with desk.device() as device:
        with patch.object(SecretDigest, "matches", return_value=False) as matches:
            await refusal(device.unlock_device_code(WRONG_CODE))
    assert matches.call_count == 1


def is_wrong(text: str) -> Check:
    """This is another code than 123456."""

    async def check(desk: Desk) -> None:
        await desk.bring_to("W")
        async with desk.device() as device:
            assert await refusal(device.unlock_device_code(ActivationCode.from_text(text))) is WRONG

    return check


async def an_old_code_is_wrong(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.lock_device_code(MASTER_KEY, NEW_CODE, 3)
        assert await refusal(device.unlock_device_code(CODE)) is WRONG


async def a_wrong_code_is_wrong_after_a_right_one(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.lock_device_code(MASTER_KEY, NEW_CODE, 3)
        assert await refusal(device.unlock_device_code(WRONG_CODE)) is WRONG


async def an_attempt_is_paid_for_before_the_comparison(desk: Desk) -> None:
    await desk.bring_to("W")
    memory = desk.nvram
    desk.nvram = PowerLossNvram(memory, lose_at=1, cut=Cut.AFTER)
    desk.switch_on()
    async with desk.device() as device:
        with suppress(PowerLost):
            await device.unlock_device_code(CODE)
    desk.nvram = memory
    desk.switch_on()
    assert (await desk.state(), await desk.attempts()) == ("W", 2)


async def the_right_code_comes_too_late(desk: Desk) -> None:
    await desk.bring_to("X")
    async with desk.device() as device:
        assert await refusal(device.unlock_device_code(CODE)) is ErrorName.ERR_DEVICE_LOCKED_BY_CODE


# --- link, locks, master key ---


def link_is_malformed(*, key: bytes = bytes(range(1, 33)), attempts: int = 3) -> Check:
    async def check(desk: Desk) -> None:
        async with desk.device() as device:
            body = key + bytes([attempts, 6]) + b"123456"
            assert (await device.request_raw(bytes([number(Command.LINK)]) + body)).error is MALFORMED

    return check


async def recoding_ends_a_lock_by_pin(desk: Desk) -> None:
    await desk.bring_to("P")
    async with desk.device() as device:
        await device.lock_device_code(MASTER_KEY, NEW_CODE, 3)
        await device.unlock_device_code(NEW_CODE)


async def access_sets_the_clock(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, profile_of())
        assert (await device.refresh_device_info()).time == STARTED


async def wrong_keys_take_their_time(desk: Desk) -> None:
    await desk.bring_to("W")
    async with desk.device() as device:
        for _ in range(5):
            await refusal(device.unlock(WRONG_KEY))
        answer = asyncio.create_task(refusal(device.unlock(WRONG_KEY)))
        await settled()
        assert not answer.done()
        desk.advance(1.1)
        await answer


async def a_new_bond_is_asked_anew(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, profile_of(Condition.MASTER_KEY_BOND))
        await device.check_passphrase(MASTER_KEY)
    desk.switch_on()
    desk.key.forget_host("pc")
    async with desk.device() as device:
        assert device.info.access_level == AccessLevel.MASTER_KEY_REQUIRED


# --- wiping and waiting ---


async def a_wipe_takes_the_profile(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, profile_of(Condition.MASTER_KEY_BOND))
        await device.wipe(MASTER_KEY)
        assert (await device.refresh_device_info()).pin_min_length == 0


async def a_wipe_by_hand_is_told(desk: Desk) -> None:
    async with desk.host() as host:
        answer = await asked_to_wipe(desk, await host.open())
        desk.key.press(Button.SUPER_LONG)
        await answer
        assert m.WipeStatus(WipeResult.WIPE_OK) in host.controls


async def a_key_that_waits_says_so(desk: Desk) -> None:
    async with desk.host() as host:
        answer = await asked_to_wipe(desk, await host.open())
        desk.advance(29)
        await settled()
        busy = host.controls.count(m.Busy(1))
        desk.key.press(Button.SINGLE)
        await answer
        assert busy == 6


async def a_busy_channel_takes_nothing_more(desk: Desk) -> None:
    async with desk.host() as host:
        channel = await RawChannel(host).open()
        channel.send(channel.seal(m.Wipe(None)))
        channel.send(channel.seal(m.Ping("?")))
        assert channel.replies() == [m.Reply(Command.PING, ErrorName.ERR_CHANNEL_BUSY)]


# --- encryption ---


async def nothing_is_taken_twice(desk: Desk) -> None:
    async with desk.host() as host:
        channel = await RawChannel(host).open()
        message = channel.seal(m.Ping("once"))
        channel.send(message)
        channel.send(message)
        assert len(channel.replies()) == 1


async def nothing_old_is_taken_again(desk: Desk) -> None:
    async with desk.host() as host:
        channel = await RawChannel(host).open()
        old, new = channel.seal(m.Ping("old")), channel.seal(m.Ping("new"))
        for message in (old, new, old):
            channel.send(message)
        assert len(channel.replies()) == 2


async def nothing_altered_is_taken(desk: Desk) -> None:
    async with desk.host() as host:
        channel = await RawChannel(host).open()
        message = channel.seal(m.Ping("hello"))
        channel.send(message[:-1] + bytes([message[-1] ^ 1]))
        assert channel.replies() == []
        await settled()
        assert host.controls[-1] == m.ControlError(ErrorName.InvalidMessageSignuture)


async def the_channel_works(desk: Desk) -> None:
    async with desk.device() as device:
        assert [await device.ping(text) for text in "ab"] == ["a", "b"]


async def channel_0_is_none(desk: Desk) -> None:
    async with desk.host() as host:
        request = HostHandshake(0, desk.random.randbytes).request
        answer = await host.transport.control(request, 1.0)
        assert answer == m.EncryptionVerified(MALFORMED)


async def an_unverified_channel_is_not_listened_to(desk: Desk) -> None:
    await desk.bring_to("W")
    async with desk.host() as host:
        plain = WIRE.request.build(m.UnlockDeviceCode(CODE))
        message = WIRE.envelope.build(m.Envelope(1, 1, plain + bytes(8)))
        for packet in fragment(WIRE, PacketKind.ENCRYPTED, message, 20):
            host.link.key_side.receive(packet)
    assert await desk.state() == "W"


async def no_handshake_is_like_another(desk: Desk) -> None:
    async with desk.host() as host:
        answers = [(await RawChannel(host, seed).open()).verified for seed in (1, 2)]
    assert answers[0].key_public != answers[1].key_public
    assert answers[0].key_nonce != answers[1].key_nonce


# --- packets, answers, STATUS ---


def packets_are_refused(packets: list[bytes], error: ErrorName) -> Check:
    async def check(desk: Desk) -> None:
        async with desk.host() as host:
            for packet in packets:
                host.link.key_side.receive(packet)
            await settled()
            assert host.controls == [m.ControlError(error)]

    return check


async def bytes_left_over_are_malformed(desk: Desk) -> None:
    async with desk.device() as device:
        reply = await device.request_raw(bytes([number(Command.GET_INFO)]) + b"?")
        assert reply.error is MALFORMED


async def an_unknown_command_is_named(desk: Desk) -> None:
    async with desk.device() as device:
        assert await refusal(device.request_raw(b"\x70")) is ErrorName.ERR_UNKNOWN_MESSAGE


async def a_key_is_silent_before_the_first_write(desk: Desk) -> None:
    packets: list[bytes] = []
    desk.key.connect("pc", packets.append, lambda: 20)
    desk.advance(5)
    assert packets == []


async def status_comes_twice_a_second(desk: Desk) -> None:
    async with desk.host() as host:
        desk.advance(2)
        await settled()
        assert len(host.statuses) == 4


async def status_is_true(desk: Desk) -> None:
    async with desk.host() as host:
        host.link.key_side.rssi = -61
        desk.advance(0.5)
        await settled()
        state = host.statuses[-1].state
        assert (state.rssi, state.battery, state.other_connections) == (-61, 100, 0)


def press_is_told(button: Button) -> Check:
    async def check(desk: Desk) -> None:
        async with desk.host() as host:
            desk.key.press(button)
            await settled()
            assert [status.state.button for status in host.statuses] == [button]
            assert (m.Cancelled() in host.controls) is (button is Button.LONG)

    return check


async def a_lock_is_told_at_once(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.host() as host:
        device = await host.open(4)
        host.statuses.clear()
        await device.lock_device_code(MASTER_KEY, CODE, 3)
        await settled()
        assert [status.state.access_level for status in host.statuses] == [AccessLevel.LOCKED]


async def the_application_says_so(desk: Desk) -> None:
    assert WIRE.mode(WIRE.info.parse(desk.key.info_characteristic())) is Mode.APPLICATION


async def the_name_has_the_last_digits(desk: Desk) -> None:
    assert desk.key.local_name[-5:] == desk.key.identity.serial[-5:]


# --- licences ---


def licence_is_answered(
    error: Error, *, state: str = "U", serial: str = IDENTITY.serial, flip: int = 0
) -> Check:
    """What LOAD_LICENSE answers in a state, to a licence for a serial number, with some bits of it flipped."""

    async def check(desk: Desk) -> None:
        await desk.bring_to(state)
        data = issue_license(serial, EXPIRES)
        async with desk.device() as device:
            assert await refusal(device.load_license(data[:-1] + bytes([data[-1] ^ flip]))) is error

    return check


async def licences_outlast_the_power(desk: Desk) -> None:
    async with desk.device() as device:
        await device.load_license(issue_license(IDENTITY.serial, EXPIRES))
    desk.switch_on()
    async with desk.device() as device:
        assert device.info.license_info == 1


# --- PIN, storage, log ---

PIN, WRONG_PIN = Pin.from_text("1234"), Pin.from_text("4321")
THREE_TRIES = replace(profile_of(Condition.PIN_CONNECT), pin_max_tries=3)


async def three_wrong_pins_lock_the_key(desk: Desk) -> None:
    """And a power cycle in between does not help."""
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, THREE_TRIES)
        await device.set_pin(PIN)
        for _ in range(2):
            assert await refusal(device.enter_pin(WRONG_PIN)) is WRONG
    desk.switch_on()
    async with desk.device() as device:
        assert await refusal(device.enter_pin(WRONG_PIN)) is ErrorName.ERR_DEVICE_LOCKED_BY_PIN
    assert await desk.state() == "P"


async def a_locked_key_keeps_its_storage_to_itself(desk: Desk) -> None:
    await desk.bring_to("W")
    async with desk.device() as device:
        assert await refusal(device.enum_records(34)) is ErrorName.ERR_DEVICE_LOCKED_BY_CODE


async def the_storage_asks_for_the_master_key(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, profile_of(Condition.MASTER_KEY_BOND))
        assert await refusal(device.enum_records(34)) is ErrorName.ERR_UNAUTHORIZED


async def a_wipe_takes_the_storage(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.write_storage(34, 1, StorageData(b"a password"))
        await device.wipe(MASTER_KEY)
        await device.link(MASTER_KEY, CODE, 3)
        await device.unlock_device_code(CODE)
        assert await device.enum_records(34) == []


async def the_log_tells_no_code(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        assert CODE.reveal() not in await device.fetch_log()


# --- pairing ---


def on_sale(desk: Desk) -> Desk:
    """A factory key of the same kind that lives as one on sale does."""
    return Desk(key_type=desk.key_type, realistic=True)


def bond(desk: Desk) -> None:
    answers: list[bool] = []
    desk.key.press(Button.SINGLE)
    desk.key.pair("pc", answers.append)
    desk.key.press(Button.SINGLE)
    assert answers == [True]


async def a_bond_wants_the_green_press(desk: Desk) -> None:
    desk = on_sale(desk)
    answers: list[bool] = []
    desk.key.press(Button.SINGLE)
    desk.key.pair("pc", answers.append)
    assert answers == []
    desk.advance(WIRE.profile.seconds("pairing_confirmation"))
    assert answers == [False]


async def a_key_that_is_off_is_out_of_reach(desk: Desk) -> None:
    assert not on_sale(desk).key.admits("pc")


async def the_window_closes(desk: Desk) -> None:
    desk = on_sale(desk)
    desk.key.press(Button.SINGLE)
    assert desk.key.admits("pc")
    desk.advance(WIRE.profile.seconds("pairing_window"))
    assert not desk.key.admits("pc")


async def a_bond_outlasts_the_power(desk: Desk) -> None:
    desk = on_sale(desk)
    bond(desk)
    desk.switch_on()
    assert desk.key.is_bonded("pc")


async def a_wipe_takes_the_bonds(desk: Desk) -> None:
    desk = on_sale(desk)
    bond(desk)
    async with desk.device() as device:
        await device.link(MASTER_KEY, CODE, 3)
        await device.wipe(MASTER_KEY)
    assert not desk.key.is_bonded("pc")


OUT_OF_ORDER = [b"\x82\x03", b"\x0a\x03"]
TOO_LONG = [bytes([0x80 | count % 32 << 2 | 2]) + b"\x03" * 19 for count in range(27)]

CHECKS: dict[str, Check] = {
    "malformed-code-costs": malformed_codes_are_free,
    "early-exit": codes_are_compared_as_digests_in_constant_time,
    "prefix-is-enough": is_wrong("12345678"),
    "spaces-and-case-ignored": is_wrong(" 123456"),
    "leading-zeros-ignored": is_wrong("0123456"),
    "old-code-accepted": an_old_code_is_wrong,
    "once-unlocked-any-code": a_wrong_code_is_wrong_after_a_right_one,
    "compared-before-counted": an_attempt_is_paid_for_before_the_comparison,
    "right-code-after-the-last": the_right_code_comes_too_late,
    "link-with-zero-bytes": link_is_malformed(key=bytes(range(32))),
    "any-number-of-attempts": link_is_malformed(attempts=2),
    "pin-lock-outlasts-code": recoding_ends_a_lock_by_pin,
    "clock-not-set": access_sets_the_clock,
    "profile-lost-at-power-on": a_new_bond_is_asked_anew,
    "new-bond-is-the-old-one": a_new_bond_is_asked_anew,
    "no-delay-for-wrong-keys": wrong_keys_take_their_time,
    "wipe-keeps-the-profile": a_wipe_takes_the_profile,
    "wipe-unsaid": a_wipe_by_hand_is_told,
    "busy-too-rare": a_key_that_waits_says_so,
    "second-request-taken": a_busy_channel_takes_nothing_more,
    "replay-accepted": nothing_old_is_taken_again,
    "counter-may-repeat": nothing_is_taken_twice,
    "bad-tag-accepted": nothing_altered_is_taken,
    "counter-stands-still": the_channel_works,
    "proof-over-too-little": the_channel_works,
    "channel-zero": channel_0_is_none,
    "unverified-channel": an_unverified_channel_is_not_listened_to,
    "fixed-randomness": no_handshake_is_like_another,
    "fragments-in-any-order": packets_are_refused(OUT_OF_ORDER, ErrorName.BleInvalidPacketNumber),
    "any-length-of-message": packets_are_refused(TOO_LONG, ErrorName.ERR_MESSAGE_TOO_LONG),
    "length-not-checked": bytes_left_over_are_malformed,
    "unknown-command-is-ok": an_unknown_command_is_named,
    "wrong-error-number": is_wrong("654321"),
    "status-before-first-write": a_key_is_silent_before_the_first_write,
    "status-too-rare": status_comes_twice_a_second,
    "press-unsaid": press_is_told(Button.SINGLE),
    "long-press-unsaid": press_is_told(Button.LONG),
    "level-change-unsaid": a_lock_is_told_at_once,
    "wrong-rssi": status_is_true,
    "counts-itself": status_is_true,
    "boot-byte": the_application_says_so,
    "name-of-the-sample": the_name_has_the_last_digits,
    "licence-on-locked-key": licence_is_answered(ErrorName.ERR_DEVICE_LOCKED_BY_CODE, state="W"),
    "unsigned-licence": licence_is_answered(ErrorName.ERR_INVALID_LICENSE, flip=1),
    "licence-of-another-key": licence_is_answered(
        ErrorName.ERR_INVALID_LICENSE, serial=Identity.numbered(204).serial
    ),
    "licences-lost-at-power-on": licences_outlast_the_power,
    "pin-never-locks": three_wrong_pins_lock_the_key,
    "pin-failures-in-ram": three_wrong_pins_lock_the_key,
    "storage-while-locked": a_locked_key_keeps_its_storage_to_itself,
    "storage-for-everybody": the_storage_asks_for_the_master_key,
    "wipe-keeps-the-storage": a_wipe_takes_the_storage,
    "log-shows-the-code": the_log_tells_no_code,
    "paired-without-press": a_bond_wants_the_green_press,
    "strangers-admitted": a_key_that_is_off_is_out_of_reach,
    "window-never-closes": the_window_closes,
    "bonds-lost-at-power-on": a_bond_outlasts_the_power,
    "bonds-outlast-wipe": a_wipe_takes_the_bonds,
}
