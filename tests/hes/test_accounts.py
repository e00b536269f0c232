"""Accounts of employees, and how they get to a key: in their order, each struck off when the key has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hideez_bench.emulator.hes.account_records import AccountDetails, AccountFacts, AccountView
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import AccountType, HesCode, LoginType, VaultStatus, VaultStatusReason
from hideez_bench.emulator.hes.records import EmployeeDetails, ProfileDetails
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.hes import ConnectionState, HesError, HesErrorCode, HesKeyRefused
from hideez_bench.protocol.names import AccountFlag, Command, ErrorName, StorageTable
from hideez_bench.protocol.secret import ActivationCode, OtpSecret, Password
from hideez_bench.protocol.values import AccountRecord
from hideez_bench.protocol.wire import default_wire
from tests.hes.bench import SERIAL, Bench

WIRE = default_wire()
MAIL = AccountDetails(
    "Mail", "ann", "https://mail.example", password=Password(b"first"), otp_secret=OtpSecret(b"mzxw 6ytb")
)
PC = AccountDetails(
    "PC", "ann", login_type=LoginType.Domain, domain="HOME", password=Password.from_text("pässword")
)


def on_key(bench: Bench, record: int) -> dict[StorageTable, bytes]:
    """What lies on the key under a record number."""
    found = {}
    for table in StorageTable:
        place = (WIRE.profile.number("storage_table", table), record)
        if place in bench.key.records:
            found[table] = bench.key.records[place]
    return found


async def activate_with(bench: Bench, *accounts: AccountDetails) -> list[AccountView]:
    """An Active key that is connected, and accounts that it has yet to get."""
    await bench.go("Active")
    made = [bench.hes.accounts.create(bench.employee.id, account) for account in accounts]
    await bench.arrive()
    return made


async def flags(bench: Bench) -> tuple[bool, bool]:
    """What the client is told to ask for: accounts of the operating system, and others."""
    info = await bench.connection.update_hw_vault_properties(bench.report(), return_info=True)
    assert info is not None
    return info.need_update_os_accounts, info.need_update_non_os_accounts


async def test_what_an_account_is_on_a_key(bench: Bench) -> None:
    await activate_with(bench, MAIL, PC)
    await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert on_key(bench, 1) == {
        StorageTable.Accounts: WIRE.account.build(
            AccountRecord(AccountFlag.READ_ONLY, "Mail", "https://mail.example", "")
        ),
        StorageTable.Logins: b"ann",
        StorageTable.Passwords: b"first",
        StorageTable.OtpSecrets: b"foobar"[:5],
    }
    pc = on_key(bench, 2)
    assert (pc[StorageTable.Logins], pc[StorageTable.Passwords]) == (b"HOME\\ann", "pässword".encode())
    assert StorageTable.OtpSecrets not in pc
    assert not bench.vault.need_sync


async def test_the_list_of_accounts_changes_last_on_a_key(bench: Bench) -> None:
    await activate_with(bench, MAIL)
    bench.key.refuse = {Command.WRITE_STORAGE: ErrorName.ERR_MESSAGE_TOO_LONG}
    with pytest.raises(HesKeyRefused):
        await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert bench.key.records == {}
    bench.key.refuse = {}
    written = []
    for _ in range(2):
        bench.key.commands.clear()
        await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
        written.append(bench.key.commands.count(Command.WRITE_STORAGE))
    assert written == [4, 0]
    assert list(bench.key.records)[-1] == (WIRE.profile.number("storage_table", "Accounts"), 1)


async def test_master_key_is_proved_where_it_is_asked_for(bench: Bench) -> None:
    await activate_with(bench, PC)
    bench.key.asks_master_key = True
    await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert bench.key.commands[:2] == [Command.CHECK_PASSPHRASE, Command.DELETE_STORAGE]
    bench.hes.accounts.create(bench.employee.id, MAIL)
    bench.key.commands.clear()
    await bench.hes.settled()
    assert Command.CHECK_PASSPHRASE not in bench.key.commands


async def test_os_accounts_first_and_the_rest_later(bench: Bench) -> None:
    mail, pc = await activate_with(bench, MAIL, PC)
    assert await flags(bench) == (False, True)
    await bench.leave()
    bench.hes.accounts.set_as_workstation_account(bench.employee.id, pc.id)
    await bench.arrive()
    assert await flags(bench) == (True, True)
    await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=True)
    assert await flags(bench) == (False, True)
    record = WIRE.account.parse(on_key(bench, 2)[StorageTable.Accounts])
    assert record.flags == AccountFlag.READ_ONLY | AccountFlag.PRIMARY
    assert on_key(bench, 1) == {}
    assert bench.vault.need_sync
    await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert await flags(bench) == (False, False)
    assert bench.hes.accounts.get(mail.id).is_synced
    assert not bench.vault.need_sync


async def test_another_workstation_account(bench: Bench) -> None:
    mail, pc = await activate_with(bench, MAIL, PC)
    for account in (mail, pc, pc):
        bench.hes.accounts.set_as_workstation_account(bench.employee.id, account.id)
    await bench.hes.settled()
    flags = [WIRE.account.parse(on_key(bench, record)[StorageTable.Accounts]).flags for record in (1, 2)]
    assert flags == [AccountFlag.READ_ONLY, AccountFlag.READ_ONLY | AccountFlag.PRIMARY]
    assert [account.is_primary for account in bench.hes.accounts.list(bench.employee.id)] == [False, True]


async def test_a_failure_keeps_the_rest(bench: Bench) -> None:
    mail, pc = await activate_with(bench, MAIL, PC)
    bench.key.writes_left = 5  # the first account takes four
    with pytest.raises(HesKeyRefused):
        await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    accounts = bench.hes.accounts
    assert (accounts.get(mail.id).is_synced, accounts.get(pc.id).is_synced) == (True, False)
    assert bench.vault.need_sync
    bench.key.writes_left, bench.key.commands = None, []
    await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert accounts.get(pc.id).is_synced
    assert bench.key.commands.count(Command.WRITE_STORAGE) == 3  # the second one's


async def test_changes_reach_a_connected_key_at_once(bench: Bench) -> None:
    (mail,) = await activate_with(bench, MAIL)
    bench.hes.accounts.edit(mail.id, AccountFacts("Post", "anne"))
    bench.hes.accounts.edit_password(mail.id, Password(b"second"))
    bench.hes.accounts.edit_otp(mail.id, None)
    assert not bench.hes.accounts.get(mail.id).is_synced
    await bench.hes.settled()
    found = on_key(bench, 1)
    assert (found[StorageTable.Logins], found[StorageTable.Passwords]) == (b"anne", b"second")
    assert StorageTable.OtpSecrets not in found
    assert WIRE.account.parse(found[StorageTable.Accounts]).name == "Post"
    bench.hes.accounts.delete(mail.id)
    assert bench.hes.accounts.list(bench.employee.id) == []
    await bench.hes.settled()
    assert bench.key.records == {}
    # The number is free again, and no row is left behind.
    bench.hes.accounts.create(bench.employee.id, PC)
    await bench.hes.settled()
    assert on_key(bench, 1)[StorageTable.Accounts]


async def test_a_change_while_the_key_is_written_is_written_as_well(bench: Bench) -> None:
    (mail,) = await activate_with(bench, MAIL)
    bench.key.hold = Command.WRITE_STORAGE
    call = asyncio.create_task(bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False))
    await bench.key.reached.wait()
    bench.hes.accounts.edit_password(mail.id, Password(b"second"))
    bench.key.hold = None
    bench.key.released.set()
    await call
    assert on_key(bench, 1)[StorageTable.Passwords] == b"second"
    assert not bench.vault.need_sync


async def test_push_that_fails_is_told(bench: Bench) -> None:
    await activate_with(bench)
    bench.key.refuse = {Command.WRITE_STORAGE: ErrorName.ERR_LICENSE_EXPIRED}
    bench.hes.accounts.create(bench.employee.id, PC)
    await bench.hes.settled()
    assert bench.events[-1].kind == "failed"
    assert "ends an accounts update in the background" in bench.events[-1].text
    assert bench.vault.need_sync


async def test_accounts_prepared_before_the_key_is_in_use(bench: Bench) -> None:
    """Those from before the assignment, and those made while Reserved, get to the key once it is Active."""
    bench.hes.accounts.create(bench.employee.id, MAIL)
    await bench.assign()
    bench.hes.accounts.create(bench.employee.id, PC)
    assert bench.vault.need_sync
    await bench.arrive()
    assert await flags(bench) == (False, False)
    with pytest.raises(HesError, match="Active only"):
        await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    info = await bench.update()
    assert not info.need_update_non_os_accounts
    bench.key.take()
    info = await bench.update()
    assert info.need_update_non_os_accounts
    await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert on_key(bench, 1)
    assert on_key(bench, 2)


@pytest.mark.parametrize(
    "place", ["Ready", "Reserved applied", "Locked", "Suspended applied", "Deactivated", "Compromised"]
)
async def test_only_an_active_vault_is_written_to(bench: Bench, place: str) -> None:
    await bench.go(place)
    await bench.arrive()
    with pytest.raises(HesError) as raised:
        await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert raised.value.code is HesErrorCode.HesUnknownError
    assert bench.key.commands == []
    assert bench.key.handshakes == (0 if place == "Ready" else bench.key.handshakes)


async def test_a_key_that_was_wiped_by_hand_is_not_written_to(bench: Bench) -> None:
    await activate_with(bench, PC)
    bench.key.take(link_required=True)
    with pytest.raises(HesError) as raised:
        await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert raised.value.code is HesErrorCode.HesVaultWasManuallyWiped
    assert bench.key.commands == []


@pytest.mark.parametrize("reason", ["removed", "compromised"])
async def test_accounts_go_with_the_key(bench: Bench, reason: str) -> None:
    await activate_with(bench, PC)
    await bench.leave()
    if reason == "removed":
        await bench.hes.employees.remove_hardware_vault(SERIAL)
    else:
        await bench.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Lost, retyped_id=SERIAL)
    assert bench.hes.accounts.list(bench.employee.id) == []
    assert not bench.vault.need_sync


async def test_profile_change_is_a_task_and_proves_the_master_key_again(bench: Bench) -> None:
    await activate_with(bench)
    profile = bench.hes.profiles.create(ProfileDetails("Strict", pin_connection=True, pin_length=6))
    await bench.hes.vaults.set_profile(SERIAL, profile.id)
    bench.hes.accounts.create(bench.employee.id, PC)
    await bench.hes.settled()
    assert bench.key.commands[0] is Command.ACCESS
    assert bench.key.access_params == bench.hes.vaults.access_params(SERIAL)
    assert bench.key.access_params is not None
    assert bench.key.access_params.pin_min_length == 6
    assert on_key(bench, 1)


# --- the rules of accounts themselves ---


def refused(code: HesCode, call: Callable[[], object]) -> None:
    with pytest.raises(HesRuleError) as raised:
        call()
    assert raised.value.code is code


async def test_refusals(bench: Bench) -> None:
    accounts, ann = bench.hes.accounts, bench.employee.id
    bob = bench.hes.employees.create(EmployeeDetails("Bob")).id
    mail = accounts.create(ann, MAIL)
    x, odd = Password(b"x"), OtpSecret(b"1!")
    refused(HesCode.AccountExist, lambda: accounts.create(ann, MAIL))
    refused(HesCode.EmployeeNotFound, lambda: accounts.create("nobody", MAIL))
    for code, wrong in [
        (HesCode.IncorrectPassword, AccountDetails("A", "", password=Password(b""))),
        (HesCode.IncorrectOtp, AccountDetails("A", "", password=x, otp_secret=odd)),
        (HesCode.None_, AccountDetails("", "ann", password=x)),
        (HesCode.None_, AccountDetails("é" * 128, "ann", password=x)),
    ]:
        refused(code, lambda wrong=wrong: accounts.create(ann, wrong))  # type: ignore[misc]
    for call in (
        lambda: accounts.get("none"),
        lambda: accounts.edit("none", AccountFacts("A", "")),
        lambda: accounts.edit_password("none", Password(b"x")),
        lambda: accounts.edit_otp("none", None),
        lambda: accounts.delete("none"),
        lambda: accounts.set_as_workstation_account(ann, "none"),
        lambda: accounts.set_as_workstation_account(bob, mail.id),
    ):
        refused(HesCode.AccountNotFound, call)
    refused(HesCode.IncorrectPassword, lambda: accounts.edit_password(mail.id, Password(b"")))
    refused(HesCode.IncorrectOtp, lambda: accounts.edit_otp(mail.id, OtpSecret(b"=")))
    refused(HesCode.EmployeeNotFound, lambda: accounts.list("nobody"))
    accounts.create(ann, PC)
    refused(HesCode.AccountExist, lambda: accounts.edit(mail.id, AccountFacts("PC", "ann")))
    assert [(view.name, view.has_otp) for view in accounts.list(ann)] == [("Mail", True), ("PC", False)]
    accounts.create(bob, MAIL)  # another's may be called the same


async def test_shared_accounts(bench: Bench) -> None:
    hes, ann = bench.hes, bench.employee.id
    shared = hes.shared_accounts.create(MAIL)
    refused(HesCode.SharedAccountExist, lambda: hes.shared_accounts.create(MAIL))
    refused(HesCode.IncorrectPassword, lambda: hes.shared_accounts.create(
        AccountDetails("B", "", password=Password(b""))))  # fmt: skip
    refused(HesCode.SharedAccountNotFound, lambda: hes.shared_accounts.get("none"))
    refused(HesCode.SharedAccountNotFound, lambda: hes.shared_accounts.delete("none"))
    refused(HesCode.SharedAccountNotFound, lambda: hes.accounts.add_shared(ann, "none"))
    refused(HesCode.EmployeeNotFound, lambda: hes.accounts.add_shared("nobody", shared.id))
    await bench.go("Active")
    account = hes.accounts.add_shared(ann, shared.id)
    refused(HesCode.AccountExist, lambda: hes.accounts.add_shared(ann, shared.id))
    assert (account.type, account.name, account.has_otp) == (AccountType.Shared, "Mail", True)
    refused(HesCode.None_, lambda: hes.accounts.edit_password(account.id, Password(b"mine")))
    await bench.arrive()
    await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert on_key(bench, 1)[StorageTable.Passwords] == b"first"
    hes.shared_accounts.delete(shared.id)
    await hes.settled()
    assert (hes.accounts.list(ann), hes.shared_accounts.list(), bench.key.records) == ([], [], {})


async def test_hire_is_one_transaction() -> None:
    bench = Bench()
    bench.set_up()
    async with bench.hes as hes:
        await bench.arrive()
        new = EmployeeDetails("Eve", "Adams", "eve@example.org")
        for vault_id, account, code in [
            ("HK-9", None, HesCode.HardwareVaultNotFound),
            (SERIAL, AccountDetails("PC", "eve", password=Password(b"")), HesCode.IncorrectPassword),
        ]:
            with pytest.raises(HesRuleError) as raised:
                await hes.employees.hire(new, vault_id, account)
            assert raised.value.code is code
            assert [who.full_name for who in hes.employees.list()] == ["Ann Smith"]
            assert bench.vault.status is VaultStatus.Ready
        eve = await hes.employees.hire(new, SERIAL, PC)
        assert eve.vault_ids == (SERIAL,)
        assert bench.vault.status is VaultStatus.Reserved
        (account_view,) = hes.accounts.list(eve.id)
        assert (account_view.is_primary, account_view.is_synced) == (True, False)
        assert isinstance(hes.vaults.activation_code(SERIAL), ActivationCode)
        with pytest.raises(HesRuleError) as raised:
            await hes.employees.hire(new)
        assert raised.value.code is HesCode.EmployeeAlreadyExist
        bare = await hes.employees.hire(EmployeeDetails("Cid"))
        assert (bare.vault_ids, hes.accounts.list(bare.id)) == ((), [])


async def test_a_report_of_a_finished_connection_changes_nothing_of_it(bench: Bench) -> None:
    await activate_with(bench, PC)
    await bench.connection.update_hw_vault_properties(bench.report(ConnectionState.ONLINE), return_info=False)
    assert bench.vault.need_sync


async def test_no_view_or_event_has_a_secret(bench: Bench) -> None:
    (mail,) = await activate_with(bench, MAIL)
    shared = bench.hes.shared_accounts.create(MAIL)
    bench.hes.accounts.edit_password(mail.id, Password(b"second"))
    await bench.hes.settled()
    shown = [
        repr(MAIL),
        repr(bench.hes.accounts.list(bench.employee.id)),
        repr(shared),
        *map(repr, bench.events),
        *map(repr, bench.hes.audit.server_events()),
    ]
    for secret in ("first", "second", "mzxw", "foobar"):
        assert not [text for text in shown if secret in text]


async def test_accounts_outlive_the_server(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/hes.db"
    first = Bench(url)
    first.set_up()
    async with first.hes:
        await first.go("Active")
        first.hes.accounts.create(first.employee.id, PC)
        employee_id = first.employee.id
    async with Hes(url) as hes:
        (account,) = hes.accounts.list(employee_id)
        assert (account.name, account.login_type, account.domain) == ("PC", LoginType.Domain, "HOME")
        assert hes.vaults.get(SERIAL).need_sync


async def test_nothing_is_written_or_erased_while_data_protection_waits_for_its_password(
    tmp_path: Path,
) -> None:
    url, password = f"sqlite:///{tmp_path}/hes.db", Password(b"protected")
    first = Bench(url)
    first.set_up()
    async with first.hes:
        await first.go("Active")
        first.hes.accounts.create(first.employee.id, PC)
        await first.hes.protection.enable(password)
    second = Bench(url, key=first.key)
    async with second.hes:
        await second.arrive()
        with pytest.raises(HesError, match="rotection"):
            await second.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
        with pytest.raises(HesRuleError) as raised:
            await second.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Lost, retyped_id=SERIAL)
        assert raised.value.code is HesCode.DataProtectionNotActivated
        assert (second.vault.status, second.key.commands) == (VaultStatus.Active, [])
        await second.hes.protection.activate(password)
        await second.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
        assert on_key(second, 1)[StorageTable.Passwords] == "pässword".encode()
