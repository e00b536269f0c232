"""/api/Employees: who carries keys, and which."""

# ruff: noqa: A002 - `id` is the name in the vendor's routes

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import StrictBool

from hideez_bench.emulator.hes.administration.filters import EmployeeFilter
from hideez_bench.emulator.hes.compat import Quirk
from hideez_bench.emulator.hes.names import VaultStatusReason
from hideez_bench.emulator.hes.records import EmployeeDetails, EmployeeView, VaultView
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, Count, Id, IsNumber, Moment, Needed, Text
from hideez_bench.emulator.hes.web.rest.long_lists import long_list
from hideez_bench.emulator.hes.web.rest.org_structure import (
    DepartmentAnswer,
    PositionAnswer,
    department_answer,
)
from hideez_bench.emulator.hes.web.rest.vaults import VaultAnswer, vault_answer
from hideez_bench.emulator.hes.web.rest.wiring import TheHes, check_same_id

router = APIRouter(prefix="/Employees", tags=["Employees"])


class EmployeeBody(Body):
    """Somebody, as an administrator enters them."""

    first_name: Needed
    last_name: Needed
    email: Text | None = None
    phone_number: Text | None = None
    department_id: Text | None = None
    position_id: Text | None = None

    def details(self) -> EmployeeDetails:
        """For the server."""
        return EmployeeDetails(
            first_name=self.first_name,
            last_name=self.last_name,
            email=self.email or "",
            phone_number=self.phone_number or "",
            department_id=self.department_id,
            position_id=self.position_id,
        )


class EditEmployeeBody(EmployeeBody):
    """The same, with the id once more."""

    id: Needed


class EmployeeFilterBody(Body):
    """Which employees; texts are found as a part, those of company, department and position in their names."""

    employee: Text | None = None
    email: Text | None = None
    phone_number: Text | None = None
    company: Text | None = None
    department: Text | None = None
    position: Text | None = None
    last_seen_start_date: Moment | None = None
    last_seen_end_date: Moment | None = None
    vaults_count: Count | None = None

    def wanted(self) -> EmployeeFilter:
        """For the server."""
        return EmployeeFilter(
            name=self.employee,
            email=self.email,
            phone_number=self.phone_number,
            company=self.company,
            department=self.department,
            position=self.position,
            last_seen_start=self.last_seen_start_date,
            last_seen_end=self.last_seen_end_date,
            vaults_count=self.vaults_count,
        )


class AddHardwareVaultBody(Body):
    """Who gets which key. A null id is simply not found (the vendor's Q9)."""

    employee_id: Needed
    hardware_vault_id: Text | None = None


class RemoveHardwareVaultBody(Body):
    """Which key is taken away, and why. `isNeedBackup` is taken and not looked at, as there are no backups."""

    hardware_vault_id: Needed
    reason: Annotated[VaultStatusReason, IsNumber]
    is_need_backup: StrictBool = False


class EmployeeAnswer(Answer):
    """Somebody, with where they belong, and the keys that they carry."""

    id: str
    first_name: str
    last_name: str
    email: str
    phone_number: str
    department_id: str | None
    position_id: str | None
    department: DepartmentAnswer | None
    position: PositionAnswer | None
    last_seen: datetime | None
    hardware_vaults: list[VaultAnswer]


def employee_answer(hes: Hes, view: EmployeeView) -> EmployeeAnswer:
    """Somebody as they are answered."""
    return _answer(view, [hes.vaults.get(vault_id) for vault_id in view.vault_ids])


def _employee_answers(hes: Hes, views: list[EmployeeView]) -> Response:
    """Many of them, their vaults read at once: one after another takes as many transactions as there are keys."""
    vaults = {vault.id: vault for vault in hes.vaults.list()}
    return long_list(views, lambda view: _answer(view, [vaults[vault_id] for vault_id in view.vault_ids]))


def _answer(view: EmployeeView, vaults: list[VaultView]) -> EmployeeAnswer:
    answers = {
        "department": department_answer(view.department) if view.department else None,
        "hardware_vaults": [vault_answer(vault) for vault in vaults],
    }
    return EmployeeAnswer(**{**vars(view), **answers})


@router.get("/GetEmployees", response_model=list[EmployeeAnswer])
async def get_employees(hes: TheHes) -> Response:
    """Everybody."""
    return _employee_answers(hes, hes.employees.list())


@router.post("/GetFilteredEmployees", response_model=list[EmployeeAnswer])
async def get_filtered_employees(hes: TheHes, body: EmployeeFilterBody) -> Response:
    """Those of whom all that is named is true."""
    return _employee_answers(hes, hes.employees.list(body.wanted()))


@router.get("/GetEmployeeById/{id}")
async def get_employee_by_id(hes: TheHes, id: Id) -> EmployeeAnswer:
    """Somebody."""
    return employee_answer(hes, hes.employees.get(id))


@router.post("/CreateEmployee", status_code=201)
async def create_employee(hes: TheHes, body: EmployeeBody, response: Response) -> EmployeeAnswer:
    """Enter somebody."""
    created = employee_answer(hes, hes.employees.create(body.details()))
    response.headers["location"] = f"/api/Employees/GetEmployeeById/{created.id}"
    return created


@router.put("/EditEmployee/{id}", status_code=204)
async def edit_employee(hes: TheHes, id: Id, body: EditEmployeeBody) -> None:
    """Change what is known of somebody."""
    check_same_id(id, body.id)
    hes.employees.edit(id, body.details())


@router.delete("/DeleteEmployee/{id}")
async def delete_employee(hes: TheHes, id: Id) -> EmployeeAnswer:
    """Delete somebody who has no key, with their accounts."""
    deleted = employee_answer(hes, hes.employees.get(id))
    hes.employees.delete(id)
    return deleted


@router.post("/AddHardwareVault", status_code=204)
async def add_hardware_vault(hes: TheHes, body: AddHardwareVaultBody) -> None:
    """Give somebody a Ready key: it is Reserved then, and has a code."""
    await hes.employees.add_hardware_vault(body.employee_id, body.hardware_vault_id or "")


@router.delete("/RemoveHardwareVault", status_code=204)
async def remove_hardware_vault(hes: TheHes, body: RemoveHardwareVaultBody) -> None:
    """Take a key away. A connected one is wiped at once; with strict compatibility at its next contact only (Q8)."""
    push = Quirk.REST_REMOVAL_WAITS not in hes.quirks
    await hes.employees.remove_hardware_vault(body.hardware_vault_id, body.reason, push=push)
