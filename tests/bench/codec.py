"""The layouts against struct code written by hand, and what sealing costs beside them."""

from __future__ import annotations

from functools import partial
from typing import Any

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import HOST_TO_KEY, Opener, Sealer
from hideez_bench.protocol.names import PacketKind
from hideez_bench.protocol.packets import Reassembler, fragment
from hideez_bench.protocol.secret import ChannelKey
from hideez_bench.protocol.values import DeviceInfo
from hideez_bench.protocol.wire import default_wire
from tests.bench import by_hand
from tests.bench.timing import side_by_side
from tests.protocol.golden import load

WIRE = default_wire()


VALUES = [golden.value for golden in load()]
STATUS = next(value for value in VALUES if isinstance(value, m.Status))
LINK = next(value for value in VALUES if isinstance(value, m.Link))
INFO = next(
    value.body for value in VALUES if isinstance(value, m.Reply) and isinstance(value.body, DeviceInfo)
)
ENVELOPE = next(value for value in VALUES if isinstance(value, m.Envelope))

PAIRS: dict[str, tuple[Any, Any, Any, Any]] = {
    "STATUS": (STATUS, WIRE.from_key, by_hand.build_status, by_hand.parse_status),
    "LINK": (LINK, WIRE.request, by_hand.build_link, by_hand.parse_link),
    "DeviceInfo": (INFO, WIRE.device_info, by_hand.build_info, by_hand.parse_info),
    "envelope": (ENVELOPE, WIRE.envelope, by_hand.build_envelope, by_hand.parse_envelope),
}
"""For each message: a value, its layout, and the same by hand."""

LONG_MESSAGE = bytes(range(200))


def reassembled(packets: list[bytes]) -> bytes | None:
    """One message through the reassembler of the protocol."""
    incoming = Reassembler(WIRE)
    message = None
    for packet in packets:
        complete = incoming.add(packet)
        if complete:
            message = complete[1]
    return message


def sealed_and_opened() -> None:
    """One LINK through a channel, as the two ends do it."""
    key = ChannelKey(bytes(16))
    plain = WIRE.request.build(LINK)
    Opener(1, HOST_TO_KEY, key).open(Sealer(1, HOST_TO_KEY, key).seal(plain))


def main() -> None:
    """Print the comparison."""
    print("\nOne message: the layout against struct code by hand")
    for name, (value, layout, build, parse) in PAIRS.items():
        data = layout.build(value)
        side_by_side(
            f"{name}, {len(data)} bytes, build",
            {"layout": partial(layout.build, value), "by hand": partial(build, value)},
        )
        side_by_side(
            f"{name}, {len(data)} bytes, parse",
            {"layout": partial(layout.parse, data), "by hand": partial(parse, data)},
        )
    for size in (20, 244):
        packets = list(fragment(WIRE, PacketKind.ENCRYPTED, LONG_MESSAGE, size))
        side_by_side(
            f"reassembly, 200 bytes, {len(packets)} packets",
            {"Reassembler": partial(reassembled, packets), "by hand": partial(by_hand.reassemble, packets)},
        )
    side_by_side(
        "LINK, sealed and opened",
        {
            "seal and open": sealed_and_opened,
            "its layout": lambda: WIRE.request.parse(WIRE.request.build(LINK)),
        },
    )
