"""A rig for each test of the flow, on each radio in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.flow.rig import Rig, rig_on
from tests.radio.radios import RadioUnderTest


@pytest.fixture
async def rig(radio: RadioUnderTest) -> AsyncIterator[Rig]:
    """A factory key on the air, its vault Reserved."""
    async with rig_on(radio) as made:
        yield made
