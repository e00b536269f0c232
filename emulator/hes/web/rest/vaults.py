"""/api/HardwareVaults: the vaults, without what is secret in them."""

# ruff: noqa: A002 - `id` is the name in the vendor's routes

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response

from hideez_bench.emulator.hes.administration.filters import Battery, VaultFilter
from hideez_bench.emulator.hes.names import VaultLicenseStatus, VaultStatus, VaultStatusReason
from hideez_bench.emulator.hes.records import VaultView
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, Id, IsNumber, Moment, Needed, Text
from hideez_bench.emulator.hes.web.rest.long_lists import long_list
from hideez_bench.emulator.hes.web.rest.wiring import TheHes, check_same_id

router = APIRouter(prefix="/HardwareVaults", tags=["HardwareVaults"])


class VaultAnswer(Answer):
    """A vault. The vendor also answers its `masterPassword` (Q10); this server never does."""

    id: str
    mac: str
    model: str
    rfid: str
    battery: int
    firmware: str
    status: VaultStatus
    status_reason: VaultStatusReason
    status_description: str | None
    last_synced: datetime | None
    need_sync: bool
    employee_id: str | None
    hardware_vault_profile_id: str
    imported_at: datetime
    timestamp: int
    has_new_license: bool
    is_status_applied: bool
    license_status: VaultLicenseStatus
    license_end_date: datetime | None
    is_online: bool


class VaultFilterBody(Body):
    """Which vaults; texts are found as a part, those of company and department in the names of its employee's."""

    id: Text | None = None
    mac: Text | None = None
    model: Text | None = None
    rfid: Text | None = None
    battery: Battery | None = None
    firmware: Text | None = None
    last_synced_start_date: Moment | None = None
    last_synced_end_date: Moment | None = None
    employee: Text | None = None
    company: Text | None = None
    department: Text | None = None
    status: Annotated[VaultStatus, IsNumber] | None = None
    license_status: Annotated[VaultLicenseStatus, IsNumber] | None = None
    license_end_date: Moment | None = None


class RfidBody(Body):
    """The radio tag that a key is known by."""

    id: Needed
    rfid: Needed


class SetProfileBody(Body):
    """Which key gets which profile."""

    hardware_vault_id: Needed
    profile_id: Needed


def vault_answer(view: VaultView) -> VaultAnswer:
    """A vault as it is answered."""
    return VaultAnswer(**{**vars(view), "hardware_vault_profile_id": view.profile_id})


@router.get("/GetHardwareVaults", response_model=list[VaultAnswer])
async def get_hardware_vaults(hes: TheHes) -> Response:
    """Every vault."""
    return long_list(hes.vaults.list(), vault_answer)


@router.post("/GetFilteredHardwareVaults", response_model=list[VaultAnswer])
async def get_filtered_hardware_vaults(hes: TheHes, body: VaultFilterBody) -> Response:
    """Those of which all that is named is true."""
    wanted = VaultFilter(
        id=body.id,
        mac=body.mac,
        model=body.model,
        rfid=body.rfid,
        battery=body.battery,
        firmware=body.firmware,
        last_synced_start=body.last_synced_start_date,
        last_synced_end=body.last_synced_end_date,
        employee=body.employee,
        company=body.company,
        department=body.department,
        status=body.status,
        license_status=body.license_status,
        license_end_date=body.license_end_date,
    )
    return long_list(hes.vaults.list(wanted), vault_answer)


@router.get("/GetHardwareVaultById/{id}")
async def get_hardware_vault_by_id(hes: TheHes, id: Id) -> VaultAnswer:
    """One vault."""
    return vault_answer(hes.vaults.get(id))


@router.put("/EditHardwareVaultRfid/{id}", status_code=204)
async def edit_hardware_vault_rfid(hes: TheHes, id: Id, body: RfidBody) -> None:
    """Change the radio tag that a key is known by."""
    check_same_id(id, body.id)
    hes.vaults.edit_rfid(id, body.rfid)


@router.post("/SetAccessProfile", status_code=204)
async def set_access_profile(hes: TheHes, body: SetProfileBody) -> None:
    """Give an Active key another access profile."""
    await hes.vaults.set_profile(body.hardware_vault_id, body.profile_id)
