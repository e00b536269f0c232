"""An asyncio event loop on which waiting for the clock costs nothing.

`loop.time()` starts at 0 and stands still while callbacks run. When nothing is ready, it jumps to the next
timer, so that a prompt of 30 seconds passes in microseconds, in the same order on every machine.

The rule for what lies outside of the loop: time passes at its real pace, and the loop blocks as any other,
while one of these could still wake it:

- a file descriptor other than the loop's own (a socket, a pipe, a listening server),
- a call in a thread (`run_in_executor`, `asyncio.to_thread`, name resolution),
- anything inside `with loop.real_time():`. Say so for threads of your own that answer by
  `call_soon_threadsafe`, for signals, and for subprocesses without pipes: the loop cannot see those.

With no timer and nothing outside, nothing can ever happen: after `patience` real seconds the loop raises
`DeadlockError` instead of hanging.

Use it wherever a loop factory is taken: `asyncio.Runner(loop_factory=VirtualTimeLoop)`, or the hook
`pytest_asyncio_loop_factories`.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple, Unpack

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
_Ready = list[tuple[selectors.SelectorKey, int]]


class DeadlockError(RuntimeError):
    """Every task waits for another one; no timer, descriptor or thread is left that could end it."""


class _Selector(selectors.DefaultSelector):
    """Moves the clock where another selector waits."""

    def __init__(self, patience: float) -> None:
        super().__init__()
        self.now = 0.0
        self.own_descriptors = 0
        self.outside = 0
        self._patience = patience

    def select(self, timeout: float | None = None) -> _Ready:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.outside or len(self.get_map()) > self.own_descriptors:
            return self._wait(timeout)
        if timeout is None:
            return self._last_chance()
        self.now += timeout
        return ready

    def _wait(self, timeout: float | None) -> _Ready:
        started = time.monotonic()
        ready = super().select(timeout)
        waited = time.monotonic() - started
        # A timer that came due is met exactly; real waiting always overshoots it a little.
        self.now += waited if timeout is None else min(waited, timeout)
        return ready

    def _last_chance(self) -> _Ready:
        ready = super().select(self._patience)
        if not ready:
            raise DeadlockError(
                "The event loop has nothing left that could ever happen: no timer, no descriptor, no call in "
                "a thread; what still waits would wait for ever."
            )
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The event loop of this module; see there for its one rule.

    Args:
        patience: real seconds to wait for a thread that the loop does not know, before `DeadlockError`.
    """

    def __init__(self, patience: float = 2.0) -> None:
        self._clock = _Selector(patience)
        super().__init__(self._clock)
        self._clock.own_descriptors = len(self._clock.get_map())
        # asyncio fires a timer once it is due within this many seconds. The system clock's own nanosecond is
        # lost in a float after 97 days: the timer would be due for ever and never fire.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._clock.now

    @contextmanager
    def real_time(self) -> Iterator[None]:
        """Inside, time passes at its real pace, because something that the loop cannot see is awaited."""
        self._clock.outside += 1
        try:
            yield
        finally:
            self._clock.outside -= 1

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Ts]], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """As any loop does; time passes at its real pace until the call has returned."""
        call = super().run_in_executor(executor, func, *args)
        self._clock.outside += 1
        call.add_done_callback(self._call_returned)
        return call

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """As any loop does; but what is no `Exception` ends the loop, as Ctrl-C ends it.

        A timer that fires again and again makes the loop spin, so that the signal of a test's timeout falls
        into some callback, where other loops would log it and go on.
        """
        error = context.get("exception")
        if error is not None and not isinstance(error, Exception | asyncio.CancelledError):
            raise error
        super().call_exception_handler(context)

    def _call_returned(self, _: asyncio.Future[_T]) -> None:
        self._clock.outside -= 1
