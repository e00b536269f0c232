"""Mistakes with pairing, bonds and who reaches the key."""

from __future__ import annotations

from dataclasses import replace

from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.life import Event, Life, Mode
from hideez_bench.emulator.key.pairing import Answer, Pairing
from hideez_bench.emulator.key.state import State


class PairedWithoutPress(Pairing):
    """A host that asks is bonded at once, and nobody has to press."""

    def ask(self, host: str, answer: Answer) -> None:
        answer(self._bond(host))


class StrangersAdmitted(Pairing):
    """A host without a bond is let in at any time."""

    def admits(self, host: str, *, secure: bool) -> bool:
        return True


class WindowNeverCloses(Life):
    """The pairing window stays open until somebody bonds."""

    def happens(self, event: Event) -> bool:
        happened = super().happens(event)
        if self.mode is Mode.PAIRING:
            self.ends = None
        return happened


class BondsLostAtPowerOn(Firmware):
    """The bonds are gone after a power cycle."""

    def recall(self) -> State:
        return replace(super().recall(), bonds=frozenset())


class BondsOutlastWipe(Firmware):
    """A wiped key still has its bonds."""

    def wipe(self) -> None:
        bonds = self.state.bonds
        super().wipe()
        self.change(bonds=bonds)


DEFECTS: dict[type, str] = {
    PairedWithoutPress: "F-003",
    StrangersAdmitted: "F-001",
    WindowNeverCloses: "F-002",
    BondsLostAtPowerOn: "F-004",
    BondsOutlastWipe: "D-010",
}
"""The classes here, and the behaviour that each breaks."""
