"""What may happen while a key is being activated, on every radio: the rows of the client's own table.

On real BlueZ, where each connection takes seconds, only the rows on which the radio has a part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.client import activation
from hideez_bench.harness.client.behaviour import AS_SHIPPED
from hideez_bench.harness.client.errors import (
    FlowCancelled,
    FlowMessage,
    GetActivationCodeTimeout,
    WorkflowError,
)
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.user_interface import CodePrompt
from hideez_bench.harness.client.workstation import SUSPENDED
from hideez_bench.harness.people import ScriptedPerson
from hideez_bench.protocol.hes import HesError, HesErrorCode, HwVaultInfoFromClient, HwVaultInfoFromHes
from hideez_bench.protocol.names import Button, Lock
from hideez_bench.protocol.secret import ActivationCode
from tests.client.other_hes import OtherHes
from tests.flow.rig import RIGHT, WRONG, Rig, last_info


class AtThePrompt(ScriptedPerson):
    """Does something when asked for the code, and then types what there is to type; else nothing, for ever."""

    def __init__(self, rig: Rig, does: Callable[[], Awaitable[None]], *entries: object) -> None:
        super().__init__(entries, rig.code)  # type: ignore[arg-type]
        self._does = does
        self._types = bool(entries)

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        self.prompts.append(prompt)
        await self._does()
        if not self._types:
            await asyncio.Event().wait()
        return await super().get_activation_code(prompt)


async def nothing() -> None:
    pass


async def connect(rig: Rig, person: ScriptedPerson, hes: OtherHes | None = None) -> FlowResult:
    async with rig.client(person, flow_type=ConnectionFlow, hes=hes) as flow:
        return await flow.run()


def waits_still(rig: Rig, result: FlowResult) -> None:
    """Nobody was told, nothing was spent, nothing has changed on either side."""
    assert (result.message, result.end.silent, result.end.delete_bond) == ("", True, False)
    assert last_info(result).lock == Lock.BY_CODE | Lock.CAN_UNLOCK
    assert last_info(result).unlock_attempts == 3
    assert rig.vault().status is VaultStatus.Reserved
    assert not rig.vault().is_online


@pytest.mark.bluez
async def test_no_input(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert activation.PROMPT_SECONDS == 30
    monkeypatch.setattr(activation, "PROMPT_SECONDS", 0.5)
    result = await connect(rig, AtThePrompt(rig, nothing))
    assert isinstance(result.error, GetActivationCodeTimeout)
    waits_still(rig, result)


async def test_cancel_as_shipped(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation, "PROMPT_SECONDS", 0.5)
    async with rig.bench.flow(rig.person(), behaviour=AS_SHIPPED) as flow:
        result = await flow.run()
    assert isinstance(result.error, GetActivationCodeTimeout)
    waits_still(rig, result)


@pytest.mark.bluez
async def test_the_key_disconnects_after_a_wrong_code(rig: Rig) -> None:
    async def walks_away() -> None:
        if person.prompts[-1].attempts_remaining == 2:
            await rig.application.server.disconnect()
            await asyncio.Event().wait()

    person = AtThePrompt(rig, walks_away, WRONG, RIGHT)
    result = await connect(rig, person)
    assert isinstance(result.error, FlowCancelled)
    assert result.end.silent
    assert rig.vault().status is VaultStatus.Reserved
    again = rig.person(RIGHT)
    assert (await connect(rig, again)).succeeded
    assert [prompt.attempts_remaining for prompt in again.prompts] == [2]


@pytest.mark.bluez
async def test_a_long_press(rig: Rig) -> None:
    async def press() -> None:
        rig.application.press(Button.LONG)

    result = await connect(rig, AtThePrompt(rig, press))
    assert isinstance(result.error, FlowCancelled)
    waits_still(rig, result)


@pytest.mark.bluez
async def test_the_computer_goes_to_sleep(rig: Rig) -> None:
    async def sleep() -> None:
        rig.bench.workstation.state.interrupt(SUSPENDED)

    result = await connect(rig, AtThePrompt(rig, sleep))
    assert isinstance(result.error, FlowCancelled)
    await rig.bench.workstation.state.settled()
    waits_still(rig, result)


@pytest.mark.parametrize(
    ("licensed", "message"),
    [
        pytest.param(
            False, FlowMessage.CANNOT_DOWNLOAD_LICENSE, id="without a licence", marks=pytest.mark.bluez
        ),
        pytest.param(True, FlowMessage.CANNOT_LINK_TO_USER, id="with one"),
    ],
)
async def test_hes_is_away_before_linking(rig: Rig, licensed: bool, message: FlowMessage) -> None:
    if licensed:
        async with rig.open_device() as device:
            await device.load_license(rig.license())
    hes = OtherHes(rig)
    hes.is_up = False
    result = await connect(rig, rig.person(RIGHT), hes)
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is message
    assert last_info(result).link_required
    assert rig.vault().status is VaultStatus.Reserved


@pytest.mark.bluez
async def test_e008_hes_goes_away_between_linking_and_code(rig: Rig) -> None:
    async def goes_away() -> None:
        hes.is_up = False
        hes.server.close()

    hes = OtherHes(rig)
    result = await connect(rig, AtThePrompt(rig, goes_away, RIGHT), hes)
    # The key asks for the master key only once it has an access profile: so the flow comes to its end.
    assert result.succeeded, result.error
    assert not last_info(result).locked
    assert rig.vault().status is VaultStatus.Reserved
    assert rig.count("ACCESS") == 0
    person = rig.person()
    result = await connect(rig, person)
    assert result.succeeded, result.error
    assert person.prompts == []
    assert rig.count("ACCESS") == 1
    assert rig.vault().status is VaultStatus.Active


async def test_hes_is_away_and_the_suspension_was_not_applied(rig: Rig) -> None:
    assert (await rig.connect(RIGHT)).succeeded
    await rig.bench.hes.vaults.suspend(rig.serial)
    hes = OtherHes(rig)
    hes.is_up = False
    result = await connect(rig, rig.person(), hes)
    assert result.succeeded, result.error
    assert not last_info(result).locked
    assert rig.vault().status is VaultStatus.Suspended


class DropsInStatus(OtherHes):
    """The connection to the server is lost while the server is at work."""

    async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        self.is_up = False
        self.server.close()
        raise HesError(HesErrorCode.HesNotConnected, "The connection to the server was lost.")


@pytest.mark.bluez
async def test_e009_hes_drops_during_a_call(rig: Rig) -> None:
    result = await connect(rig, rig.person(RIGHT), DropsInStatus(rig))
    assert isinstance(result.error, HesError)
    assert result.error.code is HesErrorCode.HesNotConnected
    assert "lost" in result.message
    assert not result.end.delete_bond
    assert (await rig.connect(RIGHT)).succeeded
    assert rig.vault().status is VaultStatus.Active


class ForgetsToRegister(OtherHes):
    """The server never learns that the key hangs here."""

    async def update_hw_vault_properties(
        self, info: HwVaultInfoFromClient, return_info: bool
    ) -> HwVaultInfoFromHes | None:
        return HwVaultInfoFromHes(need_state_update=True) if return_info else None


async def test_e011_the_remote_channel_has_nowhere_to_go(rig: Rig) -> None:
    result = await connect(rig, rig.person(RIGHT), ForgetsToRegister(rig))
    assert isinstance(result.error, HesError)
    assert result.error.code is HesErrorCode.DeviceNotConnectedToAnyHost
    assert rig.commands(4) == []
    assert rig.vault().status is VaultStatus.Reserved
