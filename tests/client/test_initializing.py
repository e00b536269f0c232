"""Steps 0 to 10: a key that says too little or the wrong thing, and what the person reads. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hideez_bench.harness.client.connected import ConnectedKey
from hideez_bench.harness.client.errors import FlowCancelled, FlowMessage, WorkflowError
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.session import ConnectRequest
from hideez_bench.harness.client.workstation import ConnectionId, Stack
from hideez_bench.protocol.channel import ChannelError
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import ConnectionState, HwVaultInfoFromClient, HwVaultInfoFromHes
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.transport import KeyRefused, NoAnswer
from tests.client.other_hes import OtherHes
from tests.flow.rig import RIGHT, WIRE, Rig, last_info

pytestmark = pytest.mark.virtual_time


def ended_with(result: FlowResult, message: FlowMessage) -> None:
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is message
    assert not result.end.delete_bond


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyRefused("GET_ROOT_KEY", ErrorName.ERR_HARDWARE_FAULT), FlowMessage.DEVICE_INITIALIZATION_ERROR),
        (ChannelError("the key did not prove itself"), FlowMessage.DEVICE_INITIALIZATION_ERROR),
        (WireError("a reply is cut short"), FlowMessage.DEVICE_INITIALIZATION_ERROR),
        (NoAnswer("the key did not answer within 2 s"), FlowMessage.INITIALIZATION_FAILED),
    ],
    ids=["refused", "not proven", "malformed", "silent"],
)
async def test_a_key_that_cannot_be_initialised_is_told_and_disconnected(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, error: BenchError, message: FlowMessage
) -> None:
    async def fails(device: KeyDevice) -> None:
        raise error

    monkeypatch.setattr(KeyDevice, "verify", fails)
    async with rig.flow(RIGHT) as flow:
        result = await flow.run()
        assert flow.session.connected.transport.lost.is_set()
    ended_with(result, message)
    assert result.info is None
    assert (str(error) in result.message) is (message is FlowMessage.DEVICE_INITIALIZATION_ERROR)
    assert rig.bench.workstation.state.keys == {}


async def test_a_malformed_info_characteristic_is_a_connection_error(rig: Rig) -> None:
    readable = rig.application._readable
    info = rig.key.info_characteristic()
    readable[next(uuid for uuid, read in readable.items() if read() == info)] = lambda: info[:1]
    result = await rig.connect(RIGHT)
    ended_with(result, FlowMessage.CONNECTION_FAILED)
    assert "malformed" in result.message
    assert rig.commands() == []


@pytest.mark.parametrize("lost", [True, False], ids=["the link is lost", "the key refuses"])
async def test_only_a_lost_link_at_the_log_ends_the_flow(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    async def fails(device: KeyDevice) -> bytes:
        if lost:
            await rig.application.server.disconnect()
            await asyncio.Event().wait()
        raise KeyRefused("FETCH_LOG", ErrorName.ERR_UNSUPPORTED)

    monkeypatch.setattr(KeyDevice, "fetch_log", fails)
    request = ConnectRequest(take_log=lambda serial, log: None)
    async with rig.client(rig.person(RIGHT), flow_type=ConnectionFlow, request=request) as flow:
        result = await flow.run()
    assert result.succeeded is not lost
    assert isinstance(result.error, FlowCancelled) is lost


async def test_a_key_that_was_connected_already_is_read_anew(rig: Rig) -> None:
    """What a flow that never finished knew of it may be old."""
    hes = OtherHes(rig)
    hes.is_up = False
    link = await rig.link(10).__aenter__()
    ghost = ConnectedKey(
        ConnectionId(link.name, Stack.SYSTEM),
        link,
        hes=hes,
        workstation=rig.bench.workstation,
        timeline=rig.timeline,
        wire=WIRE,
        random=lambda size: bytes(range(1, size + 1)),
    )
    await ghost.transport.start()
    ghost.serial = (await ghost.device.verify_and_initialize()).serial
    await ghost.device.load_license(rig.license())
    async with rig.client(rig.person(RIGHT), hes=hes, flow_type=ConnectionFlow) as flow:
        result = await flow.run()
    ended_with(result, FlowMessage.CANNOT_LINK_TO_USER)  # and not that it has no licence


async def test_the_person_reads_what_the_client_is_at(rig: Rig) -> None:
    person = rig.person(RIGHT)
    async with rig.bench.flow(person) as flow:
        assert (await flow.run()).succeeded
    assert [notice.message for notice in person.notices] == [
        FlowMessage.STAGE_1,
        FlowMessage.WAITING_INITIALIZATION,
        FlowMessage.UPDATING_LICENSE,
        FlowMessage.AWAITING_HES_AUTH,
    ]


async def test_messages_of_before_are_taken_away_at_the_beginning(rig: Rig) -> None:
    cleared: list[int] = []
    person = rig.person()
    honest: Callable[[], None] = person.clear

    def clear() -> None:
        cleared.append(len(person.notices))
        honest()

    person.clear = clear  # type: ignore[method-assign]
    async with rig.bench.flow(person) as flow:
        await flow.run()
    assert cleared[0] == 0


async def test_what_the_server_is_told_of_a_key(rig: Rig) -> None:
    told: list[HwVaultInfoFromClient] = []

    class Listens(OtherHes):
        async def update_hw_vault_properties(
            self, info: HwVaultInfoFromClient, return_info: bool
        ) -> HwVaultInfoFromHes | None:
            told.append(info)
            return await super().update_hw_vault_properties(info, return_info)

        async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
            told.append(info)
            return await super().update_hw_vault_status(info)

    async with rig.client(rig.person(), hes=Listens(rig), flow_type=ConnectionFlow) as flow:
        info = last_info(await flow.run())
    # At registration, for the state, after nobody had a code, and offline.
    states = [one.connection_state for one in told]
    assert states == [ConnectionState.INITIALIZING] * 3 + [ConnectionState.OFFLINE]
    keys = [(one.is_link_required, one.is_locked, one.is_can_unlock) for one in told]
    assert keys == [(True, False, False)] * 2 + [(False, True, True)] * 2
    assert {(one.serial, one.battery, one.firmware_version, one.storage_timestamp) for one in told} == {
        (rig.serial, info.battery, str(info.firmware), info.storage_timestamp)
    }
    assert (info.battery, str(info.firmware)) == (100, "3.5.2")


async def test_the_owner_that_the_server_told_is_kept(rig: Rig) -> None:
    assert (await rig.connect(RIGHT)).succeeded
    owner = rig.bench.workstation.state.owners[rig.serial]
    vault = rig.vault()
    person = rig.bench.hes.employees.get(vault.employee_id or "")
    assert (owner.owner_name, owner.owner_email) == (person.full_name, person.email)
    assert (owner.vault_serial, owner.vault_mac, owner.vault_rfid) == (rig.serial, vault.mac, vault.rfid)
