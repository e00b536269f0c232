"""The accounts of an employee. A password or a secret goes from the form to the server, and comes back in no page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, LoginType
from hideez_bench.emulator.hes.records import AccountDetails, AccountFacts, AccountView, EmployeeView
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, raw_field
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import OtpSecret, Password

_OWNED = "/employees/{employee_id}/accounts"


class AccountPages:
    """`/employees/…/accounts` and below."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._hes = pages.hes
        self._accounts = pages.hes.accounts

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        one = f"{_OWNED}/{{account_id}}"
        both = {
            f"{_OWNED}/new": self.new,
            f"{_OWNED}/shared": self.shared,
            f"{one}/edit": self.edit,
            f"{one}/password": self.password,
            f"{one}/otp": self.otp,
            f"{one}/primary": self.primary,
            f"{one}/delete": self.delete,
        }
        return [self._pages.route(path, page, methods=["GET", "POST"]) for path, page in both.items()]

    async def new(self, request: Request) -> Response:
        """Give somebody an account of their own."""
        employee = self._employee(request)
        typed = await _typed(request)
        if request.method == "GET":
            return self._form(request, "account_edit.html", employee, title="Add an account", typed=typed)
        details = AccountDetails(
            **vars(facts_from(typed)),
            password=Password.from_text(await raw_field(request, "password")),
            otp_secret=await _otp_secret(request),
        )
        try:
            self._accounts.create(employee.id, details)
        except BenchError as refusal:
            return self._form(
                request,
                "account_edit.html",
                employee,
                title="Add an account",
                typed=typed,
                refusal=str(refusal),
            )
        return self._done(request, employee, f"The account {details.name} was added.")

    async def shared(self, request: Request) -> Response:
        """Give somebody a shared account."""
        employee = self._employee(request)
        typed, refusal = await _typed(request), ""
        if request.method == "POST":
            try:
                given = self._accounts.add_shared(employee.id, typed.get("shared_account_id", ""))
            except BenchError as error:
                refusal = str(error)
            else:
                return self._done(request, employee, f"The shared account {given.name} was added.")
        theirs = {account.shared_account_id for account in self._accounts.list(employee.id)}
        to_choose = [shared for shared in self._hes.shared_accounts.list() if shared.id not in theirs]
        return self._form(request, "account_shared.html", employee, shared=to_choose, refusal=refusal)

    async def edit(self, request: Request) -> Response:
        """Change what an account is for, or its login."""
        employee, account = self._account(request)
        typed, refusal = _filled(account), ""
        if request.method == "POST":
            typed = await _typed(request)
            try:
                self._accounts.edit(account.id, facts_from(typed))
            except BenchError as error:
                refusal = str(error)
            else:
                return self._done(request, employee, "The account was changed.")
        return self._form(
            request, "account_edit.html", employee, title="Edit the account", typed=typed, refusal=refusal
        )

    async def password(self, request: Request) -> Response:
        """Set another password."""
        employee, account = self._account(request)
        refusal = ""
        if request.method == "POST":
            try:
                password = Password.from_text(await raw_field(request, "password"))
                self._accounts.edit_password(account.id, password)
            except BenchError as error:
                refusal = str(error)
            else:
                return self._done(request, employee, f"The account {account.name} has another password.")
        return self._form(
            request, "account_secret.html", employee, account=account, kind="password", refusal=refusal
        )

    async def otp(self, request: Request) -> Response:
        """Set another secret of one-time passwords, or none."""
        employee, account = self._account(request)
        refusal = ""
        if request.method == "POST":
            secret = await _otp_secret(request)
            try:
                self._accounts.edit_otp(account.id, secret)
            except BenchError as error:
                refusal = str(error)
            else:
                told = "has another OTP secret" if secret else "has no OTP secret now"
                return self._done(request, employee, f"The account {account.name} {told}.")
        return self._form(
            request, "account_secret.html", employee, account=account, kind="otp", refusal=refusal
        )

    async def primary(self, request: Request) -> Response:
        """Ask, and have somebody log in to the computer with this account."""
        employee, account = self._account(request)
        if request.method == "POST":
            self._accounts.set_as_workstation_account(employee.id, account.id)
            return self._done(request, employee, f"{account.name} is the workstation account now.")
        text = (
            f"{employee.full_name} logs in to the computer with {account.name}; the account before it stays."
        )
        return self._ask(request, employee, "Set as workstation account", text, "Set")

    async def delete(self, request: Request) -> Response:
        """Ask, and take an account away."""
        employee, account = self._account(request)
        if request.method == "POST":
            self._accounts.delete(account.id)
            return self._done(request, employee, f"The account {account.name} was deleted.")
        text = (
            f"{account.name} is taken from {employee.full_name}, and from the key as soon as it is connected."
        )
        return self._ask(request, employee, "Delete the account", text, "Delete", danger=True)

    def _employee(self, request: Request) -> EmployeeView:
        return self._hes.employees.get(request.path_params["employee_id"])

    def _account(self, request: Request) -> tuple[EmployeeView, AccountView]:
        employee = self._employee(request)
        account = self._accounts.get(request.path_params["account_id"])
        if account.employee_id != employee.id:
            raise HesRuleError(HesCode.AccountNotFound, "This is another's account; nothing was changed.")
        return employee, account

    def _done(self, request: Request, employee: EmployeeView, told: str) -> Response:
        return self._pages.onward(request, _page_of(employee), told)

    def _form(
        self, request: Request, template: str, employee: EmployeeView, refusal: str = "", **values: Any
    ) -> Response:
        return self._pages.show(
            request,
            template,
            status=409 if refusal else 200,
            employee=employee,
            action=request.url.path,
            login_types=[kind.name for kind in LoginType],
            back=_page_of(employee),
            refusal=refusal,
            **values,
        )

    def _ask(
        self,
        request: Request,
        employee: EmployeeView,
        title: str,
        text: str,
        button: str,
        danger: bool = False,
    ) -> Response:
        return self._form(
            request,
            "confirm.html",
            employee,
            title=title,
            text=text,
            hidden={},
            button=button,
            danger=danger,
        )


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


def _filled(account: AccountView) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(account).items()} | {
        "login_type": account.login_type.name
    }


async def _typed(request: Request) -> dict[str, str]:
    return await fields(request) if request.method == "POST" else {}


async def _otp_secret(request: Request) -> OtpSecret | None:
    text = (await raw_field(request, "otp_secret")).strip()
    return OtpSecret.from_text(text) if text else None


def _page_of(employee: EmployeeView) -> str:
    return f"/employees/{employee.id}"
