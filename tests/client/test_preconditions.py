"""What stops the flow before anybody is asked for a code. In virtual time."""

from __future__ import annotations

import secrets

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import LicenseImport, VaultImport
from hideez_bench.harness.client.errors import ClientError, ClientErrorCode, FlowMessage, WorkflowError
from hideez_bench.harness.client.outcome import end_state
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.links.bleak_link import KeyNotFound
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import HostHandshake
from hideez_bench.protocol.hes import HesError, HesErrorCode
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.transport import KeyRefused
from tests.flow.rig import RIGHT, Rig

pytestmark = pytest.mark.virtual_time


def stopped_with(error: object, expected: FlowMessage | HesErrorCode | ClientErrorCode) -> None:
    if isinstance(expected, FlowMessage):
        assert isinstance(error, WorkflowError)
        assert error.message is expected
    else:
        assert isinstance(error, HesError | ClientError)
        assert error.code is expected


async def test_e001_a_workstation_that_is_not_approved(rig: Rig) -> None:
    rig.bench.hes.workstations.unapprove("bench")
    result = await rig.connect(RIGHT)
    stopped_with(result.error, ClientErrorCode.HesWorkstationNotApproved)  # the server told it
    assert rig.commands(4) == []


async def test_e002_an_alarm(rig: Rig) -> None:
    rig.bench.hes.set_alarm(True)
    stopped_with((await rig.connect(RIGHT)).error, ClientErrorCode.HesAlarm)  # the server told it


async def test_an_alarm_is_told_ahead_of_a_missing_approval(rig: Rig) -> None:
    rig.bench.workstation.set_alarm_state(True)
    rig.bench.workstation.workstation_unapproved()
    stopped_with((await rig.connect(RIGHT)).error, ClientErrorCode.HesAlarm)


async def test_d014_a_key_linked_by_another_server_is_left_alone(rig: Rig) -> None:
    async with rig.open_device() as device:
        await device.load_license(rig.license())
        await device.link(MasterKey(b"k" * 32), ActivationCode.from_text("246813"), 3)
        await device.unlock_device_code(ActivationCode.from_text("246813"))
    result = await rig.connect(RIGHT)
    # Q7: the server tries ACCESS with its own key, which the key refuses; nothing changes on either side.
    assert rig.vault().status is VaultStatus.Reserved
    assert result.error is not None
    assert ErrorName.ERR_KEY_WRONG in str(result.error)
    assert not result.end.delete_bond


async def test_d015_a_key_that_the_server_does_not_know(rig: Rig) -> None:
    rig.bench.hes.vaults.get(rig.serial)
    other = Rig(rig.radio, index=1)
    async with other.application, other.bench:
        result = await other.connect(RIGHT)
    stopped_with(result.error, HesErrorCode.HesDeviceNotFound)
    assert result.error is not None
    assert not end_state(result.error, Stack.SYSTEM).delete_bond
    assert end_state(result.error, Stack.DONGLE).delete_bond


async def test_d018_a_key_that_nobody_owns(rig: Rig) -> None:
    await rig.bench.hes.employees.remove_hardware_vault(rig.serial)
    assert rig.vault().status is VaultStatus.Ready
    stopped_with((await rig.connect(RIGHT)).error, HesErrorCode.HesDeviceNotAssignedToAnyUser)


@pytest.mark.parametrize(
    ("licenses", "expected"),
    [
        ([], FlowMessage.NO_LICENSES_AVAILABLE),
        ([("a", None)], FlowMessage.NO_LICENSES_AVAILABLE),  # one without data is not offered by the server
    ],
)
async def test_e005_no_licence(
    rig: Rig, licenses: list[tuple[str, bytes | None]], expected: FlowMessage
) -> None:
    other = Rig(rig.radio, index=1)
    async with other.application, other.bench as bench:
        until = other.vault_until
        imports = tuple(LicenseImport(id=number, end_date=until, data=data) for number, data in licenses)
        bench.hes.vaults.import_vaults(
            [VaultImport(id=other.serial, mac="1CFDB7000001", rfid="1", licenses=imports)]
        )
        await bench.administrator.assign(other.serial)
        result = await other.connect(RIGHT)
        stopped_with(result.error, expected)
        assert other.commands(4) == []


async def test_a_key_that_is_not_there_is_looked_for_twice(rig: Rig) -> None:
    await rig.application.server.stop()
    result = await rig.connect(RIGHT)
    stopped_with(result.error, FlowMessage.CONNECTION_FAILED)
    assert isinstance(result.error.__cause__, KeyNotFound)  # type: ignore[union-attr]
    tries = [event for event in rig.timeline.events if event.text.startswith("connects to")]
    assert len(tries) == 2


@pytest.mark.parametrize("channel", [0, 1, 8])
async def test_f013_on_the_servers_way_no_message_of_another_channel_goes_to_the_key(
    rig: Rig, channel: int
) -> None:
    async with rig.flow(RIGHT) as flow:
        assert (await flow.run()).succeeded
        relayed = await rig.bench.workstation.establish_remote_hw_vault_connection(rig.serial, 4)
        sent = rig.timeline.events[:]
        for message in (
            relayed.control(m.ResetEncryption(channel), 1),
            relayed.control(HostHandshake(channel, secrets.token_bytes).request, 1),
            relayed.encrypted(m.Envelope(channel, 0, bytes(16)), 1),
        ):
            with pytest.raises(KeyRefused) as refused:
                await message
            assert refused.value.error is ErrorName.InvalidChannelNo
        assert rig.timeline.events == sent


async def test_what_the_server_tells_of_the_computer_is_kept(rig: Rig) -> None:
    workstation, state = rig.bench.workstation, rig.bench.workstation.state
    workstation.update_rfid_indicator_state(True)
    workstation.lock_hw_vault_storage("one")
    workstation.lock_hw_vault_storage("two")
    workstation.lift_hw_vault_storage_lock("one")
    assert (state.reads_rfid, state.storage_locked) == (True, {"two"})
    workstation.update_rfid_indicator_state(False)
    workstation.workstation_unapproved()
    workstation.workstation_approved()
    assert (state.reads_rfid, state.approved) == (False, True)


async def test_f014_the_relay_carries_the_servers_channel_and_no_other(rig: Rig) -> None:
    async with rig.flow(RIGHT) as flow:
        assert (await flow.run()).succeeded
        workstation = rig.bench.workstation
        for channel in (0, 1, 3, 8):
            with pytest.raises(HesError, match="not the server's"):
                await workstation.establish_remote_hw_vault_connection(rig.serial, channel)
        with pytest.raises(HesError, match="not connected"):
            await workstation.establish_remote_hw_vault_connection("another", 4)
    with pytest.raises(HesError, match="not connected"):
        await workstation.establish_remote_hw_vault_connection(rig.serial, 4)
