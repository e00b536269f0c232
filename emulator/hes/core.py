"""What every part of the server shares: the database, clock, randomness, events, and work in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from hideez_bench.emulator.hes.compat import Quirk
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.columns import NOTE_LENGTH
from hideez_bench.emulator.hes.database.store import Store
from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.protocol.background import Background
from hideez_bench.protocol.channel import Random
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError

T = TypeVar("T")


def _one_line(text: str) -> str:
    cut = text if len(text) <= NOTE_LENGTH else text[: NOTE_LENGTH - 1] + "…"
    return "".join(character if character.isprintable() else " " for character in cut)


class VaultLocks:
    """A lock for each serial number that somebody holds or waits for; clients name serial numbers as they like."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __getitem__(self, serial: str) -> asyncio.Lock:
        """The lock of a vault."""
        return self._locks.setdefault(serial, asyncio.Lock())

    def __len__(self) -> int:
        """How many there are now."""
        return len(self._locks)


class Core:
    """What every part of the server shares.

    Attributes:
        vault_locks: one for each serial number. Who moves a vault from status to status, or speaks to its key,
            holds it.
        quirks: which of the vendor's peculiarities hold.
        code_life: how old an activation code may get, None without a limit.
    """

    def __init__(
        self,
        store: Store,
        utc: Callable[[], datetime],
        random: Random,
        observe: Callable[[HesEvent], None],
        quirks: frozenset[Quirk] = frozenset(),
        code_life: timedelta | None = None,
    ) -> None:
        self.store = store
        self.utc = utc
        self.random = random
        self.quirks = quirks
        self.code_life = code_life
        self.vault_locks = VaultLocks()
        self._observers = [observe]
        self._background = Background("Hideez Enterprise Server", expected=(BenchError,))

    def tell(self, kind: HesEventKind, serial: str, text: str) -> None:
        """Something happened; `text` holds no secret.

        Clients and people have a say in both: whatever they hold, an event is one line, and not a long one.
        """
        event = HesEvent(self.utc(), kind, _one_line(serial), _one_line(text))
        for observe in tuple(self._observers):
            observe(event)

    def tell_move(self, vault: models.HardwareVault, what: str) -> None:
        """An administrator did something with a vault, which has a status by that."""
        self.tell(HesEventKind.ADMIN, vault.id, what)
        self.tell(HesEventKind.STATUS, vault.id, f"sets the vault {vault.status.name}")

    def subscribe(self, observer: Callable[[HesEvent], None]) -> Callable[[], None]:
        """Tell a further observer what happens, until the answer is called."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something in the background; `close` ends it.

        A `BenchError` is the business of whoever waits for the task, or has been told as an event.
        """
        return self._background.spawn(work)

    def spawn_told(self, serial: str, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run something for a key in the background; a `BenchError` is told as an event."""

        async def told() -> None:
            try:
                await work()
            except BenchError as error:
                name = f"{error.code}: " if isinstance(error, HesError) else ""
                self.tell(HesEventKind.FAILED, serial, f"ends {what} in the background: {name}{error}")

        self.spawn(told())

    async def settled(self) -> None:
        """Wait until nothing runs in the background any more."""
        await self._background.settled()

    async def close(self) -> None:
        """End what runs in the background."""
        await self._background.close()
