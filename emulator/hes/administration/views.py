"""Rows as anybody may see them. The vendor's REST answers hold the master key as well (Q10); these never do."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import select

from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account, HardwareVaultTask
from hideez_bench.emulator.hes.database.org_models import Company, Department, Position
from hideez_bench.emulator.hes.database.rows import Rows
from hideez_bench.emulator.hes.database.workstation_models import WorkstationHardwareVaultPair
from hideez_bench.emulator.hes.keys import licenses
from hideez_bench.emulator.hes.names import AccountType
from hideez_bench.emulator.hes.records import (
    AccountFacts,
    AccountView,
    CompanyView,
    DepartmentView,
    EmployeeView,
    PositionView,
    ProfileView,
    ProximityVaultView,
    VaultView,
    WorkstationView,
)


def vault_view(
    vault: models.HardwareVault,
    latest: models.HardwareVaultActivation | None,
    *,
    is_online: bool,
    now: datetime,
) -> VaultView:
    """A vault with what became of its latest code, and how long its licence runs from now."""
    return VaultView(
        id=vault.id,
        mac=vault.mac,
        model=vault.model,
        rfid=vault.rfid,
        battery=vault.battery,
        firmware=vault.firmware,
        status=vault.status,
        status_reason=vault.status_reason,
        status_description=vault.status_description,
        is_status_applied=vault.is_status_applied,
        activation=latest.status if latest else None,
        employee_id=vault.employee_id,
        employee_name=vault.employee.full_name if vault.employee else "",
        profile_id=vault.profile_id,
        timestamp=vault.timestamp,
        need_sync=vault.need_sync,
        has_new_license=vault.has_new_license,
        license_status=licenses.status(vault, now),
        license_end_date=vault.license_end_date,
        imported_at=vault.imported_at,
        last_synced=vault.last_synced,
        is_online=is_online,
    )


def employee_view(employee: models.Employee) -> EmployeeView:
    """An employee with the keys that they carry."""
    return EmployeeView(
        id=employee.id,
        first_name=employee.first_name,
        last_name=employee.last_name,
        email=employee.email,
        phone_number=employee.phone_number,
        department_id=employee.department_id,
        position_id=employee.position_id,
        department=department_view(employee.department) if employee.department else None,
        position=position_view(employee.position) if employee.position else None,
        last_seen=employee.last_seen,
        vault_ids=tuple(sorted(vault.id for vault in employee.hardware_vaults)),
    )


def profile_view(profile: models.HardwareVaultProfile, vaults: list[models.HardwareVault]) -> ProfileView:
    """An access profile with the keys that it is set for."""
    copied = {field.name: getattr(profile, field.name) for field in fields(ProfileView)[:-1]}
    return ProfileView(**copied, vault_ids=tuple(vault.id for vault in vaults))


def account_view(rows: Rows, account: Account) -> AccountView:
    """An account without its secrets."""
    (view,) = account_views(rows, [account])
    return view


def account_views(rows: Rows, accounts: list[Account]) -> list[AccountView]:
    """Accounts without their secrets; one query finds those that wait for a key."""
    ids = HardwareVaultTask.account_id
    query = select(ids).where(ids.in_([account.id for account in accounts])).distinct()
    waiting = set(rows.session.scalars(query))
    return [_account_view(account, is_synced=account.id not in waiting) for account in accounts]


def _account_view(account: Account, *, is_synced: bool) -> AccountView:
    return AccountView(
        **{field.name: getattr(account, field.name) for field in fields(AccountFacts)},
        id=account.id,
        employee_id=account.employee_id,
        type=AccountType.Shared if account.shared_account_id else AccountType.Personal,
        shared_account_id=account.shared_account_id,
        has_otp=account.otp_secret is not None,
        is_primary=account.is_primary,
        is_synced=is_synced,
        updated_at=account.updated_at,
    )


def workstation_view(row: models.Workstation, *, is_online: bool) -> WorkstationView:
    """A workstation."""
    copied = {field.name: getattr(row, field.name) for field in fields(WorkstationView)[:-1]}
    copied["department"] = department_view(row.department) if row.department else None
    return WorkstationView(**copied, is_online=is_online)


def company_view(company: Company) -> CompanyView:
    """A company with its departments."""
    return CompanyView(company.id, company.name, tuple(department_view(one) for one in company.departments))


def department_view(department: Department) -> DepartmentView:
    """A department."""
    company = department.company
    return DepartmentView(department.id, department.name, company.id, company.name)


def position_view(position: Position) -> PositionView:
    """What somebody can be."""
    return PositionView(position.id, position.name)


def proximity_view(pair: WorkstationHardwareVaultPair) -> ProximityVaultView:
    """A key that unlocks a workstation by coming near."""
    return ProximityVaultView(
        **{field.name: getattr(pair, field.name) for field in fields(ProximityVaultView)}
    )
