"""/api/HardwareVaults: the vaults, without what is secret in them."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from hideez_bench.emulator.hes.names import VaultLicenseStatus, VaultStatus, VaultStatusReason
from hideez_bench.emulator.hes.records import VaultView
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Id
from hideez_bench.emulator.hes.web.rest.wiring import TheHes

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


def vault_answer(view: VaultView) -> VaultAnswer:
    """A vault as it is answered."""
    return VaultAnswer(**{**vars(view), "hardware_vault_profile_id": view.profile_id})


@router.get("/GetHardwareVaults")
async def get_hardware_vaults(hes: TheHes) -> list[VaultAnswer]:
    """Every vault."""
    return [vault_answer(view) for view in hes.vaults.list()]


@router.get("/GetHardwareVaultById/{id}")
async def get_hardware_vault_by_id(hes: TheHes, id: Id) -> VaultAnswer:  # noqa: A002 - the vendor's name
    """One vault."""
    return vault_answer(hes.vaults.get(id))
