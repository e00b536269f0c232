"""Captures: any file gives a timeline, which says where the file is damaged, or one sentence that it is no capture."""

from __future__ import annotations

import io
from collections.abc import Iterator

from hideez_bench.harness.capture.decode import Decoder, Handles, read_frames
from hideez_bench.harness.capture.frames import CaptureDamaged, NotACapture
from tests.capture import by_hand
from tests.capture.by_hand import WIRE

KEYS = by_hand.activation_keys()


def seeds() -> Iterator[bytes]:
    """A short capture in every format, and the beginning of a real one."""
    yield by_hand.btsnoop(by_hand.SIMPLE)
    yield by_hand.btsnoop_unencapsulated(by_hand.SIMPLE)
    yield by_hand.btsnoop_monitor(by_hand.SIMPLE)
    for order in "<>":
        for link in (187, 201, 254):
            yield by_hand.pcap(by_hand.SIMPLE, link, order)
            yield by_hand.pcapng(by_hand.SIMPLE, link, order)
    yield by_hand.ACTIVATION[:4096]


def run(data: bytes) -> None:
    """The input is the file."""
    decoder = Decoder(WIRE, keys=KEYS, handles=Handles(by_hand.MAIN, by_hand.INFO), every_status=True)
    try:
        for entry in decoder.decode(read_frames(io.BytesIO(data))):
            assert entry.text
            assert 0 <= entry.offset <= len(data)
    except (NotACapture, CaptureDamaged) as error:
        assert str(error)
