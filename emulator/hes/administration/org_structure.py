"""What an administrator does with the organisation: companies with their departments, and positions."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.administration.views import company_view, department_view, position_view
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.org_models import Company, Department, Position
from hideez_bench.emulator.hes.database.rows import Rows
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, HesEventKind
from hideez_bench.emulator.hes.records import CompanyView, DepartmentView, PositionView

T = TypeVar("T", Company, Department, Position)

_WORDS: dict[type, tuple[str, HesCode, HesCode]] = {
    Company: ("company", HesCode.CompanyNotFound, HesCode.CompanyNameInUse),
    Department: ("department", HesCode.DepartmentNotFound, HesCode.DepartmentNameInUse),
    Position: ("position", HesCode.PositionNotFound, HesCode.PositionNameInUse),
}


class OrgStructure:
    """Companies, departments and positions.

    A call about one that is not there raises `HesRuleError` CompanyNotFound, DepartmentNotFound or PositionNotFound.
    What makes or changes one raises CompanyNameInUse, DepartmentNameInUse or PositionNameInUse
    where another has that name, and a refusal without a code where the name is blank. As with the vendor no two
    departments have one name, not even in different companies; and what is in use can be deleted.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    def companies(self) -> list[CompanyView]:
        """Every company, by name."""
        with self._core.store.transaction() as rows:
            query = select(Company).options(selectinload(Company.departments)).order_by(Company.name)
            return [company_view(row) for row in rows.session.scalars(query)]

    def company(self, company_id: str) -> CompanyView:
        """A company."""
        with self._core.store.transaction() as rows:
            return company_view(_for_admin(rows, Company, company_id))

    def create_company(self, name: str) -> CompanyView:
        """A new company."""
        with self._core.store.transaction() as rows:
            view = company_view(self._named(rows, Company(id=self._new_id()), name))
        self._tell("enters", Company, name)
        return view

    def edit_company(self, company_id: str, name: str) -> None:
        """Give a company another name."""
        with self._core.store.transaction() as rows:
            self._named(rows, _for_admin(rows, Company, company_id), name)
        self._tell("changes", Company, name)

    def delete_company(self, company_id: str) -> None:
        """Delete a company with its departments; whoever belonged to one belongs to none."""
        self._delete(Company, company_id)

    def departments(self, company_id: str | None = None) -> list[DepartmentView]:
        """Every department, or those of a company, by name; none where there is no such company, as with the vendor."""
        with self._core.store.transaction() as rows:
            query = select(Department).order_by(Department.name)
            if company_id is not None:
                query = query.filter_by(company_id=company_id)
            return [department_view(row) for row in rows.session.scalars(query)]

    def department(self, department_id: str) -> DepartmentView:
        """A department."""
        with self._core.store.transaction() as rows:
            return department_view(_for_admin(rows, Department, department_id))

    def create_department(self, name: str, company_id: str) -> DepartmentView:
        """A new department of a company; raises CompanyNotFound too."""
        with self._core.store.transaction() as rows:
            company = _for_admin(rows, Company, company_id)
            department = Department(id=self._new_id(), company=company)
            view = department_view(self._named(rows, department, name))
        self._tell("enters", Department, name)
        return view

    def edit_department(self, department_id: str, name: str, company_id: str) -> None:
        """Give a department another name or company; raises CompanyNotFound too."""
        with self._core.store.transaction() as rows:
            department = _for_admin(rows, Department, department_id)
            department.company = _for_admin(rows, Company, company_id)
            self._named(rows, department, name)
        self._tell("changes", Department, name)

    def delete_department(self, department_id: str) -> None:
        """Delete a department; its employees and workstations belong to none then."""
        self._delete(Department, department_id)

    def positions(self) -> list[PositionView]:
        """Every position, by name."""
        with self._core.store.transaction() as rows:
            return [
                position_view(row) for row in rows.session.scalars(select(Position).order_by(Position.name))
            ]

    def position(self, position_id: str) -> PositionView:
        """A position."""
        with self._core.store.transaction() as rows:
            return position_view(_for_admin(rows, Position, position_id))

    def create_position(self, name: str) -> PositionView:
        """A new position."""
        with self._core.store.transaction() as rows:
            view = position_view(self._named(rows, Position(id=self._new_id()), name))
        self._tell("enters", Position, name)
        return view

    def edit_position(self, position_id: str, name: str) -> None:
        """Give a position another name."""
        with self._core.store.transaction() as rows:
            self._named(rows, _for_admin(rows, Position, position_id), name)
        self._tell("changes", Position, name)

    def delete_position(self, position_id: str) -> None:
        """Delete a position; its employees have none then."""
        self._delete(Position, position_id)

    def _new_id(self) -> str:
        return draw.identifier(self._core.random)

    def _named(self, rows: Rows, row: T, name: str) -> T:
        """Give something new or old its name, if it is nobody else's, and keep it."""
        kind = type(row)
        word, _, in_use = _WORDS[kind]
        if not name.strip():
            raise HesRuleError(HesCode.None_, f"A {word} needs a name; nothing was changed.")
        with rows.session.no_autoflush:
            other = rows.session.scalar(select(kind).filter_by(name=name))
        if other is not None and other.id != row.id:
            raise HesRuleError(in_use, f"There is a {word} {name} already; nothing was changed.")
        row.name = name
        rows.add(row)
        return row

    def _delete(self, kind: type[T], row_id: str) -> None:
        with self._core.store.transaction() as rows:
            row = _for_admin(rows, kind, row_id)
            rows.session.delete(row)
        self._tell("deletes", kind, row.name)

    def _tell(self, what: str, kind: type, name: str) -> None:
        self._core.tell(HesEventKind.ADMIN, "", f"{what} {_WORDS[kind][0]} {name}")


def department_of(rows: Rows, department_id: str | None) -> Department | None:
    """The department that somebody or something is to belong to, None without an id; raises DepartmentNotFound."""
    return _for_admin(rows, Department, department_id) if department_id else None


def position_of(rows: Rows, position_id: str | None) -> Position | None:
    """The position that somebody is to have, None without an id; raises PositionNotFound."""
    return _for_admin(rows, Position, position_id) if position_id else None


def _for_admin(rows: Rows, kind: type[T], row_id: str) -> T:
    row = rows.session.get(kind, row_id)
    if row is None:
        word, not_found, _ = _WORDS[kind]
        raise HesRuleError(not_found, f"The server knows no {word} {row_id}; nothing was changed.")
    return row
