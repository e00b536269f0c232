"""/api/Employees, of accounts: the logins that a key carries. No answer has a password or a secret."""

# ruff: noqa: A002 - `id` is the name in the vendor's routes

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response

from hideez_bench.emulator.hes.account_records import AccountDetails, AccountFacts, AccountView
from hideez_bench.emulator.hes.names import AccountType, LoginType
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, Hidden, Id, IsNumber, Needed, Text
from hideez_bench.emulator.hes.web.rest.wiring import TheHes, check_same_id
from hideez_bench.protocol.secret import OtpSecret, Password

router = APIRouter(prefix="/Employees", tags=["Employees"])


class FactsBody(Body):
    """What an account is for. Several addresses or programs are separated by `;`."""

    name: Needed
    urls: Text | None = None
    apps: Text | None = None
    login_type: Annotated[LoginType, IsNumber] = LoginType.WebApp
    login: Text | None = None
    domain: Text | None = None

    def facts(self) -> AccountFacts:
        """For the server."""
        return AccountFacts(
            name=self.name,
            login=self.login or "",
            urls=self.urls or "",
            apps=self.apps or "",
            login_type=self.login_type,
            domain=self.domain or "",
        )


class SecretsBody(FactsBody):
    """The same, with password and the secret of one-time passwords in base32."""

    password: Hidden
    otp_secret: Hidden | None = None

    def details(self) -> AccountDetails:
        """For the server."""
        return AccountDetails(
            **vars(self.facts()), password=password(self.password), otp_secret=otp_secret(self.otp_secret)
        )


class CreateAccountBody(SecretsBody):
    """Somebody's new account."""

    employee_id: Needed


class EditAccountBody(FactsBody):
    """What an account is for, with its id once more."""

    id: Needed


class EditPasswordBody(Body):
    """Another password."""

    id: Needed
    password: Hidden


class EditOtpBody(Body):
    """Another secret of one-time passwords, or none."""

    id: Needed
    otp_secret: Hidden | None = None


class PrimaryBody(Body):
    """Which account somebody logs in to the operating system with."""

    employee_id: Needed
    account_id: Needed


class AddSharedBody(Body):
    """Who gets which shared account."""

    employee_id: Needed
    shared_account_id: Needed


class AccountAnswer(Answer):
    """An account."""

    id: str
    employee_id: str
    name: str
    urls: str
    apps: str
    login_type: LoginType
    login: str
    domain: str
    type: AccountType
    shared_account_id: str | None
    has_otp: bool
    is_primary: bool
    is_synced: bool
    updated_at: datetime


def password(hidden: Hidden) -> Password:
    """A password for the server."""
    return Password.from_text(hidden.get_secret_value())


def otp_secret(hidden: Hidden | None) -> OtpSecret | None:
    """A secret of one-time passwords for the server."""
    return OtpSecret.from_text(hidden.get_secret_value()) if hidden else None


@router.get("/GetAccountsByEmployeeId/{id}")
async def get_accounts_by_employee_id(hes: TheHes, id: Id) -> list[AccountAnswer]:
    """Somebody's accounts."""
    return [_answer(view) for view in hes.accounts.list(id)]


@router.get("/GetAccountById/{id}")
async def get_account_by_id(hes: TheHes, id: Id) -> AccountAnswer:
    """One account."""
    return _answer(hes.accounts.get(id))


@router.post("/CreateAccount", status_code=201)
async def create_account(hes: TheHes, body: CreateAccountBody, response: Response) -> AccountAnswer:
    """Give somebody an account."""
    return _created(hes.accounts.create(body.employee_id, body.details()), response)


@router.put("/EditAccount/{id}", status_code=204)
async def edit_account(hes: TheHes, id: Id, body: EditAccountBody) -> None:
    """Change what an account is for, or its login."""
    check_same_id(id, body.id)
    hes.accounts.edit(id, body.facts())


@router.put("/EditAccountPassword/{id}", status_code=204)
async def edit_account_password(hes: TheHes, id: Id, body: EditPasswordBody) -> None:
    """Change a password."""
    check_same_id(id, body.id)
    hes.accounts.edit_password(id, password(body.password))


@router.put("/EditAccountOtp/{id}", status_code=204)
async def edit_account_otp(hes: TheHes, id: Id, body: EditOtpBody) -> None:
    """Change or remove the secret of one-time passwords."""
    check_same_id(id, body.id)
    hes.accounts.edit_otp(id, otp_secret(body.otp_secret))


@router.delete("/DeleteAccount/{id}")
async def delete_account(hes: TheHes, id: Id) -> AccountAnswer:
    """Take an account away."""
    deleted = _answer(hes.accounts.get(id))
    hes.accounts.delete(id)
    return deleted


@router.post("/AddSharedAccount", status_code=201)
async def add_shared_account(hes: TheHes, body: AddSharedBody, response: Response) -> AccountAnswer:
    """Give somebody a shared account."""
    return _created(hes.accounts.add_shared(body.employee_id, body.shared_account_id), response)


@router.put("/SetAsWorkstationccount", status_code=204)
async def set_as_workstation_account(hes: TheHes, body: PrimaryBody) -> None:
    """Have somebody log in to the operating system with this account. The vendor's path lacks a letter."""
    hes.accounts.set_as_workstation_account(body.employee_id, body.account_id)


def _answer(view: AccountView) -> AccountAnswer:
    return AccountAnswer.model_validate(view)


def _created(view: AccountView, response: Response) -> AccountAnswer:
    response.headers["location"] = f"/api/Employees/GetAccountById/{view.id}"
    return _answer(view)
