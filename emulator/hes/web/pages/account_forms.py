"""What the forms of accounts have in common, whether one employee has the account or several."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import Response

from hideez_bench.emulator.hes.account_records import (
    AccountDetails,
    AccountFacts,
    AccountView,
    SharedAccountView,
)
from hideez_bench.emulator.hes.administration.accounts import Accounts
from hideez_bench.emulator.hes.administration.shared_accounts import SharedAccounts
from hideez_bench.emulator.hes.names import LoginType
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, raw_field
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import OtpSecret, Password

LOGIN_TYPES = [kind.name for kind in LoginType]


async def typed_in(request: Request) -> dict[str, str]:
    """What was typed, nothing where the form has only been asked for."""
    return await fields(request) if request.method == "POST" else {}


def _filled(account: AccountFacts) -> dict[str, str]:
    """An account as its form shows it."""
    return {name: str(value) for name, value in asdict(account).items()} | {
        "login_type": account.login_type.name
    }


def _facts_from(typed: dict[str, str]) -> AccountFacts:
    """What was typed of an account, but for its secrets."""
    kind = typed.get("login_type", "")
    return AccountFacts(
        name=typed.get("name", ""),
        login=typed.get("login", ""),
        urls=typed.get("urls", ""),
        apps=typed.get("apps", ""),
        login_type=LoginType[kind] if kind in LoginType.__members__ else LoginType.WebApp,
        domain=typed.get("domain", ""),
    )


async def details_from(request: Request) -> AccountDetails:
    """What was typed of an account, with its secrets."""
    return AccountDetails(
        **vars(_facts_from(await fields(request))),
        password=await _password_in(request),
        otp_secret=await _otp_secret_in(request),
    )


async def _password_in(request: Request) -> Password:
    """The password that was typed; it comes back in no page."""
    return Password.from_text(await raw_field(request, "password"))


async def _otp_secret_in(request: Request) -> OtpSecret | None:
    """The secret of one-time passwords that was typed, None for none; it comes back in no page."""
    text = (await raw_field(request, "otp_secret")).strip()
    return OtpSecret.from_text(text) if text else None


def edit_form(
    pages: Pages, request: Request, back: str, title: str, text: str, typed: dict[str, str], refusal: str
) -> Response:
    """What an account is for, and its login; of a new one its secrets too."""
    values = {"title": title, "text": text, "login_types": LOGIN_TYPES, "typed": typed}
    return pages.form(request, "account_edit.html", back, refusal, **values)


@dataclass(frozen=True)
class Subject:
    """The account that forms change, whether one employee has it or several.

    Attributes:
        keeper: what changes it on the server.
        called: what it is, in sentences.
        whose: whom its login and what it is for concern.
        whose_secret: whom its password and its secret of one-time passwords concern.
        back: where the form was opened from.
    """

    keeper: Accounts | SharedAccounts
    account: AccountView | SharedAccountView
    called: str
    whose: str
    whose_secret: str
    back: str


async def edit(pages: Pages, request: Request, one: Subject) -> Response:
    """Change what an account is for, or its login."""
    typed, refusal = _filled(one.account), ""
    if request.method == "POST":
        typed = await typed_in(request)
        try:
            one.keeper.edit(one.account.id, _facts_from(typed))
        except BenchError as error:
            refusal = str(error)
        else:
            return pages.onward(request, one.back, f"The {one.called} was changed.")
    return edit_form(pages, request, one.back, f"Edit the {one.called}", one.whose, typed, refusal)


async def edit_password(pages: Pages, request: Request, one: Subject) -> Response:
    """Set another password."""
    refusal = ""
    if request.method == "POST":
        try:
            one.keeper.edit_password(one.account.id, await _password_in(request))
        except BenchError as error:
            refusal = str(error)
        else:
            told = f"The {one.called} {one.account.name} has another password."
            return pages.onward(request, one.back, told)
    return _secret_form(pages, request, one, "password", refusal)


async def edit_otp(pages: Pages, request: Request, one: Subject) -> Response:
    """Set another secret of one-time passwords, or none."""
    refusal = ""
    if request.method == "POST":
        secret = await _otp_secret_in(request)
        try:
            one.keeper.edit_otp(one.account.id, secret)
        except BenchError as error:
            refusal = str(error)
        else:
            told = "has another OTP secret" if secret else "has no OTP secret now"
            return pages.onward(request, one.back, f"The {one.called} {one.account.name} {told}.")
    return _secret_form(pages, request, one, "otp", refusal)


def _secret_form(pages: Pages, request: Request, one: Subject, kind: str, refusal: str) -> Response:
    """Another `password` or `otp` secret; the one before is in no page."""
    text = f"{one.whose_secret} What is set now is not shown."
    return pages.form(request, "account_secret.html", one.back, refusal, text=text, kind=kind)
