"""What can be looked up of workstations: events and sessions, by what they have to do with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import InstrumentedAttribute

from hideez_bench.emulator.hes.administration.filters import contains
from hideez_bench.emulator.hes.audit.queries import ALL, Part, between, count, equals, read
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account
from hideez_bench.emulator.hes.database.org_models import Company, Department
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
    """Whom and what events and sessions have to do with; texts are found as a part, without regard to case.

    What is a number or a moment the database looks for (`condition`). Databases differ in how they see case, so texts
    are looked for in what it has found (`involves`).
    """

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

    def condition(self) -> ColumnElement[bool]:
        """Whether a row is one of them, but for texts."""
        table = WorkstationEvent
        return and_(
            between(table.date, self.start_date, self.end_date),
            equals(table.event_id, self.event),
            equals(table.severity_id, self.severity),
        )

    def finds(self, view: EventView) -> bool:
        """Whether a view of such a row is one of them."""
        return contains(view.note, self.note) and self.involves(view)


@dataclass(frozen=True)
class SessionFilter(InvolvedFilter):
    """Which sessions; those that last are found by no `end_date`."""

    unlocked_by: SessionSwitchSubject | None = None

    def condition(self) -> ColumnElement[bool]:
        """Whether a row is one of them, but for texts."""
        table = WorkstationSession
        return and_(
            between(table.start_date, self.start_date, None),
            between(table.end_date, None, self.end_date),
            equals(table.unlocked_by, self.unlocked_by),
        )


EVERY_EVENT, EVERY_SESSION = EventFilter(), SessionFilter()

_OF_EVENTS = ("date", "event_id", "severity_id", "note", "user_session", "serial")
_OF_SESSIONS = ("start_date", "end_date", "unlocked_by", "user_session", "serial")


def _told(
    table: type[WorkstationEvent] | type[WorkstationSession],
    moment: InstrumentedAttribute[datetime],
    names: tuple[str, ...],
) -> Select[*tuple[Any, ...]]:
    """What is told of each row, with names, the latest first.

    By columns, which are read in a fraction of the time; of an account its name, since its secrets may be sealed.
    """
    employee = models.Employee
    return (
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
    )


_EVENTS = _told(WorkstationEvent, WorkstationEvent.date, _OF_EVENTS)
_SESSIONS = _told(WorkstationSession, WorkstationSession.start_date, _OF_SESSIONS)


class Reports:
    """Lists of what clients reported: read at once, and each view made when it is asked for, as there are many."""

    def __init__(self, core: Core) -> None:
        self._store = core.store

    def events(self, which: EventFilter = EVERY_EVENT, part: Part = ALL) -> Iterator[EventView]:
        """What clients reported, latest first; `part` is counted before texts are looked for."""
        found = read(self._store, _EVENTS, which.condition(), part)
        views = (
            EventView(**_copied(row, _OF_EVENTS), id=row.client_id, involved=_involved(row)) for row in found
        )
        return filter(which.finds, views)

    def sessions(self, which: SessionFilter = EVERY_SESSION, part: Part = ALL) -> Iterator[SessionView]:
        """Who worked where, those that began last first; `part` is counted before texts are looked for."""
        found = read(self._store, _SESSIONS, which.condition(), part)
        views = (
            SessionView(**_copied(row, _OF_SESSIONS), id=row.client_id, involved=_involved(row))
            for row in found
        )
        return filter(which.involves, views)

    def count_events(self, which: EventFilter = EVERY_EVENT) -> int:
        """How many events of clients are kept that are these but for texts."""
        return count(self._store, WorkstationEvent, which.condition())

    def count_sessions(self, which: SessionFilter = EVERY_SESSION) -> int:
        """How many sessions are kept that are these but for texts."""
        return count(self._store, WorkstationSession, which.condition())

    def kinds(self) -> tuple[list[int], list[int]]:
        """The numbers of events and of severities that clients have reported."""
        with self._store.session() as session:
            events, severities = (
                list(session.scalars(select(column).distinct().order_by(column)))
                for column in (WorkstationEvent.event_id, WorkstationEvent.severity_id)
            )
        return events, severities


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
