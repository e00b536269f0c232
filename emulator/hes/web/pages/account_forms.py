"""What the forms of accounts have in common, whether one employee has the account or several."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from hideez_bench.emulator.hes.account_records import AccountDetails, AccountFacts
from hideez_bench.emulator.hes.names import LoginType
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, raw_field
from hideez_bench.protocol.secret import OtpSecret, Password

LOGIN_TYPES = [kind.name for kind in LoginType]


async def typed_in(request: Request) -> dict[str, str]:
    """What was typed, nothing where the form has only been asked for."""
    return await fields(request) if request.method == "POST" else {}


def filled(account: AccountFacts) -> dict[str, str]:
    """An account as its form shows it."""
    return {name: str(value) for name, value in asdict(account).items()} | {
        "login_type": account.login_type.name
    }


def facts_from(typed: dict[str, str]) -> AccountFacts:
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
        **vars(facts_from(await fields(request))),
        password=await password_in(request),
        otp_secret=await otp_secret_in(request),
    )


async def password_in(request: Request) -> Password:
    """The password that was typed; it comes back in no page."""
    return Password.from_text(await raw_field(request, "password"))


async def otp_secret_in(request: Request) -> OtpSecret | None:
    """The secret of one-time passwords that was typed, None for none; it comes back in no page."""
    text = (await raw_field(request, "otp_secret")).strip()
    return OtpSecret.from_text(text) if text else None


def edit_form(
    pages: Pages, request: Request, back: str, title: str, text: str, typed: dict[str, str], refusal: str
) -> Response:
    """What an account is for, and its login; of a new one its secrets too."""
    values = {"title": title, "text": text, "login_types": LOGIN_TYPES, "typed": typed}
    return pages.form(request, "account_edit.html", back, refusal, **values)


def secret_form(pages: Pages, request: Request, back: str, whose: str, kind: str, refusal: str) -> Response:
    """Another `password` or `otp` secret; the one before is in no page."""
    text = f"{whose} What is set now is not shown."
    return pages.form(request, "account_secret.html", back, refusal, text=text, kind=kind)
