"""What is set for each pair of this workstation and a key: how near is near, and what a key may start by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hideez_bench.harness.client.advertisements import Advertisement
from hideez_bench.protocol.hes import ProximitySettings


@dataclass(frozen=True)
class PairSettings:
    """One pair of a workstation and a key.

    Attributes:
        lock_proximity, unlock_proximity: percent below which the key is away, and from which on it is near.
        lock_seconds: how long it may be away before the computer that it unlocked is locked.
        unlock_by_proximity: it may unlock a locked session by coming near.
    """

    lock_proximity: int = 30
    unlock_proximity: int = 70
    lock_seconds: int = 5
    unlock_by_proximity: bool = False


class Pairs:
    """The settings of every pair. A key that the server has not named has the defaults, and unlocks nothing by itself.

    `pushed` gives what the server has said last: the keys that may unlock this workstation by coming near.
    """

    def __init__(self, pushed: Callable[[], Iterable[ProximitySettings]]) -> None:
        self._pushed = pushed
        self._unlock_by_activity: set[str] = set()

    def allow_activity(self, serial: str, *, allowed: bool = True) -> None:
        """The person lets a key be looked for when keyboard or mouse are touched (a setting of the workstation)."""
        if allowed:
            self._unlock_by_activity.add(serial)
        else:
            self._unlock_by_activity.discard(serial)

    @property
    def any_by_activity(self) -> bool:
        """Whether touching keyboard or mouse looks for any key at all."""
        return bool(self._unlock_by_activity)

    def by_activity(self, advertisement: Advertisement) -> bool:
        """Whether touching keyboard or mouse looks for this key."""
        return any(advertisement.is_of(serial=serial) for serial in self._unlock_by_activity)

    def of(self, advertisement: Advertisement) -> PairSettings:
        """The settings of this key."""
        for pushed in self._pushed():
            if advertisement.is_of(serial=pushed.serial, mac=pushed.mac):
                return PairSettings(
                    pushed.lock_proximity,
                    pushed.unlock_proximity,
                    pushed.lock_timeout,
                    unlock_by_proximity=True,
                )
        return PairSettings()
