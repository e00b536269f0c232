"""From ATT messages to what a GATT client does with named characteristics.

Which handle is which characteristic is learned from the discovery that the capture shows. Layouts: Bluetooth Core 5.4,
Vol 3, Part F, 3.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from hideez_bench.protocol.profile import Profile

ERROR, MTU_REQUEST, MTU_RESPONSE = 0x01, 0x02, 0x03
FIND_INFORMATION_RESPONSE = 0x05
READ_BY_TYPE_REQUEST, READ_BY_TYPE_RESPONSE = 0x08, 0x09
READ_REQUEST, READ_RESPONSE = 0x0A, 0x0B
WRITE_REQUEST, WRITE_RESPONSE, WRITE_COMMAND = 0x12, 0x13, 0x52
PREPARE_WRITE_REQUEST, EXECUTE_WRITE_REQUEST = 0x16, 0x18
NOTIFICATION, INDICATION, CONFIRMATION, SEVERAL_NOTIFICATIONS = 0x1B, 0x1D, 0x1E, 0x23

FROM_CLIENT = frozenset(
    (0x02, 0x04, 0x06, 0x08, 0x0A, 0x0C, 0x0E, 0x10, 0x12, 0x16, 0x18, 0x1E, 0x20, 0x52, 0xD2)
)
FROM_SERVER = frozenset(
    (0x01, 0x03, 0x05, 0x07, 0x09, 0x0B, 0x0D, 0x0F, 0x11, 0x13, 0x17, 0x19, 0x1B, 0x1D, 0x21, 0x23)
)
CHARACTERISTIC = struct.pack("<H", 0x2803)
SHORT_UUIDS, LONG_UUIDS = 1, 2
CLIENT_CONFIGURATION = struct.pack("<H", 0x2902)
BLUETOOTH_BASE = UUID("00000000-0000-1000-8000-00805f9b34fb").bytes[::-1][:12]
LONGEST_VALUE = 512
"""Bytes that an attribute holds at most."""

MOST_HANDLES = 2000
ATT_ERRORS = {
    0x01: "invalid handle",
    0x02: "read not permitted",
    0x03: "write not permitted",
    0x05: "insufficient authentication",
    0x06: "request not supported",
    0x07: "invalid offset",
    0x08: "insufficient authorisation",
    0x0A: "attribute not found",
    0x0D: "invalid length",
    0x0E: "unlikely error",
    0x0F: "insufficient encryption",
}


class Act(StrEnum):
    """What a client and a server can do that is of interest here."""

    FOUND = "found"
    MTU = "mtu"
    READ = "read"
    SUBSCRIBED = "subscribed"
    WRITTEN = "written"
    NOTIFIED = "notified"
    REFUSED = "refused"


class Deed(NamedTuple):
    """One thing done with a named characteristic.

    `value` is its value, or, as little-endian numbers, the handle for FOUND, the size for MTU and the ATT error for
    REFUSED.
    """

    act: Act
    name: str
    value: bytes


class MalformedAtt(Exception):
    """An ATT message that makes no sense."""


def names_of(profile: Profile) -> dict[bytes, str]:
    """The profile's names of its UUIDs, as ATT carries these: little-endian, in 16 bytes."""
    return {
        UUID(str(item.value)).bytes[::-1]: item.name
        for item in profile.items.values()
        if item.section == "uuid"
    }


@dataclass
class Server:
    """One side of a connection as a GATT server, and what the client has asked of it.

    Attributes:
        names: the characteristics by the handle of their value.
    """

    uuids: Mapping[bytes, str]
    names: dict[int, str] = field(default_factory=dict)
    _configurations: dict[int, str] = field(default_factory=dict)
    _asked: bytes = b""
    _prepared: dict[int, bytearray] = field(default_factory=dict)

    def take(self, pdu: bytes) -> Iterator[Deed]:
        """What a message means, from the client or from this server.

        Raises:
            MalformedAtt: nothing.
        """
        opcode = pdu[0] if pdu else None
        try:
            if opcode == NOTIFICATION:
                yield from self._notified(pdu[1:])
            elif opcode in FROM_CLIENT:
                yield from self._from_client(pdu)
            elif opcode in FROM_SERVER:
                yield from self._from_server(pdu)
            else:
                raise MalformedAtt("an ATT message of an unknown kind")
        except (struct.error, IndexError):
            raise MalformedAtt("an ATT message is too short") from None

    def _notified(self, body: bytes) -> Iterator[Deed]:
        (handle,) = struct.unpack_from("<H", body)
        if name := self.names.get(handle):
            yield Deed(Act.NOTIFIED, name, body[2:])

    def _from_client(self, pdu: bytes) -> Iterator[Deed]:
        opcode = pdu[0]
        if opcode == WRITE_COMMAND:
            yield from self._written(pdu)
            return
        if opcode == CONFIRMATION:
            return
        self._asked = pdu
        if opcode == WRITE_REQUEST:
            yield from self._written(pdu)
        elif opcode == PREPARE_WRITE_REQUEST:
            handle, place = struct.unpack_from("<HH", pdu, 1)
            if handle in self.names and place + len(pdu) - 5 <= LONGEST_VALUE:
                value = self._prepared.setdefault(handle, bytearray())
                value[place:] = pdu[5:]
        elif opcode == EXECUTE_WRITE_REQUEST:
            if pdu[1] == 1:
                for handle, value in self._prepared.items():
                    if name := self.names.get(handle):
                        yield Deed(Act.WRITTEN, name, bytes(value))
            self._prepared.clear()

    def _written(self, pdu: bytes) -> Iterator[Deed]:
        (handle,) = struct.unpack_from("<H", pdu, 1)
        value = pdu[3:]
        if name := self.names.get(handle):
            yield Deed(Act.WRITTEN, name, value)
        elif name := self._configured(handle, value):
            yield Deed(Act.SUBSCRIBED, name, value)

    def _configured(self, handle: int, value: bytes) -> str | None:
        """The characteristic whose notifications are switched by this write, if that is what it does."""
        if name := self._configurations.get(handle):
            return name
        # Where the descriptor was not discovered: nearly always it follows its value.
        return self.names.get(handle - 1) if len(value) == 2 else None

    def _from_server(self, pdu: bytes) -> Iterator[Deed]:
        opcode = pdu[0]
        if opcode == INDICATION:
            yield from self._notified(pdu[1:])
            return
        if opcode == SEVERAL_NOTIFICATIONS:
            rest = pdu[1:]
            while rest:
                handle, length = struct.unpack_from("<HH", rest)
                yield from self._notified(struct.pack("<H", handle) + rest[4 : 4 + length])
                rest = rest[4 + length :]
            return
        asked, self._asked = self._asked, b""
        if opcode == ERROR:
            request, handle, code = struct.unpack_from("<BHB", pdu, 1)
            name = self.names.get(handle) or self._configurations.get(handle)
            if name and request in (READ_REQUEST, WRITE_REQUEST):
                yield Deed(Act.REFUSED, name, bytes([code]))
        elif opcode == READ_RESPONSE and asked[:1] == bytes([READ_REQUEST]):
            if name := self.names.get(struct.unpack_from("<H", asked, 1)[0]):
                yield Deed(Act.READ, name, pdu[1:])
        elif opcode == READ_BY_TYPE_RESPONSE:
            yield from self._read_by_type(asked, pdu)
        elif opcode == FIND_INFORMATION_RESPONSE:
            yield from self._found_information(pdu)
        elif opcode == MTU_RESPONSE and asked[:1] == bytes([MTU_REQUEST]):
            client, server = struct.unpack_from("<H", asked, 1)[0], struct.unpack_from("<H", pdu, 1)[0]
            yield Deed(Act.MTU, "", struct.pack("<H", max(min(client, server), 23)))

    def _read_by_type(self, asked: bytes, pdu: bytes) -> Iterator[Deed]:
        size = pdu[1]
        entries = (pdu[place : place + size] for place in range(2, len(pdu) - size + 1, size or 1))
        if asked[5:] == CHARACTERISTIC and size in (7, 21):
            for entry in entries:
                yield from self._found(struct.unpack_from("<H", entry, 3)[0], entry[5:])
        elif name := self.uuids.get(_long(asked[5:])):
            # A client may read a characteristic by its UUID, without knowing a handle.
            for entry in entries:
                yield from self._found(struct.unpack_from("<H", entry)[0], asked[5:])
                yield Deed(Act.READ, name, entry[2:])

    def _found_information(self, pdu: bytes) -> Iterator[Deed]:
        size = {SHORT_UUIDS: 4, LONG_UUIDS: 18}.get(pdu[1])
        if size is None:
            raise MalformedAtt("an ATT message lists attributes in an unknown form")
        for place in range(2, len(pdu) - size + 1, size):
            (handle,) = struct.unpack_from("<H", pdu, place)
            uuid = pdu[place + 2 : place + size]
            if uuid != CLIENT_CONFIGURATION:
                yield from self._found(handle, uuid)
            elif len(self._configurations) < MOST_HANDLES:
                before = max((value for value in self.names if value < handle), default=None)
                if before is not None and handle - before <= 4:
                    self._configurations[handle] = self.names[before]

    def _found(self, handle: int, uuid: bytes) -> Iterator[Deed]:
        name = self.uuids.get(_long(uuid))
        if name is None:
            # Another table than the one that was learned: forget what stood here.
            self.names.pop(handle, None)
        elif self.names.get(handle) != name and len(self.names) < MOST_HANDLES:
            self.names[handle] = name
            yield Deed(Act.FOUND, name, struct.pack("<H", handle))


def _long(uuid: bytes) -> bytes:
    return BLUETOOTH_BASE + uuid + b"\0\0" if len(uuid) == 2 else uuid
