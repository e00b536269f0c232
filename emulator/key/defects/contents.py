"""Mistakes with the PIN, the storage and the log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hideez_bench.emulator.key.channels import Channels
from hideez_bench.emulator.key.commands.rules import Rule
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.state import State
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.secret import ActivationCode

_ABOUT_STORAGE = m.ReadStorage | m.WriteStorage | m.DeleteStorage | m.EnumStorage | m.GetOtp


class PinNeverLocks(Firmware):
    """PINs can be tried without end."""

    def change(self, **changes: Any) -> None:
        if changes.get("locked_by_pin"):
            changes["locked_by_pin"] = False
        super().change(**changes)


class PinFailuresInRam(Firmware):
    """Wrong PINs are counted in RAM, and forgotten after a power cycle."""

    def recall(self) -> State:
        return replace(super().recall(), pin_failures=0)


class StorageWhileLocked(Channels):
    """The storage of a locked key can be read and written."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, while_locked=True) if isinstance(request, _ABOUT_STORAGE) else rule


class StorageForEverybody(Channels):
    """The storage does not ask for what the access profile asks."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, authorized=False) if isinstance(request, _ABOUT_STORAGE) else rule


class WipeKeepsTheStorage(Firmware):
    """What is in the storage outlasts a wipe."""

    def wipe(self) -> None:
        records = self.state.records
        super().wipe()
        self.change(records=records)


class LogShowsTheCode(Firmware):
    """The log tells the codes that were tried."""

    def is_code(self, code: ActivationCode) -> bool:
        self.note(f"code tried: {code.reveal().decode(errors='replace')}")
        return super().is_code(code)


DEFECTS: dict[type, str] = {
    PinNeverLocks: "D-008",
    PinFailuresInRam: "D-008",
    StorageWhileLocked: "D-001",
    StorageForEverybody: "B-017",
    WipeKeepsTheStorage: "D-010",
    LogShowsTheCode: "A-018",
}
"""The classes here, and the behaviour that each breaks."""
