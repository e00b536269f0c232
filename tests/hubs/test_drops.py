"""Either hub drops under each command that moves a key: nothing is recorded that was not heard of, nothing is stuck."""

from __future__ import annotations

import asyncio

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.protocol.hes import HesError, HesErrorCode
from hideez_bench.protocol.names import Command
from tests.hes.bench import PLACES, SERIAL
from tests.hubs.rig import HubBench

pytestmark = pytest.mark.virtual_time

# command -> where the vault is when the server sends it
SENT_FROM = {
    Command.LINK: "Reserved",
    Command.ACCESS: "Reserved applied",
    Command.LOCK_DEVICE_CODE: "Suspended",
    Command.WIPE: "Deactivated",
}


def where(bench: HubBench) -> tuple[VaultStatus, bool]:
    return bench.vault.status, bench.vault.is_status_applied


async def drop_before_the_key_obeys(bench: HubBench, hub: str, command: Command) -> HesErrorCode:
    bench.key.hold, bench.key.reached, bench.key.released = command, asyncio.Event(), asyncio.Event()
    updating = asyncio.ensure_future(bench.update())
    await bench.key.reached.wait()
    bench.sockets.on(hub)[-1].hang_up()
    with pytest.raises(HesError) as caught:
        await updating
    bench.key.lost = True
    bench.key.released.set()
    await asyncio.sleep(1)
    bench.key.lost, bench.key.hold = False, None
    assert bench.key.commands == []
    return caught.value.code


async def drop_after_the_key_obeyed(bench: HubBench, hub: str, command: Command) -> HesErrorCode:
    def swallow(path: str, text: str) -> str | None:
        if "RemoteCommandResponse" not in text or command not in bench.key.commands:
            return text
        bench.sockets.on(hub)[-1].hang_up()
        return None

    bench.sockets.on_text = swallow
    with pytest.raises(HesError) as caught:
        await bench.update()
    await bench.hes.settled()
    bench.sockets.on_text = lambda path, text: text
    assert bench.key.commands == [command]
    return caught.value.code


async def begin_again(bench: HubBench) -> None:
    """A vault that is Ready, and a key that is wiped."""
    if bench.vault.status is not VaultStatus.Ready:
        await bench.hes.employees.remove_hardware_vault(SERIAL)
        await bench.hes.settled()
    await bench.leave()
    assert bench.vault.status is VaultStatus.Ready
    assert bench.key.link_required


@pytest.mark.parametrize("command", SENT_FROM)
async def test_a_drop_under_a_command(bench: HubBench, command: Command) -> None:
    for hub in ("/appHub", "/deviceHub"):
        for has_obeyed in (False, True):
            await check_drop(bench, command, hub, has_obeyed=has_obeyed)
            await begin_again(bench)


async def check_drop(bench: HubBench, command: Command, hub: str, *, has_obeyed: bool) -> None:
    await bench.go(SENT_FROM[command])
    if command is Command.ACCESS:
        bench.key.take()
    await bench.arrive()
    drop = drop_after_the_key_obeyed if has_obeyed else drop_before_the_key_obeys
    error = await drop(bench, hub, command)
    is_app_hub = hub == "/appHub"
    assert error is (HesErrorCode.HesNotConnected if is_app_hub else HesErrorCode.HesDeviceHubDisconnected)
    assert where(bench) == PLACES[SENT_FROM[command]]
    assert not bench.vault.is_online

    # The next contact goes on from what the key then says.
    bench.key.forget_channel()
    bench.key.commands.clear()
    await bench.hub.connect()
    await bench.arrive()
    if command is Command.WIPE:
        with pytest.raises(HesError) as caught:
            await bench.update()
        assert caught.value.code is HesErrorCode.DeviceHasBeenWiped
    else:
        await bench.update()
    # A link is not made twice (B-011), nor is a wipe; the rest does no harm.
    once = command in (Command.LINK, Command.WIPE)
    assert bench.key.commands == ([] if once and has_obeyed else [command])
    match command:
        case Command.LINK:
            assert bench.key.code == bench.hes.vaults.activation_code(SERIAL)
            bench.key.take()
            await bench.update()
            assert bench.vault.status is VaultStatus.Active
        case Command.ACCESS:
            assert bench.vault.status is VaultStatus.Active
        case Command.LOCK_DEVICE_CODE:
            assert where(bench) == (VaultStatus.Suspended, True)
            assert bench.key.code == bench.hes.vaults.activation_code(SERIAL)
        case Command.WIPE:
            assert bench.vault.status is VaultStatus.Ready
            assert bench.key.link_required
