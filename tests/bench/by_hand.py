"""What the layouts do, written by hand with struct for a few messages: what the declarations cost.

Not a second description of the wire: `test_by_hand.py` holds it to the first, and nothing but the benchmark uses it.
"""

from __future__ import annotations

import struct
from functools import reduce
from operator import or_

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import AccessLevel, Button, Lock
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.values import DeviceInfo, DeviceState, Version
from hideez_bench.protocol.wire import default_wire

_PROFILE = default_wire().profile
_STATUS = struct.Struct("<BbbBBBBb")
_LINK = struct.Struct("<B32sBB")
_ENVELOPE = struct.Struct("<BI")
_INFO_TAIL = struct.Struct("<3B3BbBBBBBHIIIBIH")
_STATUS_NUMBER = _PROFILE.number("control", "STATUS")
_LINK_NUMBER = _PROFILE.number("command", "LINK")
_BUTTONS = {_PROFILE.number("button", button): button for button in Button}
_BUTTON_NUMBERS = {button: number for number, button in _BUTTONS.items()}
_LEVELS = [(1 << _PROFILE.number("access_level", str(level.name)), level) for level in AccessLevel]
_LOCKS = [(1 << _PROFILE.number("lock", str(lock.name)), lock) for lock in Lock]


def build_status(status: m.Status) -> bytes:
    """STATUS to bytes."""
    s = status.state
    return _STATUS.pack(
        _STATUS_NUMBER,
        s.battery,
        s.rssi,
        s.pin_attempts,
        s.storage_update_counter,
        _BUTTON_NUMBERS[s.button],
        _level_number(s.access_level),
        s.other_connections,
    )


def parse_status(data: bytes) -> m.Status:
    """STATUS from bytes."""
    number, battery, rssi, pin_attempts, counter, button, level, others = _STATUS.unpack(data)
    if number != _STATUS_NUMBER or counter > 63:
        raise ValueError("no STATUS")
    return m.Status(
        DeviceState(battery, rssi, pin_attempts, counter, _BUTTONS[button], _level(level), others)
    )


def build_link(link: m.Link) -> bytes:
    """LINK to bytes."""
    code = link.code.reveal()
    if not (6 <= len(code) <= 8 and 3 <= link.attempts <= 15):
        raise ValueError("no LINK")
    return _LINK.pack(_LINK_NUMBER, link.key.reveal(), link.attempts, len(code)) + code


def parse_link(data: bytes) -> m.Link:
    """LINK from bytes."""
    number, key, attempts, length = _LINK.unpack_from(data)
    code = data[_LINK.size :]
    if number != _LINK_NUMBER or length != len(code) or not (6 <= length <= 8 and 3 <= attempts <= 15):
        raise ValueError("no LINK")
    return m.Link(MasterKey(key), attempts, ActivationCode(code))


def build_info(info: DeviceInfo) -> bytes:
    """DeviceInfo to bytes."""
    serial = info.serial.encode()
    f, b = info.firmware, info.bootloader
    return (
        bytes([len(serial)])
        + serial
        + _INFO_TAIL.pack(
            *(f.major, f.minor, f.patch, b.major, b.minor, b.patch, info.battery),
            *(_level_number(info.access_level), sum(mask for mask, lock in _LOCKS if lock in info.lock)),
            *(info.unlock_attempts, info.pin_attempts, info.pin_min_length, info.license_info),
            *(info.storage_total, info.storage_free, info.storage_timestamp, info.storage_update_counter),
            *(info.time, info.max_message),
        )
    )


def parse_info(data: bytes) -> DeviceInfo:
    """DeviceInfo from bytes."""
    end = 1 + data[0]
    serial = data[1:end].decode()
    f1, f2, f3, b1, b2, b3, battery, level, lock, *rest = _INFO_TAIL.unpack(data[end:])
    locks = reduce(or_, (one for mask, one in _LOCKS if lock & mask), Lock(0))
    return DeviceInfo(serial, Version(f1, f2, f3), Version(b1, b2, b3), battery, _level(level), locks, *rest)


def build_envelope(envelope: m.Envelope) -> bytes:
    """Envelope to bytes."""
    return _ENVELOPE.pack(envelope.channel, envelope.counter) + envelope.sealed


def parse_envelope(data: bytes) -> m.Envelope:
    """Envelope from bytes."""
    channel, counter = _ENVELOPE.unpack_from(data)
    return m.Envelope(channel, counter, data[_ENVELOPE.size :])


def reassemble(packets: list[bytes]) -> bytes:
    """One message out of its packets."""
    message = bytearray()
    for number, packet in enumerate(packets):
        header = packet[0]
        if header & 3 not in (1, 2) or header >> 2 & 31 != number % 32 or len(packet) < 2:
            raise ValueError("no packet")
        message += packet[1:]
        if len(message) > 512:
            raise ValueError("too long")
    if packets[-1][0] & 0x80:
        raise ValueError("not whole")
    return bytes(message)


def _level(number: int) -> AccessLevel:
    if number >= 64:
        raise ValueError("no access level")
    return reduce(or_, (level for mask, level in _LEVELS if number & mask), AccessLevel(0))


def _level_number(level: AccessLevel) -> int:
    return sum(mask for mask, one in _LEVELS if one in level)
