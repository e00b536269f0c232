"""What an administrator does with employees: enter them, give them keys and take keys away."""

from __future__ import annotations

from contextlib import nullcontext

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.administration import account_rules, vault_rules
from hideez_bench.emulator.hes.administration.filters import ALL_EMPLOYEES, EmployeeFilter
from hideez_bench.emulator.hes.administration.org_structure import department_of, position_of
from hideez_bench.emulator.hes.administration.views import employee_views
from hideez_bench.emulator.hes.administration.workstations import Workstations
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.rows import Rows, employee_for_admin, vault_for_admin
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.keys import tasks
from hideez_bench.emulator.hes.keys.accounts_update import AccountsUpdate
from hideez_bench.emulator.hes.keys.status_update import StatusUpdate
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, TaskOperation, VaultStatusReason
from hideez_bench.emulator.hes.records import EmployeeDetails, EmployeeView


class Employees:
    """Who carries keys. A call about somebody who is not there raises `HesRuleError` EmployeeNotFound."""

    def __init__(
        self,
        core: Core,
        status_update: StatusUpdate,
        accounts_update: AccountsUpdate,
        workstations: Workstations,
    ) -> None:
        self._core = core
        self._status_update = status_update
        self._accounts_update = accounts_update
        self._workstations = workstations

    def create(self, details: EmployeeDetails) -> EmployeeView:
        """Enter somebody.

        Raises:
            HesRuleError: EmployeeAlreadyExist (the name is taken), DepartmentNotFound, PositionNotFound; no first
                name or an odd address (no code).
        """
        with self._core.store.transaction() as rows:
            employee = self._entered(rows, details)
            view = next(employee_views(rows, employee.id))
        self._core.tell(HesEventKind.ADMIN, "", f"enters employee {view.full_name}")
        return view

    def check(self, details: EmployeeDetails) -> None:
        """Raise what `create` would raise, and enter nobody."""
        with self._core.store.transaction() as rows:
            _check(rows, details, None)

    def get(self, employee_id: str) -> EmployeeView:
        """An employee."""
        with self._core.store.transaction() as rows:
            return next(employee_views(rows, employee_for_admin(rows, employee_id).id))

    def edit(self, employee_id: str, details: EmployeeDetails) -> None:
        """Change what is known of somebody; raises as `create`."""
        with self._core.store.transaction() as rows:
            employee = employee_for_admin(rows, employee_id)
            _check(rows, details, employee_id)
            _fill(rows, employee, details)
        self._core.tell(HesEventKind.ADMIN, "", f"changes employee {details.full_name}")

    def delete(self, employee_id: str) -> None:
        """Delete somebody, with their accounts.

        Raises:
            HesRuleError: HardwareVaultUntieBeforeRemove, as long as they have a key.
        """
        with self._core.store.transaction() as rows:
            employee = employee_for_admin(rows, employee_id)
            if employee.hardware_vaults:
                raise HesRuleError(
                    HesCode.HardwareVaultUntieBeforeRemove,
                    f"{employee.full_name} has key {employee.hardware_vaults[0].id}; remove it first.",
                )
            rows.session.delete(employee)
        self._core.tell(HesEventKind.ADMIN, "", f"deletes employee {employee.full_name}")

    async def hire(
        self, details: EmployeeDetails, vault_id: str | None = None, account: AccountDetails | None = None
    ) -> EmployeeView:
        """Enter somebody with a key and a workstation account, all of it or nothing: the Create of the vendor's wizard.

        Raises:
            HesRuleError: as `create`, `add_hardware_vault` and `Accounts.create`.
        """
        async with self._core.vault_locks[vault_id] if vault_id else nullcontext():
            with self._core.store.transaction() as rows:
                employee = self._entered(rows, details)
                vault = self._reserved(rows, employee, vault_id) if vault_id else None
                rows.session.flush()
                if account:
                    account_rules.entered(self._core, rows, employee, account, is_primary=True)
                view = next(employee_views(rows, employee.id))
            self._core.tell(HesEventKind.ADMIN, "", f"enters employee {view.full_name}")
            if vault:
                self._core.tell_move(vault, f"assigns key {vault.id} to {view.full_name}")
        if vault:
            self._accounts_update.start(vault.id)
        return view

    async def add_hardware_vault(self, employee_id: str, vault_id: str) -> None:
        """Assign a Ready vault: Reserved, with a new master key and a pending code.

        Raises:
            HesRuleError: DataProtectionNotActivated, EmployeeNotFound, OneHardwareVaultConstraint,
                HardwareVaultNotFound or HardwareVaultCannotReserve, looked at in this order.
        """
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                rows.check_protection()
                employee = employee_for_admin(rows, employee_id)
                vault = self._reserved(rows, employee, vault_id)
            self._core.tell_move(vault, f"assigns key {vault_id} to {employee.full_name}")
        self._accounts_update.start(vault_id)

    async def remove_hardware_vault(
        self, vault_id: str, reason: VaultStatusReason = VaultStatusReason.Withdrawal, *, push: bool = True
    ) -> None:
        """Take a vault from its employee: Deactivated, and wiped at its next contact; a key never linked is Ready.

        Its employee's accounts go with it, and it unlocks no workstation any more. With `push` a connected key is
        wiped at once; without, as by the vendor's REST (Q8), only an accounts update is started.

        Raises:
            HesRuleError: DataProtectionNotActivated, HardwareVaultNotFound or HardwareVaultDoesNotAllowToRemove, looked
                at in this order.
        """
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                rows.check_protection()
                vault = vault_for_admin(rows, vault_id)
                workstations = vault_rules.remove(rows, vault, reason, self._core.utc())
            self._core.tell_move(vault, f"takes key {vault_id} from its employee")
        self._workstations.push_proximity(workstations)
        if push:
            self._status_update.start(vault_id)
        else:
            self._accounts_update.start(vault_id)

    def _entered(self, rows: Rows, details: EmployeeDetails) -> models.Employee:
        _check(rows, details, None)
        employee = models.Employee(id=draw.identifier(self._core.random))
        _fill(rows, employee, details)
        rows.add(employee)
        return employee

    def _reserved(self, rows: Rows, employee: models.Employee, vault_id: str) -> models.HardwareVault:
        if employee.hardware_vaults:
            raise HesRuleError(
                HesCode.OneHardwareVaultConstraint,
                f"{employee.full_name} has key {employee.hardware_vaults[0].id} already.",
            )
        vault = vault_for_admin(rows, vault_id)
        key = draw.master_key(self._core.random)
        code = draw.activation_code(self._core.random)
        now = self._core.utc()
        vault_rules.reserve(rows, vault, employee, key, code, now)
        for account in account_rules.of_employee(rows, employee.id):
            tasks.add(rows, vault, TaskOperation.Create, account, now)
        return vault

    def list(self, wanted: EmployeeFilter = ALL_EMPLOYEES) -> list[EmployeeView]:
        """The employees, by name."""
        with self._core.store.transaction() as rows:
            return [view for view in employee_views(rows) if wanted.finds(view)]


def _check(rows: Rows, details: EmployeeDetails, employee_id: str | None) -> None:
    if not details.first_name:
        raise HesRuleError(HesCode.None_, "An employee needs a first name; nothing was entered.")
    if details.email and not _is_address(details.email):
        raise HesRuleError(
            HesCode.None_,
            f"{details.email} is no e-mail address; nothing of {details.full_name} was entered.",
        )
    named = rows.employee_named(details.first_name, details.last_name)
    if named is not None and named.id != employee_id:
        raise HesRuleError(HesCode.EmployeeAlreadyExist, f"There is an employee {details.full_name} already.")


def _fill(rows: Rows, employee: models.Employee, details: EmployeeDetails) -> None:
    employee.department = department_of(rows, details.department_id)
    employee.position = position_of(rows, details.position_id)
    employee.first_name = details.first_name
    employee.last_name = details.last_name
    employee.email = details.email
    employee.phone_number = details.phone_number


def _is_address(text: str) -> bool:
    """As much as the vendor looks at: one @, neither first nor last."""
    return text.count("@") == 1 and not text.startswith("@") and not text.endswith("@")
