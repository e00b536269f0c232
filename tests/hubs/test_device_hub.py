"""The server's channel through a deviceHub: opening, drops, time limits, and what a bad relay can do."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.protocol.names import Command
from tests.hes.bench import SERIAL
from tests.hubs.rig import HubBench

pytestmark = pytest.mark.virtual_time


async def test_activation_goes_over_both_hubs(bench: HubBench) -> None:
    await bench.assign()
    await bench.arrive()
    told = await bench.update()
    assert bench.key.commands == [Command.LINK]
    assert bench.vault.is_status_applied
    assert told.vault_serial == SERIAL
    bench.key.take()
    await bench.update()
    assert bench.vault.status is VaultStatus.Active
    assert [path for path, _ in bench.sockets.opened] == ["/appHub", "/deviceHub"]
