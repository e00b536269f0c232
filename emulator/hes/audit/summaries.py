"""Sums of sessions: how many, how long, by day and employee, by employee, by department, by workstation."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from hideez_bench.emulator.hes.administration.filters import contains
from hideez_bench.emulator.hes.audit.reports import Named, named
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.org_models import Company, Department
from hideez_bench.emulator.hes.database.workstation_models import WorkstationSession

LONGEST = timedelta(days=36_500)
"""A session counts for no more, so that sums of them stay what can be told, whatever clocks clients have."""

NOBODY = "N/A"
"""What stands where there is no employee, department or company, as with the vendor."""


@dataclass(frozen=True)
class SummaryFilter:
    """Which summaries; dates are days, and texts are found as a part of what is shown."""

    start_date: datetime | None = None
    end_date: datetime | None = None
    employee: str | None = None
    workstation: str | None = None
    company: str | None = None
    department: str | None = None


@dataclass(frozen=True)
class Summary:
    """Sessions that have something in common: how many, and how long in all.

    `days` are those, in UTC, on which one began. Those without an employee count as one employee more, as with the
    vendor; an average is over at least one.
    """

    day: date
    workstation: str
    employee: Named | None
    company: Named | None
    department: Named | None
    sessions: int
    duration: timedelta
    days: int
    employees: int
    workstations: int

    @property
    def average(self) -> timedelta:
        """How long a session was."""
        return self.duration / self.sessions

    @property
    def names(self) -> tuple[str, str, str]:
        """Employee, company and department, as they are shown."""
        return shown(self.employee), shown(self.company), shown(self.department)


def shown(one: Named | None) -> str:
    """A name, or that there is none."""
    return one.name if one else NOBODY


@dataclass(frozen=True)
class _Worked:
    """A session as far as sums need it; employee, company and department are today's."""

    workstation: Named
    day: date
    duration: timedelta
    employee: Named | None
    company: Named | None
    department: Named | None


class Summaries:
    """Sums of sessions. What a summary is by is that of all its sessions; the rest of its names are of one of them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def by_day_and_employees(self, which: SummaryFilter | None = None) -> list[Summary]:
        """For each day and employee, the latest day first."""
        wanted = which or SummaryFilter()
        summaries = self._summed(lambda one: (one.day, one.employee))
        first = wanted.start_date.date() if wanted.start_date else date.min
        last = wanted.end_date.date() if wanted.end_date else date.max
        found = [one for one in summaries if first <= one.day <= last and _fits(one, wanted)]
        return sorted(sorted(found, key=lambda one: one.names), key=lambda one: one.day, reverse=True)

    def by_employees(self, which: SummaryFilter | None = None) -> list[Summary]:
        """For each employee; dates are not looked at, as with the vendor."""
        wanted = which or SummaryFilter()
        found = [one for one in self._summed(lambda one: one.employee) if _fits(one, wanted)]
        return sorted(found, key=lambda one: one.names)

    def by_departments(self, which: SummaryFilter | None = None) -> list[Summary]:
        """For each department; nothing is looked at but company and department, as with the vendor."""
        wanted = which or SummaryFilter()
        found = [
            one
            for one in self._summed(lambda one: one.department)
            if contains(shown(one.company), wanted.company)
            and contains(shown(one.department), wanted.department)
        ]
        return sorted(found, key=lambda one: one.names[1:])

    def by_workstations(self, which: SummaryFilter | None = None) -> list[Summary]:
        """For each workstation; nothing is looked at but its name."""
        wanted = which or SummaryFilter()
        found = self._summed(lambda one: one.workstation)
        return sorted(
            (one for one in found if contains(one.workstation, wanted.workstation)),
            key=lambda one: one.workstation,
        )

    def _summed(self, key: Callable[[_Worked], Hashable]) -> list[Summary]:
        groups: dict[Hashable, list[_Worked]] = {}
        for one in self._worked():
            groups.setdefault(key(one), []).append(one)
        return [_sum(group) for group in groups.values()]

    def _worked(self) -> Iterator[_Worked]:
        table, employee, now = WorkstationSession, models.Employee, self._core.utc()
        query = (
            select(
                table.workstation_id,
                models.Workstation.name,
                table.start_date,
                table.end_date,
                employee.id,
                employee.first_name,
                employee.last_name,
                Company.id,
                Company.name,
                Department.id,
                Department.name,
            )
            .outerjoin(models.Workstation, models.Workstation.id == table.workstation_id)
            .outerjoin(employee, employee.id == table.employee_id)
            .outerjoin(Department, Department.id == employee.department_id)
            .outerjoin(Company, Company.id == Department.company_id)
        )
        with self._core.store.session() as session:
            found = session.execute(query).all()
        for at, name, start, end, who, first, last, *place in found:
            yield _Worked(
                workstation=Named(at, name or at),
                day=start.date(),
                duration=min(max((end or now) - start, timedelta()), LONGEST),
                employee=named(who, f"{first} {last}".strip()),
                company=named(place[0], place[1]),
                department=named(place[2], place[3]),
            )


def _sum(group: list[_Worked]) -> Summary:
    first = group[0]
    return Summary(
        day=first.day,
        workstation=first.workstation.name,
        employee=first.employee,
        company=first.company,
        department=first.department,
        sessions=len(group),
        duration=sum((one.duration for one in group), timedelta()),
        days=len({one.day for one in group}),
        employees=len({one.employee for one in group}),
        workstations=len({one.workstation for one in group}),
    )


def _fits(one: Summary, wanted: SummaryFilter) -> bool:
    parts = (wanted.employee, wanted.company, wanted.department)
    return all(contains(name, part) for name, part in zip(one.names, parts, strict=True))
