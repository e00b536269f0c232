"""The server and the client over its hubs that most tests start with."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.hubs.rig import HubBench, hub_bench


@pytest.fixture
async def bench() -> AsyncIterator[HubBench]:
    async with hub_bench() as made:
        yield made
