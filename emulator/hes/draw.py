"""What the server draws at random: activation codes, master keys, ids.

The vendor takes codes from a generator that is not a cryptographic one, and turns each zero byte of a master key
into 0xFF, which makes that value twice as likely. Here both are drawn uniformly, by throwing away what is out of range.
"""

from __future__ import annotations

import uuid

from hideez_bench.protocol.channel import Random
from hideez_bench.protocol.secret import ActivationCode, MasterKey

FIRST_CODE, LAST_CODE = 100000, 999998
_CODE_BITS = (LAST_CODE - FIRST_CODE).bit_length()


def activation_code(random: Random) -> ActivationCode:
    """Six digits, uniform over the vendor's range 100000 to 999998."""
    while True:
        drawn = int.from_bytes(random(3), "big") & (1 << _CODE_BITS) - 1
        if drawn <= LAST_CODE - FIRST_CODE:
            return ActivationCode.from_text(str(FIRST_CODE + drawn))


def master_key(random: Random) -> MasterKey:
    """32 bytes, each uniform over 1 to 255: the key treats zero as no key."""
    value = b""
    while len(value) < 32:
        value += random(32 - len(value)).replace(b"\0", b"")
    return MasterKey(value)


def identifier(random: Random) -> str:
    """A UUID of version 4."""
    return str(uuid.UUID(bytes=random(16), version=4))
