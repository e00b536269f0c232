"""The licence slots of the key."""

from __future__ import annotations

from collections.abc import Mapping

from hideez_bench.emulator.key.licence_authority import authority_public
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol.channel import is_signed
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.values import License
from hideez_bench.protocol.wire import Wire


def check_license(wire: Wire, data: bytes, serial: str) -> None:
    """Make sure that a licence is of the authority and for this key; an expired one is taken as well.

    Raises:
        Refused: with ERR_INVALID_LICENSE.
    """
    try:
        licence = wire.license.parse(data)
    except WireError:
        raise Refused(ErrorName.ERR_INVALID_LICENSE) from None
    signed = data[: -len(licence.signature)]
    if licence.serial != serial or not is_signed(authority_public(), licence.signature, signed):
        raise Refused(ErrorName.ERR_INVALID_LICENSE)


def choose_slot(wire: Wire, slots: Mapping[int, bytes], data: bytes) -> int:
    """The slot that holds the same licence, under whatever signature, or else the first free one.

    Raises:
        Refused: with ERR_UNSUPPORTED: all slots are filled with others.
    """
    wanted = wire.license.parse(data).signed_with(b"")
    for slot, held in slots.items():
        if wire.license.parse(held).signed_with(b"") == wanted:
            return slot
    free = [slot for slot in range(wire.profile.size("license_slots")) if slot not in slots]
    if not free:
        raise Refused(ErrorName.ERR_UNSUPPORTED)
    return free[0]


def active_license(wire: Wire, slots: Mapping[int, bytes], time: int) -> License:
    """The licence of the lowest slot that has not expired at this time, in Unix seconds.

    Raises:
        Refused: with ERR_LICENSE_EXPIRED.
    """
    for slot in sorted(slots):
        licence = wire.license.parse(slots[slot])
        if licence.expires > time:
            return licence
    raise Refused(ErrorName.ERR_LICENSE_EXPIRED)
