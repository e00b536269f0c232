"""What happened, on pages: the server's own events, what clients reported, and who worked where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.audit.log import EVERY_SERVER_EVENT, ServerEventFilter
from hideez_bench.emulator.hes.audit.queries import Part
from hideez_bench.emulator.hes.audit.reports import (
    EVERY_EVENT,
    EVERY_SESSION,
    EventFilter,
    EventView,
    SessionFilter,
    SessionView,
)
from hideez_bench.emulator.hes.names import HesEventKind, SessionSwitchSubject
from hideez_bench.emulator.hes.web.pages.page import Pages, fits
from hideez_bench.emulator.hes.web.pages.paging import paging_of, part_of
from hideez_bench.protocol.hes import WorkstationEventType

PAGE = "/audit"
TABS = [(PAGE, "Server"), (f"{PAGE}/clients", "Clients"), (f"{PAGE}/sessions", "Sessions")]
KINDS = {
    HesEventKind.ADMIN: "admin: what administrators did",
    HesEventKind.STATUS: "status: a vault became something else",
    HesEventKind.KEY: "key: what the server did on a key",
    HesEventKind.CLIENT: "client: what clients did",
    HesEventKind.FAILED: "failed: what was refused",
}
UNLOCKED_BY = {
    SessionSwitchSubject.NonHideez: "No key",
    SessionSwitchSubject.Dongle: "Key, by the dongle",
    SessionSwitchSubject.RFID: "RFID",
    SessionSwitchSubject.Proximity: "Key, by coming near",
    SessionSwitchSubject.WinBle: "Key, by Bluetooth",
}


@dataclass(frozen=True)
class Asked:
    """What a list was asked for in its address: a text, and days, which in UTC begin and end with themselves."""

    search: str
    first: date | None
    last: date | None

    @property
    def start(self) -> datetime | None:
        """The first moment that fits."""
        return datetime.combine(self.first, time.min, UTC) if self.first else None

    @property
    def end(self) -> datetime | None:
        """The last moment that fits."""
        return datetime.combine(self.last, time.max, UTC) if self.last else None


class AuditPages:
    """`/audit` and below."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._audit = pages.hes.audit
        self._reports = pages.hes.reports

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        return [
            route(PAGE, self.server, viewers=True),
            route(f"{PAGE}/clients", self.clients, viewers=True),
            route(f"{PAGE}/sessions", self.sessions, viewers=True),
        ]

    async def server(self, request: Request) -> Response:
        """The server's own events, or what of them fits a search."""
        asked, kind = _asked(request), request.query_params.get("kind", "")
        wanted = ServerEventFilter(
            kind=HesEventKind(kind) if kind in set(HesEventKind) else None,
            start_date=asked.start,
            end_date=asked.end,
        )
        if asked.search:
            all_of_them = self._audit.server_events(wanted)
            found = [one for one in all_of_them if fits(asked.search, one.text, one.serial)]
            events, paging = part_of(request, found)
        else:
            paging = paging_of(request, self._audit.count_server_events(wanted))
            events = self._audit.server_events(wanted, Part(paging.start, paging.size))
        return self._pages.show(
            request,
            "audit.html",
            tabs=TABS,
            events=events,
            paging=paging,
            asked=asked,
            kind=kind,
            kinds=[(kind.value, words) for kind, words in KINDS.items()],
            is_filtered=bool(asked.search) or wanted != EVERY_SERVER_EVENT,
        )

    async def clients(self, request: Request) -> Response:
        """What clients reported, or what of it fits a search."""
        asked, query = _asked(request), request.query_params
        event, severity = _number(query.get("event", "")), _number(query.get("severity", ""))
        wanted = EventFilter(start_date=asked.start, end_date=asked.end, event=event, severity=severity)
        if asked.search:
            found = [one for one in self._reports.events(wanted) if _fits(one, asked.search, one.note)]
            events, paging = part_of(request, found)
        else:
            paging = paging_of(request, self._reports.count_events(wanted))
            events = list(self._reports.events(wanted, Part(paging.start, paging.size)))
        kinds, severities = self._reports.kinds()
        return self._pages.show(
            request,
            "audit_clients.html",
            tabs=TABS,
            events=[(one, _event_name(one.event_id)) for one in events],
            paging=paging,
            asked=asked,
            event=str(event),
            kinds=[(str(number), _event_name(number)) for number in kinds],
            severity=str(severity),
            severities=[(str(number), str(number)) for number in severities],
            is_filtered=bool(asked.search) or wanted != EVERY_EVENT,
        )

    async def sessions(self, request: Request) -> Response:
        """Who worked where, or what of it fits a search."""
        asked, by = _asked(request), _number(request.query_params.get("unlocked_by", ""))
        subject = SessionSwitchSubject(by) if by in UNLOCKED_BY else None
        wanted = SessionFilter(start_date=asked.start, end_date=asked.end, unlocked_by=subject)
        if asked.search:
            found = [one for one in self._reports.sessions(wanted) if _fits(one, asked.search)]
            sessions, paging = part_of(request, found)
        else:
            paging = paging_of(request, self._reports.count_sessions(wanted))
            sessions = list(self._reports.sessions(wanted, Part(paging.start, paging.size)))
        return self._pages.show(
            request,
            "audit_sessions.html",
            tabs=TABS,
            sessions=[(one, UNLOCKED_BY[one.unlocked_by]) for one in sessions],
            paging=paging,
            asked=asked,
            unlocked_by=str(by),
            subjects=[(str(subject.value), words) for subject, words in UNLOCKED_BY.items()],
            is_filtered=bool(asked.search) or wanted != EVERY_SESSION,
        )


def _asked(request: Request) -> Asked:
    query = request.query_params
    return Asked(query.get("search", "").strip(), _day(query.get("from", "")), _day(query.get("to", "")))


def _day(text: str) -> date | None:
    """A day as browsers send it; whatever else was typed into the address is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _number(text: str) -> int | None:
    """A whole number that a client can have reported, if it is one."""
    digits = text.removeprefix("-")
    number = int(text) if digits.isascii() and digits.isdigit() and len(digits) < 11 else None
    return number if number is not None and -(2**31) <= number < 2**31 else None


def _event_name(number: int) -> str:
    """The vendor's name of what a client reported, as far as it is known, and its number."""
    known = WorkstationEventType(number).name if number in set(WorkstationEventType) else "Event"
    return f"{known} ({number})"


def _fits(one: EventView | SessionView, search: str, *texts: str) -> bool:
    names = [each.name for each in (one.involved.employee, one.involved.account) if each]
    workstation = one.involved.workstation
    return fits(search, workstation.name, workstation.id, one.serial, one.user_session, *names, *texts)
