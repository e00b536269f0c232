"""Mistakes with licences."""

from __future__ import annotations

from dataclasses import replace

from hideez_bench.emulator.key.channels import Channels
from hideez_bench.emulator.key.commands.rules import Rule
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.licences import check_license
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.emulator.key.state import State
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import ErrorName


class LicenceOnLockedKey(Channels):
    """A licence without a slot is taken by a locked key."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, while_locked=True) if isinstance(request, m.LoadLicense) else rule


class UnsignedLicence(Firmware):
    """The signature of a licence is not checked."""

    def check_license(self, data: bytes) -> None:
        if self.wire.license.parse(data).serial != self.identity.serial:
            raise Refused(ErrorName.ERR_INVALID_LICENSE)


class LicenceOfAnotherKey(Firmware):
    """A licence for another key is taken."""

    def check_license(self, data: bytes) -> None:
        check_license(self.wire, data, self.wire.license.parse(data).serial)


class LicencesLostAtPowerOn(Firmware):
    """Licences are gone after a power cycle."""

    def recall(self) -> State:
        return replace(super().recall(), licenses={})


DEFECTS: dict[type, str] = {
    LicenceOnLockedKey: "E-007",
    UnsignedLicence: "E-006",
    LicenceOfAnotherKey: "E-006",
    LicencesLostAtPowerOn: "E-015",
}
"""The classes here, and the behaviour that each breaks."""
