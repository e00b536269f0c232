"""The verdict in one sentence."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.bench import Ending, Verdict
from hideez_bench.harness.cli.story import conclusion


@pytest.mark.parametrize(
    ("left", "end"), [(3, "code, 3 attempts left."), (1, "code, 1 attempt left."), (None, "code.")]
)
def test_attempts_are_told_where_they_are_known(left: int | None, end: str) -> None:
    verdict = Verdict(Ending.WAITING, "ST1032026000203", VaultStatus.Reserved, left, None)
    assert conclusion("HK-00203", verdict).endswith(f"still waits for its {end}")
