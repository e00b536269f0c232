"""Accounts of employees, as an administrator keeps them. Whatever changes reaches the employee's key as a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from sqlalchemy import select

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.administration.views import account_view
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account, SharedAccount
from hideez_bench.emulator.hes.database.rows import Rows, employee_for_admin
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.keys import tasks
from hideez_bench.emulator.hes.keys.accounts_update import AccountsUpdate, otp_bytes
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, TaskOperation
from hideez_bench.emulator.hes.records import AccountDetails, AccountFacts, AccountView
from hideez_bench.protocol.secret import OtpSecret, Password

LONGEST_TEXT = 255
"""Bytes of UTF-8 that a field of an account may have on a key."""

FACTS = tuple(field.name for field in fields(AccountFacts))


class Accounts:
    """The accounts of employees. A call about one that is not there raises `HesRuleError` AccountNotFound."""

    def __init__(self, core: Core, accounts_update: AccountsUpdate) -> None:
        self._core = core
        self._accounts_update = accounts_update

    def get(self, account_id: str) -> AccountView:
        """An account."""
        with self._core.store.transaction() as rows:
            return account_view(rows, account_for_admin(rows, account_id))

    def create(self, employee_id: str, details: AccountDetails) -> AccountView:
        """Give somebody an account.

        Raises:
            HesRuleError: EmployeeNotFound, AccountExist (their name and login are taken), IncorrectPassword (none) or
                IncorrectOtp (not base32); no name or a text too long (no code).
        """
        with self._core.store.transaction() as rows:
            employee = employee_for_admin(rows, employee_id)
            vault_ids = tuple(vault.id for vault in employee.hardware_vaults)
            account = entered(self._core, rows, employee, details)
            view = account_view(rows, account)
        self._changed(vault_ids, f"gives {employee.full_name} the account {details.name}")
        return view

    def edit(self, account_id: str, facts: AccountFacts) -> None:
        """Change what an account is for, or its login; raises as `create`, and without a code for a shared one."""

        def change(rows: Rows, employee: models.Employee, account: Account) -> None:
            check_facts(facts)
            _require_own(account)
            require_free(rows, employee.id, facts, except_for=account.id)
            fill(account, facts)

        self._change(account_id, change, "changes the account")

    def edit_password(self, account_id: str, password: Password) -> None:
        """Change the password of an account; raises as `edit`."""

        def change(rows: Rows, employee: models.Employee, account: Account) -> None:
            check_secrets(password, None)
            _require_own(account)
            account.password = password

        self._change(account_id, change, "changes the password of the account")

    def edit_otp(self, account_id: str, otp_secret: OtpSecret | None) -> None:
        """Change or remove the secret of one-time passwords; raises as `edit`."""

        def change(rows: Rows, employee: models.Employee, account: Account) -> None:
            check_secrets(account.password, otp_secret)
            _require_own(account)
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
            account = account_for_admin(rows, account_id)
            if account.employee_id != employee_id:
                raise _not_found(account_id)
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
            facts = {name: getattr(shared, name) for name in FACTS}
            details = AccountDetails(**facts, password=shared.password, otp_secret=shared.otp_secret)
            account = entered(self._core, rows, employee, details)
            account.shared_account_id = shared.id
            view = account_view(rows, account)
        self._changed(vault_ids, f"gives {employee.full_name} the shared account {shared.name}")
        return view

    def delete(self, account_id: str) -> None:
        """Take an account away; a key that has it deletes it as soon as it can be told."""
        with self._core.store.transaction() as rows:
            account = account_for_admin(rows, account_id)
            employee = employee_for_admin(rows, account.employee_id)
            vault_ids = tuple(vault.id for vault in employee.hardware_vaults)
            remove(rows, employee, account, self._core)
        self._changed(vault_ids, f"takes the account {account.name} from {employee.full_name}")

    def _change(
        self, account_id: str, change: Callable[[Rows, models.Employee, Account], None], what: str
    ) -> None:
        now = self._core.utc()
        with self._core.store.transaction() as rows:
            account = account_for_admin(rows, account_id)
            employee = employee_for_admin(rows, account.employee_id)
            vault_ids = tuple(vault.id for vault in employee.hardware_vaults)
            change(rows, employee, account)
            account.updated_at = now
            for vault in employee.hardware_vaults:
                tasks.add(rows, vault, TaskOperation.Update, account, now)
        self._changed(vault_ids, f"{what} {account.name} of {employee.full_name}")

    def _make_primary(self, rows: Rows, employee: models.Employee, account: Account) -> None:
        now = self._core.utc()
        query = select(Account).filter_by(employee_id=employee.id, is_primary=True, deleted=False)
        for former in rows.session.scalars(query):
            if former is account:
                return
            former.is_primary = False
            for vault in employee.hardware_vaults:
                tasks.add(rows, vault, TaskOperation.Update, former, now)
        account.is_primary = True
        for vault in employee.hardware_vaults:
            tasks.add(rows, vault, TaskOperation.Primary, account, now)

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
            return [account_view(rows, account) for account in of_employee(rows, employee_id)]


def account_for_admin(rows: Rows, account_id: str) -> Account:
    """An account that is not deleted, or the refusal that an administrator gets."""
    account = rows.session.get(Account, account_id)
    if account is None or account.deleted:
        raise _not_found(account_id)
    return account


def of_employee(rows: Rows, employee_id: str) -> list[Account]:
    """Somebody's accounts, by name; without those that only a key still has."""
    query = select(Account).filter_by(employee_id=employee_id, deleted=False)
    return list(rows.session.scalars(query.order_by(Account.name, Account.login)))


def entered(
    core: Core, rows: Rows, employee: models.Employee, details: AccountDetails, *, is_primary: bool = False
) -> Account:
    """A new account with the tasks that take it to the employee's keys; raises as `Accounts.create`."""
    check_facts(details)
    check_secrets(details.password, details.otp_secret)
    require_free(rows, employee.id, details)
    taken = set(rows.session.scalars(select(Account.record).filter_by(employee_id=employee.id)))
    now = core.utc()
    account = Account(
        id=draw.identifier(core.random),
        employee_id=employee.id,
        record=next(number for number in range(1, len(taken) + 2) if number not in taken),
        password=details.password,
        otp_secret=details.otp_secret,
        is_primary=is_primary,
        deleted=False,
        created_at=now,
        updated_at=now,
    )
    fill(account, details)
    rows.add(account)
    for vault in employee.hardware_vaults:
        tasks.add(rows, vault, TaskOperation.Create, account, now)
    return account


def remove(rows: Rows, employee: models.Employee, account: Account, core: Core) -> None:
    """An account is gone: at once, or as soon as the employee's key has deleted it."""
    if not employee.hardware_vaults:
        rows.session.delete(account)
    for vault in employee.hardware_vaults:
        account.deleted = True
        tasks.add(rows, vault, TaskOperation.Delete, account, core.utc())


def check_facts(facts: AccountFacts) -> None:
    """Whether a key can hold it.

    Raises:
        HesRuleError: no name, or a text too long (no code).
    """
    if not facts.name:
        raise HesRuleError(HesCode.None_, "An account needs a name; nothing was changed.")
    texts = (facts.name, facts.urls, facts.apps, f"{facts.domain}\\{facts.login}")
    if any(len(text.encode()) > LONGEST_TEXT for text in texts):
        raise HesRuleError(
            HesCode.None_,
            f"A text of account {facts.name[:40]} is longer than {LONGEST_TEXT} bytes; nothing was changed.",
        )


def check_secrets(password: Password, otp_secret: OtpSecret | None) -> None:
    """Whether a key can hold and use them.

    Raises:
        HesRuleError: IncorrectPassword, IncorrectOtp.
    """
    if not 0 < len(password.reveal()) <= LONGEST_TEXT:
        raise HesRuleError(
            HesCode.IncorrectPassword,
            f"An account needs a password of 1 to {LONGEST_TEXT} bytes; nothing was changed.",
        )
    if otp_secret is not None:
        try:
            otp_bytes(otp_secret)
        except ValueError:
            raise HesRuleError(
                HesCode.IncorrectOtp,
                "The secret of the one-time passwords is not written in base32; nothing was changed.",
            ) from None


def fill(account: Account | SharedAccount, facts: AccountFacts) -> None:
    """Take over what an account is for."""
    for name in FACTS:
        setattr(account, name, getattr(facts, name))


def _require_own(account: Account) -> None:
    if account.shared_account_id is not None:
        raise HesRuleError(
            HesCode.None_,
            f"Account {account.name} is shared and cannot be changed here; make another shared account instead.",
        )


def require_free(rows: Rows, employee_id: str, facts: AccountFacts, except_for: str | None = None) -> None:
    """Whether somebody has no other account of this name and login.

    Raises:
        HesRuleError: AccountExist.
    """
    for other in of_employee(rows, employee_id):
        if (other.name, other.login) == (facts.name, facts.login) and other.id != except_for:
            raise HesRuleError(
                HesCode.AccountExist, f"There is an account {facts.name} with that login already."
            )


def _not_found(account_id: str) -> HesRuleError:
    return HesRuleError(
        HesCode.AccountNotFound, f"There is no such account {account_id}; nothing was changed."
    )
