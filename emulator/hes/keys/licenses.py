"""Licences: which a client fetches for a key, and what the vault shows of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.rows import Rows
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, VaultLicenseStatus
from hideez_bench.emulator.hes.records import LicenseImport
from hideez_bench.protocol.hes import HwVaultLicense


def take_over(
    rows: Rows, vault: models.HardwareVault, licenses: Iterable[LicenseImport], now: datetime
) -> None:
    """Store licences of a vault; those that are there already are skipped.

    Raises:
        HesRuleError: no code: one of them is another vault's.
    """
    for record in licenses:
        there = rows.session.get(models.HardwareVaultLicense, record.id)
        if there is None:
            row = models.HardwareVaultLicense(
                id=record.id,
                hardware_vault_id=vault.id,
                license_order_id=record.license_order_id,
                imported_at=now,
                end_date=record.end_date,
                data=record.data,
            )
            rows.add(row)
            vault.has_new_license = True
        elif there.hardware_vault_id != vault.id:
            raise HesRuleError(
                HesCode.None_,
                f"Licence {record.id} is for key {vault.id} and for key {there.hardware_vault_id}; nothing was "
                "imported. Correct one of them.",
            )


def active(rows: Rows, vault_id: str, now: datetime) -> list[HwVaultLicense]:
    """Those that end today or later."""
    today = now.astimezone(UTC).date()
    return [_for_client(row) for row in rows.licenses(vault_id) if row.end_date.date() >= today and row.data]


def new(rows: Rows, vault_id: str) -> list[HwVaultLicense]:
    """Those that no client has reported as applied."""
    return [_for_client(row) for row in rows.licenses(vault_id) if row.applied_at is None and row.data]


def applied(rows: Rows, vault: models.HardwareVault, license_id: str, now: datetime) -> None:
    """A licence is on the key.

    Raises:
        HesRuleError: LicenseForHardwareVaultNotFound.
    """
    licenses = rows.licenses(vault.id)
    row = next((row for row in licenses if row.id == license_id), None)
    if row is None:
        raise HesRuleError(
            HesCode.LicenseForHardwareVaultNotFound,
            f"Key {vault.id} has no licence {license_id} on the server.",
        )
    row.applied_at = now
    vault.has_new_license = any(row.applied_at is None and row.data for row in licenses)
    vault.license_end_date = max(row.end_date for row in licenses)
    vault.license_status = status(vault.license_status, vault.license_end_date, now)


def status(noted: VaultLicenseStatus, end: datetime | None, now: datetime) -> VaultLicenseStatus:
    """How long a vault's licence still runs, counted in days, by what was noted when it was applied.

    The last day leaves it as it was the day before.
    """
    if end is None:
        return noted
    days = (end.date() - now.astimezone(UTC).date()).days
    day_before = VaultLicenseStatus.Critical if noted else VaultLicenseStatus.None_
    return _by_days(days) or day_before


def _by_days(days_left: int) -> VaultLicenseStatus | None:
    if days_left > 90:
        return VaultLicenseStatus.Valid
    if days_left > 30:
        return VaultLicenseStatus.Warning
    if days_left > 0:
        return VaultLicenseStatus.Critical
    return VaultLicenseStatus.Expired if days_left < 0 else None


def _for_client(row: models.HardwareVaultLicense) -> HwVaultLicense:
    return HwVaultLicense(
        row.id,
        row.hardware_vault_id,
        row.imported_at,
        row.applied_at,
        row.end_date,
        row.license_order_id,
        row.data,
    )
