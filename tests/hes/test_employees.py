"""Employees, vaults and workstations as an administrator edits, deletes and looks for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.administration.filters import Battery, EmployeeFilter, VaultFilter
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, VaultLicenseStatus, VaultStatus
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.protocol.secret import Password
from tests.hes.bench import NOON, SERIAL, Bench, vault_import

ADA = EmployeeDetails("Ada", "Byron", "ada@example.org", "+44 1")


def with_a_place(bench: Bench) -> EmployeeDetails:
    """Ada, who is a countess in the department of engines of a company, all of which is entered."""
    org = bench.hes.org_structure
    company = org.create_company("Analytical")
    department = org.create_department("Engines", company.id)
    return replace(ADA, department_id=department.id, position_id=org.create_position("Countess").id)


async def test_edit(bench: Bench) -> None:
    employees, ada = bench.hes.employees, with_a_place(bench)
    employees.edit(bench.employee.id, ada)
    view = employees.get(bench.employee.id)
    assert (view.full_name, view.email, view.phone_number) == ("Ada Byron", "ada@example.org", "+44 1")
    assert (view.department_id, view.position_id) == (ada.department_id, ada.position_id)
    assert view.department
    assert view.position
    assert (view.department.name, view.department.company_name) == ("Engines", "Analytical")
    assert view.position.name == "Countess"
    employees.edit(view.id, ada)  # their own name is free
    other = employees.create(EmployeeDetails("Bob"))
    for employee_id, details, code in [
        (other.id, ADA, HesCode.EmployeeAlreadyExist),
        (other.id, EmployeeDetails(""), HesCode.None_),
        (other.id, EmployeeDetails("Bob", email="bob"), HesCode.None_),
        ("nobody", EmployeeDetails("Eve"), HesCode.EmployeeNotFound),
        (other.id, EmployeeDetails("Bob", department_id="engines"), HesCode.DepartmentNotFound),
        (other.id, EmployeeDetails("Bob", position_id="countess"), HesCode.PositionNotFound),
    ]:
        with pytest.raises(HesRuleError) as raised:
            employees.edit(employee_id, details)
        assert raised.value.code is code
    assert employees.get(other.id) == other


async def test_delete(bench: Bench) -> None:
    employees = bench.hes.employees
    bench.hes.accounts.create(bench.employee.id, AccountDetails("A", "a", password=Password(b"x")))
    await bench.assign()
    with pytest.raises(HesRuleError) as raised:
        employees.delete(bench.employee.id)
    assert raised.value.code is HesCode.HardwareVaultUntieBeforeRemove
    await employees.remove_hardware_vault(SERIAL)
    employees.delete(bench.employee.id)
    assert employees.list() == []
    with pytest.raises(HesRuleError) as raised:
        employees.delete(bench.employee.id)
    assert raised.value.code is HesCode.EmployeeNotFound


async def test_employee_filter(bench: Bench) -> None:
    employees = bench.hes.employees
    employees.create(with_a_place(bench))
    await bench.be_active()

    def found(which: EmployeeFilter) -> list[str]:
        return [view.first_name for view in employees.list(which)]

    assert found(EmployeeFilter()) == ["Ada", "Ann"]
    assert found(EmployeeFilter(name="ADA b")) == ["Ada"]
    assert found(EmployeeFilter(name="a")) == ["Ada", "Ann"]
    assert found(EmployeeFilter(email="ann@")) == ["Ann"]
    assert found(EmployeeFilter(phone_number="44")) == ["Ada"]
    assert found(EmployeeFilter(company="analytical", department="engine", position="count")) == ["Ada"]
    assert found(EmployeeFilter(department="sales")) == []
    assert found(EmployeeFilter(position="engineer")) == []
    assert found(EmployeeFilter(vaults_count=1)) == ["Ann"]
    assert found(EmployeeFilter(last_seen_start=NOON)) == ["Ann"]
    assert found(EmployeeFilter(last_seen_start=NOON + timedelta(seconds=1))) == []
    assert found(EmployeeFilter(last_seen_end=NOON)) == ["Ann"]


async def test_vault_filter(bench: Bench) -> None:
    vaults = bench.hes.vaults
    department_id = with_a_place(bench).department_id
    bench.hes.employees.edit(bench.employee.id, EmployeeDetails("Ann", "Smith", department_id=department_id))
    vaults.import_vaults([vault_import("HK-2")])
    await bench.be_active()

    def found(which: VaultFilter) -> list[str]:
        return [view.id for view in vaults.list(which)]

    both, first, second = [SERIAL, "HK-2"], [SERIAL], ["HK-2"]
    assert found(VaultFilter()) == both
    assert found(VaultFilter(id="k-2")) == second
    assert found(VaultFilter(mac="MAC", model="st1")) == both
    assert found(VaultFilter(rfid="rfid hk-1")) == first
    assert found(VaultFilter(firmware="3.1")) == first
    assert found(VaultFilter(status=VaultStatus.Ready)) == second
    assert found(VaultFilter(employee="smith")) == first
    assert found(VaultFilter(department="engines")) == found(VaultFilter(company="lyt")) == first
    assert found(VaultFilter(company="engines")) == []
    assert found(VaultFilter(last_synced_start=NOON, last_synced_end=NOON)) == first
    assert found(VaultFilter(license_status=VaultLicenseStatus.None_)) == both
    assert found(VaultFilter(license_end_date=NOON)) == []
    assert found(VaultFilter(battery=Battery.HIGH)) == both
    assert found(VaultFilter(battery=Battery.LOW)) == []


async def test_rfid(bench: Bench) -> None:
    bench.hes.vaults.import_vaults([vault_import("HK-2")])
    bench.hes.vaults.edit_rfid(SERIAL, "new")
    assert bench.vault.rfid == "new"
    assert (await bench.connection.get_hw_vault_info_by_rfid("new")).vault_serial == SERIAL
    bench.hes.vaults.edit_rfid(SERIAL, "new")
    for vault_id, rfid, code in [
        ("HK-2", "new", HesCode.None_),
        ("HK-2", "", HesCode.None_),
        ("HK-9", "other", HesCode.HardwareVaultNotFound),
    ]:
        with pytest.raises(HesRuleError) as raised:
            bench.hes.vaults.edit_rfid(vault_id, rfid)
        assert raised.value.code is code
    assert bench.hes.vaults.get("HK-2").rfid == "rfid HK-2"
