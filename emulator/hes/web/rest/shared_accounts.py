"""/api/bench, of shared accounts: the vendor's REST has routes of its own for them, of which too little is known."""

from __future__ import annotations

from fastapi import APIRouter

from hideez_bench.emulator.hes.names import LoginType
from hideez_bench.emulator.hes.web.rest.accounts import SecretsBody
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Id
from hideez_bench.emulator.hes.web.rest.wiring import TheHes

router = APIRouter(prefix="/bench", tags=["bench"])


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


@router.post("/CreateSharedAccount", status_code=201)
async def create_shared_account(hes: TheHes, body: SecretsBody) -> SharedAccountAnswer:
    """A shared account, which nobody has yet; `AddSharedAccount` gives it to somebody."""
    return SharedAccountAnswer.model_validate(hes.shared_accounts.create(body.details()))


@router.delete("/DeleteSharedAccount/{id}", status_code=204)
async def delete_shared_account(hes: TheHes, id: Id) -> None:  # noqa: A002 - as in the vendor's routes
    """Take a shared account from all who have it."""
    hes.shared_accounts.delete(id)
