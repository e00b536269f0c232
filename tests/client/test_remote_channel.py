"""What goes wrong between server and key, as the client sees it, and the gap between LINK and the database."""

from __future__ import annotations

import asyncio

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.key.view import KeyView
from hideez_bench.harness.client.errors import FlowCancelled, FlowMessage, WorkflowError
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.protocol.hes import HesError, HesErrorCode
from hideez_bench.protocol.names import Command
from hideez_bench.protocol.transport import MessageTransport
from tests.flow.rig import RIGHT, Rig
from tests.radio.radios import Memory

pytestmark = pytest.mark.virtual_time


async def test_e010_a_channel_that_does_not_open_is_given_up_after_20_seconds(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(workstation: RelayingWorkstation, serial: str, channel: int) -> MessageTransport:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    monkeypatch.setattr(RelayingWorkstation, "establish_remote_hw_vault_connection", hangs)
    started = asyncio.get_running_loop().time()
    result = await rig.connect(RIGHT)
    assert 20 <= asyncio.get_running_loop().time() - started < 22
    assert isinstance(result.error, HesError)
    assert result.error.code is HesErrorCode.RemoteConnectionTimedOut
    assert rig.vault().status is VaultStatus.Reserved


async def test_e010_a_channel_that_lets_nobody_interrupt_it_is_given_up_by_the_client_too(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asyncio.Event()

    async def deaf(workstation: RelayingWorkstation, serial: str, channel: int) -> MessageTransport:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise HesError(HesErrorCode.HesUnknownError, "It was let go.")

    monkeypatch.setattr(RelayingWorkstation, "establish_remote_hw_vault_connection", deaf)
    started = asyncio.get_running_loop().time()
    result = await rig.connect(RIGHT)
    assert asyncio.get_running_loop().time() - started < 32
    assert isinstance(result.error, HesError)
    assert result.error.code in (
        HesErrorCode.HesFailedEstablishRemoteDeviceConnection,
        HesErrorCode.HesRequestTimeout,
    )
    release.set()


@pytest.mark.parametrize(
    ("byte", "boots"), [(0x01, True), (0x64, True), (0x00, False), (0x02, False), (0xFF, False)]
)
async def test_e012_e013_the_first_byte_of_info_tells_the_mode(rig: Rig, byte: int, boots: bool) -> None:
    readable = rig.application._readable
    info = rig.key.info_characteristic()
    readable[next(uuid for uuid, read in readable.items() if read() == info)] = lambda: (
        bytes([byte]) + info[1:]
    )
    result = await rig.connect(RIGHT)
    if boots:
        assert isinstance(result.error, WorkflowError)
        assert result.error.message is FlowMessage.VAULT_IN_BOOTLOADER_MODE
        assert rig.commands() == []
    else:
        assert result.succeeded, result.error


async def test_e014_an_empty_info_is_a_connection_error_after_both_attempts(rig: Rig) -> None:
    readable = rig.application._readable
    info = rig.key.info_characteristic()
    readable[next(uuid for uuid, read in readable.items() if read() == info)] = lambda: b""
    result = await rig.connect(RIGHT)
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.CONNECTION_FAILED
    tries = [event for event in rig.timeline.events if event.text.startswith("connects to")]
    assert len(tries) == 2


def cut_links(rig: Rig) -> None:
    """Lose what is on the air, the reply that the key is about to send among it."""
    assert isinstance(rig.radio, Memory)
    rig.radio._radio.cut()


async def cut_after_link(rig: Rig) -> None:
    """B-011: the key has stored LINK, and the link is lost before the server hears of it."""

    def cut(view: KeyView) -> None:
        if view.linked:
            rig.on_change = lambda view: None
            cut_links(rig)

    rig.on_change = cut
    result = await rig.connect(RIGHT)
    assert result.error is not None
    await rig.bench.hes.settled()
    assert rig.key.view.linked
    assert not rig.vault().is_status_applied
    assert rig.vault().status is VaultStatus.Reserved


async def test_b011_a_key_that_was_linked_unheard_is_activated_by_its_code(rig: Rig) -> None:
    await cut_after_link(rig)
    person = rig.person(RIGHT)
    async with rig.bench.flow(person) as flow:
        assert (await flow.run()).succeeded
    assert len(person.prompts) == 1
    assert rig.count(Command.LINK) == 1
    assert rig.vault().status is VaultStatus.Active


async def test_b012_a_key_that_was_linked_unheard_and_removed_is_stranded(rig: Rig) -> None:
    """The hazard: the server has forgotten the master key, so only a wipe by hand helps."""
    await cut_after_link(rig)
    await rig.bench.hes.employees.remove_hardware_vault(rig.serial)
    assert rig.vault().status is VaultStatus.Ready
    result = await rig.connect(RIGHT)
    assert isinstance(result.error, HesError)
    assert result.error.code is HesErrorCode.HesDeviceLinkedToAnotherServer
    # What the administrator and the person must do: wipe the key by hand, and assign it anew.
    async with rig.open_device() as device:
        wiping = asyncio.create_task(device.wipe(None))
        await asyncio.sleep(0.5)
        await rig.application.press_for(11)
        await asyncio.wait([wiping])
    await rig.bench.administrator.assign(rig.serial)
    assert (await rig.connect(RIGHT)).succeeded
    assert rig.vault().status is VaultStatus.Active


async def test_a_link_that_is_lost_at_any_command_is_overcome(rig: Rig) -> None:
    """At the n-th change of the key, for as long as there is an n-th: one more good connection always helps."""
    for number in range(100):
        changes = 0

        def cut(view: KeyView) -> None:
            nonlocal changes
            changes += 1
            if changes == number + 1:  # noqa: B023 - called before the loop goes on
                cut_links(rig)

        rig.on_change = cut
        result = await rig.connect(RIGHT)
        rig.on_change = lambda view: None
        await rig.bench.hes.settled()
        if result.succeeded and changes <= number:
            break
        assert result.succeeded or isinstance(result.error, FlowCancelled | HesError), result.error
    assert rig.vault().status is VaultStatus.Active
