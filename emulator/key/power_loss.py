"""A persistent memory whose power fails at a chosen commit: what a key must survive, to order."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from hideez_bench.emulator.key.nvram import Nvram
from hideez_bench.protocol.errors import BenchError


class PowerLost(BenchError):
    """The key is off. Nothing after this happened."""


class Cut(Enum):
    """When the power goes: before the commit has taken place, or right after."""

    BEFORE = auto()
    AFTER = auto()


class PowerLossNvram:
    """Hands everything on to another memory until commit number `lose_at` (from 1; 0 for never).

    From then on it raises `PowerLost`, as whoever goes on to use the key does not know that it is off: let go of
    the key, and start a new one with the memory behind.

    Attributes:
        commits: how many were asked for, the one at which the power went included.
    """

    def __init__(self, nvram: Nvram, lose_at: int, cut: Cut = Cut.BEFORE) -> None:
        self.commits = 0
        self._nvram = nvram
        self._lose_at = lose_at
        self._cut = cut
        self._is_off = False

    def get(self, name: str) -> bytes | None:
        """See `Nvram.get`."""
        self._check_power()
        return self._nvram.get(name)

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        """See `Nvram.commit`."""
        self._check_power()
        self.commits += 1
        self._is_off = self.commits == self._lose_at
        if self._is_off and self._cut is Cut.BEFORE:
            self._check_power()
        self._nvram.commit(changes)
        self._check_power()

    def close(self) -> None:
        """See `Nvram.close`."""
        self._nvram.close()

    def _check_power(self) -> None:
        if self._is_off:
            raise PowerLost(
                f"the key lost its power {self._cut.name.lower()} commit {self._lose_at}; "
                "start it again with the same memory"
            )
