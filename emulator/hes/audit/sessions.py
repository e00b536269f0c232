"""Who works at which workstation from when to when, from what clients report; as the vendor's server derives it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database import workstation_models as tables
from hideez_bench.emulator.hes.database.account_models import Account
from hideez_bench.emulator.hes.database.columns import NAME_LENGTH
from hideez_bench.emulator.hes.names import SessionSwitchSubject
from hideez_bench.protocol.hes import WorkstationEventType

BEGINNINGS = frozenset(
    {
        WorkstationEventType.HESConnected,
        WorkstationEventType.ServiceStarted,
        WorkstationEventType.ComputerUnlock,
        WorkstationEventType.ComputerLogon,
    }
)
ENDS = frozenset({WorkstationEventType.ComputerLock, WorkstationEventType.ComputerLogoff})

MOST_SESSIONS = 10_000
"""The oldest go first."""


class Bearers:
    """Whose keys they are that events of one call name, and which accounts of theirs; all looked up at once."""

    def __init__(self, session: Session, events: list[tables.WorkstationEvent]) -> None:
        employee, vault = models.Employee, models.HardwareVault
        serials = {event.serial[:NAME_LENGTH] for event in events if event.serial}
        owners = (
            select(vault.id, employee.id, employee.department_id).join(employee).where(vault.id.in_(serials))
        )
        self._owners = {serial: (who, department) for serial, who, department in session.execute(owners)}
        accounts = select(Account.employee_id, Account.name, Account.login, Account.id).where(
            Account.employee_id.in_({who for who, _ in self._owners.values()}),
            Account.name.in_({event.account_name for event in events if event.account_name}),
            Account.deleted.is_(False),
        )
        self._accounts = {(who, name, login): found for who, name, login, found in session.execute(accounts)}

    def note(self, row: tables.WorkstationEvent) -> None:
        """Write down who carries the key of an event, and which account of theirs it names."""
        owner = self._owners.get(row.serial[:NAME_LENGTH])
        if owner is not None:
            row.employee_id, row.department_id = owner
            row.account_id = self._accounts.get((owner[0], row.account_name, row.account_login))


class Followed:
    """The sessions of a workstation that events of one call may begin, resume or end, read at once."""

    def __init__(self, session: Session, workstation_id: str, events: list[tables.WorkstationEvent]) -> None:
        self._session = session
        table = tables.WorkstationSession
        named = {_session_id(event) for event in events}
        query = select(table).filter_by(workstation_id=workstation_id)
        found = session.scalars(query.where(or_(table.client_id.in_(named), table.end_date.is_(None))))
        self._known = {row.client_id: row for row in found}
        self._open = {name: row for name, row in self._known.items() if row.end_date is None}

    def follow(self, event: tables.WorkstationEvent) -> None:
        """Do what an event does to sessions; one without a session's id does nothing."""
        name = _session_id(event)
        if name and event.event_id in ENDS:
            for row in self._open.values():
                _end(row, event.date)
            self._open.clear()
        elif name and event.event_id in BEGINNINGS:
            if name not in self._known:
                self._known[name] = _begun(event)
                self._session.add(self._known[name])
            self._known[name].end_date = None
            self._open[name] = self._known[name]


def end(session: Session, workstation_id: str, at: datetime) -> None:
    """End the sessions of a workstation."""
    table = tables.WorkstationSession
    query = select(table).filter_by(workstation_id=workstation_id).where(table.end_date.is_(None))
    for row in session.scalars(query):
        _end(row, at)


def drop_oldest(session: Session) -> None:
    """Keep no more than `MOST_SESSIONS`."""
    table = tables.WorkstationSession
    newest = session.scalar(select(func.max(table.id))) or 0
    session.execute(delete(table).where(table.id <= newest - MOST_SESSIONS))


def _session_id(event: tables.WorkstationEvent) -> str:
    return event.workstation_session_id[:NAME_LENGTH]


def _end(row: tables.WorkstationSession, at: datetime) -> None:
    """None lasts less than no time, whatever the client's clock says."""
    row.end_date = max(at, row.start_date)


def _begun(event: tables.WorkstationEvent) -> tables.WorkstationSession:
    # The client writes into its note what it was unlocked by.
    by_name = SessionSwitchSubject.__members__.get(event.note, SessionSwitchSubject.NonHideez)
    return tables.WorkstationSession(
        client_id=_session_id(event),
        start_date=event.date,
        end_date=None,
        unlocked_by=by_name,
        workstation_id=event.workstation_id,
        user_session=event.user_session,
        serial=event.serial,
        employee_id=event.employee_id,
        department_id=event.department_id,
        account_id=event.account_id,
    )
