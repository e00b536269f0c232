"""A rig on the in-process radio, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.flow.rig import Rig, rig_on
from tests.radio.radios import Memory


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A factory key on the air, its vault Reserved."""
    async with Memory() as radio, rig_on(radio) as made:
        yield made
