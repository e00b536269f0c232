"""A web server that nobody can keep waiting: so many connections, and so long for what a peer owes.

uvicorn ends a connection that is silent after an answer, and no other: not one that never asks, asks byte by byte, or
takes no answer. Of its own limit it thinks when a request has come, and a flood need not send any.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

_logger = logging.getLogger(__name__)

_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 5\r\n"
    b"connection: close\r\n\r\nThis server has too many connections; try again in a while.\n"
)
_TICKS = 10
"""uvicorn's server wakes so often in a second."""


@dataclass(frozen=True)
class ConnectionLimits:
    """What peers may take.

    Attributes:
        most: how many connections are open at the same time; one more is answered 503 and ended.
        patience: seconds for the head of a request, for its body, and for taking some of an answer.
    """

    most: int = 2000
    patience: float = 20.0


class BoundedServer(uvicorn.Server):
    """uvicorn with limits. `config.http` is ours: pass none.

    Args:
        clock: seconds that never go back.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        limits: ConnectionLimits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        config.http = _bounded(limits.most)
        super().__init__(config)
        self._clock = clock
        self.waiting = Waiting(limits.patience)

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn calls ten times a second; whether to end."""
        if counter % _TICKS == 0:
            self.waiting.look(self.server_state.connections, self._clock())
        return await super().on_tick(counter)


class Waiting:
    """For which connections the server waits, and since when."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: WeakKeyDictionary[Any, tuple[object, float]] = WeakKeyDictionary()

    def look(self, connections: Iterable[Any], now: float) -> None:
        """Cut off who has owed the same for too long. To be called once in a while, with the time in seconds."""
        for connection in list(connections):
            owed = _owed(connection)
            before, since = self._since.get(connection, (None, now))
            if owed is None:
                self._since.pop(connection, None)
            elif owed != before:
                self._since[connection] = (owed, now)
            elif now - since >= self._patience:
                # Not `close`, which would first wait until all is sent.
                connection.transport.abort()


def _owed(connection: Any) -> object | None:
    """What the server waits for, the same as long as nothing of it has come; None where the server itself is to act.

    Bytes of a request do not count, as they may come one by one; bytes of an answer that are taken do.
    """
    unsent = connection.transport.get_write_buffer_size()
    if unsent or connection.transport.is_closing():
        return "answer", unsent
    if isinstance(connection, H11Protocol) and connection.conn.their_state in (h11.IDLE, h11.SEND_BODY):
        # Each request has a cycle, from the end of its head on.
        return "request", id(connection.cycle), connection.conn.their_state
    return None


def _bounded(most: int) -> type[asyncio.Protocol]:
    """HTTP for so many connections, WebSockets among them."""
    told = False

    class Bounded(H11Protocol):
        """One connection."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Somebody connects."""
            super().connection_made(transport)
            if len(self.connections) > most:
                nonlocal told
                if not told:
                    _logger.warning("There are more than %d connections; more are refused. Said once.", most)
                told = True
                transport.write(_TOO_MANY)
                transport.close()

    return Bounded
