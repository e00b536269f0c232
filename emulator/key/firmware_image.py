"""Images of the key's firmware, and the bench's own authority that signs them.

All of it is modelled. An image begins with a magic number, the model that it is for and its version; the authority
signs the whole. Its key pair is for tests only: anybody can derive it from the fixed text below.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from hideez_bench.protocol.boot_messages import BootVerify
from hideez_bench.protocol.channel import is_signed, private_key, public_bytes, sign
from hideez_bench.protocol.values import Version

LABEL = b"hideez-bench firmware authority, for tests only"
MAGIC = b"HKFW"
MODEL_SIZE = 8


@dataclass(frozen=True)
class FirmwareImage:
    """An image as it is sent to a key.

    Attributes:
        model: the code of the model that it is for, as `ST103`.
        version: of the firmware.
        code: the firmware itself, which the emulated key only keeps count of.
    """

    model: str
    version: Version
    code: bytes

    def build(self) -> bytes:
        """The bytes of it."""
        version = bytes([self.version.major, self.version.minor, self.version.patch])
        return MAGIC + self.model.encode().ljust(MODEL_SIZE, b"\0") + version + self.code

    @classmethod
    def parse(cls, data: bytes) -> FirmwareImage:
        """The image in these bytes.

        Raises:
            ValueError: they are none.
        """
        model, version = data[4 : 4 + MODEL_SIZE], data[4 + MODEL_SIZE : 7 + MODEL_SIZE]
        if data[:4] != MAGIC or len(version) != 3:
            raise ValueError("this is no image of a key's firmware")
        return cls(model.rstrip(b"\0").decode(), Version(*version), data[7 + MODEL_SIZE :])


@cache
def _authority() -> EllipticCurvePrivateKey:
    return private_key(lambda size: hashlib.shake_256(LABEL).digest(size))


def vouch_for(image: bytes) -> BootVerify:
    """The request to check an image, with the authority's signature."""
    return BootVerify(len(image), hashlib.sha256(image).digest(), sign(_authority(), image))


def is_of_the_authority(image: bytes, signature: bytes) -> bool:
    """Whether the authority has signed an image."""
    return is_signed(public_bytes(_authority()), signature, image)
