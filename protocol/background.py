"""Tasks that nobody waits for: kept until they end, and heard of where they fail."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """What one owner has under way. The event loop keeps no task from being collected; this does."""

    def __init__(self, owner: str, expected: tuple[type[Exception], ...] = ()) -> None:
        """`owner` is whose work it is, in words; `expected` errors are the business of whoever waits for the task."""
        self._owner = owner
        self._expected = expected
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something in the background. An error that is not expected goes to the event loop's handler."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def settled(self) -> None:
        """Wait until nothing runs any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def cancel(self) -> None:
        """Have what runs end, without waiting for it."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """End what runs."""
        self.cancel()
        await self.settled()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, self._expected):
            facts = {"message": f"{self._owner} failed in the background", "exception": error}
            task.get_loop().call_exception_handler(facts | {"task": task})
