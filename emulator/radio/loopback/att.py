"""ATT error codes, and the D-Bus errors in which BlueZ's two sides speak of them.

On its way from an application to a central an error changes its form twice: the application's D-Bus error becomes
a code on the air, and the code becomes another D-Bus error. Both tables are BlueZ's.
"""

from __future__ import annotations

from dbus_fast import Message

from hideez_bench.emulator.radio.loopback.objects import BusError

READ_NOT_PERMITTED = 0x02
WRITE_NOT_PERMITTED = 0x03
REQUEST_NOT_SUPPORTED = 0x06
INVALID_OFFSET = 0x07
INSUFFICIENT_AUTHORIZATION = 0x08
INVALID_LENGTH = 0x0D
UNLIKELY = 0x0E
APPLICATION = 0x80
IN_PROGRESS = 0xFE

MAX_VALUE = 512
"""Bytes that an attribute can hold (Bluetooth Core 5.4, Vol 3, Part F, 3.2.9)."""

_FROM_APPLICATION = {
    "org.bluez.Error.NotSupported": REQUEST_NOT_SUPPORTED,
    "org.bluez.Error.InvalidOffset": INVALID_OFFSET,
    "org.bluez.Error.NotAuthorized": INSUFFICIENT_AUTHORIZATION,
    "org.bluez.Error.InvalidValueLength": INVALID_LENGTH,
    "org.bluez.Error.InProgress": IN_PROGRESS,
}
_TO_CENTRAL = {
    READ_NOT_PERMITTED: ("NotPermitted", "Read not permitted"),
    WRITE_NOT_PERMITTED: ("NotPermitted", "Write not permitted"),
    REQUEST_NOT_SUPPORTED: ("NotSupported", "Operation is not supported"),
    INVALID_OFFSET: ("InvalidArguments", "Invalid offset"),
    INSUFFICIENT_AUTHORIZATION: ("NotAuthorized", "Operation Not Authorized"),
    INVALID_LENGTH: ("InvalidArguments", "Invalid Length"),
}


def code_of(reply: Message, not_permitted: int) -> int:
    """The ATT code for an application's error reply. `not_permitted` is the code of its NotPermitted."""
    name, text = reply.error_name or "", str(reply.body[0]) if reply.body else ""
    if name == "org.bluez.Error.NotPermitted":
        return not_permitted
    if name == "org.bluez.Error.Failed":
        return _application_code(text)
    return _FROM_APPLICATION.get(name, UNLIKELY)


def error_of(code: int) -> BusError:
    """What a central's BlueZ makes of an ATT code."""
    name, text = _TO_CENTRAL.get(code, ("Failed", f"Operation failed with ATT error: 0x{code:02x}"))
    return BusError(name, text)


def _application_code(text: str) -> int:
    """The code that an application wrote into the text of its error, if it is one that it may use."""
    try:
        code = int(text, 0)
    except ValueError:
        return APPLICATION
    return code if APPLICATION <= code <= 0x9F else APPLICATION
