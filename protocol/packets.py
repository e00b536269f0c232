"""Messages to packets and back."""

from __future__ import annotations

from collections.abc import Iterator

from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import ErrorName, PacketKind
from hideez_bench.protocol.wire import Header, Packet, Wire

NUMBERS = 32  # five bits


class PacketError(WireError):
    """A packet that cannot be taken; `error` is what the receiver answers."""

    def __init__(self, reason: str, error: ErrorName, data: bytes = b"") -> None:
        super().__init__(reason, data=data, path="packet")
        self.error = error


def fragment(wire: Wire, kind: PacketKind, message: bytes, max_packet: int) -> Iterator[bytes]:
    """Cut a message into packets of at most `max_packet` bytes, header included.

    Raises:
        PacketError: the message is empty, or longer than the format allows.
    """
    if not message:
        raise PacketError("a message has at least one byte", ErrorName.BlePacketParseError)
    if len(message) > wire.profile.size("max_message"):
        raise PacketError("the message is too long", ErrorName.ERR_MESSAGE_TOO_LONG)
    step = max_packet - 1
    for count, start in enumerate(range(0, len(message), step)):
        header = Header(more=start + step < len(message), number=count % NUMBERS, kind=kind)
        yield wire.packet.build(Packet(header, message[start : start + step]))


class Reassembler:
    """Puts one direction's packets together again.

    A fragment out of order, an invalid kind, an empty body or a message over the limit raises, and drops what was
    being assembled; the next message starts anew. CANCEL is taken at any moment, and drops the same.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._limit = wire.profile.size("max_message")
        self._cancel = bytes([wire.profile.number("control", "CANCEL")])
        self.reset()

    def reset(self) -> None:
        """Drop what was being assembled."""
        self._kind: PacketKind | None = None
        self._next = 0
        self._message = bytearray()

    def add(self, packet: bytes) -> tuple[PacketKind, bytes] | None:
        """Take a packet; return the message that it completes, if it does.

        Raises:
            PacketError: the packet cannot be taken.
        """
        try:
            parsed = self._wire.packet.parse(packet)
        except WireError as error:
            self.reset()
            raise PacketError(str(error), ErrorName.BlePacketParseError, packet) from None
        header = parsed.header
        if self._is_cancel(parsed):
            self.reset()
            return PacketKind.CONTROL, parsed.body
        if header.number != self._next or self._kind not in (None, header.kind):
            expected = self._next
            self.reset()
            reason = f"fragment {header.number} came where {expected} was due"
            raise PacketError(reason, ErrorName.BleInvalidPacketNumber, packet)
        if len(self._message) + len(parsed.body) > self._limit:
            self.reset()
            raise PacketError(
                f"the message is longer than {self._limit} bytes", ErrorName.ERR_MESSAGE_TOO_LONG, packet
            )
        self._message += parsed.body
        self._kind, self._next = header.kind, (header.number + 1) % NUMBERS
        if header.more:
            return None
        message = bytes(self._message)
        self.reset()
        return header.kind, message

    def _is_cancel(self, packet: Packet) -> bool:
        return packet.body == self._cancel and packet.header == Header(
            more=False, number=0, kind=PacketKind.CONTROL
        )
