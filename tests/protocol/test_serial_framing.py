"""Packets survive a serial line that cuts, adds and spoils; what is spoiled is named, and alone is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.packets import PacketError
from hideez_bench.protocol.serial_framing import END, FrameDecoder, crc16, encode
from hideez_bench.protocol.wire import default_wire
from tests.protocol.golden import read

LONGEST = default_wire().profile.size("serial_packet")
FRAMES = read("golden_serial.toml")["frame"]

packets = st.binary(min_size=1, max_size=LONGEST)
special = st.lists(st.sampled_from([0xC0, 0xDB, 0xDC, 0xDD]), min_size=1, max_size=20).map(bytes)


def good(found: list[bytes | PacketError]) -> list[bytes]:
    return [one for one in found if isinstance(one, bytes)]


def test_the_checksum_is_ccitt_false() -> None:
    assert crc16(b"123456789") == 0x29B1


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame["name"])
def test_golden_frames(frame: dict[str, Any]) -> None:
    packet, line = bytes.fromhex(frame["packet"]), bytes.fromhex(frame["hex"])
    assert encode(packet) == line
    assert FrameDecoder(LONGEST).feed(line) == [packet]


@given(st.lists(packets | special, max_size=8), st.data())
def test_packets_come_out_as_they_went_in_however_the_stream_is_cut(
    sent: list[bytes], data: st.DataObject
) -> None:
    line = b"".join(map(encode, sent))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(line)), max_size=20)))
    decoder = FrameDecoder(LONGEST)
    found = [
        one
        for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True)
        for one in decoder.feed(line[start:end])
    ]
    assert found == sent


@given(st.lists(st.tuples(st.binary(max_size=30), packets), max_size=6))
def test_noise_between_frames_costs_no_packet(sent: list[tuple[bytes, bytes]]) -> None:
    line = b"".join(noise + encode(packet) for noise, packet in sent)
    # What is noise and happens to be a frame is found as well; all that was sent is found, in its order.
    found = iter(good(FrameDecoder(LONGEST).feed(line)))
    assert all(packet in found for _, packet in sent)


@given(packets, st.data())
def test_a_damaged_frame_is_dropped_and_named_and_the_next_is_taken(
    packet: bytes, data: st.DataObject
) -> None:
    line = bytearray(encode(packet))
    place = data.draw(st.integers(1, len(line) - 2))
    line[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte not in (line[place], END)))
    found = FrameDecoder(LONGEST).feed(bytes(line) + encode(b"next"))
    assert found[-1] == b"next"
    assert len(found) == 2
    assert isinstance(found[0], PacketError)
    assert found[0].error is ErrorName.BlePacketParseError


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"\x02\x01\x00\x00", "wrong checksum"),
        (b"\xff\xff", "wrong checksum"),  # the checksum of nothing, around nothing
        (b"\x00", "wrong checksum"),
        (b"\x02\xdb", "within an escape"),
        (b"\x02\xdb\x01\x00", "follows an escape"),
        (bytes(LONGEST + 3), "longer than"),
    ],
)
def test_every_way_of_being_no_frame_has_its_reason(frame: bytes, reason: str) -> None:
    (error,) = FrameDecoder(LONGEST).feed(frame + bytes([END]))
    assert isinstance(error, PacketError)
    assert error.error is ErrorName.BlePacketParseError
    assert reason in str(error)


def test_the_longest_packet_is_taken() -> None:
    packet = bytes([END]) * LONGEST
    assert FrameDecoder(LONGEST).feed(encode(packet)) == [packet]


def test_a_line_that_never_ends_a_frame_takes_no_memory() -> None:
    decoder = FrameDecoder(LONGEST)
    for _ in range(1000):
        assert decoder.feed(bytes(1000)) == []
    assert len(decoder._frame) <= LONGEST + 3
    (error,) = decoder.feed(bytes([END]))
    assert isinstance(error, PacketError)
    assert decoder.feed(encode(b"next")) == [b"next"]
