"""/api/SharedAccounts: logins that several employees use. No answer has a password or a secret."""

# ruff: noqa: A002 - `id` is the name in the vendor's routes

from __future__ import annotations

from fastapi import APIRouter, Response

from hideez_bench.emulator.hes.names import LoginType
from hideez_bench.emulator.hes.web.rest.accounts import (
    EditAccountBody,
    EditOtpBody,
    EditPasswordBody,
    SecretsBody,
    otp_secret,
    password,
)
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Id
from hideez_bench.emulator.hes.web.rest.wiring import TheHes, check_same_id

router = APIRouter(prefix="/SharedAccounts", tags=["SharedAccounts"])


class SharedAccountAnswer(Answer):
    """An account that several employees use."""

    id: str
    name: str
    urls: str
    apps: str
    login_type: LoginType
    login: str
    domain: str
    has_otp: bool


@router.get("/GetSharedAccounts")
async def get_shared_accounts(hes: TheHes) -> list[SharedAccountAnswer]:
    """Every shared account."""
    return [SharedAccountAnswer.model_validate(view) for view in hes.shared_accounts.list()]


@router.get("/GetSharedAccountById/{id}")
async def get_shared_account_by_id(hes: TheHes, id: Id) -> SharedAccountAnswer:
    """One shared account."""
    return SharedAccountAnswer.model_validate(hes.shared_accounts.get(id))


@router.post("/CreateSharedAccount", status_code=201)
async def create_shared_account(hes: TheHes, body: SecretsBody, response: Response) -> SharedAccountAnswer:
    """A shared account, which nobody has yet; `AddSharedAccount` gives it to somebody."""
    made = hes.shared_accounts.create(body.details())
    response.headers["location"] = f"/api/SharedAccounts/GetSharedAccountById/{made.id}"
    return SharedAccountAnswer.model_validate(made)


@router.put("/EditSharedAccount/{id}", status_code=204)
async def edit_shared_account(hes: TheHes, id: Id, body: EditAccountBody) -> None:
    """Change what it is for, or its login, for all who have it."""
    check_same_id(id, body.id)
    hes.shared_accounts.edit(id, body.facts())


@router.put("/EditSharedAccountPassword/{id}", status_code=204)
async def edit_shared_account_password(hes: TheHes, id: Id, body: EditPasswordBody) -> None:
    """Change its password, for all who have it."""
    check_same_id(id, body.id)
    hes.shared_accounts.edit_password(id, password(body.password))


@router.put("/EditSharedAccountOtp/{id}", status_code=204)
async def edit_shared_account_otp(hes: TheHes, id: Id, body: EditOtpBody) -> None:
    """Change or remove its secret of one-time passwords, for all who have it."""
    check_same_id(id, body.id)
    hes.shared_accounts.edit_otp(id, otp_secret(body.otp_secret))


@router.delete("/DeleteSharedAccount/{id}")
async def delete_shared_account(hes: TheHes, id: Id) -> SharedAccountAnswer:
    """Take a shared account from all who have it."""
    deleted = SharedAccountAnswer.model_validate(hes.shared_accounts.get(id))
    hes.shared_accounts.delete(id)
    return deleted
