"""Peculiarities of the vendor's server that are mended by default, and come back with `Hes(strict_compat=True)`.

Those that are always as with the vendor are in docs/hes.md only.
"""

from __future__ import annotations

from enum import StrEnum


class Quirk(StrEnum):
    """A peculiarity, by its number in docs/hes.md."""

    NO_ACCESS_AFTER_SUSPENSION = "Q4"
    """From Suspended to Active no Access is sent, even to a key that never had an access profile."""
    REST_REMOVAL_WAITS = "Q8"
    """Removal by REST starts an accounts update only, so that the wipe waits for the next connection."""
    UNKNOWN_KEY_IS_A_FAULT = "Q11"
    """A client that asks for an unknown key gets a general error, not HesDeviceNotFound."""
    ACCOUNTS_OF_ANY_STATUS = "Q12"
    """An accounts update is tried whatever the status of the vault, and so against keys that are not linked."""
    COMPROMISED_KEY_IS_LEFT_ALONE = "Q13"
    """A connected key that is reported as compromised is not wiped, and cannot be later."""


def quirks(strict_compat: bool) -> frozenset[Quirk]:
    """All of them, or none."""
    return frozenset(Quirk) if strict_compat else frozenset()
