"""Mistakes with which code is the right one."""

from __future__ import annotations

from typing import Any

from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.state import SALT_SIZE, SecretDigest
from hideez_bench.protocol.secret import ActivationCode, Secret


class _AlteredCode(Firmware):
    """A key that takes a code for another one before it keeps or compares it."""

    def digest(self, secret: Secret) -> SecretDigest:
        return super().digest(self.altered(secret) if isinstance(secret, ActivationCode) else secret)

    def is_code(self, code: ActivationCode) -> bool:
        return super().is_code(self.altered(code))

    def altered(self, code: ActivationCode) -> ActivationCode:
        """What the key makes of a code."""
        return code


class PrefixIsEnough(_AlteredCode):
    """Only the first six bytes of a code are looked at."""

    def altered(self, code: ActivationCode) -> ActivationCode:
        return ActivationCode(super().altered(code).reveal()[:6])


class SpacesAndCaseIgnored(_AlteredCode):
    """Spaces around a code and the case of its letters make no difference."""

    def altered(self, code: ActivationCode) -> ActivationCode:
        return ActivationCode(super().altered(code).reveal().strip().lower())


class LeadingZerosIgnored(_AlteredCode):
    """Codes are compared as numbers: zeros before the first digit make no difference."""

    def altered(self, code: ActivationCode) -> ActivationCode:
        return ActivationCode(super().altered(code).reveal().lstrip(b"0"))


class EarlyExit(Firmware):
    """The comparison ends at the first byte that differs, and its duration tells where that is."""

    def is_code(self, code: ActivationCode) -> bool:
        own = self.state.code.reveal() if self.state.code else b""
        other = SecretDigest.of(code, lambda size: own[:SALT_SIZE]).reveal()
        return all(a == b for a, b in zip(own, other, strict=False))


class OldCodeAccepted(Firmware):
    """The code before the last still unlocks."""

    _old: SecretDigest | None = None

    def change(self, **changes: Any) -> None:
        old = self.state.code
        super().change(**changes)
        if "code" in changes:
            self._old = old

    def is_code(self, code: ActivationCode) -> bool:
        return super().is_code(code) or (self._old is not None and self._old.matches(code))


class OnceUnlockedAnyCode(Firmware):
    """Once the right code was entered, any code unlocks until the power goes."""

    _was_right = False

    def is_code(self, code: ActivationCode) -> bool:
        self._was_right |= super().is_code(code)
        return self._was_right


class CodeNotReplaced(Firmware):
    """LOCK_DEVICE_CODE locks the key with the code that it had."""

    def change(self, **changes: Any) -> None:
        if self.state.code is not None:
            changes.pop("code", None)
        super().change(**changes)


DEFECTS: dict[type, str] = {
    PrefixIsEnough: "C-018",
    SpacesAndCaseIgnored: "C-018",
    LeadingZerosIgnored: "C-018",
    EarlyExit: "C-019",
    OldCodeAccepted: "C-016",
    OnceUnlockedAnyCode: "C-015",
    CodeNotReplaced: "C-016",
}
"""The classes here, and the behaviour that each breaks."""
