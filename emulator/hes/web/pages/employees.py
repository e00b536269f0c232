"""The employees: the list, one of them with vaults and accounts, and what an administrator changes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import EmployeeDetails, EmployeeView
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.pages import vault_actions
from hideez_bench.emulator.hes.web.pages.org_structure import is_in
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, fits, here, list_of, local, way_back
from hideez_bench.emulator.hes.web.pages.paging import part_of
from hideez_bench.protocol.errors import BenchError

LIST = "/employees"


class EmployeePages:
    """`/employees` and below, but for the wizard."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._hes = pages.hes

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        return [
            route(LIST, self.all, viewers=True),
            route("/employees/{employee_id}", self.one, viewers=True),
            route("/employees/{employee_id}/edit", self.edit_form),
            route("/employees/{employee_id}/edit", self.edit, methods=["POST"]),
            route("/employees/{employee_id}/delete", self.delete_form),
            route("/employees/{employee_id}/delete", self.delete, methods=["POST"]),
            route("/employees/{employee_id}/vaults", self.vault_form),
            route("/employees/{employee_id}/vaults", self.add_vault, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        """The list, or what of it fits a search."""
        asked = request.query_params
        search = asked.get("search", "").strip()
        department, position = asked.get("department", ""), asked.get("position", "")
        found = [
            employee
            for employee in self._hes.employees.list()
            if _fits(employee, search)
            and is_in(employee.department, department)
            and position in ("", employee.position_id)
        ]
        shown, paging = part_of(request, found)
        vaults = {vault.id: vault for vault in self._hes.vaults.list()}
        return self._pages.show(
            request,
            "employees.html",
            employees=[
                (employee, [vaults[vault_id] for vault_id in employee.vault_ids if vault_id in vaults])
                for employee in shown
            ],
            paging=paging,
            search=search,
            department=department,
            position=position,
            **belonging(self._hes),
        )

    async def one(self, request: Request) -> Response:
        """An employee."""
        employee = self._employee(request)
        vaults = [self._hes.vaults.get(vault_id) for vault_id in employee.vault_ids]
        return self._pages.show(
            request,
            "employee.html",
            employee=employee,
            vaults=[(vault, vault_actions.offered(vault)) for vault in vaults],
            accounts=self._hes.accounts.list(employee.id),
            listed=list_of(here(request), LIST),
        )

    async def edit_form(self, request: Request) -> Response:
        """What is known of somebody, to be changed."""
        employee = self._employee(request)
        return self._edit_form(request, _filled(employee), request.query_params.get("back", ""))

    async def edit(self, request: Request) -> Response:
        """Change what is known of somebody."""
        employee = self._employee(request)
        typed = await fields(request)
        try:
            self._hes.employees.edit(employee.id, details_from(typed))
        except BenchError as refusal:
            return self._edit_form(request, typed, typed.get("back", ""), str(refusal))
        return self._pages.onward(request, _back(typed, employee), "The employee was changed.")

    async def delete_form(self, request: Request) -> Response:
        """Ask once more."""
        return self._delete_form(request, request.query_params.get("back", ""))

    async def delete(self, request: Request) -> Response:
        """Delete somebody who has no vault."""
        employee = self._employee(request)
        try:
            self._hes.employees.delete(employee.id)
        except BenchError as refusal:
            return self._delete_form(request, (await fields(request)).get("back", ""), str(refusal))
        back = list_of(await way_back(request, LIST), LIST)
        return self._pages.onward(request, back, f"{employee.full_name} was deleted.")

    async def vault_form(self, request: Request) -> Response:
        """The Ready vaults, to choose one of."""
        return self._vault_form(request, {"back": request.query_params.get("back", "")})

    async def add_vault(self, request: Request) -> Response:
        """Assign a vault."""
        employee = self._employee(request)
        typed = await fields(request)
        vault_id = typed.get("vault_id", "")
        try:
            await self._hes.employees.add_hardware_vault(employee.id, vault_id)
        except BenchError as refusal:
            return self._vault_form(request, typed, str(refusal))
        told = f"Key {vault_id} was assigned. Pass on its activation code."
        return self._pages.onward(request, _back(typed, employee), told)

    def _employee(self, request: Request) -> EmployeeView:
        return self._hes.employees.get(request.path_params["employee_id"])

    def _edit_form(self, request: Request, typed: dict[str, str], back: str, refusal: str = "") -> Response:
        employee = self._employee(request)
        return self._pages.form(
            request,
            "employee_edit.html",
            employee=employee,
            typed=typed,
            back=_back({"back": back}, employee),
            refusal=refusal,
            **belonging(self._hes),
        )

    def _delete_form(self, request: Request, back: str, refusal: str = "") -> Response:
        employee = self._employee(request)
        text = f"{employee.full_name} is deleted, with all accounts. This cannot be undone."
        return self._pages.confirm(
            request,
            _back({"back": back}, employee),
            "Delete the employee",
            text,
            "Delete",
            danger=True,
            refusal=refusal,
        )

    def _vault_form(self, request: Request, typed: dict[str, str], refusal: str = "") -> Response:
        employee = self._employee(request)
        ready = [vault for vault in self._hes.vaults.list() if vault.status is VaultStatus.Ready]
        return self._pages.form(
            request,
            "choose_vault.html",
            title="Add a hardware vault",
            text=f"{employee.full_name} gets a vault that is Ready, and an activation code is made for it.",
            action=f"/employees/{employee.id}/vaults",
            hidden={},
            vaults=ready,
            chosen=typed.get("vault_id", ""),
            back=_back(typed, employee),
            refusal=refusal,
        )


def details_from(typed: dict[str, str]) -> EmployeeDetails:
    """What was typed of somebody."""
    return EmployeeDetails(
        first_name=typed.get("first_name", ""),
        last_name=typed.get("last_name", ""),
        email=typed.get("email", ""),
        phone_number=typed.get("phone_number", ""),
        department_id=typed.get("department_id") or None,
        position_id=typed.get("position_id") or None,
    )


def belonging(hes: Hes) -> dict[str, Any]:
    """What an employee's department and position are chosen from."""
    positions = [(position.id, position.name) for position in hes.org_structure.positions()]
    return {"companies": hes.org_structure.companies(), "positions": positions}


def _filled(employee: EmployeeView) -> dict[str, str]:
    return {name: value for name, value in asdict(employee).items() if isinstance(value, str)}


def _back(typed: dict[str, str], employee: EmployeeView) -> str:
    return local(typed.get("back", ""), f"/employees/{employee.id}")


def _fits(employee: EmployeeView, search: str) -> bool:
    return fits(search, employee.full_name, employee.email, *employee.vault_ids)
