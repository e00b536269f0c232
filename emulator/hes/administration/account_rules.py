"""What an account must be, and how one comes and goes with its tasks; a caller holds one transaction for it."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import select

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.account_records import AccountDetails, AccountFacts
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account, SharedAccount
from hideez_bench.emulator.hes.database.rows import Rows
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.keys import tasks
from hideez_bench.emulator.hes.keys.accounts_update import otp_bytes
from hideez_bench.emulator.hes.names import HesCode, TaskOperation
from hideez_bench.protocol.secret import OtpSecret, Password

LONGEST_TEXT = 255
"""Bytes of UTF-8 that a field of an account may have on a key."""

FACTS = tuple(field.name for field in fields(AccountFacts))


def account_for_admin(rows: Rows, account_id: str) -> Account:
    """An account that is not deleted, or the refusal that an administrator gets."""
    account = rows.session.get(Account, account_id)
    if account is None or account.deleted:
        raise account_not_found(account_id)
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
    tasks.add_for_all_keys(rows, employee, TaskOperation.Create, account, now)
    return account


def remove(rows: Rows, employee: models.Employee, account: Account, now: datetime) -> None:
    """An account is gone: at once, or as soon as the employee's key has deleted it."""
    if employee.hardware_vaults:
        account.deleted = True
        tasks.add_for_all_keys(rows, employee, TaskOperation.Delete, account, now)
    else:
        rows.session.delete(account)


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


def require_own(account: Account) -> None:
    """Whether an account may be changed by itself.

    Raises:
        HesRuleError: it is shared (no code).
    """
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


def account_not_found(account_id: str) -> HesRuleError:
    """The refusal of a call about an account that is not there."""
    return HesRuleError(
        HesCode.AccountNotFound, f"There is no such account {account_id}; nothing was changed."
    )
