"""Advertisements that start nothing for now, so that a key that stays near is not taken up again and again."""

from __future__ import annotations

from collections.abc import Callable

from hideez_bench.harness.client.advertisements import Advertisement

CLEAR_SECONDS = 3.0
"""A key that was not near for so long may start something again (modelled)."""


class AdvertisementIgnoreList:
    """Keys that are ignored: until they have been away, or for a time.

    `is_near` says which advertisements keep a key on the list that is there until it has been away; `clear_after` is
    how many seconds without one of those count as away. A key that is ignored for a time is free after it, however
    near it is.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        is_near: Callable[[Advertisement], bool],
        *,
        clear_after: float = CLEAR_SECONDS,
    ) -> None:
        self._clock = clock
        self._is_near = is_near
        self._clear_after = clear_after
        self._until_away: dict[str, float] = {}
        self._until: dict[str, float] = {}

    def ignore(self, address: str) -> None:
        """Ignore a key until it has been away."""
        self._until_away[address] = self._clock()

    def ignore_for(self, address: str, seconds: float) -> None:
        """Ignore a key for a time."""
        self._until[address] = self._clock() + seconds

    def forget(self, address: str) -> None:
        """Ignore this key no more."""
        self._until_away.pop(address, None)
        self._until.pop(address, None)

    def heard(self, advertisement: Advertisement) -> None:
        """Take note that a key is near, if it is."""
        address = advertisement.address
        if self.is_ignored(address) and address in self._until_away and self._is_near(advertisement):
            self._until_away[address] = self._clock()

    def is_ignored(self, address: str) -> bool:
        """Whether this key starts nothing now."""
        now = self._clock()
        if now - self._until_away.get(address, float("-inf")) < self._clear_after:
            return True
        return now < self._until.get(address, float("-inf"))
