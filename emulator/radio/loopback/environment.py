"""How bless and bleak in this process find a bus: by the environment, and each in its own way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bleak.backends.bluezdbus import manager

VARIABLE = "DBUS_SYSTEM_BUS_ADDRESS"


@asynccontextmanager
async def system_bus(address: str) -> AsyncIterator[None]:
    """Make a bus the system bus of this process, for the connections that are made inside the context.

    bleak keeps one connection for each event loop. The one of this loop is closed before and after, so that bleak
    makes another where it is needed: no scan may be running and no client be connected at either end.
    """
    before = os.environ.get(VARIABLE)
    await _close_connection_of_bleak()
    os.environ[VARIABLE] = address
    try:
        yield
    finally:
        await _close_connection_of_bleak()
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


async def _close_connection_of_bleak() -> None:
    """Bleak has no word for this: it expects that a process has one system bus in its life."""
    known = manager._global_instances.pop(asyncio.get_running_loop(), None)  # noqa: SLF001
    if known is None or known._bus is None:  # noqa: SLF001
        return
    if known._bus_watcher_task is not None:  # noqa: SLF001
        # It would warn of a lost connection.
        known._bus_watcher_task.cancel()  # noqa: SLF001
        await asyncio.wait([known._bus_watcher_task])  # noqa: SLF001
    known._bus._finalize(None)  # noqa: SLF001  # as bleak does for loops that are closed
