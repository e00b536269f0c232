"""The organisation: companies with their departments, and positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.records import DepartmentView
from hideez_bench.emulator.hes.web.pages.page import Pages, counted, fields, way_back
from hideez_bench.protocol.errors import BenchError

PAGE = "/org-structure"


class OrgStructurePages:
    """`/org-structure` and below."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._hes = pages.hes
        self._org = pages.hes.org_structure

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        both = {
            "companies/new": self.new_company,
            "companies/{id}/edit": self.edit_company,
            "companies/{id}/delete": self.delete_company,
            "companies/{id}/department": self.new_department,
            "departments/{id}/edit": self.edit_department,
            "departments/{id}/delete": self.delete_department,
            "positions/new": self.new_position,
            "positions/{id}/edit": self.edit_position,
            "positions/{id}/delete": self.delete_position,
        }
        route = self._pages.route
        return [
            route(PAGE, self.all, viewers=True),
            *(route(f"{PAGE}/{path}", page, methods=["GET", "POST"]) for path, page in both.items()),
        ]

    async def all(self, request: Request) -> Response:
        """Companies with their departments, positions, and how many belong to each."""
        employees = self._hes.employees.list()
        return self._pages.show(
            request,
            "org_structure.html",
            companies=self._org.companies(),
            positions=self._org.positions(),
            employees=Counter(one.department_id for one in employees),
            holders=Counter(one.position_id for one in employees),
            workstations=Counter(one.department_id for one in self._hes.workstations.list()),
        )

    async def new_company(self, request: Request) -> Response:
        """Enter a company."""
        return await self._form(
            request,
            "Create a company",
            {},
            lambda typed: self._org.create_company(typed["name"]),
            "The company {} was created.",
        )

    async def edit_company(self, request: Request) -> Response:
        """Give a company another name."""
        company = self._org.company(_id(request))
        return await self._form(
            request,
            "Edit the company",
            {"name": company.name},
            lambda typed: self._org.edit_company(company.id, typed["name"]),
            "The company {} was changed.",
        )

    async def delete_company(self, request: Request) -> Response:
        """Ask, and delete a company with its departments."""
        company = self._org.company(_id(request))
        number = len(company.departments)
        text = {0: "", 1: " with its department"}.get(number, f" with its {number} departments")
        return await self._ask(
            request,
            "Delete the company",
            f"{company.name} is deleted{text}.{self._left(company.departments)}",
            lambda: self._org.delete_company(company.id),
            f"The company {company.name} was deleted.",
        )

    async def new_department(self, request: Request) -> Response:
        """Enter a department of a company."""
        company = self._org.company(_id(request))
        return await self._form(
            request,
            "Create a department",
            {"company_id": company.id},
            lambda typed: self._org.create_department(typed["name"], typed.get("company_id", "")),
            "The department {} was created.",
            of_company=True,
        )

    async def edit_department(self, request: Request) -> Response:
        """Give a department another name or company."""
        department = self._org.department(_id(request))
        return await self._form(
            request,
            "Edit the department",
            {"name": department.name, "company_id": department.company_id},
            lambda typed: self._org.edit_department(
                department.id, typed["name"], typed.get("company_id", "")
            ),
            "The department {} was changed.",
            of_company=True,
        )

    async def delete_department(self, request: Request) -> Response:
        """Ask, and delete a department."""
        department = self._org.department(_id(request))
        return await self._ask(
            request,
            "Delete the department",
            f"{department.name} of {department.company_name} is deleted.{self._left((department,))}",
            lambda: self._org.delete_department(department.id),
            f"The department {department.name} was deleted.",
        )

    async def new_position(self, request: Request) -> Response:
        """Enter a position."""
        return await self._form(
            request,
            "Create a position",
            {},
            lambda typed: self._org.create_position(typed["name"]),
            "The position {} was created.",
        )

    async def edit_position(self, request: Request) -> Response:
        """Give a position another name."""
        position = self._org.position(_id(request))
        return await self._form(
            request,
            "Edit the position",
            {"name": position.name},
            lambda typed: self._org.edit_position(position.id, typed["name"]),
            "The position {} was changed.",
        )

    async def delete_position(self, request: Request) -> Response:
        """Ask, and delete a position."""
        position = self._org.position(_id(request))
        number = sum(1 for one in self._hes.employees.list() if one.position_id == position.id)
        left = f" {counted(number, 'employee')} will have none." if number else ""
        return await self._ask(
            request,
            "Delete the position",
            f"{position.name} is deleted.{left}",
            lambda: self._org.delete_position(position.id),
            f"The position {position.name} was deleted.",
        )

    def _left(self, departments: tuple[DepartmentView, ...]) -> str:
        """Who will belong to no department."""
        ids = {department.id for department in departments}
        people = sum(1 for one in self._hes.employees.list() if one.department_id in ids)
        computers = sum(1 for one in self._hes.workstations.list() if one.department_id in ids)
        belonging = ((people, "employee"), (computers, "workstation"))
        left = [counted(number, word) for number, word in belonging if number]
        return f" {' and '.join(left)} will belong to none." if left else ""

    async def _form(
        self,
        request: Request,
        title: str,
        filled: dict[str, str],
        save: Callable[[dict[str, str]], object],
        told: str,
        *,
        of_company: bool = False,
    ) -> Response:
        """Ask for a name, and for a department its company, and save it; `told` is said afterwards of the name."""
        typed, refusal, back = filled, "", await way_back(request, PAGE)
        if request.method == "POST":
            typed = {"name": "", **await fields(request)}
            try:
                save(typed)
            except BenchError as error:
                refusal = str(error)
            else:
                return self._pages.onward(request, back, told.format(typed["name"]))
        return self._pages.form(
            request,
            "org_edit.html",
            back,
            title=title,
            typed=typed,
            companies=self._org.companies() if of_company else (),
            refusal=refusal,
        )

    async def _ask(
        self, request: Request, title: str, text: str, delete: Callable[[], None], told: str
    ) -> Response:
        back = await way_back(request, PAGE)
        if request.method == "POST":
            delete()
            return self._pages.onward(request, back, told)
        return self._pages.confirm(request, back, title, text, "Delete", danger=True)


def is_in(department: DepartmentView | None, wanted: str) -> bool:
    """Whether it is the department that is wanted, or one of the company that is; without a wish all are."""
    return not wanted or (department is not None and wanted in (department.id, department.company_id))


def _id(request: Request) -> str:
    return str(request.path_params["id"])
