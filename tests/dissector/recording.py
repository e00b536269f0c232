"""Captures for tests, written byte by byte: btsnoop with HCI packets as an adapter's serial line carries them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from hideez_bench.protocol.profile import default_profile

HANDLE = 0x0040
INFO, MAIN = 0x0012, 0x0014
"""Handles of the characteristics' values."""

READ_REQUEST, READ_RESPONSE, WRITE_REQUEST, WRITE_RESPONSE = 0x0A, 0x0B, 0x12, 0x13
NOTIFICATION, MULTIPLE_NOTIFICATION, WRITE_COMMAND = 0x1B, 0x23, 0x52
BATTERY = 0x0030
"""Of another service's characteristic."""


class Recording:
    """A capture of the host's side of connections; `frames` counts its packets as Wireshark does."""

    def __init__(self) -> None:
        self.frames = 0
        self._records = b""

    def connect(self, connection: int = HANDLE, peer: int | None = None) -> None:
        """A connection to a peer of its own, or to the one whose address ends in `peer`."""
        address = bytes.fromhex("0102030405") + bytes([connection if peer is None else peer])
        body = struct.pack("<BBHBB6sHHHB", 1, 0, connection, 0, 1, address, 24, 0, 42, 0)
        self._add(b"\x04\x3e" + bytes([len(body)]) + body, received=True, event=True)

    def disconnect(self, connection: int = HANDLE) -> None:
        self._add(b"\x04\x05\x04" + struct.pack("<BHB", 0, connection, 0x13), received=True, event=True)

    def discover(self, connection: int = HANDLE, *, interrupted: bool = False) -> None:
        """The characteristics of the Hideez service, as a central learns of them.

        Args:
            connection: its handle.
            interrupted: the other side asks for something too, before it answers.
        """
        self._att(connection, struct.pack("<BHHH", 0x08, 1, 0xFFFF, 0x2803), received=False)
        if interrupted:
            self._att(connection, struct.pack("<BHHH", 0x08, 1, 0xFFFF, 0x2B2A), received=True)
            self._att(connection, struct.pack("<BBHB", 0x01, 0x08, 1, 0x0A), received=False)
        profile = default_profile()
        entries = b"".join(
            struct.pack("<HBH", value - 1, properties, value) + UUID(profile.uuid(name)).bytes[::-1]
            for name, properties, value in (("info", 0x02, INFO), ("main", 0x1C, MAIN))
        )
        self._att(connection, bytes([0x09, 21]) + entries, received=True)

    def to_key(self, packet: bytes, connection: int = HANDLE, opcode: int = WRITE_COMMAND) -> int:
        """Write a packet; return the number of its frame."""
        return self._att(connection, struct.pack("<BH", opcode, MAIN) + packet, received=False)

    def from_key(self, packet: bytes, connection: int = HANDLE) -> int:
        """Be notified of a packet; return the number of its frame."""
        return self._att(connection, struct.pack("<BH", NOTIFICATION, MAIN) + packet, received=True)

    def notify(self, values: Sequence[tuple[int, bytes]]) -> int:
        """Be notified of several values, by handle, in one message; return the number of its frame."""
        entries = b"".join(struct.pack("<HH", handle, len(value)) + value for handle, value in values)
        return self._att(HANDLE, bytes([MULTIPLE_NOTIFICATION]) + entries, received=True)

    def peer_writes(self, value: bytes) -> int:
        """The key's side writes to the host's own attribute with the same handle; return the frame's number."""
        return self._att(HANDLE, struct.pack("<BH", WRITE_COMMAND, MAIN) + value, received=True)

    def write_response(self) -> int:
        return self._att(HANDLE, bytes([WRITE_RESPONSE]), received=True)

    def read_info(self, value: bytes, connection: int = HANDLE) -> int:
        """Read the info characteristic; return the number of the frame with its value."""
        self._att(connection, struct.pack("<BH", READ_REQUEST, INFO), received=False)
        return self._att(connection, bytes([READ_RESPONSE]) + value, received=True)

    def save(self, path: Path) -> Path:
        path.write_bytes(b"btsnoop\0" + struct.pack(">II", 1, 1002) + self._records)
        return path

    def _att(self, connection: int, pdu: bytes, *, received: bool) -> int:
        l2cap = struct.pack("<HH", len(pdu), 4) + pdu
        flags = connection | (0x2000 if received else 0)
        return self._add(struct.pack("<BHH", 2, flags, len(l2cap)) + l2cap, received=received)

    def _add(self, packet: bytes, *, received: bool, event: bool = False) -> int:
        self.frames += 1
        time = 0x00E2F8B2CF3A4000 + 1000 * self.frames
        flags = int(received) | (2 if event else 0)
        self._records += struct.pack(">IIIIq", len(packet), len(packet), flags, 0, time) + packet
        return self.frames
