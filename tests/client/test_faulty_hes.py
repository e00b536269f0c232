"""The server drops, is slow or is never reached, at every single call of a flow. In virtual time.

Each time the flow ends as the table says, nothing waits for ever, and one more good connection brings key and server
together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.client.connected import GOODBYE_SECONDS
from hideez_bench.harness.client.errors import TEXTS, FlowMessage
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.protocol.hes import HesConnection, HesError, HesErrorCode
from hideez_bench.protocol.names import AccessLevel
from tests.client.faulty_hes import Fault, FaultyHes
from tests.client.other_hes import OtherHes
from tests.flow.rig import RIGHT, WRONG, Rig, last_info

pytestmark = pytest.mark.virtual_time


async def new(rig: Rig) -> None:
    """A factory key, its vault Reserved."""


async def suspended(rig: Rig) -> None:
    """Active, then suspended while it is away; the confirmation of this host was lost, too."""
    assert (await rig.connect(RIGHT)).succeeded
    await rig.bench.hes.vaults.suspend(rig.serial)
    rig.key._firmware.change(master_key_given={})


Prepare = Callable[[Rig], Coroutine[Any, Any, None]]

CALLS: dict[Prepare, list[str]] = {
    new: [
        "properties INITIALIZING",
        "licences",
        "applied",
        "status",
        "status",
        "auth",
        "accounts os",
        "accounts other",
        "properties ONLINE",
        "properties OFFLINE",
    ],
    suspended: [
        "properties INITIALIZING",
        "status",
        "status",
        "auth",
        "accounts os",
        "accounts other",
        "properties ONLINE",
        "properties OFFLINE",
    ],
}
"""What a flow calls, from each state of a key."""

CASES: Sequence[tuple[Prepare, int]] = [(new, at) for at in range(len(CALLS[new]))] + [
    (suspended, at) for at in range(4)
]
IDS = [f"{prepare.__name__}-{at}-{CALLS[prepare][at].replace(' ', '-')}" for prepare, at in CASES]


async def connect(rig: Rig, hes: HesConnection) -> FlowResult:
    async with rig.client(rig.person(WRONG, RIGHT), flow_type=ConnectionFlow, hes=hes) as flow:
        return await flow.run()


@pytest.mark.parametrize("prepare", CALLS)
async def test_these_are_the_calls(rig: Rig, prepare: Prepare) -> None:
    await prepare(rig)
    hes = FaultyHes(rig, -1, Fault.SLOW)
    assert (await connect(rig, hes)).succeeded
    assert hes.calls == CALLS[prepare]


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
@pytest.mark.parametrize(("prepare", "at"), CASES, ids=IDS)
async def test_a_fault_at_one_call_ends_in_time_and_is_overcome(
    rig: Rig, prepare: Prepare, at: int, fault: Fault
) -> None:
    await prepare(rig)
    started = asyncio.get_running_loop().time()
    result = await connect(rig, FaultyHes(rig, at, fault))
    assert asyncio.get_running_loop().time() - started < 35
    is_last = at == len(CALLS[prepare]) - 1
    if is_last or fault is Fault.SLOW:
        assert result.succeeded, result.error
    else:
        assert isinstance(result.error, HesError)
        if fault in (Fault.TOO_SLOW, Fault.NEVER_REACHED):
            assert result.error.code is HesErrorCode.HesRequestTimeout
        else:
            assert result.error.code is HesErrorCode.HesNotConnected
            assert TEXTS[FlowMessage.LOST_NETWORK_CONNECTION] in result.message
        assert not result.end.delete_bond
    assert rig.bench.workstation.state.keys == {}
    await rig.bench.hes.settled()

    again = await connect(rig, OtherHes(rig))
    assert again.succeeded, again.error
    assert last_info(again).access_level == AccessLevel(0)
    assert rig.vault().status is VaultStatus.Active


async def test_a_server_that_hangs_keeps_nobody_from_leaving(rig: Rig) -> None:
    hes = FaultyHes(rig, len(CALLS[new]) - 1, Fault.NEVER_REACHED)
    async with rig.client(rig.person(WRONG, RIGHT), flow_type=ConnectionFlow, hes=hes) as flow:
        assert (await flow.run()).succeeded
        left = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - left == pytest.approx(GOODBYE_SECONDS, abs=1)
    assert hes.calls == CALLS[new][:-1]  # the last never reached it
    assert rig.bench.workstation.state.keys == {}


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
async def test_a_fault_at_the_report_of_a_failure_leaves_the_failure_as_it_is(rig: Rig, fault: Fault) -> None:
    hes = FaultyHes(rig, 4, fault)
    person = rig.person(WRONG, WRONG, WRONG)
    async with rig.client(person, flow_type=ConnectionFlow, hes=hes) as flow:
        result = await flow.run()
    assert result.error is not None
    assert TEXTS[FlowMessage.LOCKED_BY_INVALID_ATTEMPTS] in result.message
    # Whether the server heard of it or not: at its next contact it knows.
    again = await connect(rig, OtherHes(rig))
    assert isinstance(again.error, HesError)
    assert again.error.code is HesErrorCode.HesDeviceLocked
    assert rig.vault().status is VaultStatus.Locked
    await rig.bench.administrator.reactivate(rig.serial)
    assert (await connect(rig, OtherHes(rig))).succeeded
    assert rig.vault().status is VaultStatus.Active
