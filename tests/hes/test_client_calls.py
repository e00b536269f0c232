"""What a client is let in for, and what its calls do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from hideez_bench.emulator.hes.administration.filters import VaultFilter
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, VaultLicenseStatus, VaultStatus
from hideez_bench.emulator.hes.records import LicenseImport
from hideez_bench.protocol.hes import ConnectionState, HesError, HesErrorCode, HesKeyRefused
from hideez_bench.protocol.names import Command, ErrorName
from tests.hes.bench import NOON, PLACES, SERIAL, Bench
from tests.hes.fake_key import FakeWorkstation

CALLS: dict[str, Callable[[Bench], Awaitable[object]]] = {
    "properties": lambda bench: bench.connection.update_hw_vault_properties(bench.report(), return_info=True),
    "status": lambda bench: bench.update(),
    "licences": lambda bench: bench.connection.get_hw_vault_licenses(SERIAL),
    "new licences": lambda bench: bench.connection.get_new_hw_vault_licenses(SERIAL),
    "applied": lambda bench: bench.connection.hw_vault_license_applied(SERIAL, "1"),
    "auth": lambda bench: bench.connection.auth_hw_vault(SERIAL),
}


async def refusal(call: Awaitable[object]) -> HesErrorCode:
    with pytest.raises(HesError) as raised:
        await call
    return raised.value.code


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_who_is_let_in(bench: Bench, call: Callable[[Bench], Awaitable[object]]) -> None:
    bench.hes.workstations.unapprove("PC-1")
    bench.hes.set_alarm(True)
    assert await refusal(call(bench)) is HesErrorCode.HesWorkstationNotApproved
    bench.hes.workstations.approve("PC-1")
    assert await refusal(call(bench)) is HesErrorCode.HesAlarm
    assert (bench.vault.is_online, bench.vault.battery) == (False, 100)
    bench.hes.set_alarm(False)
    bench.client.close()
    assert not bench.connection.is_connected
    assert await refusal(call(bench)) is HesErrorCode.HesNotConnected


async def test_new_workstation_waits_for_approval(bench: Bench) -> None:
    newcomer = bench.hes.connect(FakeWorkstation("PC-2", bench.key))
    assert [(row.id, row.approved) for row in bench.hes.workstations.list()] == [
        ("PC-1", True),
        ("PC-2", False),
    ]
    call = newcomer.update_hw_vault_properties(bench.report(), return_info=True)
    assert await refusal(call) is HesErrorCode.HesWorkstationNotApproved
    bench.hes.workstations.approve("PC-2")
    bench.hes.connect(FakeWorkstation("PC-2", bench.key))
    assert await newcomer.get_hw_vault_licenses(SERIAL) == []
    with pytest.raises(HesRuleError) as raised:
        bench.hes.workstations.approve("PC-3")
    assert raised.value.code is HesCode.WorkstationNotFound


async def test_properties(bench: Bench) -> None:
    await bench.assign()
    bench.clock.move(minutes=5)
    told = await bench.connection.update_hw_vault_properties(bench.report(), return_info=True)
    assert told is not None
    assert (told.owner_name, told.owner_email) == ("Ann Smith", "ann@example.org")
    assert (told.vault_serial, told.vault_mac, told.vault_rfid) == (SERIAL, f"mac {SERIAL}", f"rfid {SERIAL}")
    vault = bench.vault
    assert (vault.battery, vault.firmware, vault.timestamp) == (77, "3.1.0", 5)
    assert (vault.last_synced, vault.is_online) == (bench.clock.now, True)


async def test_connection_states(bench: Bench) -> None:
    await bench.assign()

    async def report(state: ConnectionState) -> bool:
        info = bench.report(state)
        assert await bench.connection.update_hw_vault_properties(info, return_info=False) is None
        return bench.vault.is_online

    assert not await report(ConnectionState.ONLINE)
    assert not await report(ConnectionState.FINALIZING)
    assert await report(ConnectionState.INITIALIZING)
    assert await report(ConnectionState.FINALIZING)
    assert await report(ConnectionState.ONLINE)
    assert bench.hes.employees.get(bench.employee.id).last_seen is None
    bench.clock.move(minutes=1)
    assert not await report(ConnectionState.OFFLINE)
    assert bench.hes.employees.get(bench.employee.id).last_seen == bench.clock.now
    assert await refusal(bench.update()) is HesErrorCode.DeviceNotConnectedToAnyHost  # E-011


@pytest.mark.parametrize("shut_out", ["alarm", "approval"])
async def test_a_key_that_goes_while_its_client_is_shut_out_is_gone(bench: Bench, shut_out: str) -> None:
    await bench.go("Active")
    await bench.arrive()
    await bench.update()
    if shut_out == "alarm":
        bench.hes.set_alarm(True)
    else:
        bench.hes.workstations.unapprove("PC-1")
    with pytest.raises(HesError):
        await bench.leave()
    assert (bench.vault.is_online, bench.vault.battery) == (False, 77)
    bench.hes.set_alarm(False)
    bench.hes.workstations.approve("PC-1")
    await bench.arrive()
    await bench.update()  # by a channel of its own: the former ended with the link
    assert bench.vault.status is VaultStatus.Active


def license_until(number: int, end: datetime, data: bytes | None = b"x" * 128) -> LicenseImport:
    return LicenseImport(str(number), end, data)


async def test_licences(bench: Bench) -> None:
    ends = [NOON.replace(hour=0), NOON - timedelta(days=1), NOON + timedelta(days=100)]
    bench.hes.vaults.import_licenses(SERIAL, [license_until(number, end) for number, end in enumerate(ends)])
    bench.hes.vaults.import_licenses(
        SERIAL, [license_until(3, NOON + timedelta(days=1), None), license_until(0, ends[0])]
    )
    assert bench.vault.has_new_license
    connection = bench.connection
    # The one that ends today counts for the whole day; one without data never does.
    assert [licence.id for licence in await connection.get_hw_vault_licenses(SERIAL)] == ["0", "2"]
    assert [licence.id for licence in await connection.get_new_hw_vault_licenses(SERIAL)] == ["1", "0", "2"]
    for number in ("0", "1"):
        await connection.hw_vault_license_applied(SERIAL, number)
        assert bench.vault.has_new_license
    await connection.hw_vault_license_applied(SERIAL, "2")
    assert await connection.get_new_hw_vault_licenses(SERIAL) == []
    assert len(await connection.get_hw_vault_licenses(SERIAL)) == 2
    vault = bench.vault
    assert (vault.has_new_license, vault.license_end_date) == (False, ends[2])
    assert vault.license_status is VaultLicenseStatus.Valid


@pytest.mark.parametrize(
    ("days", "status"),
    [
        (91, VaultLicenseStatus.Valid),
        (90, VaultLicenseStatus.Warning),
        (31, VaultLicenseStatus.Warning),
        (30, VaultLicenseStatus.Critical),
        (1, VaultLicenseStatus.Critical),
        (0, VaultLicenseStatus.None_),  # left as it was
        (-1, VaultLicenseStatus.Expired),
    ],
)
async def test_licence_status(bench: Bench, days: int, status: VaultLicenseStatus) -> None:
    bench.hes.vaults.import_licenses(SERIAL, [license_until(1, NOON + timedelta(days=days))])
    await bench.connection.hw_vault_license_applied(SERIAL, "1")
    assert bench.vault.license_status is status


async def test_licence_status_is_that_of_the_day(bench: Bench) -> None:
    """A licence runs out while nobody reports anything."""
    vaults = bench.hes.vaults
    vaults.import_licenses(SERIAL, [license_until(1, NOON + timedelta(days=91))])
    await bench.connection.hw_vault_license_applied(SERIAL, "1")
    for days, status in [
        (0, VaultLicenseStatus.Valid),
        (1, VaultLicenseStatus.Warning),
        (61, VaultLicenseStatus.Critical),
        (91, VaultLicenseStatus.Critical),  # the last day, left as it was
        (92, VaultLicenseStatus.Expired),
    ]:
        bench.clock.now = NOON + timedelta(days=days)
        assert bench.vault.license_status is status
        assert [vault.id for vault in vaults.list(VaultFilter(license_status=status))] == [SERIAL]


async def test_licence_of_another_key(bench: Bench) -> None:
    assert (
        await refusal(bench.connection.hw_vault_license_applied(SERIAL, "9")) is HesErrorCode.HesUnknownError
    )
    call = bench.connection.hw_vault_license_applied("HK-9", "9")
    assert await refusal(call) is HesErrorCode.HesDeviceNotFound


async def test_need_for_a_licence_is_told(bench: Bench) -> None:
    await bench.assign()
    bench.hes.vaults.import_licenses(SERIAL, [license_until(1, NOON)])
    told = await bench.connection.update_hw_vault_properties(bench.report(), return_info=True)
    assert told is not None
    assert told.need_update_license


async def test_link(bench: Bench) -> None:
    await bench.assign()
    await bench.arrive()
    await bench.update()
    assert bench.workstation.channels == [4]
    assert (bench.key.commands, bench.key.attempts) == ([Command.LINK], 3)
    assert bench.key.code == bench.hes.vaults.activation_code(SERIAL)
    assert bench.vault.status is VaultStatus.Reserved


async def test_access(bench: Bench) -> None:
    """B-009, B-013, B-014."""
    await bench.go("Reserved applied")
    bench.key.take()
    bench.clock.move(seconds=90)
    await bench.arrive()
    await bench.update()
    assert bench.key.access_time == int(bench.clock.now.timestamp())
    assert bench.key.access_params == bench.hes.vaults.access_params(SERIAL)
    assert bench.vault.activation is not None
    assert bench.vault.activation.name == "Activated"


async def test_what_a_key_brings_about_is_told(bench: Bench) -> None:
    await bench.go("Reserved applied")
    await bench.arrive()
    bench.key.take()
    await bench.update()
    moved = [(event.serial, event.text) for event in bench.events if event.kind is HesEventKind.STATUS]
    assert moved == [(SERIAL, "sets the vault Active")]


@pytest.mark.parametrize(
    ("place", "flags", "command"),
    [
        ("Reserved", {"link_required": True}, Command.LINK),
        ("Reserved applied", {}, Command.ACCESS),  # B-010, Q7
        ("Suspended", {}, Command.LOCK_DEVICE_CODE),
        ("Deactivated", {}, Command.WIPE),
    ],
)
async def test_nothing_is_recorded_that_the_key_refused(
    bench: Bench, place: str, flags: dict[str, bool], command: Command
) -> None:
    await bench.go(place)
    bench.key.take(**flags)
    await bench.arrive()
    before = bench.vault
    bench.key.refuse = {command: ErrorName.ERR_KEY_WRONG}
    with pytest.raises(HesKeyRefused) as raised:
        await bench.update()
    assert raised.value.error is ErrorName.ERR_KEY_WRONG
    assert "ERR_KEY_WRONG" in str(raised.value)
    assert bench.vault == before
    # The channel has not suffered, and the next contact does it.
    bench.key.refuse = {}
    handshakes = bench.key.handshakes
    try:
        await bench.update()
    except HesError as error:
        assert error.code is HesErrorCode.DeviceHasBeenWiped
    assert bench.key.commands == [command, command]
    assert bench.key.handshakes == handshakes
    assert bench.vault != before


async def test_link_lost_before_it_was_recorded(bench: Bench) -> None:
    """B-011: the key is linked, the server does not know; the code still leads to Active, and applied stays false."""
    await bench.go("Reserved applied")
    bench.key.take(link_required=True)
    await bench.hes.employees.remove_hardware_vault(SERIAL)
    await bench.arrive()
    assert await refusal(bench.update()) is HesErrorCode.DeviceHasBeenWiped
    await bench.assign()
    bench.key.take(locked=True, can_unlock=True)
    bench.key.commands.clear()
    assert not (await bench.update()).need_state_update
    bench.key.take()
    await bench.update()
    assert (bench.vault.status, bench.vault.is_status_applied) == (VaultStatus.Active, False)
    assert bench.key.commands == [Command.ACCESS]


async def test_removing_a_key_whose_link_was_not_recorded_is_warned_of(bench: Bench) -> None:
    """B-012: it is Ready then, and keeps a master key that nobody knows."""
    await bench.go("Reserved")
    await bench.arrive()
    assert not any("by hand" in text for text in bench.texts())
    await bench.leave()
    bench.key.take(locked=True, can_unlock=True)
    await bench.arrive()
    assert sum("no record of" in text and "wiped by hand" in text for text in bench.texts()) == 1
    await bench.hes.employees.remove_hardware_vault(SERIAL)
    await bench.hes.settled()
    assert (bench.vault.status, bench.key.commands) == (VaultStatus.Ready, [])
    with pytest.raises(HesError, match="wipe the key by hand") as raised:
        await bench.connection.update_hw_vault_properties(bench.report(), return_info=True)
    assert raised.value.code is HesErrorCode.HesDeviceLinkedToAnotherServer


# Checks ahead of table A, by whether the key is linked; then CheckPassphrase.
AUTH: dict[str, tuple[HesErrorCode | None, HesErrorCode | None]] = {
    "Ready": (HesErrorCode.HesDeviceLinkedToAnotherServer, HesErrorCode.HesEmptyMasterKey),
    "Reserved": (None, None),
    "Reserved applied": (None, None),
    "Active": (None, HesErrorCode.HesVaultWasManuallyWiped),
    "Locked": (None, HesErrorCode.HesVaultWasManuallyWiped),
    "Suspended": (None, HesErrorCode.HesVaultWasManuallyWiped),
    "Suspended applied": (None, HesErrorCode.HesVaultWasManuallyWiped),
    "Deactivated": (None, None),
    "Compromised": (HesErrorCode.HesDeviceLinkedToAnotherServer, HesErrorCode.HesEmptyMasterKey),
}


@pytest.mark.parametrize("link_required", [False, True])
@pytest.mark.parametrize("place", PLACES)
async def test_auth(bench: Bench, place: str, link_required: bool) -> None:
    await bench.go(place)
    await bench.arrive()
    bench.key.take(link_required=link_required)
    if place == "Reserved":
        bench.key.refuse = {Command.CHECK_PASSPHRASE: ErrorName.ERR_NOT_INITIALIZED}
        assert await refusal(bench.connection.auth_hw_vault(SERIAL)) is HesErrorCode.HesUnknownError
        return
    expected = AUTH[place][link_required]
    if expected:
        assert await refusal(bench.connection.auth_hw_vault(SERIAL)) is expected
        assert bench.key.commands == []
    else:
        await bench.connection.auth_hw_vault(SERIAL)
        assert bench.key.commands == [Command.CHECK_PASSPHRASE]


async def test_auth_of_an_unknown_key(bench: Bench) -> None:
    assert await refusal(bench.connection.auth_hw_vault("HK-404")) is HesErrorCode.HesDeviceNotFound


async def test_failed_calls_are_told_as_events(bench: Bench) -> None:
    bench.events.clear()
    await refusal(bench.update())
    (event,) = bench.events
    assert (event.kind, event.serial, event.at) == ("failed", SERIAL, NOON)
    assert event.text.startswith("answers update_hw_vault_status with: ")
