"""Real time, passed over: for tests that have sockets and other programs, and so no virtual time."""

from __future__ import annotations

import asyncio


def an_hour_passes() -> None:
    """On the running loop's clock: every timer is due at once, however fast or slow the machine is."""
    loop = asyncio.get_running_loop()
    clock = loop.time
    loop.time = lambda: clock() + 3600  # type: ignore[method-assign]
