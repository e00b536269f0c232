"""Accounts of employees, as an administrator keeps them. Whatever changes reaches the employee's key as a task."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from hideez_bench.emulator.hes.account_records import AccountDetails, AccountFacts, AccountView
from hideez_bench.emulator.hes.administration import account_rules
from hideez_bench.emulator.hes.administration.views import account_view, account_views
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account, SharedAccount
from hideez_bench.emulator.hes.database.rows import Rows, employee_for_admin
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.keys import tasks
from hideez_bench.emulator.hes.keys.accounts_update import AccountsUpdate
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, TaskOperation
from hideez_bench.protocol.secret import OtpSecret, Password


class Accounts:
    """The accounts of employees. A call about one that is not there raises `HesRuleError` AccountNotFound."""

    def __init__(self, core: Core, accounts_update: AccountsUpdate) -> None:
        self._core = core
        self._accounts_update = accounts_update

    def get(self, account_id: str) -> AccountView:
        """An account."""
        with self._core.store.transaction() as rows:
            return account_view(rows, account_rules.account_for_admin(rows, account_id))

    def create(self, employee_id: str, details: AccountDetails) -> AccountView:
        """Give somebody an account.

        Raises:
            HesRuleError: EmployeeNotFound, AccountExist (their name and login are taken), IncorrectPassword (none) or
                IncorrectOtp (not base32); no name or a text too long (no code).
        """
        with self._core.store.transaction() as rows:
            employee = employee_for_admin(rows, employee_id)
            vault_ids = tuple(vault.id for vault in employee.hardware_vaults)
            account = account_rules.entered(self._core, rows, employee, details)
            view = account_view(rows, account)
        self._changed(vault_ids, f"gives {employee.full_name} the account {details.name}")
        return view

    def edit(self, account_id: str, facts: AccountFacts) -> None:
        """Change what an account is for, or its login; raises as `create`, and without a code for a shared one."""

        def change(rows: Rows, employee: models.Employee, account: Account) -> None:
            account_rules.check_facts(facts)
            account_rules.require_own(account)
            account_rules.require_free(rows, employee.id, facts, except_for=account.id)
            account_rules.fill(account, facts)

        self._change(account_id, change, "changes the account")

    def edit_password(self, account_id: str, password: Password) -> None:
        """Change the password of an account; raises as `edit`."""

        def change(rows: Rows, employee: models.Employee, account: Account) -> None:
            account_rules.check_secrets(password, None)
            account_rules.require_own(account)
            account.password = password

        self._change(account_id, change, "changes the password of the account")

    def edit_otp(self, account_id: str, otp_secret: OtpSecret | None) -> None:
        """Change or remove the secret of one-time passwords; raises as `edit`."""

        def change(rows: Rows, employee: models.Employee, account: Account) -> None:
            account_rules.check_secrets(account.password, otp_secret)
            account_rules.require_own(account)
            account.otp_secret = otp_secret

        self._change(account_id, change, "changes the one-time passwords of the account")

    def set_as_workstation_account(self, employee_id: str, account_id: str) -> None:
        """Have the employee log in to the operating system with this account.

        Raises:
            HesRuleError: EmployeeNotFound; AccountNotFound, also where it is somebody else's.
        """
        with self._core.store.transaction() as rows:
            employee = employee_for_admin(rows, employee_id)
            vault_ids = tuple(vault.id for vault in employee.hardware_vaults)
            account = account_rules.account_for_admin(rows, account_id)
            if account.employee_id != employee_id:
                raise account_rules.account_not_found(account_id)
            self._make_primary(rows, employee, account)
        self._changed(vault_ids, f"makes {account.name} the workstation account of {employee.full_name}")

    def add_shared(self, employee_id: str, shared_account_id: str) -> AccountView:
        """Give somebody a shared account.

        Raises:
            HesRuleError: EmployeeNotFound, SharedAccountNotFound, AccountExist.
        """
        with self._core.store.transaction() as rows:
            employee = employee_for_admin(rows, employee_id)
            vault_ids = tuple(vault.id for vault in employee.hardware_vaults)
            shared = rows.session.get(SharedAccount, shared_account_id)
            if shared is None:
                raise HesRuleError(
                    HesCode.SharedAccountNotFound, f"There is no shared account {shared_account_id}."
                )
            facts = {name: getattr(shared, name) for name in account_rules.FACTS}
            details = AccountDetails(**facts, password=shared.password, otp_secret=shared.otp_secret)
            account = account_rules.entered(self._core, rows, employee, details)
            account.shared_account_id = shared.id
            view = account_view(rows, account)
        self._changed(vault_ids, f"gives {employee.full_name} the shared account {shared.name}")
        return view

    def delete(self, account_id: str) -> None:
        """Take an account away; a key that has it deletes it as soon as it can be told."""
        with self._core.store.transaction() as rows:
            account = account_rules.account_for_admin(rows, account_id)
            employee = employee_for_admin(rows, account.employee_id)
            vault_ids = tuple(vault.id for vault in employee.hardware_vaults)
            account_rules.remove(rows, employee, account, self._core.utc())
        self._changed(vault_ids, f"takes the account {account.name} from {employee.full_name}")

    def _change(
        self, account_id: str, change: Callable[[Rows, models.Employee, Account], None], what: str
    ) -> None:
        now = self._core.utc()
        with self._core.store.transaction() as rows:
            account = account_rules.account_for_admin(rows, account_id)
            employee = employee_for_admin(rows, account.employee_id)
            vault_ids = tuple(vault.id for vault in employee.hardware_vaults)
            change(rows, employee, account)
            account.updated_at = now
            tasks.add_for_all_keys(rows, employee, TaskOperation.Update, account, now)
        self._changed(vault_ids, f"{what} {account.name} of {employee.full_name}")

    def _make_primary(self, rows: Rows, employee: models.Employee, account: Account) -> None:
        now = self._core.utc()
        query = select(Account).filter_by(employee_id=employee.id, is_primary=True, deleted=False)
        for former in rows.session.scalars(query):
            if former is account:
                return
            former.is_primary = False
            tasks.add_for_all_keys(rows, employee, TaskOperation.Update, former, now)
        account.is_primary = True
        tasks.add_for_all_keys(rows, employee, TaskOperation.Primary, account, now)

    def _changed(self, vault_ids: tuple[str, ...], what: str) -> None:
        self._core.tell(HesEventKind.ADMIN, "", what)
        for vault_id in vault_ids:
            self._accounts_update.start(vault_id)

    def list(self, employee_id: str) -> list[AccountView]:
        """Somebody's accounts, by name.

        Raises:
            HesRuleError: EmployeeNotFound.
        """
        with self._core.store.transaction() as rows:
            employee_for_admin(rows, employee_id)
            return account_views(rows, account_rules.of_employee(rows, employee_id))
