"""The accounts of an employee. A password or a secret goes from the form to the server, and comes back in no page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.account_records import AccountView
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode
from hideez_bench.emulator.hes.records import EmployeeView
from hideez_bench.emulator.hes.web.pages import account_forms
from hideez_bench.emulator.hes.web.pages.account_forms import Subject, details_from, edit_form, typed_in
from hideez_bench.emulator.hes.web.pages.page import Pages, way_back
from hideez_bench.protocol.errors import BenchError

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
        typed, refusal = await typed_in(request), ""
        if request.method == "POST":
            try:
                given = self._accounts.create(employee.id, await details_from(request))
            except BenchError as error:
                refusal = str(error)
            else:
                at = f"{_page_of(employee)}#account-{given.id}"
                return self._pages.onward(request, at, f"The account {given.name} was added.")
        back = await way_back(request, _page_of(employee))
        return edit_form(self._pages, request, back, "Add an account", _whose(employee), typed, refusal)

    async def shared(self, request: Request) -> Response:
        """Give somebody a shared account."""
        employee = self._employee(request)
        typed, refusal = await typed_in(request), ""
        if request.method == "POST":
            try:
                given = self._accounts.add_shared(employee.id, typed.get("shared_account_id", ""))
            except BenchError as error:
                refusal = str(error)
            else:
                at = f"{_page_of(employee)}#account-{given.id}"
                return self._pages.onward(request, at, f"The shared account {given.name} was added.")
        theirs = {account.shared_account_id for account in self._accounts.list(employee.id)}
        to_choose = [shared for shared in self._hes.shared_accounts.list() if shared.id not in theirs]
        return self._pages.form(
            request,
            "account_shared.html",
            await way_back(request, _page_of(employee)),
            employee=employee,
            shared=to_choose,
            refusal=refusal,
        )

    async def edit(self, request: Request) -> Response:
        """Change what an account is for, or its login."""
        return await account_forms.edit(self._pages, request, await self._subject(request))

    async def password(self, request: Request) -> Response:
        """Set another password."""
        return await account_forms.edit_password(self._pages, request, await self._subject(request))

    async def otp(self, request: Request) -> Response:
        """Set another secret of one-time passwords, or none."""
        return await account_forms.edit_otp(self._pages, request, await self._subject(request))

    async def primary(self, request: Request) -> Response:
        """Ask, and have somebody log in to the computer with this account."""
        employee, account = self._account(request)
        if request.method == "POST":
            self._accounts.set_as_workstation_account(employee.id, account.id)
            return await self._done(request, employee, f"{account.name} is the workstation account now.")
        text = (
            f"{employee.full_name} logs in to the computer with {account.name}; the account before it stays."
        )
        return await self._ask(request, employee, "Set as workstation account", text, "Set")

    async def delete(self, request: Request) -> Response:
        """Ask, and take an account away."""
        employee, account = self._account(request)
        if request.method == "POST":
            self._accounts.delete(account.id)
            told = f"The account {account.name} was taken from {employee.full_name}."
            return await self._done(request, employee, told)
        text = (
            f"{account.name} is taken from {employee.full_name}, and from the key as soon as it is connected."
        )
        if account.shared_account_id:
            text += " Others who have this shared account keep it."
        return await self._ask(request, employee, "Delete the account", text, "Delete", danger=True)

    def _employee(self, request: Request) -> EmployeeView:
        return self._hes.employees.get(request.path_params["employee_id"])

    def _account(self, request: Request) -> tuple[EmployeeView, AccountView]:
        employee = self._employee(request)
        account = self._accounts.get(request.path_params["account_id"])
        if account.employee_id != employee.id:
            raise HesRuleError(HesCode.AccountNotFound, "This is another's account; nothing was changed.")
        return employee, account

    async def _done(self, request: Request, employee: EmployeeView, told: str) -> Response:
        return self._pages.onward(request, await way_back(request, _page_of(employee)), told)

    async def _subject(self, request: Request) -> Subject:
        employee, account = self._account(request)
        return Subject(
            keeper=self._accounts,
            account=account,
            called="account",
            whose=_whose(employee),
            whose_secret=f"Of the account {account.name} of {employee.full_name}.",
            back=await way_back(request, _page_of(employee)),
        )

    async def _ask(
        self,
        request: Request,
        employee: EmployeeView,
        title: str,
        text: str,
        button: str,
        danger: bool = False,
    ) -> Response:
        back = await way_back(request, _page_of(employee))
        return self._pages.confirm(request, back, title, text, button, danger=danger)


def _page_of(employee: EmployeeView) -> str:
    return f"/employees/{employee.id}"


def _whose(employee: EmployeeView) -> str:
    return f"Of {employee.full_name}. It reaches the key when that is connected."
