"""Tasks: what a key has yet to be told, noted in the transaction of whatever made it so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select

from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account, HardwareVaultTask
from hideez_bench.emulator.hes.database.rows import Rows
from hideez_bench.emulator.hes.database.workstation_models import WorkstationHardwareVaultPair
from hideez_bench.emulator.hes.names import TaskOperation


def add(
    rows: Rows, vault: models.HardwareVault, operation: TaskOperation, account: Account | None, now: datetime
) -> HardwareVaultTask:
    """Something more to tell a key."""
    task = HardwareVaultTask(
        hardware_vault_id=vault.id,
        account_id=account.id if account else None,
        operation=operation,
        created_at=now,
    )
    rows.add(task)
    vault.need_sync = True
    return task


def add_for_all_keys(
    rows: Rows, employee: models.Employee, operation: TaskOperation, account: Account, now: datetime
) -> None:
    """Something more to tell every key of somebody."""
    for vault in employee.hardware_vaults:
        add(rows, vault, operation, account, now)


def add_profile(rows: Rows, vault: models.HardwareVault, now: datetime) -> None:
    """The key's access profile is another. One such task is enough, and takes the place of an earlier one."""
    # Before the earlier one goes: SQLite gives the number of a row that is gone to the next, and a run that is just
    # telling the key of the earlier one would strike off this one.
    task = add(rows, vault, TaskOperation.Profile, None, now)
    rows.session.execute(
        delete(HardwareVaultTask).where(
            HardwareVaultTask.hardware_vault_id == vault.id,
            HardwareVaultTask.operation == TaskOperation.Profile,
            HardwareVaultTask.id != task.id,
        )
    )


def first(rows: Rows, vault_id: str, *, os: bool | None = None) -> HardwareVaultTask | None:
    """What the key is to be told next: of all, of accounts of the operating system (True), or of the rest (False)."""
    query = (
        select(HardwareVaultTask).outerjoin(Account).where(HardwareVaultTask.hardware_vault_id == vault_id)
    )
    if os is not None:
        query = query.where(_is_os() if os else ~_is_os())
    return rows.session.scalar(query.order_by(HardwareVaultTask.created_at, HardwareVaultTask.id).limit(1))


def _is_os() -> ColumnElement[bool]:
    """The primary account's tasks, and those that make an account primary."""
    return or_(
        HardwareVaultTask.operation == TaskOperation.Primary,
        Account.is_primary.is_(True),
    )


def done(rows: Rows, vault: models.HardwareVault, task_id: int) -> None:
    """The key has been told. An account that it was to delete is gone for good."""
    task = rows.session.get(HardwareVaultTask, task_id)
    if task is not None:
        account = rows.session.get(Account, task.account_id) if task.account_id else None
        rows.session.delete(task)
        rows.session.flush()
        if account is not None and task.operation is TaskOperation.Delete:
            rows.session.delete(account)
            rows.session.flush()
    vault.need_sync = first(rows, vault.id) is not None


def forget(rows: Rows, vault: models.HardwareVault) -> list[str]:
    """Drop all that belonged to a vault in somebody's hands: tasks, accounts, and what unlocks by coming near.

    Returns the workstations that must hear of it.
    """
    session = rows.session
    session.execute(delete(HardwareVaultTask).where(HardwareVaultTask.hardware_vault_id == vault.id))
    if vault.employee_id:
        session.execute(delete(Account).where(Account.employee_id == vault.employee_id))
    pairs = WorkstationHardwareVaultPair
    of_vault = pairs.hardware_vault_id == vault.id
    workstations = list(session.scalars(select(pairs.workstation_id).where(of_vault)))
    session.execute(delete(pairs).where(of_vault))
    vault.need_sync = False
    return workstations
