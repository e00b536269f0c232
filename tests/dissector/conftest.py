from __future__ import annotations

from pathlib import Path

import pytest

from hideez_bench.harness.dissector.generate import dissector
from hideez_bench.protocol.wire import default_wire


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dissector of the shipped profile."""
    path = tmp_path_factory.mktemp("dissector") / "hideez.lua"
    path.write_text(dissector(default_wire()), encoding="utf-8")
    return path
