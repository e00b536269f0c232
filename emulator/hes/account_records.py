"""What goes in and out of the server of accounts, and of the templates that they are made from; secrets only go in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hideez_bench.emulator.hes.names import AccountType, LoginType
from hideez_bench.protocol.secret import OtpSecret, Password


@dataclass(frozen=True)
class AccountFacts:
    """What an account is for, and how one logs in there. Several addresses or programs are separated by `;`."""

    name: str
    login: str
    urls: str = ""
    apps: str = ""
    login_type: LoginType = LoginType.WebApp
    domain: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountDetails(AccountFacts):
    """An account with its secrets."""

    password: Password
    otp_secret: OtpSecret | None = None


@dataclass(frozen=True, kw_only=True)
class AccountView(AccountFacts):
    """An account as anybody may see it. `is_synced`: nothing of it waits to be written to a key."""

    id: str
    employee_id: str
    type: AccountType
    shared_account_id: str | None
    has_otp: bool
    is_primary: bool
    is_synced: bool
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class SharedAccountView(AccountFacts):
    """An account that several employees use, as anybody may see it; `employee_ids` are those who have it."""

    id: str
    has_otp: bool
    employee_ids: tuple[str, ...]


@dataclass(frozen=True)
class TemplateDetails:
    """An application; several addresses or programs are separated by `;`."""

    name: str
    urls: str = ""
    apps: str = ""


@dataclass(frozen=True)
class TemplateView:
    """The same as it is kept: of the addresses the hosts."""

    id: str
    name: str
    urls: str
    apps: str
