"""/api/OrgStructure: companies with their departments, and positions."""

# ruff: noqa: A002 - `id` is the name in the vendor's routes

from __future__ import annotations

from fastapi import APIRouter, Response

from hideez_bench.emulator.hes.records import CompanyView, DepartmentView, PositionView
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, Id, Needed
from hideez_bench.emulator.hes.web.rest.wiring import TheHes, check_same_id

router = APIRouter(prefix="/OrgStructure", tags=["OrgStructure"])


class NameBody(Body):
    """The name of a company or a position."""

    name: Needed


class EditNameBody(NameBody):
    """The same, with the id once more."""

    id: Needed


class DepartmentBody(Body):
    """A department, and the id of its company."""

    company_id: Needed
    name: Needed


class EditDepartmentBody(DepartmentBody):
    """The same, with the id once more."""

    id: Needed


class CompanyName(Answer):
    """The company that a department belongs to."""

    id: str
    name: str


class DepartmentName(Answer):
    """A department of the company around it."""

    id: str
    name: str
    company_id: str


class CompanyAnswer(Answer):
    """A company with its departments."""

    id: str
    name: str
    departments: list[DepartmentName]


class DepartmentAnswer(Answer):
    """A department with its company."""

    id: str
    name: str
    company_id: str
    company: CompanyName


class PositionAnswer(Answer):
    """What somebody can be."""

    id: str
    name: str


@router.get("/GetCompanies")
async def get_companies(hes: TheHes) -> list[CompanyAnswer]:
    """Every company."""
    return [_company(view) for view in hes.org_structure.companies()]


@router.get("/GetCompanyById/{id}")
async def get_company_by_id(hes: TheHes, id: Id) -> CompanyAnswer:
    """One company."""
    return _company(hes.org_structure.company(id))


@router.post("/CreateCompany", status_code=201)
async def create_company(hes: TheHes, body: NameBody, response: Response) -> CompanyAnswer:
    """A new company."""
    created = _company(hes.org_structure.create_company(body.name))
    response.headers["location"] = f"/api/OrgStructure/GetCompanyById/{created.id}"
    return created


@router.put("/EditCompany/{id}", status_code=204)
async def edit_company(hes: TheHes, id: Id, body: EditNameBody) -> None:
    """Give a company another name."""
    check_same_id(id, body.id)
    hes.org_structure.edit_company(id, body.name)


@router.delete("/DeleteCompany/{id}")
async def delete_company(hes: TheHes, id: Id) -> CompanyAnswer:
    """Delete a company with its departments; whoever belonged to one belongs to none."""
    deleted = _company(hes.org_structure.company(id))
    hes.org_structure.delete_company(id)
    return deleted


@router.get("/GetDepartments")
async def get_departments(hes: TheHes) -> list[DepartmentAnswer]:
    """Every department."""
    return [department_answer(view) for view in hes.org_structure.departments()]


@router.get("/GetDepartmentByCompanyId/{id}")
async def get_department_by_company_id(hes: TheHes, id: Id) -> list[DepartmentAnswer]:
    """The departments of a company; none where there is no such company."""
    return [department_answer(view) for view in hes.org_structure.departments(id)]


@router.get("/GetDepartmentById/{id}")
async def get_department_by_id(hes: TheHes, id: Id) -> DepartmentAnswer:
    """One department."""
    return department_answer(hes.org_structure.department(id))


@router.post("/CreateDepartment", status_code=201)
async def create_department(hes: TheHes, body: DepartmentBody, response: Response) -> DepartmentAnswer:
    """A new department of a company."""
    created = department_answer(hes.org_structure.create_department(body.name, body.company_id))
    response.headers["location"] = f"/api/OrgStructure/GetDepartmentById/{created.id}"
    return created


@router.put("/EditDepartment/{id}", status_code=204)
async def edit_department(hes: TheHes, id: Id, body: EditDepartmentBody) -> None:
    """Give a department another name or company."""
    check_same_id(id, body.id)
    hes.org_structure.edit_department(id, body.name, body.company_id)


@router.delete("/DeleteDepartment/{id}")
async def delete_department(hes: TheHes, id: Id) -> DepartmentAnswer:
    """Delete a department; its employees and workstations belong to none then."""
    deleted = department_answer(hes.org_structure.department(id))
    hes.org_structure.delete_department(id)
    return deleted


@router.get("/GetPositions")
async def get_positions(hes: TheHes) -> list[PositionAnswer]:
    """Every position."""
    return [_position(view) for view in hes.org_structure.positions()]


@router.get("/GetPositionById/{id}")
async def get_position_by_id(hes: TheHes, id: Id) -> PositionAnswer:
    """One position."""
    return _position(hes.org_structure.position(id))


@router.post("/CreatePosition", status_code=201)
async def create_position(hes: TheHes, body: NameBody, response: Response) -> PositionAnswer:
    """A new position."""
    created = _position(hes.org_structure.create_position(body.name))
    response.headers["location"] = f"/api/OrgStructure/GetPositionById/{created.id}"
    return created


@router.put("/EditPosition/{id}", status_code=204)
async def edit_position(hes: TheHes, id: Id, body: EditNameBody) -> None:
    """Give a position another name."""
    check_same_id(id, body.id)
    hes.org_structure.edit_position(id, body.name)


@router.delete("/DeletePosition/{id}")
async def delete_position(hes: TheHes, id: Id) -> PositionAnswer:
    """Delete a position; its employees have none then."""
    deleted = _position(hes.org_structure.position(id))
    hes.org_structure.delete_position(id)
    return deleted


def department_answer(view: DepartmentView) -> DepartmentAnswer:
    """A department as it is answered."""
    company = CompanyName(id=view.company_id, name=view.company_name)
    return DepartmentAnswer(id=view.id, name=view.name, company_id=view.company_id, company=company)


def _company(view: CompanyView) -> CompanyAnswer:
    return CompanyAnswer.model_validate(view)


def _position(view: PositionView) -> PositionAnswer:
    return PositionAnswer.model_validate(view)
