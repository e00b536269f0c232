"""What can be looked up of workstations: events and sessions, by what they have to do with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hideez_bench.emulator.hes.administration.filters import between, contains
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account
from hideez_bench.emulator.hes.database.org_models import Company, Department
from hideez_bench.emulator.hes.database.workstation_models import WorkstationEvent, WorkstationSession
from hideez_bench.emulator.hes.names import AccountType, SessionSwitchSubject

T = TypeVar("T", WorkstationEvent, WorkstationSession)


@dataclass(frozen=True)
class Named:
    """Something by id and name."""

    id: str
    name: str


@dataclass(frozen=True)
class Involved:
    """Where something happened, and who carried the key; None where that is not known, or was deleted since."""

    workstation: Named
    employee: Named | None
    company: Named | None
    department: Named | None
    account: Named | None
    account_type: AccountType | None


@dataclass(frozen=True)
class EventView:
    """Something that a client reported; `event_id` and `severity_id` are the client's numbers."""

    id: str
    date: datetime
    event_id: int
    severity_id: int
    note: str
    user_session: str
    serial: str
    involved: Involved


@dataclass(frozen=True)
class SessionView:
    """The time in which somebody worked at a workstation; `end_date` is None while it lasts."""

    id: str
    start_date: datetime
    end_date: datetime | None
    unlocked_by: SessionSwitchSubject
    user_session: str
    serial: str
    involved: Involved


@dataclass(frozen=True)
class InvolvedFilter:
    """Whom and what events and sessions have to do with; texts are found as a part, without regard to case."""

    start_date: datetime | None = None
    end_date: datetime | None = None
    workstation: str | None = None
    user_session: str | None = None
    hardware_vault: str | None = None
    employee: str | None = None
    company: str | None = None
    department: str | None = None
    account: str | None = None
    account_type: AccountType | None = None

    def involves(self, view: EventView | SessionView) -> bool:
        """Whether it has to do with them."""
        one = view.involved
        return (
            contains(view.user_session, self.user_session)
            and contains(view.serial, self.hardware_vault)
            and contains(one.workstation.name, self.workstation)
            and _is_named(one.employee, self.employee)
            and _is_named(one.company, self.company)
            and _is_named(one.department, self.department)
            and _is_named(one.account, self.account)
            and self.account_type in (None, one.account_type)
        )


@dataclass(frozen=True)
class EventFilter(InvolvedFilter):
    """Which events; `event` and `severity` are the client's numbers."""

    event: int | None = None
    severity: int | None = None
    note: str | None = None

    def finds(self, view: EventView) -> bool:
        """Whether it is one of them."""
        return (
            between(view.date, self.start_date, self.end_date)
            and self.event in (None, view.event_id)
            and self.severity in (None, view.severity_id)
            and contains(view.note, self.note)
            and self.involves(view)
        )


@dataclass(frozen=True)
class SessionFilter(InvolvedFilter):
    """Which sessions; those that last are found by no `end_date`."""

    unlocked_by: SessionSwitchSubject | None = None

    def finds(self, view: SessionView) -> bool:
        """Whether it is one of them."""
        return (
            between(view.start_date, self.start_date, None)
            and between(view.end_date, None, self.end_date)
            and self.unlocked_by in (None, view.unlocked_by)
            and self.involves(view)
        )


@dataclass(frozen=True)
class Part:
    """The rows from number `start` on, `size` of them; None for all."""

    start: int = 0
    size: int | None = None


ALL = Part()


class Reports:
    """Lists of what clients reported."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def events(self, which: EventFilter | None = None, part: Part = ALL) -> list[EventView]:
        """What clients reported, latest first; of `part` what fits."""
        wanted = which or EventFilter()
        with self._core.store.session() as session:
            found = (
                EventView(
                    id=row.client_id,
                    date=row.date,
                    event_id=row.event_id,
                    severity_id=row.severity_id,
                    note=row.note,
                    user_session=row.user_session,
                    serial=row.serial,
                    involved=involved,
                )
                for row, involved in _with_involved(session, WorkstationEvent, WorkstationEvent.date, part)
            )
            return [view for view in found if wanted.finds(view)]

    def sessions(self, which: SessionFilter | None = None, part: Part = ALL) -> list[SessionView]:
        """Who worked where, those that began last first; of `part` what fits."""
        wanted = which or SessionFilter()
        with self._core.store.session() as session:
            found = (
                SessionView(
                    id=row.client_id,
                    start_date=row.start_date,
                    end_date=row.end_date,
                    unlocked_by=row.unlocked_by,
                    user_session=row.user_session,
                    serial=row.serial,
                    involved=involved,
                )
                for row, involved in _with_involved(
                    session, WorkstationSession, WorkstationSession.start_date, part
                )
            )
            return [view for view in found if wanted.finds(view)]

    def count_events(self) -> int:
        """How many events of clients are kept."""
        return self._count(WorkstationEvent)

    def count_sessions(self) -> int:
        """How many sessions are kept."""
        return self._count(WorkstationSession)

    def kinds(self) -> tuple[list[int], list[int]]:
        """The numbers of events and of severities that clients have reported."""
        with self._core.store.session() as session:
            events, severities = (
                list(session.scalars(select(column).distinct().order_by(column)))
                for column in (WorkstationEvent.event_id, WorkstationEvent.severity_id)
            )
        return events, severities

    def _count(self, table: type[WorkstationEvent] | type[WorkstationSession]) -> int:
        with self._core.store.session() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


def _with_involved(
    session: Session, table: type[T], moment: InstrumentedAttribute[datetime], part: Part
) -> Iterator[tuple[T, Involved]]:
    """Each row with names; of an account nothing more is read, since its secrets may be sealed."""
    employee = models.Employee
    query = (
        select(
            table,
            models.Workstation.name,
            employee.first_name,
            employee.last_name,
            Company.id,
            Company.name,
            Department.name,
            Account.name,
            Account.shared_account_id,
        )
        .outerjoin(models.Workstation, models.Workstation.id == table.workstation_id)
        .outerjoin(employee, employee.id == table.employee_id)
        .outerjoin(Department, Department.id == table.department_id)
        .outerjoin(Company, Company.id == Department.company_id)
        .outerjoin(Account, Account.id == table.account_id)
        .order_by(moment.desc(), table.id.desc())
        .limit(part.size)
        .offset(part.start or None)
    )
    for row, workstation, first, last, company_id, company, department, account, shared in session.execute(
        query
    ):
        whose = AccountType.Shared if shared else AccountType.Personal
        yield (
            row,
            Involved(
                workstation=Named(row.workstation_id, workstation or row.workstation_id),
                employee=named(row.employee_id, f"{first} {last}".strip()),
                company=named(company_id, company),
                department=named(row.department_id, department),
                account=named(row.account_id, account),
                account_type=whose if row.account_id else None,
            ),
        )


def named(id: str | None, name: str | None) -> Named | None:  # noqa: A002 - what it is
    """Something, if there is an id."""
    return None if id is None else Named(id, name or "")


def _is_named(one: Named | None, part: str | None) -> bool:
    return part is None or (one is not None and contains(one.name, part))
