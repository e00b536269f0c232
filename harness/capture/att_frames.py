"""Bluetooth packets made around attribute values, as an adapter would have carried them.

Layouts: Bluetooth Core 5.4, Vol 4, Part E (events), Vol 3, Part A (L2CAP) and Part F (ATT). Each function returns a
packet with its type in front.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hideez_bench.protocol.services import Property, Service

ATT_CHANNEL = 4
FIRST_OUT, FIRST_IN = 0x0000, 0x2000
BLUETOOTH_BASE = UUID("00000000-0000-1000-8000-00805f9b34fb").bytes[4:]
PRIMARY_SERVICE, CHARACTERISTIC, CLIENT_CONFIGURATION = 0x2800, 0x2803, 0x2902
ATTRIBUTE_NOT_FOUND = 0x0A
LAST_HANDLE = 0xFFFF
PROPERTY_BITS = {
    Property.READ: 0x02,
    Property.WRITE_WITHOUT_RESPONSE: 0x04,
    Property.WRITE: 0x08,
    Property.NOTIFY: 0x10,
}


def connected(handle: int, *, central: bool, peer: str) -> bytes:
    """LE Connection Complete. `central` is True for the side that connected, `peer` the other one's address."""
    role = 0 if central else 1
    is_random = 1
    address = bytes.fromhex(peer.replace(":", ""))[::-1]
    interval, latency, timeout, accuracy = 24, 0, 42, 0
    body = struct.pack("<BHBB6s", 0, handle, role, is_random, address)
    return _event(0x3E, b"\x01" + body + struct.pack("<HHHB", interval, latency, timeout, accuracy))


def disconnected(handle: int, reason: int) -> bytes:
    """Disconnection Complete."""
    return _event(0x05, struct.pack("<BHB", 0, handle, reason))


def attribute(handle: int, pdu: bytes, *, received: bool) -> bytes:
    """An ATT message, whole, on a connection."""
    l2cap = struct.pack("<HH", len(pdu), ATT_CHANNEL) + pdu
    return struct.pack("<BHH", 2, handle | (FIRST_IN if received else FIRST_OUT), len(l2cap)) + l2cap


def _event(code: int, parameters: bytes) -> bytes:
    return bytes([4, code, len(parameters)]) + parameters


def uuid_bytes(uuid: str) -> bytes:
    """A UUID as ATT carries it: little-endian, 2 bytes where it is an assigned number."""
    raw = UUID(uuid).bytes
    short = raw[4:] == BLUETOOTH_BASE and raw[:2] == b"\0\0"
    return raw[3:1:-1] if short else raw[::-1]


@dataclass(frozen=True)
class _Characteristic:
    declaration: int
    properties: int
    uuid: bytes

    @property
    def value(self) -> int:
        return self.declaration + 1

    @property
    def configuration(self) -> int:
        return self.declaration + 2


@dataclass(frozen=True)
class _Service:
    first: int
    last: int
    uuid: bytes
    characteristics: tuple[_Characteristic, ...]


class AttributeTable:
    """Services with handles, given in their order from 1."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services: list[_Service] = []
        self._by_uuid: dict[str, _Characteristic] = {}
        free = 1
        for service in services:
            first = free
            free += 1
            characteristics = []
            for characteristic in service.characteristics:
                bits = sum(bit for flag, bit in PROPERTY_BITS.items() if flag in characteristic.properties)
                made = _Characteristic(free, bits, uuid_bytes(characteristic.uuid))
                self._by_uuid[characteristic.uuid] = made
                characteristics.append(made)
                free += 3 if Property.NOTIFY in characteristic.properties else 2
            self._services.append(_Service(first, free - 1, uuid_bytes(service.uuid), tuple(characteristics)))

    def value(self, uuid: str) -> int:
        """The handle of a characteristic's value."""
        return self._by_uuid[uuid].value

    def configuration(self, uuid: str) -> int:
        """The handle of the descriptor that switches a characteristic's notifications."""
        return self._by_uuid[uuid].configuration

    def discovery(self) -> list[tuple[bytes, bytes]]:
        """How a central finds it all: requests and their answers."""
        exchange = []
        after = 1
        for service in self._services:
            answer = struct.pack("<BBHH", 0x11, 4 + len(service.uuid), service.first, service.last)
            exchange.append(
                (struct.pack("<BHHH", 0x10, after, LAST_HANDLE, PRIMARY_SERVICE), answer + service.uuid)
            )
            after = service.last + 1
        exchange.append(_nothing_more(0x10, after, LAST_HANDLE, PRIMARY_SERVICE))
        for service in self._services:
            exchange += self._characteristics(service)
        return exchange

    def _characteristics(self, service: _Service) -> list[tuple[bytes, bytes]]:
        exchange = []
        after = service.first
        for each in service.characteristics:
            request = struct.pack("<BHHH", 0x08, after, service.last, CHARACTERISTIC)
            answer = struct.pack(
                "<BBHBH", 0x09, 5 + len(each.uuid), each.declaration, each.properties, each.value
            )
            exchange.append((request, answer + each.uuid))
            after = each.value
        exchange.append(_nothing_more(0x08, after, service.last, CHARACTERISTIC))
        for each in service.characteristics:
            if each.properties & PROPERTY_BITS[Property.NOTIFY]:
                request = struct.pack("<BHH", 0x04, each.configuration, each.configuration)
                answer = struct.pack("<BBHH", 0x05, 1, each.configuration, CLIENT_CONFIGURATION)
                exchange.append((request, answer))
        return exchange


def _nothing_more(opcode: int, first: int, last: int, kind: int) -> tuple[bytes, bytes]:
    request = struct.pack("<BHHH", opcode, first, last, kind)
    return request, error_response(opcode, first, ATTRIBUTE_NOT_FOUND)


def error_response(request: int, handle: int, code: int) -> bytes:
    """The ATT error that answers a request."""
    return struct.pack("<BBHB", 0x01, request, handle, code)
