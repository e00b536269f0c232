"""The server's own channel: opened once, shared, given up in time, pinned to one piece of hardware."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.keys.remote import RemoteLimits
from hideez_bench.emulator.hes.names import VaultStatus, VaultStatusReason
from hideez_bench.emulator.hes.records import EmployeeDetails, VaultImport
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.hes import ConnectionState, HesError, HesErrorCode, HwVaultInfoFromClient
from hideez_bench.protocol.names import Command
from hideez_bench.protocol.transport import ControlRequest, MessageTransport
from tests.hes.bench import SERIAL, Bench
from tests.hes.fake_key import FakeKey, FakeWorkstation

pytestmark = pytest.mark.virtual_time


async def refusal(call: Awaitable[object]) -> HesErrorCode:
    with pytest.raises(HesError) as raised:
        await call
    return raised.value.code


async def test_one_channel_serves_all_that_follows(bench: Bench) -> None:
    await bench.assign()
    await bench.arrive()
    await asyncio.gather(bench.update(), bench.update())
    await bench.arrive()  # a second registration changes nothing
    bench.key.take()
    await bench.update()
    await bench.connection.auth_hw_vault(SERIAL)
    assert (bench.key.handshakes, bench.workstation.channels) == (1, [4])
    assert bench.key.commands == [Command.LINK, Command.ACCESS, Command.CHECK_PASSPHRASE]


async def test_locked_vault_does_not_cost_the_channel(bench: Bench) -> None:
    await bench.go("Locked")
    await bench.arrive()
    before = bench.key.handshakes
    for _ in range(2):
        assert await refusal(bench.update()) is HesErrorCode.HesDeviceLocked
    assert bench.key.handshakes == before + 1


async def test_one_opening_for_two_workstations_each(bench: Bench) -> None:
    """A link belongs to one workstation, and so does a channel."""
    await bench.go("Active")
    await bench.arrive()
    await bench.update()
    second = bench.hes.connect(FakeWorkstation("PC-2", bench.key))
    bench.hes.workstations.approve("PC-2")
    await second.update_hw_vault_properties(bench.report(), return_info=False)
    before = bench.key.handshakes
    await second.update_hw_vault_status(bench.report())
    assert bench.key.handshakes == before + 1
    second.close()
    assert bench.vault.is_online
    assert await refusal(second.update_hw_vault_status(bench.report())) is HesErrorCode.HesNotConnected


async def test_offline_and_close_end_the_channel(bench: Bench) -> None:
    await bench.go("Active")
    for end in (bench.leave, lambda: close(bench)):
        await bench.arrive()
        before = bench.key.handshakes
        await bench.update()
        assert bench.key.handshakes == before + 1
        await end()
        assert not bench.vault.is_online


async def close(bench: Bench) -> None:
    bench.client.close()


async def break_link(key: FakeKey) -> None:
    key.lost = True


async def fall_silent(key: FakeKey) -> None:
    key.mute = True


async def restart(key: FakeKey) -> None:
    key.forget_channel()


BREAKS: list[tuple[Callable[[FakeKey], Awaitable[None]], HesErrorCode]] = [
    (break_link, HesErrorCode.HesDeviceHubDisconnected),
    (fall_silent, HesErrorCode.HesRequestTimeout),
    (restart, HesErrorCode.HesUnknownError),  # the key refuses what it cannot open
]


@pytest.mark.parametrize(("breaks", "code"), BREAKS)
async def test_broken_channel_is_opened_anew(
    bench: Bench, breaks: Callable[[FakeKey], Awaitable[None]], code: HesErrorCode
) -> None:
    await bench.go("Active")
    await bench.arrive()
    await bench.update()
    await breaks(bench.key)
    assert await refusal(bench.update()) is code
    bench.key.lost = bench.key.mute = False
    before = bench.key.handshakes
    await bench.update()
    assert bench.key.handshakes == before + 1


async def test_link_lost_under_a_command(bench: Bench) -> None:
    await bench.assign()
    await bench.arrive()
    bench.key.hold = Command.LINK
    call = asyncio.create_task(bench.update())
    await bench.key.reached.wait()
    bench.key.lost = True
    bench.key.released.set()
    assert await refusal(call) is HesErrorCode.HesDeviceHubDisconnected
    assert not bench.vault.is_status_applied


async def test_client_that_gives_up_does_not_stop_the_server(bench: Bench) -> None:
    await bench.assign()
    await bench.arrive()
    bench.key.hold = Command.LINK
    call = asyncio.create_task(bench.update())
    await bench.key.reached.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    bench.key.released.set()
    await bench.hes.settled()
    assert bench.vault.is_status_applied
    assert bench.key.commands == [Command.LINK]


async def test_administrator_waits_for_the_key(bench: Bench) -> None:
    """Removal while the link is on its way: the key is linked, so it must be wiped, and not just forgotten."""
    await bench.assign()
    await bench.arrive()
    bench.key.hold = Command.LINK
    call = asyncio.create_task(bench.update())
    await bench.key.reached.wait()
    removal = asyncio.create_task(bench.hes.employees.remove_hardware_vault(SERIAL))
    await asyncio.wait({removal}, timeout=0.01)
    assert not removal.done()
    bench.key.released.set()
    await asyncio.gather(call, removal, return_exceptions=True)
    await bench.hes.settled()
    assert bench.key.commands == [Command.LINK, Command.WIPE]
    assert bench.vault.status is VaultStatus.Ready


async def test_pending_opening_is_shared_and_cut_short_by_leaving(bench: Bench) -> None:
    await bench.assign()
    await bench.arrive()
    bench.workstation.opens.clear()
    calls = [asyncio.create_task(bench.update()), asyncio.create_task(bench.connection.auth_hw_vault(SERIAL))]
    await asyncio.wait(calls, timeout=0.01)
    assert bench.workstation.channels == [4]
    await bench.leave()
    assert await refusal(calls[0]) is HesErrorCode.DeviceNotConnectedToAnyHost
    assert await refusal(calls[1]) is HesErrorCode.DeviceNotConnectedToAnyHost


async def keeps_waiting(bench: Bench) -> None:
    """The key is here, and its channel does not open."""
    await bench.assign()
    await bench.arrive()
    bench.workstation.opens.clear()


async def test_opening_takes_too_long(bench: Bench) -> None:
    """E-010."""
    await keeps_waiting(bench)
    began = asyncio.get_running_loop().time()
    assert await refusal(bench.update()) is HesErrorCode.RemoteConnectionTimedOut
    assert asyncio.get_running_loop().time() - began == RemoteLimits().opening == 20.0
    bench.workstation.opens.set()
    assert (await bench.update()).need_state_update


async def test_opening_cannot_even_be_ended(bench: Bench) -> None:
    await keeps_waiting(bench)
    bench.workstation.stubborn = True
    began = asyncio.get_running_loop().time()
    assert await refusal(bench.update()) is HesErrorCode.HesFailedEstablishRemoteDeviceConnection
    assert asyncio.get_running_loop().time() - began == RemoteLimits().guard == 30.0
    bench.workstation.opens.set()
    assert (await bench.update()).need_state_update


async def test_another_key_under_the_same_serial_number(bench: Bench) -> None:
    """The server remembers whom it met first, and tells another nothing."""
    await bench.go("Reserved applied")
    bench.key.replace_root_key()
    await bench.arrive()
    bench.key.take(link_required=True)
    assert await refusal(bench.update()) is HesErrorCode.HesVerificationFailed
    assert bench.key.commands == []


@pytest.mark.parametrize("genuine", [True, False])
async def test_root_key_told_by_the_maker(genuine: bool) -> None:
    key = FakeKey()
    told = key.root_key if genuine else FakeKey().root_key
    async with Hes() as hes:
        hes.vaults.import_vaults([VaultImport(SERIAL, "mac", "rfid", root_key=told)])
        await hes.employees.add_hardware_vault(hes.employees.create(EmployeeDetails("Ann")).id, SERIAL)
        client = hes.connect(FakeWorkstation("PC-1", key))
        hes.workstations.approve("PC-1")
        report = Bench(key=key).report()
        await client.update_hw_vault_properties(report, return_info=False)
        if genuine:
            await client.update_hw_vault_status(report)
        else:
            call = client.update_hw_vault_status(report)
            assert await refusal(call) is HesErrorCode.HesVerificationFailed
        assert key.commands == ([Command.LINK] if genuine else [])


class SlowKey(FakeKey):
    """One whose handshake takes until it is released."""

    async def control(self, request: ControlRequest, timeout: float) -> m.Answer:
        if isinstance(request, m.VerifyEncryption):
            self.reached.set()
            await self.released.wait()
        return await super().control(request, timeout)


async def test_two_first_contacts_at_once_are_not_both_believed(bench: Bench) -> None:
    """A lying workstation and the right one: whose root key is pinned first is believed, and the other is told no."""
    await bench.assign()
    await bench.arrive()
    slow = SlowKey()
    second = bench.hes.connect(FakeWorkstation("PC-2", slow))
    bench.hes.workstations.approve("PC-2")
    await second.update_hw_vault_properties(bench.report(), return_info=False)
    late = asyncio.create_task(second.update_hw_vault_status(bench.report()))
    await slow.reached.wait()
    await bench.update()
    slow.released.set()
    assert await refusal(late) is HesErrorCode.HesVerificationFailed
    assert slow.commands == []
    # It is the first one's for good: another would be refused here.
    bench.hes.vaults.import_vaults([VaultImport(SERIAL, "mac", "rfid", root_key=bench.key.root_key)])
    second.close()


async def test_the_maker_tells_the_root_key_of_a_known_key(bench: Bench) -> None:
    told = VaultImport(SERIAL, "mac", "rfid", root_key=FakeKey().root_key)
    assert bench.hes.vaults.import_vaults([told]) == []
    await bench.assign()
    await bench.arrive()
    assert await refusal(bench.update()) is HesErrorCode.HesVerificationFailed
    assert bench.key.commands == []


async def test_the_maker_tells_another_root_key_than_the_key_has_shown(bench: Bench) -> None:
    await bench.go("Reserved applied")
    bench.hes.vaults.import_vaults([VaultImport(SERIAL, "mac", "rfid", root_key=bench.key.root_key)])
    other = [
        VaultImport("HK-9", "mac9", "rfid9"),
        VaultImport(SERIAL, "mac", "rfid", root_key=FakeKey().root_key),
    ]
    with pytest.raises(HesRuleError, match="another root key than the import says; nothing was imported"):
        bench.hes.vaults.import_vaults(other)
    assert [vault.id for vault in bench.hes.vaults.list()] == [SERIAL]
    await bench.arrive()
    bench.key.take()
    await bench.update()


async def test_a_channel_is_opened_anew_after_who_used_it_was_cancelled(bench: Bench) -> None:
    """The key may have heard half of what was said: the two sides' counters may differ."""
    await bench.go("Active")
    await bench.arrive()
    await bench.update()
    before = bench.key.handshakes
    bench.key.hold = Command.WIPE
    report = bench.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Lost, retyped_id=SERIAL)
    moving = asyncio.create_task(report)
    await bench.key.reached.wait()
    moving.cancel()
    await asyncio.wait({moving})
    await bench.update()
    assert bench.key.handshakes == before + 1


async def test_a_wrong_root_key_is_forgotten(bench: Bench) -> None:
    """Something else came first and was linked; the way back leads over the key's removal, and costs nothing secret."""
    genuine = FakeKey()
    await bench.go("Active")
    impostor, bench.key = bench.key, genuine
    with pytest.raises(HesRuleError, match="while it is Ready or Deactivated only"):
        await bench.hes.vaults.forget_root_key(SERIAL)
    bench.workstation.keys[SERIAL] = genuine
    await bench.arrive()
    with pytest.raises(HesError, match=r"shows another root key .* has its root key forgotten") as raised:
        await bench.update()
    assert raised.value.code is HesErrorCode.HesVerificationFailed
    await bench.hes.employees.remove_hardware_vault(SERIAL)
    await bench.hes.settled()
    bench.events.clear()
    await bench.hes.vaults.forget_root_key(SERIAL)
    assert bench.texts() == [f"has the root key of key {SERIAL} forgotten", "sets the vault Ready"]
    await bench.assign()
    await bench.arrive()
    await bench.update()
    assert genuine.commands == [Command.LINK]
    assert genuine.master_key != impostor.master_key
    with pytest.raises(HesRuleError, match="have its root key forgotten, and import it again"):
        bench.hes.vaults.import_vaults([VaultImport(SERIAL, "mac", "rfid", root_key=impostor.root_key)])


async def test_a_channel_to_a_forgotten_key_is_not_used_again(bench: Bench) -> None:
    """It was opened before anybody asked for another root key."""
    await bench.arrive()
    assert await refusal(bench.update()) is HesErrorCode.HesDeviceNotAssignedToAnyUser
    assert [vault.is_online for vault in bench.hes.vaults.list()] == [True]
    await bench.hes.vaults.forget_root_key(SERIAL)
    assert bench.texts()[-1] == f"has the root key of key {SERIAL} forgotten"
    assert not bench.vault.is_online
    bench.hes.vaults.import_vaults([VaultImport(SERIAL, "mac", "rfid", root_key=FakeKey().root_key)])
    await bench.assign()
    assert await refusal(bench.update()) is HesErrorCode.DeviceNotConnectedToAnyHost
    await bench.arrive()
    assert await refusal(bench.update()) is HesErrorCode.HesVerificationFailed
    assert bench.key.commands == []


async def test_a_channel_that_opens_meanwhile_pins_nothing(bench: Bench) -> None:
    slow = SlowKey()
    bench.workstation.keys[SERIAL] = slow
    await bench.arrive()
    opening = asyncio.create_task(bench.update())
    await slow.reached.wait()
    await bench.hes.vaults.forget_root_key(SERIAL)
    slow.released.set()
    assert await refusal(opening) is HesErrorCode.DeviceNotConnectedToAnyHost
    bench.hes.vaults.import_vaults([VaultImport(SERIAL, "mac", "rfid", root_key=FakeKey().root_key)])


async def test_closing_ends_what_waits(bench: Bench) -> None:
    await bench.assign()
    await bench.arrive()
    bench.key.hold = Command.LINK
    call = asyncio.create_task(bench.update())
    await bench.key.reached.wait()
    await bench.hes.close()
    assert await refusal(call) is HesErrorCode.HesNotConnected
    assert not bench.connection.is_connected


async def test_two_keys_on_two_workstations_at_once(bench: Bench) -> None:
    """E-023: while one key keeps the server waiting, the other is served."""
    key = FakeKey("HK-2")
    client = bench.hes.connect(FakeWorkstation("PC-2", key))
    bench.hes.workstations.approve("PC-2")
    bench.hes.vaults.import_vaults([VaultImport("HK-2", "mac", "rfid")])
    await bench.hes.employees.add_hardware_vault(
        bench.hes.employees.create(EmployeeDetails("Bob")).id, "HK-2"
    )
    await bench.assign()
    await bench.arrive()
    bench.key.hold = Command.LINK
    slow = asyncio.create_task(bench.update())
    await bench.key.reached.wait()
    report: HwVaultInfoFromClient = Bench(key=key).report()
    await client.update_hw_vault_properties(report, return_info=False)
    await client.update_hw_vault_status(report)
    assert bench.hes.vaults.get("HK-2").is_status_applied
    assert not slow.done()
    bench.key.released.set()
    await slow
    assert bench.key.code == bench.hes.vaults.activation_code(SERIAL)
    assert key.code == bench.hes.vaults.activation_code("HK-2")
    with pytest.raises(HesRuleError):
        await bench.hes.vaults.suspend("HK-2")


# --- pushes: what the administrator does to a connected key ---


async def test_suspend_reaches_a_connected_key_at_once(bench: Bench) -> None:
    """D-001."""
    await bench.go("Active")
    await bench.arrive()
    await bench.hes.vaults.suspend(SERIAL)
    await bench.hes.settled()
    assert (bench.key.commands, bench.key.attempts) == ([Command.LOCK_DEVICE_CODE], 3)
    assert (bench.vault.status, bench.vault.is_status_applied) == (VaultStatus.Suspended, True)
    assert bench.key.code == bench.hes.vaults.activation_code(SERIAL)
    # D-003
    await bench.leave()
    await bench.arrive()
    assert not (await bench.update()).need_state_update
    assert bench.key.commands == [Command.LOCK_DEVICE_CODE]


async def test_activate_reaches_a_connected_key_at_once(bench: Bench) -> None:
    """D-007, Q4: Active again without another Access."""
    await bench.go("Locked")
    await bench.arrive()
    await bench.hes.vaults.activate(SERIAL)
    await bench.hes.settled()
    bench.key.take()
    await bench.update()
    assert bench.key.commands == [Command.LOCK_DEVICE_CODE]
    assert bench.vault.status is VaultStatus.Active


async def test_removal_wipes_a_connected_key_at_once(bench: Bench) -> None:
    """Q8: as on the vendor's page."""
    await bench.go("Active")
    await bench.arrive()
    await bench.hes.employees.remove_hardware_vault(SERIAL)
    await bench.hes.settled()
    assert bench.key.commands == [Command.WIPE]
    assert bench.vault.status is VaultStatus.Ready
    assert "DeviceHasBeenWiped" in bench.texts()[-1]


async def test_compromise_wipes_a_connected_key_first(bench: Bench) -> None:
    """D-022: while there is a master key for it."""
    await bench.go("Active")
    await bench.arrive()
    await bench.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Stolen, retyped_id=SERIAL)
    assert bench.key.commands == [Command.WIPE]
    assert bench.key.link_required
    assert bench.vault.status is VaultStatus.Compromised
    with pytest.raises(HesError) as raised:
        await bench.update()
    assert raised.value.code is HesErrorCode.HesDeviceCompromised


async def test_compromise_of_a_key_that_cannot_be_wiped(bench: Bench) -> None:
    await bench.go("Active")
    await bench.arrive()
    bench.key.lost = True
    await bench.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Stolen, retyped_id=SERIAL)
    assert bench.vault.status is VaultStatus.Compromised
    (failed,) = (event.text for event in bench.events if event.kind == "failed")
    assert failed.startswith("could not wipe the compromised key: ")


async def test_refused_compromise_wipes_nothing(bench: Bench) -> None:
    await bench.go("Active")
    await bench.arrive()
    for reason, retyped in [(VaultStatusReason.Broken, SERIAL), (VaultStatusReason.Lost, "HK-2")]:
        with pytest.raises(HesRuleError):
            await bench.hes.vaults.compromise(SERIAL, reason=reason, retyped_id=retyped)
    assert (bench.key.commands, bench.vault.status) == ([], VaultStatus.Active)


async def test_strict_compromise_does_not_touch_a_connected_key() -> None:
    """Q13, D-022: all that comes of it is an error in the log."""
    bench = Bench(strict_compat=True)
    bench.set_up()
    async with bench.hes:
        await bench.go("Active")
        await bench.arrive()
        await bench.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Stolen, retyped_id=SERIAL)
        await bench.hes.settled()
        assert bench.key.commands == []
        assert bench.events[-1].kind == "failed"
        assert "HesDeviceCompromised" in bench.events[-1].text


async def test_push_that_fails_is_told(bench: Bench) -> None:
    await bench.go("Active")
    await bench.arrive()
    bench.key.lost = True
    await bench.hes.vaults.suspend(SERIAL)
    await bench.hes.settled()
    assert (bench.events[-1].kind, bench.events[-1].serial) == ("failed", SERIAL)
    assert "HesDeviceHubDisconnected" in bench.events[-1].text
    assert (bench.vault.status, bench.vault.is_status_applied) == (VaultStatus.Suspended, False)
    # D-002
    bench.key.lost = False
    await bench.update()
    assert bench.vault.is_status_applied


async def test_no_push_to_a_key_that_is_not_here(bench: Bench) -> None:
    await bench.go("Active")
    await bench.hes.vaults.suspend(SERIAL)
    await bench.hes.settled()
    assert [event.kind for event in bench.events] == ["admin", "status"]


async def test_a_client_that_comes_anew_takes_its_keys_over(bench: Bench) -> None:
    """Its former connection may be dead for a while before that is noticed."""
    await bench.go("Active")
    await bench.arrive()
    await bench.update()
    again = bench.hes.connect(FakeWorkstation("PC-1", bench.key))
    bench.key.forget_channel()
    await again.update_hw_vault_properties(bench.report(), return_info=False)
    bench.client.close()
    await again.update_hw_vault_status(bench.report())
    assert bench.vault.is_online


class Liar(FakeWorkstation):
    """Says that it has a key, and never lets the server through to it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.asked = asyncio.Event()

    async def establish_remote_hw_vault_connection(self, serial: str, channel: int) -> MessageTransport:
        self.asked.set()
        return await asyncio.Future()


async def test_a_workstation_without_the_key_keeps_nobody_from_it(bench: Bench) -> None:
    await bench.go("Active")
    await bench.arrive()
    await bench.update()
    liar = Liar("PC-2")
    other = bench.hes.connect(liar)
    bench.hes.workstations.approve("PC-2")
    await other.update_hw_vault_properties(bench.report(), return_info=False)
    waiting = asyncio.ensure_future(refusal(other.update_hw_vault_status(bench.report())))
    await liar.asked.wait()
    began = asyncio.get_running_loop().time()
    await bench.hes.vaults.suspend(SERIAL)
    await bench.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Stolen, retyped_id=SERIAL)
    assert asyncio.get_running_loop().time() == began
    assert bench.key.commands == [Command.WIPE]
    assert await waiting is HesErrorCode.RemoteConnectionTimedOut


async def test_names_that_nobody_knows_leave_nothing_behind(bench: Bench) -> None:
    for number in range(3):
        call = bench.client.update_hw_vault_accounts(f"nobody's {number}", only_os_accounts=False)
        assert await refusal(call) is HesErrorCode.HesDeviceNotFound
        info = HwVaultInfoFromClient(
            f"nobody's {number}", ConnectionState.ONLINE, False, False, False, 0, "", 0
        )
        assert (
            await refusal(bench.client.update_hw_vault_status(info))
            is HesErrorCode.DeviceNotConnectedToAnyHost
        )
    assert len(bench.hes._core.vault_locks) == 0
