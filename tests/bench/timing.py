"""Times things run side by side: in turns, several rounds, the median of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

ROUNDS = 9
LONG_ENOUGH = 0.02
"""Seconds of one round, so that the clock's own grain does not count."""


def side_by_side(title: str, ways: Mapping[str, Callable[[], object]]) -> None:
    """Print how long one call of each way takes, and how many times that of the last one named."""
    counts = {name: _calls_in(LONG_ENOUGH, way) for name, way in ways.items()}
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            rounds[name].append(_seconds(way, counts[name]) / counts[name])
    medians = {name: median(seconds) for name, seconds in rounds.items()}
    base = list(medians.values())[-1]
    for name, seconds in medians.items():
        print(f"{title:36} {name:16} {seconds * 1e6:12,.1f} µs {seconds / base:8.1f} x", flush=True)
        title = ""


def _seconds(way: Callable[[], object], count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        way()
    return time.perf_counter() - started


def _calls_in(seconds: float, way: Callable[[], object]) -> int:
    count = 1
    while _seconds(way, count) < seconds:
        count *= 2
    return count
