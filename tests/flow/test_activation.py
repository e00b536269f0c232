"""First activation, and the codes: behaviours B-001, B-003, C-001 to C-003 and C-006, on every radio."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.hes.names import HardwareVaultActivationStatus, VaultStatus
from hideez_bench.harness.client.errors import FlowCancelled, FlowMessage, WorkflowError
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.protocol.names import AccessLevel, ErrorName, Lock
from hideez_bench.protocol.transport import KeyRefused
from tests.flow.rig import RIGHT, WRONG, Rig, last_info

pytestmark = pytest.mark.bluez


async def test_b001_the_right_code_makes_the_key_active(rig: Rig) -> None:
    await rig.bond()
    assert rig.vault().status is VaultStatus.Reserved
    async with rig.flow(RIGHT) as flow:
        result = await flow.run()
        assert result.succeeded, result.error
        assert not result.end.delete_bond
        assert last_info(result).access_level == AccessLevel(0)
        assert rig.vault().is_online
    assert rig.vault().status is VaultStatus.Active
    assert rig.vault().activation is HardwareVaultActivationStatus.Activated
    # B-008, B-009: in this order, and Active only after ACCESS.
    order = [name for name in rig.commands() if name != "GET_INFO"]
    assert order == ["LOAD_LICENSE", "LINK", "UNLOCK_DEVICE_CODE", "ACCESS", "CHECK_PASSPHRASE"]
    assert not rig.vault().is_online
    assert await rig.host_knows_the_key()


async def test_b003_after_link_the_key_waits_for_its_code(rig: Rig) -> None:
    result = await rig.connect()
    info = last_info(result)
    assert info.access_level == AccessLevel.LOCKED
    assert info.lock == Lock.BY_CODE | Lock.CAN_UNLOCK
    assert info.unlock_attempts == 3
    assert rig.vault().is_status_applied
    assert isinstance(result.error, FlowCancelled)


async def test_c001_a_wrong_code_costs_one_attempt_and_the_person_is_asked_again(rig: Rig) -> None:
    person = rig.person(WRONG)
    async with rig.bench.flow(person) as flow:
        result = await flow.run()
    assert [prompt.attempts_remaining for prompt in person.prompts] == [3, 2]
    assert last_info(result).lock == Lock.BY_CODE | Lock.CAN_UNLOCK
    assert last_info(result).unlock_attempts == 2
    assert rig.vault().status is VaultStatus.Reserved


async def test_c002_wrong_wrong_right_is_active(rig: Rig) -> None:
    result = await rig.connect(WRONG, WRONG, RIGHT)
    assert result.succeeded, result.error
    assert rig.vault().status is VaultStatus.Active


async def locked(rig: Rig) -> ConnectionFlow:
    """Type three wrong codes; the flow, ended."""
    async with rig.flow(WRONG, WRONG, WRONG) as flow:
        result = await flow.run()
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.LOCKED_BY_INVALID_ATTEMPTS
    # C-004: the very call that locks the vault answers that it is locked.
    await rig.told("answers the report with")
    assert last_info(result).lock == Lock.BY_CODE
    assert last_info(result).unlock_attempts == 0
    return flow


async def test_c003_three_wrong_codes_lock_the_key_and_the_vault(rig: Rig) -> None:
    await locked(rig)
    assert rig.vault().status is VaultStatus.Locked
    assert rig.vault().activation is HardwareVaultActivationStatus.Pending
    assert rig.count("UNLOCK_DEVICE_CODE") == 3


async def test_c006_the_right_code_comes_too_late_when_the_attempts_are_spent(rig: Rig) -> None:
    right = rig.bench.hes.vaults.activation_code(rig.serial)
    await locked(rig)
    # The flow would not even ask; so the code goes to the key itself, as an attacker would send it.
    async with rig.open_device() as device:
        with pytest.raises(KeyRefused) as caught:
            await device.unlock_device_code(right)
        assert caught.value.error is ErrorName.ERR_DEVICE_LOCKED_BY_CODE
        assert (await device.refresh_device_info()).lock == Lock.BY_CODE
