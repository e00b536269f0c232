"""The event loop whose clock jumps: on its own, and with a world outside that does not."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from hideez_bench.emulator.radio.virtual_time import DeadlockError, VirtualTimeLoop

pytestmark = pytest.mark.virtual_time

DAY = 24 * 60 * 60.0


def _slow_call() -> str:
    """Something outside of the loop that takes real time: tens of milliseconds."""
    return subprocess.run(
        [sys.executable, "-c", "print('done')"], capture_output=True, text=True, check=True
    ).stdout.strip()


async def test_pytest_runs_the_marked_test_on_it_and_time_begins_at_zero() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    assert loop.time() == 0.0


async def test_waiting_takes_virtual_time_only() -> None:
    started = time.monotonic()
    await asyncio.sleep(30.0)
    assert asyncio.get_running_loop().time() == 30.0
    await asyncio.sleep(400 * DAY)
    assert asyncio.get_running_loop().time() == 30.0 + 400 * DAY
    assert time.monotonic() - started < 10.0


async def test_time_stands_still_while_something_is_ready() -> None:
    for _ in range(100):
        await asyncio.sleep(0)
    assert asyncio.get_running_loop().time() == 0.0


async def test_timers_fire_in_the_order_of_their_times() -> None:
    fired: list[tuple[str, float]] = []

    async def wait(name: str, *delays: float) -> None:
        for delay in delays:
            await asyncio.sleep(delay)
            fired.append((name, asyncio.get_running_loop().time()))

    await asyncio.gather(wait("a", 3.0, 3.0), wait("b", 1.0, 4.0), wait("c", 90.0))
    assert fired == [("b", 1.0), ("a", 3.0), ("b", 5.0), ("a", 6.0), ("c", 90.0)]


async def test_a_timeout_ends_what_never_comes() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(90.0):
            await asyncio.Event().wait()
    assert asyncio.get_running_loop().time() == 90.0


async def test_a_subprocess_is_waited_for_before_a_distant_timer() -> None:
    async with asyncio.timeout(60.0):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print('done')", stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.read() == b"done\n"
        # The pipe is closed: from here on, only asyncio's own thread knows of the process.
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        with loop.real_time():
            assert await process.wait() == 0


async def test_a_socket_is_waited_for_before_a_distant_timer() -> None:
    near, far = socket.socketpair()

    def answer() -> None:
        _slow_call()
        far.sendall(b"at last")

    near.setblocking(False)
    with near, far:
        thread = threading.Thread(target=answer)
        thread.start()
        async with asyncio.timeout(60.0):
            assert await asyncio.get_running_loop().sock_recv(near, 100) == b"at last"
        thread.join()


async def test_a_call_in_a_thread_is_waited_for_before_a_distant_timer() -> None:
    async with asyncio.timeout(60.0):
        assert await asyncio.to_thread(_slow_call) == "done"
    now = asyncio.get_running_loop().time()
    await asyncio.sleep(30.0)
    assert asyncio.get_running_loop().time() == now + 30.0, "the idle thread does not hold the clock"


async def test_a_thread_of_ones_own_is_waited_for_in_real_time() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    answer: asyncio.Future[str] = loop.create_future()
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(answer.set_result, _slow_call()))
    thread.start()
    async with asyncio.timeout(60.0):
        with loop.real_time():
            assert await answer == "done"
    thread.join()


async def test_a_timer_is_met_exactly_at_real_pace_too() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    started = time.monotonic()
    with loop.real_time():
        await asyncio.sleep(0.05)
    assert loop.time() == pytest.approx(0.05)
    assert time.monotonic() - started >= 0.045


def test_a_deadlock_is_an_error() -> None:
    with (
        asyncio.Runner(loop_factory=partial(VirtualTimeLoop, patience=0.01)) as runner,
        pytest.raises(DeadlockError, match="nothing left that could ever happen"),
    ):
        runner.run(asyncio.Event().wait())


def test_a_thread_that_the_loop_does_not_know_is_given_a_chance() -> None:
    async def wait() -> str:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(answer.set_result, _slow_call()))
        thread.start()
        try:
            return await answer
        finally:
            thread.join()

    with asyncio.Runner(loop_factory=partial(VirtualTimeLoop, patience=30.0)) as runner:
        assert runner.run(wait()) == "done"


def test_the_signal_of_a_timeout_is_not_lost_in_a_callback() -> None:
    async def spin() -> None:
        loop = asyncio.get_running_loop()

        def tick() -> None:
            loop.call_later(0.1, tick)
            if loop.time() > 1.0:
                pytest.fail("too slow")

        tick()
        await asyncio.Event().wait()

    with (
        asyncio.Runner(loop_factory=VirtualTimeLoop) as runner,
        pytest.raises(pytest.fail.Exception, match="too slow"),
    ):
        runner.run(spin())
