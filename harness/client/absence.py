"""Locks the computer when the key that unlocked it has gone: its link is lost, or it is too far away.

Modelled: the vendor's settings and their values are public (DefaultLockProximity, DefaultLockTimeout), the rule is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from hideez_bench.harness.client.met_key import MetKey
from hideez_bench.harness.client.pairs import Pairs
from hideez_bench.harness.client.workstation import WorkstationState
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.hes import ConnectionState

HERE = (ConnectionState.FINALIZING, ConnectionState.ONLINE)
"""How far the client must be with a key for it to count: it has passed all that the flow asks of it."""


class AbsenceLock:
    """One computer's. `look` is called whenever a key may have come or gone.

    What counts is what the key itself says over its link. An advertisement keeps no computer unlocked: anybody can send
    one in a key's name.
    """

    def __init__(
        self, state: WorkstationState, pairs: Pairs, keys: Mapping[str, MetKey], timeline: Timeline
    ) -> None:
        self._state = state
        self._pairs = pairs
        self._keys = keys
        self._timeline = timeline
        self._locking: asyncio.TimerHandle | None = None
        self._is_stopped = False

    @property
    def left(self) -> float | None:
        """Seconds until the computer is locked; None while its key is there, or was not what unlocked it."""
        if self._locking is None:
            return None
        return self._locking.when() - asyncio.get_running_loop().time()

    def look(self) -> None:
        """See whether the key that unlocked the computer is there."""
        who = "" if self._state.session_locked else self._state.unlocked_by
        keys = [key for key in self._keys.values() if who and key.serial == who]
        is_gone = bool(keys) and not any(self._is_here(key) for key in keys)
        if is_gone and self._locking is None and not self._is_stopped:
            seconds = self._pairs.of(keys[0].advertisement).lock_seconds
            self._tell(f"locks the computer in {seconds} s, unless key {who}, which unlocked it, comes back")
            self._locking = asyncio.get_running_loop().call_later(seconds, self._lock, who)
        elif self._locking and not is_gone:
            self._locking.cancel()
            self._locking = None
            if keys:
                self._tell(f"leaves the computer unlocked: key {who} is back")

    def stop(self) -> None:
        """No more, whatever becomes of the keys."""
        self._is_stopped = True
        if self._locking:
            self._locking.cancel()
            self._locking = None

    def _is_here(self, key: MetKey) -> bool:
        if key.connected is None or key.connected.state not in HERE:
            return False
        return key.proximity >= self._pairs.of(key.advertisement).lock_proximity

    def _lock(self, who: str) -> None:
        self._locking = None
        self._tell(f"locks the computer: key {who} stayed away", Kind.BAD)
        self._state.lock_session()

    def _tell(self, text: str, kind: Kind = Kind.STEP) -> None:
        self._timeline.tell(Actor.CLIENT, text, kind=kind, to=Actor.PERSON)
