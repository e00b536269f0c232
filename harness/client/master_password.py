"""The master key of a key that has no server: made from a password that the person chooses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hideez_bench.protocol.secret import MasterKey, Password

SHORTEST = 8
"""Characters of a master password."""


@dataclass(frozen=True)
class Derivation:
    """PBKDF2 with the serial number as salt. Hash and iterations are not public, and modelled."""

    hash_name: str = "sha256"
    iterations: int = 100_000

    def master_key(self, password: Password, serial: str) -> MasterKey:
        """32 bytes without a zero byte, which no key takes: derived again from the last result as long as it takes."""
        derived = password.reveal()
        while True:
            derived = hashlib.pbkdf2_hmac(
                self.hash_name, derived, serial.encode("ascii"), self.iterations, 32
            )
            if 0 not in derived:
                return MasterKey(derived)
