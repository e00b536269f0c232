"""/api/Audit, of events and sessions: what clients reported, and who worked where."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from hideez_bench.emulator.hes.audit.reports import (
    EventFilter,
    EventView,
    Involved,
    Named,
    SessionFilter,
    SessionView,
)
from hideez_bench.emulator.hes.names import AccountType, SessionSwitchSubject
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, IsNumber, Moment, Text
from hideez_bench.emulator.hes.web.rest.long_lists import long_list
from hideez_bench.emulator.hes.web.rest.wiring import TheHes

router = APIRouter(prefix="/Audit", tags=["Audit"])

Number = Annotated[int, Field(ge=-(2**31), le=2**31 - 1), IsNumber]


class InvolvedBody(Body):
    """Whom and what events and sessions have to do with; texts are found as a part."""

    start_date: Moment | None = None
    end_date: Moment | None = None
    workstation: Text | None = None
    user_session: Text | None = None
    hardware_vault: Text | None = None
    employee: Text | None = None
    company: Text | None = None
    department: Text | None = None
    account: Text | None = None
    account_type: Annotated[AccountType, IsNumber] | None = None


class EventFilterBody(InvolvedBody):
    """Which events; those from `startDate` to `endDate`. `event` and `severity` are the client's numbers."""

    event: Number | None = None
    severity: Number | None = None
    note: Text | None = None


class SessionFilterBody(InvolvedBody):
    """Which sessions; those that began at `startDate` or later and have ended by `endDate`."""

    unlocked_by: Annotated[SessionSwitchSubject, IsNumber] | None = None


class NameAnswer(Answer):
    """Something by id and name."""

    id: str
    name: str


class AccountName(NameAnswer):
    """An account by id and name, and whose it is."""

    type: AccountType


class InvolvedAnswer(Answer):
    """Where it was, and who carried the key then. What is not known, or was deleted since, is null."""

    workstation_id: str
    workstation: NameAnswer
    hardware_vault_id: str | None
    employee_id: str | None
    employee: NameAnswer | None
    department_id: str | None
    department: NameAnswer | None
    company: NameAnswer | None
    account_id: str | None
    account: AccountName | None
    user_session: str


class EventAnswer(InvolvedAnswer):
    """Something that a client reported."""

    id: str
    date: datetime
    event_id: int
    severity_id: int
    note: str


class SessionAnswer(InvolvedAnswer):
    """The time in which somebody worked at a workstation. `endDate` is null while it lasts."""

    id: str
    start_date: datetime
    end_date: datetime | None
    unlocked_by: SessionSwitchSubject


@router.get("/GetEvents", response_model=list[EventAnswer])
async def get_events(hes: TheHes) -> Response:
    """What clients reported, latest first."""
    return long_list(hes.reports.events(), _event)


@router.post("/GetFilteredEvents", response_model=list[EventAnswer])
async def get_filtered_events(hes: TheHes, body: EventFilterBody) -> Response:
    """Those of which all that is named is true."""
    return long_list(hes.reports.events(EventFilter(**dict(body))), _event)


@router.get("/GetSessions", response_model=list[SessionAnswer])
async def get_sessions(hes: TheHes) -> Response:
    """Who worked where, those that began last first."""
    return long_list(hes.reports.sessions(), _session)


@router.post("/GetFilteredSessions", response_model=list[SessionAnswer])
async def get_filtered_sessions(hes: TheHes, body: SessionFilterBody) -> Response:
    """Those of which all that is named is true."""
    return long_list(hes.reports.sessions(SessionFilter(**dict(body))), _session)


def _event(view: EventView) -> EventAnswer:
    return EventAnswer(**{**vars(view), **_involved(view, view.involved)})


def _session(view: SessionView) -> SessionAnswer:
    return SessionAnswer(**{**vars(view), **_involved(view, view.involved)})


def _involved(view: EventView | SessionView, one: Involved) -> dict[str, object]:
    named = {"employee": one.employee, "department": one.department, "account": one.account}
    answers = {name: _name(each) for name, each in named.items()}
    if one.account and one.account_type is not None:
        answers["account"] = AccountName(id=one.account.id, name=one.account.name, type=one.account_type)
    return {
        **{f"{name}_id": each.id if each else None for name, each in named.items()},
        **answers,
        "company": _name(one.company),
        "workstation_id": one.workstation.id,
        "workstation": _name(one.workstation),
        "hardware_vault_id": view.serial or None,
    }


def _name(one: Named | None) -> NameAnswer | None:
    return NameAnswer(id=one.id, name=one.name) if one else None
