"""One flow at a time, and what is connected already. In virtual time."""

from __future__ import annotations

import asyncio

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.client.connected import ConnectedKey
from hideez_bench.harness.client.errors import FlowMessage, FlowNotStarted, WorkflowError
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.run import KeyFlow
from hideez_bench.harness.client.session import ConnectRequest
from hideez_bench.harness.client.standalone import StandaloneFlow
from hideez_bench.harness.client.workstation import ConnectionId, Stack
from hideez_bench.protocol.secret import Password
from tests.flow.rig import RIGHT, WIRE, Rig, over_dongle

pytestmark = pytest.mark.virtual_time


async def test_e018_a_request_during_a_flow_is_dropped(rig: Rig) -> None:
    async with rig.flow(RIGHT) as first, rig.flow(RIGHT) as second:
        running = asyncio.create_task(first.run())
        await rig.told("connects to")
        dropped = await second.run()
        assert isinstance(dropped.error, FlowNotStarted)
        assert dropped.end.silent
        assert (await running).succeeded
    assert [event.text for event in rig.timeline.events if event.text.startswith("connects to")] == [
        f"connects to {rig.identity.local_name} (attempt 1)"
    ]


async def test_e019_a_key_that_is_online_is_left_alone(rig: Rig) -> None:
    async with rig.flow(RIGHT) as first, rig.flow(RIGHT) as second:
        assert (await first.run()).succeeded
        again = await second.run()
        assert isinstance(again.error, FlowNotStarted)
        assert again.end.silent
        assert rig.vault().is_online
        assert not first.session.connected.transport.lost.is_set()


async def test_a_key_that_went_offline_runs_the_whole_flow_again(rig: Rig) -> None:
    async with rig.flow(RIGHT) as first, rig.flow() as second:
        assert (await first.run()).succeeded
        await rig.application.server.disconnect()
        await rig.told("The link to the key was lost")
        await first.session.connected.disconnect()
        assert not rig.vault().is_online
        assert rig.bench.workstation.state.keys == {}
        assert (await second.run()).succeeded
        assert rig.vault().is_online


@pytest.mark.parametrize("flow_type", [ConnectionFlow, StandaloneFlow], ids=["enterprise", "standalone"])
@pytest.mark.parametrize("stack", list(Stack), ids=lambda stack: stack.name)
async def test_a_ghosted_device_performs_its_workflow(
    rig: Rig, flow_type: type[KeyFlow], stack: Stack
) -> None:
    """Connected and initialised, its flow never finished."""
    link = await rig.link(10).__aenter__()
    hes = rig.bench.hes.connect(rig.bench.workstation)
    ghost = ConnectedKey(
        ConnectionId(link.name, stack),
        link,
        hes=hes,
        workstation=rig.bench.workstation,
        timeline=rig.timeline,
        wire=WIRE,
        random=lambda size: bytes(range(1, size + 1)),
    )
    await ghost.transport.start()
    ghost.serial = (await ghost.device.verify_and_initialize()).serial
    person = rig.person(RIGHT, passwords=[Password.from_text("correct horse")])
    flow = rig.client(person, hes=hes, flow_type=flow_type, request=ConnectRequest(stack))
    async with flow:
        result = await flow.run()
        assert result.succeeded, result.error
        assert flow.session.key is ghost
        assert ghost.finished
    assert not any(event.text.startswith("connects to") for event in rig.timeline.events)


async def test_e017_the_same_key_over_the_other_stack_is_refused_and_the_first_stays(rig: Rig) -> None:
    person = rig.person(RIGHT)
    second = rig.client(
        person,
        flow_type=ConnectionFlow,
        request=ConnectRequest(Stack.DONGLE),
        open_link=lambda seconds: over_dongle(rig, seconds),
    )
    async with rig.flow(RIGHT) as first, second:
        assert (await first.run()).succeeded
        result = await second.run()
        assert isinstance(result.error, WorkflowError)
        assert result.error.message is FlowMessage.VAULT_ALREADY_CONNECTED
        assert not result.end.delete_bond
        assert rig.vault().is_online
        # The server still reaches the key through the first.
        await rig.bench.hes.vaults.suspend(rig.serial)
        await rig.bench.hes.settled()
        assert rig.vault().is_status_applied
    assert rig.vault().status is VaultStatus.Suspended
