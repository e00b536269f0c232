"""What can be looked up of workstations: events and sessions, by what they have to do with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from hideez_bench.emulator.hes.administration.filters import between, contains
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account
from hideez_bench.emulator.hes.database.org_models import Company, Department
from hideez_bench.emulator.hes.database.store import Store
from hideez_bench.emulator.hes.database.workstation_models import WorkstationEvent, WorkstationSession
from hideez_bench.emulator.hes.names import AccountType, SessionSwitchSubject


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


_OF_EVENTS = ("date", "event_id", "severity_id", "note", "user_session", "serial")
_OF_SESSIONS = ("start_date", "end_date", "unlocked_by", "user_session", "serial")


class Reports:
    """Lists of what clients reported: read at once, and each view made when it is asked for, as there are many."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def events(self, which: EventFilter | None = None, part: Part = ALL) -> Iterator[EventView]:
        """What clients reported, latest first; of `part` what fits."""
        wanted = which or EventFilter()
        found = _rows(self._core.store, WorkstationEvent, WorkstationEvent.date, _OF_EVENTS, part)
        views = (
            EventView(**_copied(row, _OF_EVENTS), id=row.client_id, involved=_involved(row)) for row in found
        )
        return filter(wanted.finds, views)

    def sessions(self, which: SessionFilter | None = None, part: Part = ALL) -> Iterator[SessionView]:
        """Who worked where, those that began last first; of `part` what fits."""
        wanted = which or SessionFilter()
        found = _rows(self._core.store, WorkstationSession, WorkstationSession.start_date, _OF_SESSIONS, part)
        views = (
            SessionView(**_copied(row, _OF_SESSIONS), id=row.client_id, involved=_involved(row))
            for row in found
        )
        return filter(wanted.finds, views)

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


def _rows(
    store: Store,
    table: type[WorkstationEvent] | type[WorkstationSession],
    moment: InstrumentedAttribute[datetime],
    names: tuple[str, ...],
    part: Part,
) -> Iterable[Any]:
    """What is told of each, with names, the latest first.

    By columns, which are read in a fraction of the time; of an account its name, since its secrets may be sealed.
    """
    employee = models.Employee
    query = (
        select(
            table.client_id,
            *(getattr(table, name) for name in names),
            table.workstation_id,
            models.Workstation.name.label("workstation"),
            table.employee_id,
            employee.first_name,
            employee.last_name,
            Company.id.label("company_id"),
            Company.name.label("company"),
            table.department_id,
            Department.name.label("department"),
            table.account_id,
            Account.name.label("account"),
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
    with store.session() as session:
        return session.execute(query).all()


def _copied(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _involved(row: Any) -> Involved:
    whose = AccountType.Shared if row.shared_account_id else AccountType.Personal
    return Involved(
        workstation=Named(row.workstation_id, row.workstation or row.workstation_id),
        employee=named(row.employee_id, f"{row.first_name} {row.last_name}".strip()),
        company=named(row.company_id, row.company),
        department=named(row.department_id, row.department),
        account=named(row.account_id, row.account),
        account_type=whose if row.account_id else None,
    )


def named(id: str | None, name: str | None) -> Named | None:  # noqa: A002 - what it is
    """Something, if there is an id."""
    return None if id is None else Named(id, name or "")


def _is_named(one: Named | None, part: str | None) -> bool:
    return part is None or (one is not None and contains(one.name, part))
