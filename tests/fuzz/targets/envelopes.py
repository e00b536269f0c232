"""Envelopes: what was sealed opens once and in order, anything else is refused, and what is inside is one request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hideez_bench.protocol.channel import HOST_TO_KEY, ChannelError, Opener, Sealer
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.secret import ChannelKey
from hideez_bench.protocol.wire import default_wire
from tests.fuzz.tape import Tape, recorded
from tests.protocol.golden import load

WIRE = default_wire()
KEY = ChannelKey(bytes(16))
INVENTED, SEALED, ALTERED, REPEATED = range(4)


def seeds() -> Iterator[bytes]:
    """Golden envelopes as they are, and each golden request sealed, altered and sent again."""
    for golden in load():
        if golden.layer == "envelope":
            yield recorded([INVENTED, golden.data])
        if golden.layer == "request":
            yield recorded([SEALED, golden.data, REPEATED, ALTERED, golden.data, 3, SEALED, golden.data])


def run(data: bytes) -> None:
    """The tape holds what arrives: how it came about, then the bytes."""
    sealer, opener = Sealer(1, HOST_TO_KEY, KEY), Opener(1, HOST_TO_KEY, KEY)
    latest = sealer.seal(b"")
    tape = Tape(data)
    while tape:
        kind = tape.byte() % 4
        if kind == INVENTED:
            _refuse(opener, tape.piece())
        elif kind == SEALED:
            plain = tape.piece()
            latest = sealer.seal(plain)
            assert opener.open(latest) == plain
            _read(plain)
        elif kind == ALTERED:
            envelope = sealer.seal(tape.piece())
            altered = bytearray(envelope.sealed)
            altered[tape.byte() % len(altered)] ^= 0x40
            _refuse(opener, WIRE.envelope.build(replace(envelope, sealed=bytes(altered))))
        else:
            opener.open(sealer.seal(b""))
            _refuse(opener, WIRE.envelope.build(latest))


def _refuse(opener: Opener, data: bytes) -> None:
    try:
        opener.open(WIRE.envelope.parse(data))
    except (WireError, ChannelError):
        return
    raise AssertionError("an envelope that nobody sealed was opened")


def _read(plain: bytes) -> None:
    try:
        WIRE.request.parse(plain)
    except WireError:
        return
