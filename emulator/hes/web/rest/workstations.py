"""/api/Workstations: the computers with a client, and the keys that unlock them by coming near."""

# ruff: noqa: A002 - `id` is the name in the vendor's routes

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, HTTPException, Response
from pydantic import StrictBool

from hideez_bench.emulator.hes.administration.filters import WorkstationFilter
from hideez_bench.emulator.hes.records import ProximityVaultView, WorkstationSettings, WorkstationView
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, Id, Moment, Needed, Text
from hideez_bench.emulator.hes.web.rest.org_structure import DepartmentAnswer, department_answer
from hideez_bench.emulator.hes.web.rest.wiring import TheHes, check_same_id

router = APIRouter(prefix="/Workstations", tags=["Workstations"])


class WorkstationBody(Body):
    """What is set for a workstation."""

    id: Needed
    department_id: Text | None = None
    rfid_enabled: StrictBool = False

    def settings(self) -> WorkstationSettings:
        """For the server."""
        return WorkstationSettings(self.department_id, self.rfid_enabled)


class WorkstationFilterBody(Body):
    """Which workstations; texts are found as a part, those of company and department in their names."""

    name: Text | None = None
    domain: Text | None = None
    client_version: Text | None = None
    company: Text | None = None
    department: Text | None = None
    os: Text | None = None
    ip: Text | None = None
    last_seen_start_date: Moment | None = None
    last_seen_end_date: Moment | None = None
    rfid: StrictBool | None = None
    approved: StrictBool | None = None
    online: StrictBool | None = None

    def wanted(self) -> WorkstationFilter:
        """For the server."""
        return WorkstationFilter(
            name=self.name,
            domain=self.domain,
            client_version=self.client_version,
            company=self.company,
            department=self.department,
            os=self.os,
            ip=self.ip,
            last_seen_start=self.last_seen_start_date,
            last_seen_end=self.last_seen_end_date,
            rfid_enabled=self.rfid,
            approved=self.approved,
            online=self.online,
        )


class AddProximityVaultBody(Body):
    """Which key unlocks which workstation."""

    workstation_id: Needed
    hardware_vault_id: Needed


class WorkstationAnswer(Answer):
    """A workstation. `rfid` is whether it reads radio tags; `isOnline` whether its client is connected now."""

    id: str
    name: str
    domain: str
    client_version: str
    department_id: str | None
    department: DepartmentAnswer | None
    os: str
    ip: str
    last_seen: datetime
    approved: bool
    rfid: bool
    is_online: bool


class ProximityVaultAnswer(Answer):
    """A key that unlocks a workstation by coming near: percent, percent, seconds."""

    id: str
    workstation_id: str
    hardware_vault_id: str
    lock_proximity: int
    unlock_proximity: int
    lock_timeout: int


@router.get("/GetWorkstations")
async def get_workstations(hes: TheHes) -> list[WorkstationAnswer]:
    """Every workstation that was ever here."""
    return [_answer(view) for view in hes.workstations.list()]


@router.get("/GetWorkstationById/{id}")
async def get_workstation_by_id(hes: TheHes, id: Id) -> WorkstationAnswer:
    """One workstation."""
    return _answer(hes.workstations.get(id))


@router.post("/GetFilteredWorkstations")
async def get_filtered_workstations(hes: TheHes, body: WorkstationFilterBody) -> list[WorkstationAnswer]:
    """Those of which all that is named is true."""
    return [_answer(view) for view in hes.workstations.list(body.wanted())]


@router.put("/EditWorkstation/{id}", status_code=204)
async def edit_workstation(hes: TheHes, id: Id, body: WorkstationBody) -> None:
    """Change what is set for an approved workstation."""
    check_same_id(id, body.id)
    if not hes.workstations.get(id).approved:
        raise HTTPException(400, f"Workstation {id} is not approved; nothing was changed.")
    hes.workstations.edit(id, body.settings())


@router.put("/ApproveWorkstation/{id}", status_code=204)
async def approve_workstation(hes: TheHes, id: Id, body: WorkstationBody) -> None:
    """Let a workstation's client in. It is not told, as with the vendor: only a page tells it."""
    check_same_id(id, body.id)
    hes.workstations.approve(id, body.settings(), push=False)


@router.put("/UnapproveWorkstation/{id}", status_code=204)
async def unapprove_workstation(hes: TheHes, id: Id) -> None:
    """Shut a workstation's client out."""
    hes.workstations.unapprove(id)


@router.get("/GetProximityVaults/{id}")
async def get_proximity_vaults(hes: TheHes, id: Id) -> list[ProximityVaultAnswer]:
    """The keys that unlock a workstation."""
    return [_pair(view) for view in hes.workstations.proximity_vaults(id)]


@router.get("/GetProximityVaultById/{id}")
async def get_proximity_vault_by_id(hes: TheHes, id: Id) -> ProximityVaultAnswer:
    """One of them."""
    return _pair(hes.workstations.proximity_vault(id))


@router.post("/AddProximityVault", status_code=201)
async def add_proximity_vault(
    hes: TheHes, body: AddProximityVaultBody, response: Response
) -> ProximityVaultAnswer:
    """Have a key unlock a workstation by coming near."""
    created = _pair(hes.workstations.add_proximity_vault(body.workstation_id, body.hardware_vault_id))
    response.headers["location"] = f"/api/Workstations/GetProximityVaultById/{created.id}"
    return created


@router.post("/DeleteProximityDevice/{id}", status_code=204)
async def delete_proximity_device(hes: TheHes, id: Id) -> None:
    """Have a key no longer unlock a workstation."""
    hes.workstations.delete_proximity_vault(id)


@router.post("/LockAllWorkstations", response_class=Response)
async def lock_all_workstations(hes: TheHes) -> Response:
    """Raise the alarm, which locks every workstation, as with the vendor."""
    hes.set_alarm(True)
    return Response(status_code=200)


def _answer(view: WorkstationView) -> WorkstationAnswer:
    department = department_answer(view.department) if view.department else None
    return WorkstationAnswer(**{**vars(view), "rfid": view.rfid_enabled, "department": department})


def _pair(view: ProximityVaultView) -> ProximityVaultAnswer:
    return ProximityVaultAnswer.model_validate(view)
