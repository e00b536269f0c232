from __future__ import annotations

import pytest

from tests.key.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """A factory key."""
    return Desk()
