"""Every container and data link: the same exchange, written by hand, comes out the same."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pytest

from hideez_bench.harness.capture.frames import NotACapture
from tests.capture import by_hand
from tests.capture.by_hand import SIMPLE, SIMPLE_TEXTS, Packet, decode, texts

FORMATS: dict[str, Callable[[Sequence[Packet]], bytes]] = {
    "btsnoop 1001": by_hand.btsnoop_unencapsulated,
    "btsnoop 1002": by_hand.btsnoop,
    "btsnoop 2001": by_hand.btsnoop_monitor,
    "pcap 187": lambda packets: by_hand.pcap(packets, 187),
    "pcap 201": lambda packets: by_hand.pcap(packets, 201),
    "pcap 201 big-endian": lambda packets: by_hand.pcap(packets, 201, ">"),
    "pcap 254 nanoseconds": lambda packets: by_hand.pcap(packets, 254, nanoseconds=True),
    "pcapng 187": lambda packets: by_hand.pcapng(packets, 187),
    "pcapng 201": lambda packets: by_hand.pcapng(packets, 201),
    "pcapng 254": lambda packets: by_hand.pcapng(packets, 254),
    "pcapng 254 big-endian": lambda packets: by_hand.pcapng(packets, 254, ">"),
}


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_the_same_exchange_in_every_format(form: Callable[[Sequence[Packet]], bytes]) -> None:
    assert texts(decode(form(SIMPLE))) == SIMPLE_TEXTS


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_times_and_places(form: Callable[[Sequence[Packet]], bytes]) -> None:
    capture = form(SIMPLE)
    first, *_, last = decode(capture)
    assert (first.time, last.time) == (1_700_000_000_000_000, 1_700_000_000_006_000)
    assert last.frame - first.frame == len(SIMPLE) - 1
    # The last packet's record is what the capture ends with.
    assert decode(capture[: last.offset])[-1].frame == last.frame - 1


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_messages_in_pieces(form: Callable[[Sequence[Packet]], bytes]) -> None:
    # Where the capture does not tell the direction, it is that of the message that began last.
    packets = [
        connect
        for part in (
            [by_hand.connect(0x40)],
            by_hand.discovery(0x40),
            by_hand.to_key(0x40, by_hand.CANCEL, pieces=3),
            by_hand.from_key(0x40, by_hand.STATUS, pieces=8),
        )
        for connect in part
    ]
    assert texts(decode(form(packets))) == SIMPLE_TEXTS[:5]


@pytest.mark.parametrize("size", range(16))
def test_less_than_a_header_is_no_capture(size: int) -> None:
    with pytest.raises(NotACapture):
        decode(by_hand.btsnoop([])[:size])


@pytest.mark.parametrize(
    ("capture", "why"),
    [
        (b"", "begins like none"),
        (b"PK\x03\x04 and so on", "begins like none"),
        (b"btsnoop\0\0\0\0\2\0\0\3\xea", "version 2"),
        (b"btsnoop\0\0\0\0\1\0\0\3\xec", "1004 .H5."),
        (by_hand.pcap([])[:20] + bytes([1, 0, 0, 0]), "link type 1 is not Bluetooth"),
        (by_hand.pcap([])[:20] + bytes([251, 0, 0, 0]), "in the air"),
        (b"\x0a\x0d\x0d\x0a" + b"nonsense", "does not go on"),
    ],
)
def test_what_is_no_capture_is_said(capture: bytes, why: str) -> None:
    with pytest.raises(NotACapture, match=why):
        decode(capture)


def test_a_capture_without_packets_is_one() -> None:
    assert (
        decode(by_hand.btsnoop([])) == decode(by_hand.pcap([])) == decode(by_hand.btsnoop_monitor([])) == []
    )


def test_blocks_of_pcapng_without_time() -> None:
    """Simple and obsolete packet blocks, and blocks that are none of ours."""
    section = by_hand.block("<", 0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = by_hand.block("<", 1, struct.pack("<HHI", 187, 0, 0))
    statistics = by_hand.block("<", 5, bytes(12))
    packets = []
    for number, packet in enumerate(SIMPLE):
        data = bytes([packet.kind]) + packet.data
        simple = by_hand.block("<", 3, struct.pack("<I", len(data)) + data)
        old = by_hand.block("<", 2, struct.pack("<HHIIII", 0, 0, 0, 1, len(data), len(data)) + data)
        packets += [simple if number % 2 else old, statistics]
    assert texts(decode(section + interface + b"".join(packets))) == SIMPLE_TEXTS


def test_a_pcapng_file_with_two_sections() -> None:
    two = by_hand.pcapng(SIMPLE) + by_hand.pcapng(SIMPLE, order=">")
    again = [text for text in SIMPLE_TEXTS if "characteristic" not in text]
    assert texts(decode(two)) == SIMPLE_TEXTS + again
