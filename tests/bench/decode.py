"""How many packets of a capture are decoded in a second of the processor's time."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from statistics import median

from hideez_bench.harness.capture.decode import Decoder, read_frames
from hideez_bench.protocol.wire import default_wire
from tests.capture import by_hand
from tests.capture.by_hand import Packet

ROUNDS = 5
ACTIVATIONS = 20
STATUSES = 20_000
HANDLE = 0x40


def activations() -> bytes:
    """A recording of an activation, many times over: most of it is not the key's."""
    header = 16
    return by_hand.ACTIVATION + by_hand.ACTIVATION[header:] * (ACTIVATIONS - 1)


def nothing_but_status() -> bytes:
    """A key at rest whose signal goes up and down, and whose battery down: every packet is the key's."""

    def packets() -> Iterator[Packet]:
        yield by_hand.connect(HANDLE)
        yield from by_hand.discovery(HANDLE)
        yield from by_hand.to_key(HANDLE, by_hand.CANCEL)
        for number in range(STATUSES):
            changing = bytes([100 - number // 500, 200 + number * 7 % 30])
            yield from by_hand.from_key(HANDLE, by_hand.STATUS[:2] + changing + by_hand.STATUS[4:])

    return by_hand.btsnoop(list(packets()))


def main() -> None:
    """Print the figures."""
    print("\nDecoding a capture")
    keys = by_hand.activation_keys()
    status = nothing_but_status()
    for name, capture, every_status in (
        ("activations", activations(), False),
        ("STATUS, what is new", status, False),
        ("STATUS, every one", status, True),
    ):
        seconds = []
        for _ in range(ROUNDS):
            decoder = Decoder(default_wire(), keys=keys, every_status=every_status)
            started = time.process_time()
            lines = sum(1 for _ in decoder.decode(read_frames(io.BytesIO(capture))))
            seconds.append(time.process_time() - started)
        rate = decoder.frames / median(seconds)
        print(
            f"{name:20} {decoder.frames:8,} packets, {lines:7,} lines   {rate:10,.0f} packets a second",
            flush=True,
        )
