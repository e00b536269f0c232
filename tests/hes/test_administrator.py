"""What an administrator's actions leave; test_every_action.py has which of them are allowed when."""

from __future__ import annotations

import asyncio

import pytest

from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import (
    HardwareVaultActivationStatus,
    HesCode,
    VaultStatus,
    VaultStatusReason,
)
from hideez_bench.emulator.hes.records import EmployeeDetails, VaultImport
from hideez_bench.protocol.names import Condition
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.values import AccessParams
from tests.hes.bench import NOON, PLACES, SERIAL, Bench, vault_import

PENDING = HardwareVaultActivationStatus.Pending
CANCELED = HardwareVaultActivationStatus.Canceled


async def suspend(bench: Bench) -> None:
    await bench.hes.vaults.suspend(SERIAL, "on leave")


async def remove(bench: Bench) -> None:
    await bench.hes.employees.remove_hardware_vault(SERIAL, VaultStatusReason.Broken)


async def compromise(bench: Bench) -> None:
    await bench.hes.vaults.compromise(
        SERIAL, reason=VaultStatusReason.Stolen, retyped_id=SERIAL, description="train"
    )


def code_of(bench: Bench) -> ActivationCode | None:
    try:
        return bench.hes.vaults.activation_code(SERIAL)
    except HesRuleError as error:
        assert error.code is HesCode.ActivationCodeNotFound
        return None


@pytest.mark.parametrize("place", PLACES)
async def test_code_is_readable_where_one_is_pending(bench: Bench, place: str) -> None:
    """A-007, Q5 (Locked after activation has none; see below for the other), Q14: reading changes nothing."""
    await bench.go(place)
    readable = place in ("Reserved", "Reserved applied", "Suspended", "Suspended applied")
    assert (code_of(bench) is not None) is readable
    assert code_of(bench) == code_of(bench)


async def test_assignment(bench: Bench) -> None:
    await bench.assign()
    vault = bench.vault
    assert (vault.status, vault.is_status_applied) == (VaultStatus.Reserved, False)
    assert (vault.activation, vault.employee_name) == (PENDING, "Ann Smith")
    assert bench.hes.employees.get(bench.employee.id).vault_ids == (SERIAL,)


async def test_one_vault_for_an_employee(bench: Bench) -> None:
    """A-002."""
    await bench.assign()
    bench.hes.vaults.import_vaults([vault_import("HK-2")])
    before = bench.hes.vaults.list()
    with pytest.raises(HesRuleError) as raised:
        await bench.hes.employees.add_hardware_vault(bench.employee.id, "HK-2")
    assert raised.value.code is HesCode.OneHardwareVaultConstraint
    assert bench.hes.vaults.list() == before


async def test_two_assignments_at_once(bench: Bench) -> None:
    other = bench.hes.employees.create(EmployeeDetails("Bob"))
    bench.hes.vaults.import_vaults([vault_import("HK-2")])
    same_vault = [bench.hes.employees.add_hardware_vault(who.id, SERIAL) for who in (bench.employee, other)]
    outcomes = await asyncio.gather(*same_vault, return_exceptions=True)
    assert [getattr(outcome, "code", None) for outcome in outcomes] == [
        None,
        HesCode.HardwareVaultCannotReserve,
    ]
    same_employee = [bench.hes.employees.add_hardware_vault(other.id, "HK-2") for _ in range(2)]
    outcomes = await asyncio.gather(*same_employee, return_exceptions=True)
    assert [getattr(outcome, "code", None) for outcome in outcomes] == [
        None,
        HesCode.OneHardwareVaultConstraint,
    ]


async def test_unknown_employee_and_vault(bench: Bench) -> None:
    """A-004. The employee is looked at first."""
    for employee_id, vault_id, code in [
        ("nobody", SERIAL, HesCode.EmployeeNotFound),
        ("nobody", "HK-9", HesCode.EmployeeNotFound),
        (bench.employee.id, "HK-9", HesCode.HardwareVaultNotFound),
    ]:
        with pytest.raises(HesRuleError) as raised:
            await bench.hes.employees.add_hardware_vault(employee_id, vault_id)
        assert raised.value.code is code


async def test_unknown_vault_everywhere_else(bench: Bench) -> None:
    hes, lost = bench.hes, VaultStatusReason.Lost
    for call in [
        hes.vaults.suspend("HK-9"),
        hes.vaults.activate("HK-9"),
        hes.employees.remove_hardware_vault("HK-9"),
        hes.vaults.compromise("HK-9", reason=lost, retyped_id="HK-9"),
    ]:
        with pytest.raises(HesRuleError) as raised:
            await call
        assert raised.value.code is HesCode.HardwareVaultNotFound
    for read in (hes.vaults.get, hes.vaults.access_params):
        with pytest.raises(HesRuleError) as raised:
            read("HK-9")
        assert raised.value.code is HesCode.HardwareVaultNotFound
    with pytest.raises(HesRuleError) as raised:
        hes.vaults.import_licenses("HK-9", [])
    assert raised.value.code is HesCode.HardwareVaultNotFound
    with pytest.raises(HesRuleError) as raised:
        hes.vaults.activation_code("HK-9")
    assert raised.value.code is HesCode.ActivationCodeNotFound


async def test_new_code_cancels_the_pending_one(bench: Bench) -> None:
    """A-006, Q5: a vault locked before its activation keeps its code pending, until Activate makes another."""
    await bench.go("Reserved applied")
    first = code_of(bench)
    await bench.arrive()
    bench.key.take(locked=True)
    with pytest.raises(Exception, match="is locked"):
        await bench.update()
    await bench.leave()
    assert (bench.vault.status, bench.vault.activation, code_of(bench)) == (
        VaultStatus.Locked,
        PENDING,
        first,
    )
    await bench.hes.vaults.activate(SERIAL)
    assert (bench.vault.activation, bench.vault.is_status_applied) == (PENDING, False)
    assert code_of(bench) not in (None, first)
    await bench.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Lost, retyped_id=SERIAL)
    assert (bench.vault.activation, code_of(bench)) == (CANCELED, None)


async def test_what_suspending_notes(bench: Bench) -> None:
    await bench.go("Active")
    await suspend(bench)
    assert bench.vault.status_description == "on leave"
    assert bench.vault.status_reason is VaultStatusReason.None_
    assert bench.vault.employee_id == bench.employee.id


async def test_what_removal_leaves(bench: Bench) -> None:
    """A-010: the employee is free at once, and the master key is kept for the wipe."""
    await bench.go("Active")
    await remove(bench)
    assert (bench.vault.employee_id, bench.vault.status_reason) == (None, VaultStatusReason.Broken)
    await bench.arrive()
    with pytest.raises(Exception, match="has now been wiped"):
        await bench.update()
    assert bench.key.link_required


async def test_what_ready_sets(bench: Bench) -> None:
    await bench.go("Deactivated")
    await bench.arrive()
    bench.clock.move(hours=1)
    with pytest.raises(Exception, match="has now been wiped"):
        await bench.update()
    vault = bench.vault
    assert (vault.status, vault.status_reason) == (VaultStatus.Ready, VaultStatusReason.None_)
    assert (vault.employee_id, vault.status_description, vault.timestamp) == (None, None, 0)
    assert (vault.is_status_applied, vault.has_new_license, vault.need_sync) == (False, False, False)
    assert (vault.profile_id, vault.last_synced) == ("default", bench.clock.now)
    # D-011
    await bench.assign()
    await bench.update()
    assert bench.vault.is_status_applied


async def test_reserved_but_never_linked_is_ready_at_once(bench: Bench) -> None:
    """A-009."""
    await bench.assign()
    await remove(bench)
    assert (bench.vault.status, bench.vault.activation) == (VaultStatus.Ready, CANCELED)
    assert bench.vault.status_reason is VaultStatusReason.None_
    assert bench.key.handshakes == 0


async def test_compromise_asks_twice(bench: Bench) -> None:
    """D-012, and the two reasons that the vendor's page offers."""
    await bench.go("Active")
    lost, broken = VaultStatusReason.Lost, VaultStatusReason.Broken
    for reason, retyped in [(lost, "HK-11"), (lost, ""), (broken, SERIAL)]:
        with pytest.raises(HesRuleError):
            await bench.hes.vaults.compromise(SERIAL, reason=reason, retyped_id=retyped)
        assert bench.vault.status is VaultStatus.Active


async def test_what_compromise_leaves(bench: Bench) -> None:
    await bench.go("Active")
    await compromise(bench)
    vault = bench.vault
    assert (vault.status_reason, vault.status_description) == (VaultStatusReason.Stolen, "train")
    assert (vault.employee_id, bench.hes.employees.get(bench.employee.id).vault_ids) == (None, ())


async def test_import(bench: Bench) -> None:
    new = [vault_import(SERIAL), vault_import("HK-2"), vault_import("HK-2"), vault_import("HK-3")]
    assert bench.hes.vaults.import_vaults(new) == ["HK-2", "HK-3"]
    vault = bench.hes.vaults.get("HK-2")
    assert (vault.status, vault.battery, vault.profile_id) == (VaultStatus.Ready, 100, "default")
    assert (vault.imported_at, vault.activation, vault.is_online) == (NOON, None, False)
    assert [vault.id for vault in bench.hes.vaults.list()] == [SERIAL, "HK-2", "HK-3"]


async def test_import_is_whole_or_not_at_all(bench: Bench) -> None:
    same_rfid = VaultImport("HK-4", mac="another", rfid=f"rfid {SERIAL}")
    with pytest.raises(HesRuleError, match=f"the radio tag of key {SERIAL}"):
        bench.hes.vaults.import_vaults([vault_import("HK-2"), same_rfid])
    assert [vault.id for vault in bench.hes.vaults.list()] == [SERIAL]


async def test_employees(bench: Bench) -> None:
    ann = bench.hes.employees.get(bench.employee.id)
    assert (ann.full_name, ann.email) == ("Ann Smith", "ann@example.org")
    bench.hes.employees.create(EmployeeDetails("Ann", "Adams"))
    assert [who.full_name for who in bench.hes.employees.list()] == ["Ann Adams", "Ann Smith"]
    for names, code in [
        (("Ann", "Smith", ""), HesCode.EmployeeAlreadyExist),
        (("", "Smith", ""), HesCode.None_),
        (("Eve", "", "eve"), HesCode.None_),
        (("Eve", "", "@eve"), HesCode.None_),
        (("Eve", "", "e@v@e"), HesCode.None_),
    ]:
        with pytest.raises(HesRuleError) as raised:
            bench.hes.employees.create(EmployeeDetails(*names))
        assert raised.value.code is code
    with pytest.raises(HesRuleError) as raised:
        bench.hes.employees.get("nobody")
    assert raised.value.code is HesCode.EmployeeNotFound
    assert len(bench.hes.employees.list()) == 2


async def test_default_profile(bench: Bench) -> None:
    """The values that every new server has; a key gets them as they stand (B-013)."""
    assert bench.hes.vaults.access_params(SERIAL) == AccessParams(
        conditions=Condition.BUTTON_BOND | Condition.MASTER_KEY_BOND,
        pin_min_length=4,
        pin_max_tries=10,
        pin_expiration=86400,
        button_expiration=0,
        master_key_expiration=0,
    )


@pytest.mark.parametrize(
    ("field", "condition"),
    [
        ("button_pairing", Condition.BUTTON_BOND),
        ("button_connection", Condition.BUTTON_CONNECT),
        ("button_storage_access", Condition.BUTTON_CHANNEL),
        ("pin_pairing", Condition.PIN_BOND),
        ("pin_connection", Condition.PIN_CONNECT),
        ("pin_storage_access", Condition.PIN_CHANNEL),
        ("master_key_pairing", Condition.MASTER_KEY_BOND),
        ("master_key_connection", Condition.MASTER_KEY_CONNECT),
        ("master_key_storage_access", Condition.MASTER_KEY_CHANNEL),
    ],
)
def test_each_condition_of_a_profile(field: str, condition: Condition) -> None:
    profile = models.HardwareVaultProfile(pin_length=5, pin_try_count=3, pin_expiration=60, **{field: True})
    assert profile.access_params() == AccessParams(condition, 5, 3, 60, 0, 0)
