"""What an administrator can look up later: what happened on the server, and what clients reported."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes.audit import sessions
from hideez_bench.emulator.hes.audit.queries import ALL, Part, between, count, equals, read
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import workstation_models as tables
from hideez_bench.emulator.hes.database.columns import NAME_LENGTH, NOTE_LENGTH
from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.protocol.hes import WorkstationEvent

MOST_EVENTS = 10_000
"""Of what clients reported, of what they made happen, and of everything else; the oldest go first."""

DROP_AT = 100
"""Server events that are written before the oldest are looked for, which takes some hundredths of a second."""

_FROM_OUTSIDE = frozenset({HesEventKind.CLIENT, HesEventKind.FAILED})
"""What anybody who reaches the server can make it tell, as often as he likes; it must not push out the rest."""

MOST_AT_ONCE = 1000
"""Events that are taken from a client in one call; the rest of them is dropped."""


_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerEventFilter:
    """Which server events."""

    kind: HesEventKind | None = None
    serial: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None

    def condition(self) -> ColumnElement[bool]:
        """Whether a row is one of them."""
        table = tables.ServerEvent
        return and_(
            equals(table.kind, self.kind),
            equals(table.serial, self.serial),
            between(table.at, self.start_date, self.end_date),
        )


EVERY_SERVER_EVENT = ServerEventFilter()


class Audit:
    """The events of server and clients. A server event holds no secret; what a client writes is the client's matter."""

    def __init__(self, core: Core) -> None:
        self._store = core.store
        self._utc = core.utc
        self._noted: list[HesEvent] = []
        self._written = Counter({True: DROP_AT, False: DROP_AT})
        core.subscribe(self._note)

    def write(self) -> None:
        """Keep the server events so far. A database that fails must not stop the server, so that is only logged."""
        rows = [
            tables.ServerEvent(at=event.at, kind=event.kind, serial=event.serial, text=event.text)
            for event in self._noted
        ]
        self._noted.clear()
        if not rows:
            return
        try:
            with self._store.session() as session:
                session.add_all(rows)
                session.flush()
                self._written += Counter(row.kind in _FROM_OUTSIDE for row in rows)
                for from_outside in (True, False):
                    if self._written[from_outside] >= DROP_AT:
                        _drop_server_events(session, from_outside=from_outside)
                        self._written[from_outside] = 0
        except StoreError as error:
            _logger.warning("%s events were not kept. %s", len(rows), error)

    def _note(self, event: HesEvent) -> None:
        """Events that follow one another at once are written together, for the sake of long imports."""
        self._noted.append(event)
        if len(self._noted) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self.write)
        except RuntimeError:  # no event loop runs, as in a program that only imports
            self.write()

    def save_client_events(self, workstation_id: str, events: Iterable[WorkstationEvent]) -> None:
        """Keep what a client reports; an event that it reports again is kept once."""
        with self._store.session() as session:
            reported = [_row(workstation_id, event) for event in list(events)[:MOST_AT_ONCE]]
            ids = tables.WorkstationEvent.client_id
            query = select(ids).where(ids.in_({row.client_id for row in reported}))
            known = set(session.scalars(query.filter_by(workstation_id=workstation_id)))
            bearers = sessions.Bearers(session, reported)
            followed = sessions.Followed(session, workstation_id, reported)
            for row in reported:
                if row.client_id not in known:
                    known.add(row.client_id)
                    bearers.note(row)
                    session.add(row)
                    followed.follow(row)
            session.flush()
            _drop_client_events(session)
            sessions.drop_oldest(session)

    def end_sessions(self, workstation_id: str) -> None:
        """A workstation's client is gone, and nobody works there as far as is known. A failure is only logged."""
        try:
            with self._store.session() as session:
                sessions.end(session, workstation_id, self._utc())
        except StoreError as error:
            _logger.warning("The sessions of workstation %s were not ended. %s", workstation_id, error)

    def server_events(
        self, which: ServerEventFilter = EVERY_SERVER_EVENT, part: Part = ALL
    ) -> list[HesEvent]:
        """A part of these server events, latest first."""
        self.write()
        table = tables.ServerEvent
        latest = select(table.at, table.kind, table.serial, table.text).order_by(table.id.desc())
        return [HesEvent(*row) for row in read(self._store, latest, which.condition(), part)]

    def count_server_events(self, which: ServerEventFilter = EVERY_SERVER_EVENT) -> int:
        """How many of these server events are kept."""
        self.write()
        return count(self._store, tables.ServerEvent, which.condition())


_COPIED = (
    "date",
    "event_id",
    "severity_id",
    "note",
    "user_session",
    "serial",
    "account_name",
    "account_login",
    "workstation_session_id",
)


def _row(workstation_id: str, event: WorkstationEvent) -> tables.WorkstationEvent:
    values = {name: getattr(event, name) for name in _COPIED}
    cut = {name: value[:NOTE_LENGTH] if isinstance(value, str) else value for name, value in values.items()}
    return tables.WorkstationEvent(client_id=event.id[:NAME_LENGTH], workstation_id=workstation_id, **cut)


def _drop_server_events(session: Session, *, from_outside: bool) -> None:
    table = tables.ServerEvent
    which = table.kind.in_(_FROM_OUTSIDE) if from_outside else table.kind.not_in(_FROM_OUTSIDE)
    newest = select(table.id).where(which).order_by(table.id.desc())
    last_to_go = session.scalar(newest.offset(MOST_EVENTS).limit(1))
    if last_to_go is not None:
        session.execute(delete(table).where(table.id <= last_to_go, which))


def _drop_client_events(session: Session) -> None:
    table = tables.WorkstationEvent
    newest = session.scalar(select(func.max(table.id))) or 0
    session.execute(delete(table).where(table.id <= newest - MOST_EVENTS))
