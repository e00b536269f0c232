"""Packets on a serial line: SLIP frames (RFC 1055) that end in a CRC-16/CCITT-FALSE, low byte first.

Pure: bytes in, packets out. A frame begins and ends with END, so that noise on an idle line becomes a frame of its own,
which its CRC gives away, and spoils no packet.
"""

from __future__ import annotations

import binascii

from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.packets import PacketError

END, ESC, ESC_END, ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD
CRC_SIZE = 2


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, initially 0xFFFF, not reflected; 0x29B1 for `123456789`."""
    return binascii.crc_hqx(data, 0xFFFF)


def encode(packet: bytes) -> bytes:
    """The frame of a packet, END at both ends."""
    body = packet + crc16(packet).to_bytes(CRC_SIZE, "little")
    escaped = body.replace(bytes([ESC]), bytes([ESC, ESC_ESC])).replace(bytes([END]), bytes([ESC, ESC_END]))
    return bytes([END]) + escaped + bytes([END])


class FrameDecoder:
    """Finds the packets in a stream of bytes, however it is cut into pieces.

    `longest` is the longest packet, in bytes; a longer frame is given up where it exceeds it, so that a line that
    never sends END takes no memory.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest + CRC_SIZE
        self._frame = bytearray()
        self._escaped = False
        self._fault = ""

    def feed(self, data: bytes) -> list[bytes | PacketError]:
        """What the stream has come to: each whole packet, and for each frame that was dropped an error that says why.

        The error is `BlePacketParseError`, to be answered by a control ERROR; the next frame is taken again.
        """
        found: list[bytes | PacketError] = []
        for byte in data:
            if byte != END:
                self._add(byte)
            elif self._frame or self._escaped or self._fault:
                found.append(self._finish())
        return found

    def _add(self, byte: int) -> None:
        if self._fault:
            return
        if self._escaped:
            self._escaped = False
            if byte not in (ESC_END, ESC_ESC):
                self._fault = f"0x{byte:02x} follows an escape in a serial frame"
                return
            self._frame.append(END if byte == ESC_END else ESC)
        elif byte == ESC:
            self._escaped = True
        else:
            self._frame.append(byte)
        if len(self._frame) > self._longest:
            self._fault = f"a serial frame is longer than {self._longest} bytes"

    def _finish(self) -> bytes | PacketError:
        frame, fault = bytes(self._frame), self._fault
        if not fault and self._escaped:
            fault = "a serial frame ends within an escape"
        self._frame.clear()
        self._escaped, self._fault = False, ""
        packet, crc = frame[:-CRC_SIZE], int.from_bytes(frame[-CRC_SIZE:], "little")
        if not fault and (not packet or crc16(packet) != crc):
            fault = "a serial frame has a wrong checksum"
        return PacketError(fault, ErrorName.BlePacketParseError, frame) if fault else packet
