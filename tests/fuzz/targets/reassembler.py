"""Packets in any order: a message, nothing yet, or one of three errors, after which the next message is taken."""

from __future__ import annotations

from collections.abc import Iterator

from hideez_bench.protocol.names import ErrorName, PacketKind
from hideez_bench.protocol.packets import PacketError, Reassembler, fragment
from hideez_bench.protocol.wire import default_wire
from tests.fuzz.tape import Tape, recorded
from tests.protocol.golden import load

WIRE = default_wire()
LIMIT = WIRE.profile.size("max_message")
ERRORS = {ErrorName.BleInvalidPacketNumber, ErrorName.BlePacketParseError, ErrorName.ERR_MESSAGE_TOO_LONG}


def seeds() -> Iterator[bytes]:
    """Golden packets, each golden message in fragments, a message of the greatest length, and a broken one."""
    goldens = load()
    yield recorded(golden.data for golden in goldens if golden.layer == "packet")
    for golden in goldens:
        if golden.layer in ("to_key", "from_key", "envelope"):
            yield recorded(fragment(WIRE, PacketKind.CONTROL, golden.data, 20))
    longest = list(fragment(WIRE, PacketKind.ENCRYPTED, bytes(LIMIT), 20))
    yield recorded(longest)
    yield recorded([*longest[:5], *longest[6:]])


def run(data: bytes) -> None:
    """The tape holds packets."""
    incoming = Reassembler(WIRE)
    tape = Tape(data)
    while tape:
        try:
            complete = incoming.add(tape.piece())
        except PacketError as error:
            assert error.error in ERRORS
            assert incoming.add(b"\x01z") == (PacketKind.ENCRYPTED, b"z")
            continue
        if complete is not None:
            assert 1 <= len(complete[1]) <= LIMIT
