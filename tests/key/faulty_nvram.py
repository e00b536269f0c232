"""A persistent memory that loses power at a chosen commit."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from hideez_bench.emulator.key.nvram import Nvram


class PowerLost(Exception):
    """The key is off; nothing after this happened."""


class Cut(Enum):
    """When the power goes: before the commit has taken place, or right after."""

    BEFORE = auto()
    AFTER = auto()


class FaultyNvram:
    """Hands everything on to another memory, until commit number `at` (from 1; 0 for never)."""

    def __init__(self, behind: Nvram, at: int, cut: Cut) -> None:
        self.commits = 0
        self._behind = behind
        self._at = at
        self._cut = cut

    def get(self, name: str) -> bytes | None:
        return self._behind.get(name)

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        self.commits += 1
        if self.commits == self._at and self._cut is Cut.BEFORE:
            raise PowerLost
        self._behind.commit(changes)
        if self.commits == self._at:
            raise PowerLost

    def close(self) -> None:
        self._behind.close()
