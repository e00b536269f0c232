"""How well a key and its host hear each other: always the same, or wandering as in a room with Wi-Fi and people."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Signal = Callable[[float], int]
"""From a clock time in seconds to dBm."""


def steady(dbm: int = -50) -> Signal:
    """Always the same."""
    return lambda time: dbm


class Wandering:
    """A random walk that swings by up to `swing` units around `middle`, the same for the same seed.

    The documentation speaks of swings of 30 to 40 units; that it walks so, and at this pace, is modelled.
    """

    STEP_SECONDS = 0.5
    STEP = 4

    def __init__(self, seed: int, *, middle: int = -60, swing: int = 36) -> None:
        self._random = Random(seed)  # noqa: S311 - no secret, and the same each time on purpose
        self._low, self._high = middle - swing // 2, middle + swing // 2
        self._value = middle
        self._step: int | None = None

    def __call__(self, time: float) -> int:
        """The signal at a clock time, which does not go back."""
        step = int(time / self.STEP_SECONDS)
        missed = step - self._step if self._step is not None else 1
        self._step = step
        # After a long silence the walk could be anywhere; so many steps are as good as all.
        for _ in range(min(missed, 100)):
            moved = self._value + self._random.randint(-self.STEP, self.STEP)
            self._value = min(self._high, max(self._low, moved))
        return self._value
