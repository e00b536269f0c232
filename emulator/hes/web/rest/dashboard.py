"""/api/Dashboard: how much of everything there is, and what somebody should look at."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from hideez_bench.emulator.hes.names import TaskOperation
from hideez_bench.emulator.hes.records import Notice, TaskView
from hideez_bench.emulator.hes.web.rest.bodies import Answer
from hideez_bench.emulator.hes.web.rest.wiring import TheHes

router = APIRouter(prefix="/Dashboard", tags=["Dashboard"])


class TaskAnswer(Answer):
    """What a key has yet to be told. `timestamp` is its moment in seconds since 1970."""

    id: str
    operation: TaskOperation
    created_at: datetime
    timestamp: int
    hardware_vault_id: str
    account_id: str | None


class NoticeAnswer(Answer):
    """What somebody should look at; `page` is where."""

    message: str
    count: int
    page: str


@router.get("/GetServerVersion", response_class=PlainTextResponse)
async def get_server_version(hes: TheHes) -> str:
    """The version of this server, as plain text."""
    return hes.dashboard.server_version()


@router.get("/GetDeviceTasksCount")
async def get_device_tasks_count(hes: TheHes) -> int:
    """How many tasks wait for their keys."""
    return hes.dashboard.tasks_count()


@router.get("/GetDeviceTasks")
async def get_device_tasks(hes: TheHes) -> list[TaskAnswer]:
    """The tasks that wait for their keys."""
    return [_task(view) for view in hes.dashboard.tasks()]


@router.get("/GetServerNotify")
async def get_server_notify(hes: TheHes) -> list[NoticeAnswer]:
    """What should be looked at of the server itself."""
    return _notices(hes.dashboard.server_notices())


@router.get("/GetEmployeesCount")
async def get_employees_count(hes: TheHes) -> int:
    """How many employees there are."""
    return hes.dashboard.employees_count()


@router.get("/GetEmployeesOpenedSessionsCount")
async def get_employees_opened_sessions_count(hes: TheHes) -> int:
    """At how many workstations somebody works now."""
    return hes.dashboard.open_sessions_count()


@router.get("/GetEmployeesNotify")
async def get_employees_notify(hes: TheHes) -> list[NoticeAnswer]:
    """What should be looked at of people at work."""
    return _notices(hes.dashboard.employees_notices())


@router.get("/GetDevicesCount")
async def get_devices_count(hes: TheHes) -> int:
    """How many vaults there are."""
    return hes.dashboard.vaults_count()


@router.get("/GetFreeDevicesCount")
async def get_free_devices_count(hes: TheHes) -> int:
    """How many vaults are nobody's."""
    return hes.dashboard.free_vaults_count()


@router.get("/GetDevicesNotify")
async def get_devices_notify(hes: TheHes) -> list[NoticeAnswer]:
    """What should be looked at of the vaults."""
    return _notices(hes.dashboard.vaults_notices())


@router.get("/GetWorkstationsCount")
async def get_workstations_count(hes: TheHes) -> int:
    """How many workstations were ever here."""
    return hes.dashboard.workstations_count()


@router.get("/GetWorkstationsOnlineCount")
async def get_workstations_online_count(hes: TheHes) -> int:
    """How many workstations have a client that is connected now."""
    return hes.dashboard.online_workstations_count()


@router.get("/GetWorkstationsNotify")
async def get_workstations_notify(hes: TheHes) -> list[NoticeAnswer]:
    """What should be looked at of the workstations."""
    return _notices(hes.dashboard.workstations_notices())


def _task(view: TaskView) -> TaskAnswer:
    return TaskAnswer(**vars(view), timestamp=int(view.created_at.timestamp()))


def _notices(notices: list[Notice]) -> list[NoticeAnswer]:
    return [NoticeAnswer.model_validate(notice) for notice in notices]
