"""Accounts that several employees use."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.account_records import (
    AccountDetails,
    AccountFacts,
    AccountView,
    SharedAccountView,
)
from hideez_bench.emulator.hes.administration import account_rules
from hideez_bench.emulator.hes.administration.views import account_views, employee_views
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.account_models import Account, SharedAccount
from hideez_bench.emulator.hes.database.rows import Rows, employee_for_admin
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.keys import tasks
from hideez_bench.emulator.hes.keys.accounts_update import AccountsUpdate
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, TaskOperation
from hideez_bench.emulator.hes.records import EmployeeView
from hideez_bench.protocol.secret import OtpSecret, Password


class SharedAccounts:
    """The shared accounts. A call about one that is not there raises `HesRuleError` SharedAccountNotFound."""

    def __init__(self, core: Core, accounts_update: AccountsUpdate) -> None:
        self._core = core
        self._accounts_update = accounts_update

    def get(self, shared_account_id: str) -> SharedAccountView:
        """A shared account."""
        with self._core.store.transaction() as rows:
            return _view(rows, _for_admin(rows, shared_account_id))

    def holders(self, shared_account_id: str) -> list[tuple[EmployeeView, AccountView]]:
        """Those who have a shared account, by name, each with the account as theirs."""
        with self._core.store.transaction() as rows:
            _for_admin(rows, shared_account_id)
            theirs = {account.employee_id: account for account in _of_employees(rows, shared_account_id)}
            people = [view for view in employee_views(rows) if view.id in theirs]
            return list(zip(people, account_views(rows, [theirs[one.id] for one in people]), strict=True))

    def create(self, details: AccountDetails) -> SharedAccountView:
        """A new shared account, which nobody has yet.

        Raises:
            HesRuleError: SharedAccountExist (the name is taken), IncorrectPassword, IncorrectOtp; no name or a text too
                long (no code).
        """
        account_rules.check_facts(details)
        account_rules.check_secrets(details.password, details.otp_secret)
        with self._core.store.transaction() as rows:
            if rows.session.scalar(select(SharedAccount).filter_by(name=details.name)):
                raise HesRuleError(
                    HesCode.SharedAccountExist, f"There is a shared account {details.name} already."
                )
            shared = SharedAccount(
                id=draw.identifier(self._core.random),
                password=details.password,
                otp_secret=details.otp_secret,
                **{name: getattr(details, name) for name in account_rules.FACTS},
            )
            rows.add(shared)
            view = _view(rows, shared)
        self._core.tell(HesEventKind.ADMIN, "", f"makes the shared account {details.name}")
        return view

    def edit(self, shared_account_id: str, facts: AccountFacts) -> None:
        """Change what a shared account is for, or its login, for all who have it.

        Raises:
            HesRuleError: SharedAccountExist (the name is taken), AccountExist (somebody has such an account of their
                own); no name or a text too long (no code).
        """
        account_rules.check_facts(facts)

        def change(rows: Rows, shared: SharedAccount, theirs: list[Account]) -> None:
            taken = rows.session.scalar(select(SharedAccount).filter_by(name=facts.name))
            if taken is not None and taken is not shared:
                raise HesRuleError(
                    HesCode.SharedAccountExist, f"There is a shared account {facts.name} already."
                )
            for account in theirs:
                account_rules.require_free(rows, account.employee_id, facts, except_for=account.id)
            for row in _copies(shared, theirs):
                account_rules.fill(row, facts)

        self._change(shared_account_id, change, "changes the shared account")

    def edit_password(self, shared_account_id: str, password: Password) -> None:
        """Change the password for all who have the account; raises IncorrectPassword."""
        account_rules.check_secrets(password, None)

        def change(rows: Rows, shared: SharedAccount, theirs: list[Account]) -> None:
            for row in _copies(shared, theirs):
                row.password = password

        self._change(shared_account_id, change, "changes the password of the shared account")

    def edit_otp(self, shared_account_id: str, otp_secret: OtpSecret | None) -> None:
        """Change or remove the secret of one-time passwords, for all who have the account; raises IncorrectOtp."""

        def change(rows: Rows, shared: SharedAccount, theirs: list[Account]) -> None:
            account_rules.check_secrets(shared.password, otp_secret)
            for row in _copies(shared, theirs):
                row.otp_secret = otp_secret

        self._change(shared_account_id, change, "changes the one-time passwords of the shared account")

    def _change(
        self,
        shared_account_id: str,
        change: Callable[[Rows, SharedAccount, list[Account]], None],
        what: str,
    ) -> None:
        now = self._core.utc()
        vaults: list[str] = []
        with self._core.store.transaction() as rows:
            shared = _for_admin(rows, shared_account_id)
            theirs = _of_employees(rows, shared_account_id)
            change(rows, shared, theirs)
            for account in theirs:
                account.updated_at = now
                employee = employee_for_admin(rows, account.employee_id)
                tasks.add_for_all_keys(rows, employee, TaskOperation.Update, account, now)
                vaults += [vault.id for vault in employee.hardware_vaults]
        self._core.tell(HesEventKind.ADMIN, "", f"{what} {shared.name}")
        for vault_id in vaults:
            self._accounts_update.start(vault_id)

    def delete(self, shared_account_id: str) -> None:
        """Take a shared account from all who have it."""
        vaults: list[str] = []
        with self._core.store.transaction() as rows:
            shared = _for_admin(rows, shared_account_id)
            for account in _of_employees(rows, shared_account_id):
                employee = employee_for_admin(rows, account.employee_id)
                account_rules.remove(rows, employee, account, self._core.utc())
                vaults += [vault.id for vault in employee.hardware_vaults]
            rows.session.flush()
            rows.session.delete(shared)
        self._core.tell(HesEventKind.ADMIN, "", f"deletes the shared account {shared.name}")
        for vault_id in vaults:
            self._accounts_update.start(vault_id)

    def list(self) -> list[SharedAccountView]:
        """Every shared account, by name."""
        with self._core.store.transaction() as rows:
            query = select(SharedAccount).order_by(SharedAccount.name)
            return [_view(rows, row) for row in rows.session.scalars(query)]


def _copies(shared: SharedAccount, theirs: list[Account]) -> list[Account | SharedAccount]:
    return [shared, *theirs]


def _for_admin(rows: Rows, shared_account_id: str) -> SharedAccount:
    shared = rows.session.get(SharedAccount, shared_account_id)
    if shared is None:
        raise HesRuleError(HesCode.SharedAccountNotFound, f"There is no shared account {shared_account_id}.")
    return shared


def _of_employees(rows: Rows, shared_account_id: str) -> list[Account]:
    query = select(Account).filter_by(shared_account_id=shared_account_id, deleted=False)
    return list(rows.session.scalars(query))


def _view(rows: Rows, row: SharedAccount) -> SharedAccountView:
    return SharedAccountView(
        **{name: getattr(row, name) for name in account_rules.FACTS},
        id=row.id,
        has_otp=row.otp_secret is not None,
        employee_ids=tuple(account.employee_id for account in _of_employees(rows, row.id)),
    )
