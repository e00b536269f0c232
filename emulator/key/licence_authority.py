"""The bench's own licence authority, which issues the licences that the emulated key accepts.

The vendor's is unknown. This one's key pair is for tests only: anybody can derive it from the fixed text below.
"""

from __future__ import annotations

import hashlib
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from hideez_bench.protocol.channel import private_key, public_bytes, sign
from hideez_bench.protocol.values import License
from hideez_bench.protocol.wire import Wire, default_wire

LABEL = b"hideez-bench licence authority, for tests only"


@cache
def _authority() -> EllipticCurvePrivateKey:
    return private_key(lambda size: hashlib.shake_256(LABEL).digest(size))


def authority_public() -> bytes:
    """The public key that the firmware holds: a compressed P-256 point."""
    return public_bytes(_authority())


def signed_part(wire: Wire, licence: License) -> bytes:
    """What the authority signs: all but the signature."""
    return wire.license.build(licence)[: -len(licence.signature)]


def issue_license(
    serial: str, expires: int, *, issuer: int = 1, features: int = 1, text: str = "", wire: Wire | None = None
) -> bytes:
    """A licence of 128 bytes for the key `serial`, good until `expires` (Unix seconds).

    Raises:
        WireError: the serial number (16 bytes) or the text (36) is too long, or a number out of range.
    """
    wire = wire or default_wire()
    unsigned = License(issuer, features, expires, serial, text, bytes(64))
    return wire.license.build(unsigned.signed_with(sign(_authority(), signed_part(wire, unsigned))))
