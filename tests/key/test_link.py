"""Packets, control messages and STATUS: behaviours F-005 to F-009 and F-012 to F-019, as far as they are the key's."""

from __future__ import annotations

import asyncio

import pytest

from hideez_bench.emulator.key.link import KeyLink
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.names import AccessLevel, Button, Command, ControlCommand, ErrorName, PacketKind
from hideez_bench.protocol.packets import Reassembler, fragment
from hideez_bench.protocol.values import Error, InfoCharacteristic
from tests.key.desk import CODE, MASTER_KEY, WIRE, Desk, refusal, settled

CANCEL = b"\x02\x01"
NUMBERS = WIRE.profile.numbers("control")


class Wiretap:
    """A link on which a test writes packets as it likes."""

    def __init__(self, desk: Desk, host: str = "pc", max_packet: int = 20) -> None:
        self.packets: list[bytes] = []
        self.link: KeyLink = desk.key.connect(host, self.packets.append, lambda: max_packet)

    def control(self, message: bytes) -> None:
        for packet in fragment(WIRE, PacketKind.CONTROL, message, 20):
            self.link.receive(packet)

    def heard(self) -> list[m.FromKey]:
        """The control messages since the last time."""
        together = Reassembler(WIRE)
        complete = [together.add(packet) for packet in self.packets]
        self.packets.clear()
        return [WIRE.from_key.parse(message[1]) for message in complete if message]

    def error(self) -> Error:
        (message,) = self.heard()
        assert isinstance(message, m.ControlError)
        return message.error


@pytest.fixture
def tap(desk: Desk) -> Wiretap:
    """A link whose host has made its first write."""
    tap = Wiretap(desk)
    tap.link.receive(CANCEL)
    return tap


def test_the_info_characteristic_tells_of_the_application_and_its_limits(desk: Desk) -> None:
    info = WIRE.info.parse(desk.key.info_characteristic())
    assert info == InfoCharacteristic(mode_byte=0, wire_major=1, max_message=512, channels=8)


def test_f005_f006_the_key_is_silent_until_the_first_write(desk: Desk) -> None:
    tap = Wiretap(desk)
    desk.advance(5)
    desk.key.press(Button.SINGLE)
    desk.key.press(Button.LONG)
    assert (tap.packets, desk.key.next_due) == ([], None)


def test_f007_status_twice_a_second_after_the_first_write(desk: Desk, tap: Wiretap) -> None:
    assert tap.packets == []
    desk.advance(2)
    assert [type(message) for message in tap.heard()] == [m.Status] * 4


def test_a_late_tick_sends_one_status_not_all_that_were_missed(desk: Desk, tap: Wiretap) -> None:
    desk.now += 60
    assert desk.key.tick() == desk.now + 0.5
    assert len(tap.heard()) == 1


def test_f008_byte_3_of_a_status_is_the_rssi(desk: Desk, tap: Wiretap) -> None:
    for rssi in (-127, -1, 20):
        tap.link.rssi = rssi
        desk.advance(0.5)
        (packet,) = tap.packets
        assert int.from_bytes(packet[3:4], signed=True) == rssi
        tap.packets.clear()
    with pytest.raises(BenchError, match="-128"):
        tap.link.rssi = -128


def test_f009_a_press_is_told_at_once_to_every_host(desk: Desk, tap: Wiretap) -> None:
    other = Wiretap(desk, "other")
    other.link.receive(CANCEL)
    for button in set(Button) - {Button.NONE, Button.LONG}:
        desk.key.press(button)
        for each in (tap, other):
            (status,) = each.heard()
            assert isinstance(status, m.Status)
            assert status.state.button is button
    desk.key.press(Button.NONE)
    assert tap.packets == []


def test_a_long_press_cancels_whatever_a_host_may_run(desk: Desk, tap: Wiretap) -> None:
    desk.key.press(Button.LONG)
    status, cancelled = tap.heard()
    assert isinstance(status, m.Status)
    assert status.state.button is Button.LONG
    assert cancelled == m.Cancelled()


def test_status_tells_battery_and_other_connections(desk: Desk, tap: Wiretap) -> None:
    second = desk.key.connect("other", lambda packet: None, lambda: 20)
    desk.key.battery = 25
    desk.advance(0.5)
    (status,) = tap.heard()
    assert isinstance(status, m.Status)
    assert (status.state.battery, status.state.other_connections) == (25, 1)
    second.disconnected()
    desk.advance(0.5)
    (status,) = tap.heard()
    assert isinstance(status, m.Status)
    assert status.state.other_connections == 0
    with pytest.raises(BenchError, match="101"):
        desk.key.battery = 101


async def test_hosts_learn_at_once_that_the_access_level_changed(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.host("client") as client, desk.host("server") as server:
        hes = await server.open(4)
        await settled()
        client.statuses.clear()
        await hes.lock_device_code(MASTER_KEY, CODE, 3)
        await settled()
        assert [status.state.access_level for status in client.statuses] == [AccessLevel.LOCKED]


async def test_the_main_channel_learns_of_a_lock_over_channel_4_of_its_own_link(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.host() as host:
        await host.open(1)
        hes = await host.open(4)
        await hes.lock_device_code(MASTER_KEY, CODE, 3)
        await settled()
        assert host.statuses[-1].state.access_level == AccessLevel.LOCKED


@pytest.mark.parametrize("channel", [0, 8, 255])
def test_f012_f013_only_channels_1_to_7_can_be_verified_or_reset(tap: Wiretap, channel: int) -> None:
    tap.control(WIRE.to_key.build(m.VerifyEncryption(channel, bytes(33), bytes(16))))
    tap.control(WIRE.to_key.build(m.ResetEncryption(channel)))
    assert tap.heard() == [
        m.EncryptionVerified(ErrorName.ERR_INVALID_PARAMETER),
        m.EncryptionReset(ErrorName.ERR_INVALID_PARAMETER),
    ]


def test_a_handshake_with_no_point_of_the_curve_is_refused(tap: Wiretap) -> None:
    tap.control(WIRE.to_key.build(m.VerifyEncryption(1, b"\x02" + b"\xff" * 32, bytes(16))))
    assert tap.heard() == [m.EncryptionVerified(ErrorName.ERR_SC_INVALID_PUBKEY)]


PACKETS = [
    pytest.param([b""], ErrorName.BlePacketParseError, id="empty packet"),
    pytest.param([b"\x02"], ErrorName.BlePacketParseError, id="empty body"),
    pytest.param([b"\x00\x01"], ErrorName.BlePacketParseError, id="kind 0"),
    pytest.param([b"\x03\x01"], ErrorName.BlePacketParseError, id="kind 3"),
    pytest.param([b"\x06\x01"], ErrorName.BleInvalidPacketNumber, id="starts with fragment 1"),
    pytest.param([b"\x82\x03", b"\x0a\x03"], ErrorName.BleInvalidPacketNumber, id="fragment 2 after 0"),
    pytest.param([b"\x82\x03", b"\x05\x03"], ErrorName.BleInvalidPacketNumber, id="another kind in between"),
    pytest.param([b"\x02\x03\x00"], ErrorName.WrongPayloadLength, id="a byte too many"),
    pytest.param([b"\x02\x05"], ErrorName.WrongPayloadLength, id="a byte too few"),
    pytest.param([b"\x01\x01"], ErrorName.WrongPayloadLength, id="half an envelope"),
    pytest.param([b"\x02\x70"], ErrorName.ERR_UNKNOWN_MESSAGE, id="F-016 unknown control command"),
    pytest.param([b"\x02\x02"], ErrorName.ERR_UNKNOWN_MESSAGE, id="a command that only keys send"),
    pytest.param(
        [b"\x01\x01" + bytes(4) + bytes(9)], ErrorName.ERR_ENCRYPTION_REQ, id="channel not verified"
    ),
]


@pytest.mark.parametrize(("packets", "error"), PACKETS)
def test_f015_what_cannot_be_taken_is_named_and_the_link_goes_on(
    tap: Wiretap, packets: list[bytes], error: ErrorName
) -> None:
    for packet in packets:
        tap.link.receive(packet)
    assert tap.error() is error
    tap.control(bytes([NUMBERS[ControlCommand.GET_ROOT_KEY]]))
    (answer,) = tap.heard()
    assert isinstance(answer, m.RootKey)


def test_f017_a_message_over_the_limit_is_refused_and_dropped(tap: Wiretap) -> None:
    for number in range(27):
        assert tap.packets == []
        tap.link.receive(bytes([0x80 | number << 2 | 2]) + b"\x03" * 19)
    assert tap.error() is ErrorName.ERR_MESSAGE_TOO_LONG


def test_cancel_is_taken_in_the_middle_of_a_message(tap: Wiretap) -> None:
    tap.link.receive(b"\x82\x03")
    tap.link.receive(CANCEL)
    tap.control(bytes([NUMBERS[ControlCommand.GET_ROOT_KEY]]))
    (answer,) = tap.heard()
    assert isinstance(answer, m.RootKey)


@pytest.mark.parametrize("max_packet", [1, 20, 23, 244])
def test_packets_to_the_host_are_as_long_as_the_link_allows_and_never_shorter_than_20(
    desk: Desk, max_packet: int
) -> None:
    tap = Wiretap(desk, max_packet=max_packet)
    tap.control(bytes([NUMBERS[ControlCommand.GET_ROOT_KEY]]))
    assert max(len(packet) for packet in tap.packets) == min(max(max_packet, 20), 1 + 1 + 2 + 33)


def test_f019_a_flood_is_taken_in_order(tap: Wiretap) -> None:
    for _ in range(1000):
        tap.control(bytes([NUMBERS[ControlCommand.GET_ROOT_KEY]]))
    assert [type(message) for message in tap.heard()] == [m.RootKey] * 1000


def test_a_link_that_is_gone_neither_takes_nor_sends(desk: Desk, tap: Wiretap) -> None:
    tap.link.disconnected()
    tap.link.disconnected()
    tap.link.receive(CANCEL)
    desk.key.press(Button.DOUBLE)
    desk.advance(5)
    assert (tap.packets, desk.key.next_due, desk.key.view.connections) == ([], None, 0)


async def test_f016_an_unknown_command_in_an_envelope_is_named(desk: Desk) -> None:
    async with desk.device() as device:
        for plain in (b"", b"\x70", b"\x70 and more"):
            assert await refusal(device.request_raw(plain)) is ErrorName.ERR_UNKNOWN_MESSAGE
        assert await device.ping("still here") == "still here"


async def test_a_reply_that_is_too_long_for_a_message_is_refused(desk: Desk) -> None:
    async with desk.device() as device:
        assert await device.ping("x" * 496) == "x" * 496
        assert await refusal(device.ping("x" * 497)) is ErrorName.ERR_MESSAGE_TOO_LONG
        assert await refusal(device.ping("x" * 498)) is ErrorName.ERR_MESSAGE_TOO_LONG


async def test_bytes_that_are_no_text_are_a_malformed_ping(desk: Desk) -> None:
    async with desk.device() as device:
        ping = WIRE.profile.number("command", Command.PING)
        reply = await device.request_raw(bytes([ping]) + b"\xff\xfe")
    assert (reply.command, reply.error) == (Command.PING, ErrorName.ERR_INVALID_PARAMETER)


async def test_seven_channels_of_one_link_do_not_disturb_one_another(desk: Desk) -> None:
    async with desk.host() as host:
        devices = [await host.open(channel) for channel in range(1, 8)]
        texts = await asyncio.gather(*(device.ping(f"channel {device.channel}") for device in devices))
    assert texts == [f"channel {channel}" for channel in range(1, 8)]


async def test_resetting_a_channel_drops_its_keys_and_no_others(desk: Desk) -> None:
    async with desk.host() as host:
        first, second = await host.open(1), await host.open(2)
        answer = await host.transport.control(m.ResetEncryption(1), 1.0)
        assert answer == m.EncryptionReset(ErrorName.Ok, 1)
        assert await refusal(first.ping("?")) is ErrorName.ERR_ENCRYPTION_REQ
        assert await second.ping("!") == "!"


async def test_channels_end_with_the_link(desk: Desk) -> None:
    async with desk.host() as host:
        device = await host.open()
        await host.link.drop()
    async with desk.host() as again:
        for packet in fragment(WIRE, PacketKind.ENCRYPTED, bytes([1]) + bytes(4 + 8), 20):
            await again.link.send(packet)
        await settled()
        assert again.controls == [m.ControlError(ErrorName.ERR_ENCRYPTION_REQ)]
    assert device.root_key is not None


async def test_the_root_key_is_made_once_and_survives_a_power_cycle(desk: Desk) -> None:
    async with desk.device() as device:
        root = device.root_key
    desk.switch_on()
    async with desk.device() as device:
        assert device.root_key == root
    async with Desk(seed=1).device() as device:
        assert device.root_key != root
