"""What an administrator can look up later: what happened on the server, and what clients reported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes import workstation_models as tables
from hideez_bench.emulator.hes.columns import NAME_LENGTH, NOTE_LENGTH
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.protocol.hes import WorkstationEvent

MOST_EVENTS = 10_000
"""Of each kind; the oldest go first."""

MOST_AT_ONCE = 1000
"""Events that are taken from a client in one call; the rest of them is dropped."""


_logger = logging.getLogger(__name__)


class Audit:
    """The events of server and clients. A server event holds no secret; what a client writes is the client's matter."""

    def __init__(self, core: Core) -> None:
        self._store = core.store
        self._noted: list[HesEvent] = []
        core.subscribe(self._note)

    def write(self) -> None:
        """Keep the server events so far. A database that fails must not stop the server, so that is only logged."""
        rows = [
            tables.ServerEvent(
                at=event.at,
                kind=event.kind,
                serial=event.serial[:NOTE_LENGTH],
                text=event.text[:NOTE_LENGTH],
            )
            for event in self._noted
        ]
        self._noted.clear()
        if not rows:
            return
        try:
            with self._store.session() as session:
                session.add_all(rows)
                session.flush()
                _drop_oldest(session, tables.ServerEvent)
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
            query = select(tables.WorkstationEvent.client_id).filter_by(workstation_id=workstation_id)
            known = set(session.scalars(query))
            for event in list(events)[:MOST_AT_ONCE]:
                row = _row(workstation_id, event)
                if row.client_id not in known:
                    known.add(row.client_id)
                    session.add(row)
            session.flush()
            _drop_oldest(session, tables.WorkstationEvent)

    def server_events(self, limit: int = 100) -> list[HesEvent]:
        """The latest server events, latest first."""
        self.write()
        table = tables.ServerEvent
        with self._store.session() as session:
            rows = session.scalars(select(table).order_by(table.id.desc()).limit(limit))
            return [HesEvent(row.at, row.kind, row.serial, row.text) for row in rows]

    def client_events(self, limit: int = 100) -> list[WorkstationEvent]:
        """What clients reported last, latest first; the workstation is the one that reported it."""
        table = tables.WorkstationEvent
        with self._store.session() as session:
            rows = session.scalars(select(table).order_by(table.id.desc()).limit(limit))
            return [_event(row) for row in rows]


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


def _event(row: tables.WorkstationEvent) -> WorkstationEvent:
    copied = {name: getattr(row, name) for name in _COPIED}
    return WorkstationEvent(id=row.client_id, workstation_id=row.workstation_id, **copied)


def _drop_oldest(session: Session, table: type[tables.ServerEvent] | type[tables.WorkstationEvent]) -> None:
    newest = session.scalar(select(func.max(table.id))) or 0
    session.execute(delete(table).where(table.id <= newest - MOST_EVENTS))
