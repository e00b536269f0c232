"""Messages survive being cut into packets; whatever is wrong with a packet is named, and the next message is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.protocol.names import ErrorName, PacketKind
from hideez_bench.protocol.packets import PacketError, Reassembler, fragment
from hideez_bench.protocol.wire import default_wire

WIRE = default_wire()
CANCEL = bytes.fromhex("0201")


def cut(message: bytes, size: int, kind: PacketKind = PacketKind.ENCRYPTED) -> list[bytes]:
    return list(fragment(WIRE, kind, message, size))


@given(st.binary(min_size=1, max_size=512), st.integers(2, 247), st.sampled_from(PacketKind))
def test_a_message_comes_out_as_it_went_in(message: bytes, size: int, kind: PacketKind) -> None:
    packets = cut(message, size, kind)
    assert all(len(packet) <= size for packet in packets)
    incoming = Reassembler(WIRE)
    assert [incoming.add(packet) for packet in packets[:-1]] == [None] * (len(packets) - 1)
    assert incoming.add(packets[-1]) == (kind, message)


def test_fragment_numbers_start_over_after_31() -> None:
    numbers = [packet[0] >> 2 & 0x1F for packet in cut(bytes(40), 2)]
    assert numbers == [*range(32), *range(8)]


@pytest.mark.parametrize(
    ("packets", "error"),
    [
        ([b"\x05a"], ErrorName.BleInvalidPacketNumber),  # number 1 where 0 is due
        ([b"\x81a", b"\x09b"], ErrorName.BleInvalidPacketNumber),  # number 2 where 1 is due
        ([b"\x81a", b"\x81a"], ErrorName.BleInvalidPacketNumber),  # a second first fragment
        ([b"\x81a", b"\x06b"], ErrorName.BleInvalidPacketNumber),  # another kind in the middle
        ([b"\x00a"], ErrorName.BlePacketParseError),  # kind 0
        ([b"\x03a"], ErrorName.BlePacketParseError),  # kind 3
        ([b"\x01"], ErrorName.BlePacketParseError),  # empty body
        ([b""], ErrorName.BlePacketParseError),
        ([b"\x81" + bytes(300), b"\x05" + bytes(213)], ErrorName.ERR_MESSAGE_TOO_LONG),
    ],
)
def test_a_wrong_packet_is_named_and_the_next_message_is_taken(
    packets: list[bytes], error: ErrorName
) -> None:
    incoming = Reassembler(WIRE)
    for packet in packets[:-1]:
        assert incoming.add(packet) is None
    with pytest.raises(PacketError) as caught:
        incoming.add(packets[-1])
    assert caught.value.error is error
    assert incoming.add(b"\x01z") == (PacketKind.ENCRYPTED, b"z")


def test_cancel_is_taken_in_the_middle_and_drops_the_half() -> None:
    incoming = Reassembler(WIRE)
    assert incoming.add(b"\x81half") is None
    assert incoming.add(CANCEL) == (PacketKind.CONTROL, b"\x01")
    assert incoming.add(b"\x01z") == (PacketKind.ENCRYPTED, b"z")


def test_a_message_of_exactly_the_limit_is_taken_and_one_byte_more_is_not_sent() -> None:
    assert Reassembler(WIRE).add(b"\x01" + bytes(512)) == (PacketKind.ENCRYPTED, bytes(512))
    with pytest.raises(PacketError) as caught:
        cut(bytes(513), 244)
    assert caught.value.error is ErrorName.ERR_MESSAGE_TOO_LONG
    with pytest.raises(PacketError):
        cut(b"", 244)


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_noise_never_does_more_than_raise(noise: list[bytes]) -> None:
    incoming = Reassembler(WIRE)
    for packet in noise:
        try:
            incoming.add(packet)
        except PacketError as error:
            assert error.error in {
                ErrorName.BleInvalidPacketNumber,
                ErrorName.BlePacketParseError,
                ErrorName.ERR_MESSAGE_TOO_LONG,
            }
