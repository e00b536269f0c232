"""Tasks that nobody waits for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hideez_bench.protocol.background import Background
from hideez_bench.protocol.errors import BenchError


@pytest.fixture
async def reports() -> list[dict[str, Any]]:
    """What reached the event loop's handler."""
    heard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, facts: heard.append(facts))
    return heard


async def fails(error: Exception) -> None:
    raise error


async def test_it_runs_and_can_be_waited_for() -> None:
    background = Background("somebody")
    done: list[int] = []

    async def work(number: int) -> int:
        await asyncio.sleep(0)
        done.append(number)
        if number == 1:
            background.spawn(work(3))  # what is begun meanwhile is waited for, too
        return number

    task = background.spawn(work(1))
    background.spawn(work(2))
    await background.settled()
    assert (sorted(done), task.result()) == ([1, 2, 3], 1)


async def test_what_fails_is_heard_of_though_nobody_waits(reports: list[dict[str, Any]]) -> None:
    background = Background("somebody")
    error = BenchError("It did not work.")
    background.spawn(fails(error))
    await background.settled()
    assert [(facts["message"], facts["exception"]) for facts in reports] == [
        ("somebody failed in the background", error)
    ]


async def test_what_is_expected_to_fail_is_the_business_of_who_waits(reports: list[dict[str, Any]]) -> None:
    background = Background("somebody", expected=(BenchError,))
    task = background.spawn(fails(BenchError("It did not work.")))
    background.spawn(fails(ValueError()))
    await background.settled()
    with pytest.raises(BenchError):
        await task
    assert [type(facts["exception"]) for facts in reports] == [ValueError]


async def test_its_end_ends_what_runs(reports: list[dict[str, Any]]) -> None:
    background = Background("somebody")
    task = background.spawn(asyncio.sleep(3600))
    await background.close()
    assert task.cancelled()
    assert reports == []
