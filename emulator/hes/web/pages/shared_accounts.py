"""The accounts that several employees use: what they are, who has each, and what an administrator changes for all."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.account_records import SharedAccountView
from hideez_bench.emulator.hes.web.pages import account_forms
from hideez_bench.emulator.hes.web.pages.account_forms import Subject, details_from, edit_form, typed_in
from hideez_bench.emulator.hes.web.pages.page import Pages, counted, fits, here, list_of, way_back
from hideez_bench.emulator.hes.web.pages.paging import part_of
from hideez_bench.protocol.errors import BenchError

LIST = "/shared-accounts"


class SharedAccountPages:
    """`/shared-accounts` and below."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._hes = pages.hes
        self._shared = pages.hes.shared_accounts

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        one = f"{LIST}/{{shared_account_id}}"
        both = {
            f"{LIST}/new": self.new,
            f"{one}/edit": self.edit,
            f"{one}/password": self.password,
            f"{one}/otp": self.otp,
            f"{one}/give": self.give,
            f"{one}/delete": self.delete,
        }
        return [
            route(LIST, self.all, viewers=True),
            *(route(path, page, methods=["GET", "POST"]) for path, page in both.items()),
            route(one, self.one, viewers=True),
        ]

    async def all(self, request: Request) -> Response:
        """The list, or what of it fits a search."""
        search = request.query_params.get("search", "").strip()
        found = [
            shared
            for shared in self._shared.list()
            if fits(search, shared.name, shared.login, shared.domain, shared.urls, shared.apps)
        ]
        shown, paging = part_of(request, found)
        return self._pages.show(request, "shared_accounts.html", rows=shown, paging=paging, search=search)

    async def one(self, request: Request) -> Response:
        """A shared account, and who has it."""
        shared = self._account(request)
        holders, paging = part_of(request, self._shared.holders(shared.id))
        return self._pages.show(
            request,
            "shared_account.html",
            shared=shared,
            holders=holders,
            paging=paging,
            listed=list_of(here(request), LIST),
        )

    async def new(self, request: Request) -> Response:
        """Make a shared account."""
        typed, refusal = await typed_in(request), ""
        if request.method == "POST":
            try:
                made = self._shared.create(await details_from(request))
            except BenchError as error:
                refusal = str(error)
            else:
                return self._pages.onward(
                    request, _page_of(made), f"The shared account {made.name} was created."
                )
        text = "Nobody has it yet; it is given to employees afterwards."
        back = await way_back(request, LIST)
        return edit_form(self._pages, request, back, "Create a shared account", text, typed, refusal)

    async def edit(self, request: Request) -> Response:
        """Change what a shared account is for, or its login."""
        return await account_forms.edit(self._pages, request, await self._subject(request))

    async def password(self, request: Request) -> Response:
        """Set another password, for all who have it."""
        return await account_forms.edit_password(self._pages, request, await self._subject(request))

    async def otp(self, request: Request) -> Response:
        """Set another secret of one-time passwords, or none, for all who have it."""
        return await account_forms.edit_otp(self._pages, request, await self._subject(request))

    async def give(self, request: Request) -> Response:
        """Give it to one more employee."""
        shared = self._account(request)
        typed, refusal = await typed_in(request), ""
        if request.method == "POST":
            try:
                self._hes.accounts.add_shared(typed.get("employee_id", ""), shared.id)
                employee = self._hes.employees.get(typed["employee_id"])
            except BenchError as error:
                refusal = str(error)
            else:
                back = await way_back(request, _page_of(shared))
                return self._pages.onward(request, back, f"{employee.full_name} has the account now.")
        to_choose = [one for one in self._hes.employees.list() if one.id not in shared.employee_ids]
        return self._pages.form(
            request,
            "shared_account_give.html",
            await way_back(request, _page_of(shared)),
            shared=shared,
            employees=to_choose,
            chosen=typed.get("employee_id", ""),
            refusal=refusal,
        )

    async def delete(self, request: Request) -> Response:
        """Ask, and take it from all who have it."""
        shared = self._account(request)
        back = await way_back(request, _page_of(shared))
        if request.method == "POST":
            self._shared.delete(shared.id)
            return self._pages.onward(
                request, list_of(back, LIST), f"The shared account {shared.name} was deleted."
            )
        text = f"{shared.name} is deleted, and taken from {_count(shared)} and their keys. This cannot be undone."
        text = text if shared.employee_ids else f"{shared.name} is deleted. Nobody has it."
        title = "Delete the shared account"
        return self._pages.confirm(request, back, title, text, "Delete", danger=True)

    def _account(self, request: Request) -> SharedAccountView:
        return self._shared.get(request.path_params["shared_account_id"])

    async def _subject(self, request: Request) -> Subject:
        shared = self._account(request)
        return Subject(
            keeper=self._shared,
            account=shared,
            called="shared account",
            whose=_whose(shared),
            whose_secret=f"Of {shared.name}. {_whose(shared)}",
            back=await way_back(request, _page_of(shared)),
        )


def _page_of(shared: SharedAccountView) -> str:
    return f"{LIST}/{shared.id}"


def _count(shared: SharedAccountView) -> str:
    return counted(len(shared.employee_ids), "employee")


def _whose(shared: SharedAccountView) -> str:
    if not shared.employee_ids:
        return "Nobody has it yet."
    return f"It changes for {_count(shared)}, and reaches their keys when these are connected."
