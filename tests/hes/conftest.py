"""The server that most tests start with."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.hes.bench import Bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    made.set_up()
    async with made.hes:
        yield made
