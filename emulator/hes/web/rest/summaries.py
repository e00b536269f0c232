"""/api/Audit, of summaries: how many sessions, and how long, by day and employee, employee, department, workstation."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from fastapi import APIRouter

from hideez_bench.emulator.hes.audit.summaries import Summary, SummaryFilter, shown
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, Moment, Text
from hideez_bench.emulator.hes.web.rest.wiring import TheHes

router = APIRouter(prefix="/Audit", tags=["Audit"])


class SummaryFilterBody(Body):
    """Which summaries; dates are days, and only looked at where the summary has one. Texts are found as a part."""

    start_date: Moment | None = None
    end_date: Moment | None = None
    employee: Text | None = None
    workstation: Text | None = None
    company: Text | None = None
    department: Text | None = None

    def wanted(self) -> SummaryFilter:
        """For the server."""
        return SummaryFilter(**dict(self))


class PlaceAnswer(Answer):
    """A department; `N/A` where there is none."""

    company_id: str | None
    company: str
    department_id: str | None
    department: str


class DayAnswer(PlaceAnswer):
    """What an employee worked on a day. Durations are [days.]hours:minutes:seconds."""

    date: datetime
    employee_id: str | None
    employee: str
    workstations_count: int
    avg_sessions_duration: str
    sessions_count: int
    total_sessions_duration: str


class EmployeeSummaryAnswer(PlaceAnswer):
    """What an employee worked."""

    employee_id: str | None
    employee: str
    workstations_count: int
    working_days_count: int
    total_sessions_count: int
    total_sessions_duration: str
    avg_sessions_duration: str
    avg_sessions_count_per_day: float
    avg_working_hours_per_day: str


class ByEmployeesAnswer(Answer):
    """What several employees worked. The vendor misspells a duration."""

    employees_count: int
    total_sessions_count: int
    total_sessions_duration: str
    avg_sessions_duration: str
    avg_total_duartion_by_employee: str
    avg_total_sessions_count_by_employee: float


class DepartmentSummaryAnswer(PlaceAnswer, ByEmployeesAnswer):
    """What a department's employees worked."""

    workstations_count: int


class WorkstationSummaryAnswer(ByEmployeesAnswer):
    """What was worked at a workstation."""

    workstation: str


@router.get("/GetSummaryByDayAndEmployees")
async def get_summary_by_day_and_employees(hes: TheHes) -> list[DayAnswer]:
    """For each day and employee, the latest day first."""
    return [_day(one) for one in hes.summaries.by_day_and_employees()]


@router.post("/GetFilteredSummaryByDayAndEmployees")
async def get_filtered_summary_by_day_and_employees(hes: TheHes, body: SummaryFilterBody) -> list[DayAnswer]:
    """Those of which all that is named is true; the workstation is not looked at."""
    return [_day(one) for one in hes.summaries.by_day_and_employees(body.wanted())]


@router.get("/GetSummaryByEmployee")
async def get_summary_by_employee(hes: TheHes) -> list[EmployeeSummaryAnswer]:
    """For each employee."""
    return [_employee(one) for one in hes.summaries.by_employees()]


@router.post("/GetFilteredSummaryByEmployees")
async def get_filtered_summary_by_employees(
    hes: TheHes, body: SummaryFilterBody
) -> list[EmployeeSummaryAnswer]:
    """Those whose employee, company and department are looked for."""
    return [_employee(one) for one in hes.summaries.by_employees(body.wanted())]


@router.get("/GetSummaryByDepartments")
async def get_summary_by_departments(hes: TheHes) -> list[DepartmentSummaryAnswer]:
    """For each department."""
    return [_department(one) for one in hes.summaries.by_departments()]


@router.post("/GetFilteredSummaryByDepartments")
async def get_filtered_summary_by_departments(
    hes: TheHes, body: SummaryFilterBody
) -> list[DepartmentSummaryAnswer]:
    """Those whose company and department are looked for."""
    return [_department(one) for one in hes.summaries.by_departments(body.wanted())]


@router.get("/GetSummaryByWorkstations")
async def get_summary_by_workstations(hes: TheHes) -> list[WorkstationSummaryAnswer]:
    """For each workstation."""
    return [_workstation(one) for one in hes.summaries.by_workstations()]


@router.post("/GetFilteredSummaryByWorkstations")
async def get_filtered_summary_by_workstations(
    hes: TheHes, body: SummaryFilterBody
) -> list[WorkstationSummaryAnswer]:
    """Those whose workstation is looked for."""
    return [_workstation(one) for one in hes.summaries.by_workstations(body.wanted())]


def _day(one: Summary) -> DayAnswer:
    return DayAnswer(
        **_place(one),
        date=datetime.combine(one.day, time(), UTC),
        employee_id=one.employee.id if one.employee else None,
        employee=shown(one.employee),
        workstations_count=one.workstations,
        avg_sessions_duration=_duration(one.average),
        sessions_count=one.sessions,
        total_sessions_duration=_duration(one.duration),
    )


def _employee(one: Summary) -> EmployeeSummaryAnswer:
    return EmployeeSummaryAnswer(
        **_place(one),
        employee_id=one.employee.id if one.employee else None,
        employee=shown(one.employee),
        workstations_count=one.workstations,
        working_days_count=one.days,
        total_sessions_count=one.sessions,
        total_sessions_duration=_duration(one.duration),
        avg_sessions_duration=_duration(one.average),
        avg_sessions_count_per_day=one.sessions / one.days,
        avg_working_hours_per_day=_duration(one.duration / one.days),
    )


def _department(one: Summary) -> DepartmentSummaryAnswer:
    return DepartmentSummaryAnswer(**_place(one), **_by_employees(one), workstations_count=one.workstations)


def _workstation(one: Summary) -> WorkstationSummaryAnswer:
    return WorkstationSummaryAnswer(**_by_employees(one), workstation=one.workstation)


def _place(one: Summary) -> dict[str, Any]:
    return {
        "company_id": one.company.id if one.company else None,
        "company": shown(one.company),
        "department_id": one.department.id if one.department else None,
        "department": shown(one.department),
    }


def _by_employees(one: Summary) -> dict[str, Any]:
    return {
        "employees_count": one.employees,
        "total_sessions_count": one.sessions,
        "total_sessions_duration": _duration(one.duration),
        "avg_sessions_duration": _duration(one.average),
        "avg_total_duartion_by_employee": _duration(one.duration / one.employees),
        "avg_total_sessions_count_by_employee": one.sessions / one.employees,
    }


def _duration(duration: timedelta) -> str:
    """As .NET writes one, in whole seconds: 1.02:03:04."""
    minutes, seconds = divmod(duration.seconds, 60)
    clock = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return f"{duration.days}.{clock}" if duration.days else clock
