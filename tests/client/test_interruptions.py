"""What happens to the workstation, and what becomes of a flow and of keys that are online. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from hideez_bench.emulator.hes.names import VaultStatus, VaultStatusReason
from hideez_bench.harness.client.errors import ClientError, ClientErrorCode, FlowCancelled
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.user_interface import CodePrompt
from hideez_bench.harness.client.workstation import (
    LOGGED_OFF,
    RESUMED,
    SESSION_SWITCHED,
    SUSPENDED,
    Interruption,
)
from hideez_bench.harness.links.bleak_link import BleakLink, ConnectionFailed
from hideez_bench.harness.people import ScriptedPerson
from hideez_bench.harness.timeline import Actor
from hideez_bench.protocol.hes import HesError, HesErrorCode
from hideez_bench.protocol.names import Button, WipeResult
from hideez_bench.protocol.secret import ActivationCode
from tests.flow.rig import RIGHT, WRONG, Rig, last_info

pytestmark = pytest.mark.virtual_time


def interrupt(what: Interruption) -> Callable[[Rig], None]:
    return lambda rig: rig.bench.workstation.state.interrupt(what)


SOURCES: dict[str, Callable[[Rig], None]] = {
    "session switch": interrupt(SESSION_SWITCHED),
    "session lock": lambda rig: rig.bench.workstation.state.lock_session(),
    "log off": interrupt(LOGGED_OFF),
    "suspend": interrupt(SUSPENDED),
    "resume": interrupt(RESUMED),
    "alarm on": lambda rig: rig.bench.workstation.set_alarm_state(True),
    "access retracted": lambda rig: rig.bench.workstation.workstation_unapproved(),
    "long press": lambda rig: rig.application.press(Button.LONG),
}


class Interrupted(ScriptedPerson):
    """Types nothing, while something happens."""

    def __init__(self, rig: Rig, happens: Callable[[Rig], None]) -> None:
        super().__init__([], rig.code)
        self._rig = rig
        self._happens = happens

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        self.prompts.append(prompt)
        self._happens(self._rig)
        await asyncio.Event().wait()
        return None


@pytest.mark.parametrize("source", SOURCES)
async def test_e022_every_source_ends_the_prompt_at_once_and_silently(rig: Rig, source: str) -> None:
    started = asyncio.get_running_loop().time()
    async with rig.bench.flow(Interrupted(rig, SOURCES[source])) as flow:
        result = await flow.run()
    assert asyncio.get_running_loop().time() - started < 2
    assert isinstance(result.error, FlowCancelled)
    assert (result.message, result.end.silent, result.end.delete_bond) == ("", True, False)
    assert last_info(result).unlock_attempts == 3
    assert rig.vault().status is VaultStatus.Reserved
    assert not rig.vault().is_online
    assert rig.bench.workstation.state.keys == {}


async def test_the_first_of_several_interruptions_is_the_reason(rig: Rig) -> None:
    def both(rig: Rig) -> None:
        SOURCES["suspend"](rig)
        SOURCES["resume"](rig)

    async with rig.bench.flow(Interrupted(rig, both)) as flow:
        result = await flow.run()
    assert str(result.error) == SUSPENDED.reason


@pytest.mark.parametrize("source", SOURCES)
async def test_a_key_is_activated_after_any_interruption(rig: Rig, source: str) -> None:
    async with rig.bench.flow(Interrupted(rig, SOURCES[source])) as flow:
        await flow.run()
    state = rig.bench.workstation.state
    rig.bench.workstation.set_alarm_state(False)
    rig.bench.workstation.workstation_approved()
    state.session_locked = False
    await state.settled()
    result = await rig.connect(RIGHT)
    assert result.succeeded, result.error


@pytest.mark.parametrize(
    ("source", "stays"),
    [
        ("session switch", True),
        ("resume", True),
        ("long press", True),
        ("session lock", False),
        ("log off", False),
        ("suspend", False),
        ("alarm on", False),
        ("access retracted", False),
    ],
)
async def test_what_an_online_key_survives(rig: Rig, source: str, stays: bool) -> None:
    async with rig.flow(RIGHT) as flow:
        assert (await flow.run()).succeeded
        SOURCES[source](rig)
        await rig.bench.workstation.state.settled()
        assert rig.vault().is_online is stays
        assert flow.session.connected.finished is stays


async def test_e001_without_approval_nothing_is_sent_by_radio(rig: Rig) -> None:
    rig.bench.workstation.workstation_unapproved()
    result = await rig.connect(RIGHT)
    assert isinstance(result.error, ClientError)
    assert result.error.code is ClientErrorCode.HesWorkstationNotApproved
    assert not any(event.to == "Key" for event in rig.timeline.events)
    assert result.info is None


@pytest.mark.parametrize("online", [True, False], ids=["online", "away"])
async def test_e002_an_alarm_deletes_the_bonds_and_lets_nothing_connect(rig: Rig, online: bool) -> None:
    await rig.bond()
    async with rig.flow(RIGHT) as flow:
        assert (await flow.run()).succeeded
        if online:
            rig.bench.workstation.set_alarm_state(True)
            await rig.bench.workstation.state.settled()
    if not online:
        assert await rig.host_knows_the_key()
        rig.bench.workstation.set_alarm_state(True)
        await rig.bench.workstation.state.settled()
    assert not await rig.host_knows_the_key()
    sent = len(rig.timeline.events)
    result = await rig.connect(RIGHT)
    assert isinstance(result.error, ClientError)
    assert result.error.code is ClientErrorCode.HesAlarm
    assert not any(event.to == "Key" for event in rig.timeline.events[sent:])
    rig.bench.workstation.set_alarm_state(False)
    assert (await rig.connect()).succeeded


async def test_an_alarm_at_the_prompt_deletes_the_bond_once_the_flow_has_ended(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.bond()
    state = rig.bench.workstation.state
    deleted: list[bool] = []
    delete_bond = BleakLink.delete_bond

    async def watched(link: BleakLink) -> None:
        deleted.append(state.flow_runs)
        await delete_bond(link)

    monkeypatch.setattr(BleakLink, "delete_bond", watched)
    async with rig.bench.flow(Interrupted(rig, SOURCES["alarm on"])) as flow:
        await flow.run()
    await state.settled()
    assert deleted == [False]
    assert state.bonds == {}
    assert not await rig.host_knows_the_key()


async def test_a_bond_that_an_alarm_cannot_delete_is_told_and_tried_again_at_the_next_alarm(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.bond()
    assert (await rig.connect(RIGHT)).succeeded
    state = rig.bench.workstation.state

    async def refused(link: BleakLink) -> None:
        raise ConnectionFailed("This host could not forget the key; remove it in the system's settings.")

    with monkeypatch.context() as patch:
        patch.setattr(BleakLink, "delete_bond", refused)
        state.set_alarm(True)
        await state.settled()
    (told,) = (event for event in rig.timeline.events if "could not forget" in event.text)
    assert told.to is Actor.PERSON
    assert len(state.bonds) == 1
    state.set_alarm(False)
    state.set_alarm(True)
    await state.settled()
    assert state.bonds == {}
    assert not await rig.host_knows_the_key()


async def test_retracted_access_keeps_the_bonds(rig: Rig) -> None:
    await rig.bond()
    async with rig.flow(RIGHT) as flow:
        assert (await flow.run()).succeeded
        rig.bench.workstation.workstation_unapproved()
        await rig.bench.workstation.state.settled()
    assert await rig.host_knows_the_key()


async def test_d020_a_wipe_that_nobody_confirms_keeps_the_bond(rig: Rig) -> None:
    await rig.bond()
    heard: list[WipeResult] = []
    async with rig.flow(RIGHT) as flow:
        assert (await flow.run()).succeeded
        flow.session.connected.transport.events.wipe_status.append(lambda wipe: heard.append(wipe.result))
        await asyncio.gather(flow.session.device.wipe(None), return_exceptions=True)
    assert heard
    assert WipeResult.WIPE_OK not in heard
    assert await rig.host_knows_the_key()


async def test_d021_a_key_that_was_wiped_by_hand_is_forgotten_when_it_disconnects(rig: Rig) -> None:
    await rig.bond()
    async with rig.flow(RIGHT) as flow:
        assert (await flow.run()).succeeded
        wiping = asyncio.create_task(flow.session.device.wipe(None))
        await rig.told("WIPE")
        await rig.application.press_for(11)
        await asyncio.wait([wiping])
        await flow.session.connected.disconnect()
    assert not await rig.host_knows_the_key()


@pytest.mark.parametrize("step", range(0, 60, 4))
async def test_wherever_a_flow_is_interrupted_it_ends_silently_and_the_next_one_helps(
    rig: Rig, step: int
) -> None:
    """At each event of the story: while connecting, at the server's calls, between any two commands."""
    state = rig.bench.workstation.state
    heard = 0

    def count(event: object) -> None:
        nonlocal heard
        heard += 1
        if heard == step + 1:
            state.interrupt(SESSION_SWITCHED)

    flow = rig.client(rig.person(WRONG, RIGHT), flow_type=ConnectionFlow)
    started = asyncio.get_running_loop().time()
    rig.listeners.append(count)
    async with flow:
        result = await flow.run()
    rig.listeners.remove(count)
    assert asyncio.get_running_loop().time() - started < 12
    if not result.succeeded:
        assert isinstance(result.error, FlowCancelled)
        assert result.end.silent
    assert state.keys == {}
    assert not state.flow_runs
    await rig.bench.hes.settled()
    again = await rig.connect(RIGHT)
    assert again.succeeded, again.error
    assert rig.vault().status is VaultStatus.Active


class TypesWhatWasRight(ScriptedPerson):
    """Knows the code, and types it when the key has been taken away from its owner."""

    def __init__(self, rig: Rig, happens: Callable[[Rig], Coroutine[None, None, None]]) -> None:
        super().__init__([], rig.code)
        self._rig = rig
        self._happens = happens

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        code = await self._rig.code()
        await self._happens(self._rig)
        await self._rig.bench.hes.settled()
        return code


async def withdrawn(rig: Rig) -> None:
    await rig.bench.hes.employees.remove_hardware_vault(rig.serial)


async def lost(rig: Rig) -> None:
    await rig.bench.hes.vaults.compromise(rig.serial, reason=VaultStatusReason.Lost, retyped_id=rig.serial)


@pytest.mark.parametrize(
    ("happens", "status", "then"),
    [
        (withdrawn, VaultStatus.Ready, HesErrorCode.HesDeviceNotAssignedToAnyUser),
        (lost, VaultStatus.Compromised, HesErrorCode.HesDeviceCompromised),
    ],
)
async def test_a_key_that_the_server_wipes_while_its_code_is_typed_says_so(
    rig: Rig,
    happens: Callable[[Rig], Coroutine[None, None, None]],
    status: VaultStatus,
    then: HesErrorCode,
) -> None:
    async with rig.client(TypesWhatWasRight(rig, happens), flow_type=ConnectionFlow) as flow:
        result = await flow.run()
    assert "wiped meanwhile" in result.message
    assert rig.vault().status is status
    async with rig.client(rig.person(RIGHT), flow_type=ConnectionFlow) as flow:
        again = await flow.run()
    assert isinstance(again.error, HesError)
    assert again.error.code is then
