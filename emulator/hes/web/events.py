"""What happened lately, for a program that asks now and then."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import count

from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.emulator.hes.server import Hes

KEPT = 1000


@dataclass(frozen=True)
class Numbered:
    """An event with its number, counted from 1 at the start of the server."""

    number: int
    event: HesEvent


class RecentEvents:
    """The last thousand events of a server, from now on."""

    def __init__(self, hes: Hes) -> None:
        self._kept: deque[Numbered] = deque(maxlen=KEPT)
        self._numbers = count(1)
        hes.subscribe(self._take)

    def after(self, number: int) -> list[Numbered]:
        """Those that came after the one with this number, the oldest first."""
        return [kept for kept in self._kept if kept.number > number]

    def _take(self, event: HesEvent) -> None:
        self._kept.append(Numbered(next(self._numbers), event))
