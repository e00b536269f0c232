"""A serial line: any stream, however it is cut, gives packets and defined errors; what was framed comes out."""

from __future__ import annotations

from collections.abc import Iterator

from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.packets import PacketError
from hideez_bench.protocol.serial_framing import FrameDecoder, encode
from hideez_bench.protocol.wire import default_wire
from tests.fuzz.tape import Tape, recorded
from tests.protocol.golden import load, read

LONGEST = default_wire().profile.size("serial_packet")
PACKET = b"\x02\x01"


def seeds() -> Iterator[bytes]:
    """Golden frames, whole and byte by byte, and golden packets framed."""
    for frame in read("golden_serial.toml")["frame"]:
        stream = bytes.fromhex(frame["hex"])
        yield recorded([stream])
        yield recorded(stream[place : place + 1] for place in range(len(stream)))
    yield recorded(encode(golden.data) for golden in load() if golden.layer == "packet")
    yield recorded([bytes(LONGEST + 10), encode(PACKET)])


def run(data: bytes) -> None:
    """The tape holds pieces of the stream."""
    decoder, at_once = FrameDecoder(LONGEST), FrameDecoder(LONGEST)
    pieces = []
    tape = Tape(data)
    while tape:
        pieces.append(tape.piece())
    found = [_checked(each) for piece in pieces for each in decoder.feed(piece)]
    assert found == [_checked(each) for each in at_once.feed(b"".join(pieces))]
    for packet in found:
        if packet:
            assert FrameDecoder(LONGEST).feed(encode(packet)) == [packet]
    assert decoder.feed(encode(PACKET))[-1] == PACKET


def _checked(found: bytes | PacketError) -> bytes:
    """A packet as it is; an empty one for an error."""
    if isinstance(found, PacketError):
        assert found.error is ErrorName.BlePacketParseError
        return b""
    assert 1 <= len(found) <= LONGEST
    return found
