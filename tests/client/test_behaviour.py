"""What the client was shipped to do, next to what it was meant to do. In virtual time."""

from __future__ import annotations

import asyncio

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.client.behaviour import AS_SHIPPED, MEANT, Behaviour
from hideez_bench.harness.client.errors import (
    FlowCancelled,
    FlowMessage,
    GetActivationCodeTimeout,
    WorkflowError,
)
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.rfid import find_by_rfid
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesErrorCode
from tests.client.other_hes import OtherHes
from tests.flow.rig import RIGHT, WRONG, Rig, last_info

pytestmark = pytest.mark.virtual_time


async def test_c011_as_shipped_cancel_does_nothing_until_the_time_is_over(rig: Rig) -> None:
    started = asyncio.get_running_loop().time()
    async with rig.bench.flow(rig.person(), behaviour=AS_SHIPPED) as flow:
        result = await flow.run()
    assert 30 <= asyncio.get_running_loop().time() - started < 32
    assert isinstance(result.error, GetActivationCodeTimeout)
    assert result.end.silent
    assert last_info(result).unlock_attempts == 3


async def test_c011_as_meant_cancel_ends_the_flow_at_once(rig: Rig) -> None:
    started = asyncio.get_running_loop().time()
    async with rig.bench.flow(rig.person()) as flow:
        result = await flow.run()
    assert asyncio.get_running_loop().time() - started < 2
    assert isinstance(result.error, FlowCancelled)


async def test_c004_as_shipped_the_server_has_the_last_word(rig: Rig) -> None:
    person = rig.person(WRONG, WRONG, WRONG)
    async with rig.bench.flow(person, behaviour=Behaviour(report_replaces_error=True)) as flow:
        result = await flow.run()
    assert isinstance(result.error, HesError)
    assert result.error.code is HesErrorCode.HesDeviceLocked
    assert "From the server" in result.message
    assert rig.vault().status is VaultStatus.Locked


async def test_c004_as_meant_the_person_reads_what_they_did(rig: Rig) -> None:
    async with rig.bench.flow(rig.person(WRONG, WRONG, WRONG)) as flow:
        result = await flow.run()
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.LOCKED_BY_INVALID_ATTEMPTS
    assert rig.vault().status is VaultStatus.Locked


async def test_as_shipped_a_key_is_never_found_by_its_tag(rig: Rig) -> None:
    hes = OtherHes(rig)
    rfid = rig.vault().rfid
    assert (await find_by_rfid(hes, rfid, MEANT)).vault_serial == rig.serial
    hes.calls.clear()
    with pytest.raises(BenchError, match="not looked for"):
        await find_by_rfid(hes, rfid, AS_SHIPPED)
    assert hes.calls == []


@pytest.mark.parametrize("behaviour", [AS_SHIPPED, MEANT], ids=["shipped", "meant"])
async def test_either_way_a_key_is_activated(rig: Rig, behaviour: Behaviour) -> None:
    person = rig.person(WRONG, RIGHT)
    async with rig.client(person, flow_type=ConnectionFlow, behaviour=behaviour) as flow:
        result = await flow.run()
    assert result.succeeded, result.error
    assert person.notices
    assert person.shown is None  # success clears all messages
    assert rig.vault().status is VaultStatus.Active
