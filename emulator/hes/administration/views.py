"""Rows as anybody may see them. The vendor's REST answers hold the master key as well (Q10); these never do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from hideez_bench.emulator.hes.account_records import AccountFacts, AccountView
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account, HardwareVaultTask
from hideez_bench.emulator.hes.database.org_models import Company, Department, Position
from hideez_bench.emulator.hes.database.rows import Rows
from hideez_bench.emulator.hes.database.workstation_models import WorkstationHardwareVaultPair
from hideez_bench.emulator.hes.keys import licenses
from hideez_bench.emulator.hes.names import AccountType
from hideez_bench.emulator.hes.records import (
    CompanyView,
    DepartmentView,
    EmployeeView,
    PositionView,
    ProfileView,
    ProximityVaultView,
    VaultView,
    WorkstationView,
)

_VAULT_COLUMNS = [
    getattr(models.HardwareVault, field.name)
    for field in fields(VaultView)
    if field.name in models.HardwareVault.__table__.columns
]
_DEPARTMENT_COLUMNS = (
    Department.id.label("of_id"),
    Department.name.label("of_name"),
    Company.id.label("of_company_id"),
    Company.name.label("of_company_name"),
)


def vault_views(
    rows: Rows, now: datetime, is_online: Callable[[str], bool], vault_id: str | None = None
) -> Iterator[VaultView]:
    """Vaults by serial number, or the one of an id; the licence runs from now.

    By columns, as are employees: entities with all that hangs on them take five times as long, and open secrets.
    """
    owner, code = models.Employee, models.HardwareVaultActivation
    latest = select(code.vault_id, code.status).where(
        code.id.in_(select(func.max(code.id)).group_by(code.vault_id))
    )
    vaults = (
        select(*_VAULT_COLUMNS, owner.first_name, owner.last_name, *_DEPARTMENT_COLUMNS)
        .outerjoin(owner, owner.id == models.HardwareVault.employee_id)
        .outerjoin(Department, Department.id == owner.department_id)
        .outerjoin(Company, Company.id == Department.company_id)
        .order_by(models.HardwareVault.id)
    )
    if vault_id is not None:
        vaults = vaults.where(models.HardwareVault.id == vault_id)
        latest = latest.where(code.vault_id == vault_id)
    codes = {row.vault_id: row.status for row in rows.session.execute(latest)}
    for row in rows.session.execute(vaults):
        copied = {column.key: getattr(row, column.key) for column in _VAULT_COLUMNS}
        copied["license_status"] = licenses.status(row.license_status, row.license_end_date, now)
        yield VaultView(
            **copied,
            activation=codes.get(row.id),
            employee_name=f"{row.first_name} {row.last_name}".strip() if row.employee_id else "",
            department=_department_of(row),
            is_online=is_online(row.id),
        )


def employee_views(rows: Rows, employee_id: str | None = None) -> Iterator[EmployeeView]:
    """Employees by name, or the one of an id, with the keys that they carry."""
    table, vault = models.Employee, models.HardwareVault
    employees = (
        select(*table.__table__.columns, Position.name.label("position_name"), *_DEPARTMENT_COLUMNS)
        .outerjoin(Position, Position.id == table.position_id)
        .outerjoin(Department, Department.id == table.department_id)
        .outerjoin(Company, Company.id == Department.company_id)
        .order_by(table.first_name, table.last_name)
    )
    keys = select(vault.employee_id, vault.id).where(vault.employee_id.is_not(None))
    if employee_id is not None:
        employees = employees.where(table.id == employee_id)
        keys = keys.where(vault.employee_id == employee_id)
    carried: dict[str | None, list[str]] = {}
    for whose, serial in rows.session.execute(keys):
        carried.setdefault(whose, []).append(serial)
    for row in rows.session.execute(employees):
        yield EmployeeView(
            id=row.id,
            first_name=row.first_name,
            last_name=row.last_name,
            email=row.email,
            phone_number=row.phone_number,
            department_id=row.department_id,
            position_id=row.position_id,
            department=_department_of(row),
            position=PositionView(row.position_id, row.position_name) if row.position_id else None,
            last_seen=row.last_seen,
            vault_ids=tuple(sorted(carried.get(row.id, ()))),
        )


def _department_of(row: Any) -> DepartmentView | None:
    return (
        DepartmentView(row.of_id, row.of_name, row.of_company_id, row.of_company_name) if row.of_id else None
    )


def profile_view(rows: Rows, profile: models.HardwareVaultProfile) -> ProfileView:
    """An access profile with the keys that it is set for, by serial number."""
    vault = models.HardwareVault
    having_it = select(vault.id).where(vault.profile_id == profile.id).order_by(vault.id)
    copied = {field.name: getattr(profile, field.name) for field in fields(ProfileView)[:-1]}
    return ProfileView(**copied, vault_ids=tuple(rows.session.scalars(having_it)))


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
