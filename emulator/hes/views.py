"""Rows as anybody may see them. The vendor's REST answers hold the master key as well (Q10); these never do."""

from __future__ import annotations

from hideez_bench.emulator.hes import models
from hideez_bench.emulator.hes.records import EmployeeView, VaultView


def vault_view(
    vault: models.HardwareVault, latest: models.HardwareVaultActivation | None, *, is_online: bool
) -> VaultView:
    """A vault with what became of its latest code."""
    return VaultView(
        id=vault.id,
        mac=vault.mac,
        model=vault.model,
        rfid=vault.rfid,
        battery=vault.battery,
        firmware=vault.firmware,
        status=vault.status,
        status_reason=vault.status_reason,
        status_description=vault.status_description,
        is_status_applied=vault.is_status_applied,
        activation=latest.status if latest else None,
        employee_id=vault.employee_id,
        employee_name=vault.employee.full_name if vault.employee else "",
        profile_id=vault.profile_id,
        timestamp=vault.timestamp,
        need_sync=vault.need_sync,
        has_new_license=vault.has_new_license,
        license_status=vault.license_status,
        license_end_date=vault.license_end_date,
        imported_at=vault.imported_at,
        last_synced=vault.last_synced,
        is_online=is_online,
    )


def employee_view(employee: models.Employee) -> EmployeeView:
    """An employee with the keys that they carry."""
    return EmployeeView(
        id=employee.id,
        first_name=employee.first_name,
        last_name=employee.last_name,
        email=employee.email,
        phone_number=employee.phone_number,
        department_id=employee.department_id,
        position_id=employee.position_id,
        last_seen=employee.last_seen,
        vault_ids=tuple(sorted(vault.id for vault in employee.hardware_vaults)),
    )
