"""Wrong passwords, as they are counted over time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hideez_bench.emulator.hes.attempts import LIMIT, Attempts
from hideez_bench.emulator.hes.database.store import Store
from tests.hes.bench import Clock


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store("sqlite://")
    yield made
    made.close()


def test_the_pause_runs_from_the_last_attempt(store: Store) -> None:
    clock = Clock()
    attempts = Attempts(store, clock)
    assert [attempts.take("login") for _ in range(5)] == [9, 8, 7, 6, 5]
    clock.move(minutes=14)
    assert [attempts.take("login") for _ in range(6)] == [4, 3, 2, 1, 0, None]
    clock.move(minutes=14, seconds=59)
    assert attempts.take("login") is None
    assert attempts.take("another") == LIMIT - 1
    clock.move(seconds=1)
    assert attempts.take("login") == LIMIT - 1
