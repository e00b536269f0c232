"""Whole activations of a key on the memory radio, by a bench that reaches its server over REST and hubs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.bench import Ending
from hideez_bench.harness.client.errors import ClientError, ClientErrorCode
from hideez_bench.harness.client.outcome import Told
from hideez_bench.harness.hes.hub_connection import HubConnection
from hideez_bench.harness.hes.signalr_client import Disconnected
from hideez_bench.protocol.hes import HesError, HesErrorCode, HesNetworkError, WorkstationInfo
from tests.flow.rig import RIGHT, WRONG, last_info
from tests.hubs.flow_rig import HubRig, hub_rig

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def rig() -> AsyncIterator[HubRig]:
    async with hub_rig() as made:
        yield made


async def test_b001_the_right_code_makes_the_key_active(rig: HubRig) -> None:
    async with rig.flow(WRONG, RIGHT) as flow:
        result = await flow.run()
        assert result.succeeded, result.error
        assert rig.vault().is_online
        verdict = await rig.bench.verdict(rig.serial, result)
    assert verdict.ending is Ending.ACTIVE
    order = [name for name in rig.commands() if name != "GET_INFO"]
    assert order[-4:] == ["UNLOCK_DEVICE_CODE", "UNLOCK_DEVICE_CODE", "ACCESS", "CHECK_PASSPHRASE"]
    assert {path for path, _ in rig.sockets.opened} == {"/appHub", "/deviceHub"}
    assert not rig.vault().is_online


async def test_three_wrong_codes_lock_it_and_a_new_code_brings_it_back(rig: HubRig) -> None:
    locked = await rig.connect(WRONG, WRONG, WRONG)
    assert last_info(locked).unlock_attempts == 0
    assert rig.vault().status is VaultStatus.Locked
    await rig.bench.administrator.reactivate(rig.serial)
    assert rig.vault().status is VaultStatus.Suspended
    result = await rig.connect(RIGHT)
    assert result.succeeded, result.error
    assert rig.vault().status is VaultStatus.Active


async def test_d001_suspension_reaches_a_connected_key_through_the_hubs(rig: HubRig) -> None:
    async with rig.flow(RIGHT) as flow:
        await flow.run()
        await rig.near.hes.vaults.suspend(rig.serial)
        await rig.near.hes.settled()
        assert rig.count("LOCK_DEVICE_CODE") == 1
        assert rig.vault().is_status_applied
    result = await rig.connect(RIGHT)
    assert result.succeeded, result.error


@pytest.mark.parametrize("target", ["UpdateHwVaultStatus", "VerifyCommandResponse", "RemoteCommandResponse"])
async def test_e009_the_network_goes_while_the_server_works(rig: HubRig, target: str) -> None:
    def cut(path: str, text: str) -> str:
        if target in text:
            for _, socket in rig.sockets.opened:
                socket.hang_up()
        return text

    rig.sockets.on_text = cut
    result = await rig.connect(RIGHT)
    assert not result.succeeded
    assert isinstance(result.error, HesError)
    assert result.error.code is HesErrorCode.HesNotConnected
    await rig.near.hes.settled()
    assert rig.vault().status is VaultStatus.Reserved
    assert not rig.vault().is_online
    # What the key and the server remember still fits together.
    rig.sockets.on_text = lambda path, text: text
    assert isinstance(rig.bench.connection, HubConnection)
    await rig.bench.connection.connect()
    result = await rig.connect(RIGHT)
    assert result.succeeded, result.error
    assert rig.vault().status is VaultStatus.Active


async def test_a_network_that_fails_is_told_with_its_number(rig: HubRig) -> None:
    def fail(path: str, text: str) -> str:
        if "UpdateHwVaultStatus" in text:
            raise Disconnected("The connection to the server was lost.", 1011)
        return text

    rig.sockets.on_text = fail
    async with rig.flow(RIGHT) as flow:
        result = await flow.run()
    assert isinstance(result.error, HesNetworkError)
    assert result.end.row
    assert result.end.row.told is Told.NETWORK_ERROR
    assert not result.end.delete_bond
    assert "(Error 1011.)" in result.message
    assert rig.serial in result.message


async def test_e001_a_client_learns_that_it_is_not_approved_before_it_sends_anything_by_radio(
    rig: HubRig,
) -> None:
    connection, workstations = rig.bench.connection, rig.near.hes.workstations
    assert isinstance(connection, HubConnection)
    workstation = rig.bench.workstation
    await connection.close()
    workstations.unapprove(workstation.id)  # while nobody is there to be told
    await connection.connect()
    with pytest.raises(HesError) as caught:
        await connection.register_workstation_info(WorkstationInfo(workstation.id))
    assert caught.value.code is HesErrorCode.HesWorkstationNotApproved
    result = await rig.connect(RIGHT)
    assert isinstance(result.error, ClientError)
    assert result.error.code is ClientErrorCode.HesWorkstationNotApproved
    assert result.info is None
    assert rig.commands() == []
    assert not any("connects to" in event.text for event in rig.timeline.events)

    workstations.approve(workstation.id)
    await connection.register_workstation_info(WorkstationInfo(workstation.id))
    result = await rig.connect(RIGHT)
    assert result.succeeded, result.error


@pytest.mark.usefixtures("searchable_codes")
async def test_f014_a_relay_sees_neither_code_nor_master_key(rig: HubRig) -> None:
    said: list[str] = []

    def listen(path: str, text: str) -> str:
        said.append(text)
        return text

    rig.sockets.on_text = listen
    code = await rig.code()
    assert (await rig.connect(RIGHT)).succeeded
    assert any("RemoteCommandResponse" in text for text in said)
    assert code.reveal().decode() not in "".join(said)
