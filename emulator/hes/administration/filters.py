"""What an administrator looks for in the lists. Texts are found as a part, without regard to case; None finds all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hideez_bench.emulator.hes.names import VaultLicenseStatus, VaultStatus
from hideez_bench.emulator.hes.records import DepartmentView, EmployeeView, VaultView, WorkstationView

LOW_BATTERY = 30
"""Percent, up to which a battery counts as low (modelled)."""


class Battery(StrEnum):
    """How full a battery is."""

    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True)
class VaultFilter:
    """Which vaults; `employee`, `company` and `department` are parts of names, those of who has it."""

    id: str | None = None
    mac: str | None = None
    model: str | None = None
    rfid: str | None = None
    battery: Battery | None = None
    firmware: str | None = None
    last_synced_start: datetime | None = None
    last_synced_end: datetime | None = None
    employee: str | None = None
    company: str | None = None
    department: str | None = None
    status: VaultStatus | None = None
    license_status: VaultLicenseStatus | None = None
    license_end_date: datetime | None = None
    """Licences that end by then."""

    def finds(self, row: VaultView) -> bool:
        """Whether it is one of them."""
        return (
            all(
                contains(value, part)
                for value, part in (
                    (row.id, self.id),
                    (row.mac, self.mac),
                    (row.model, self.model),
                    (row.rfid, self.rfid),
                    (row.firmware, self.firmware),
                    (row.employee_name, self.employee),
                )
            )
            and self.battery in (None, Battery.LOW if row.battery <= LOW_BATTERY else Battery.HIGH)
            and between(row.last_synced, self.last_synced_start, self.last_synced_end)
            and _belongs(row.department, self.company, self.department)
            and self.status in (None, row.status)
            and self.license_status in (None, row.license_status)
            and between(row.license_end_date, None, self.license_end_date)
        )


@dataclass(frozen=True)
class EmployeeFilter:
    """Which employees; `name`, `company`, `department` and `position` are parts of names."""

    name: str | None = None
    email: str | None = None
    phone_number: str | None = None
    company: str | None = None
    department: str | None = None
    position: str | None = None
    last_seen_start: datetime | None = None
    last_seen_end: datetime | None = None
    vaults_count: int | None = None

    def finds(self, row: EmployeeView) -> bool:
        """Whether it is one of them."""
        return (
            contains(row.full_name, self.name)
            and contains(row.email, self.email)
            and contains(row.phone_number, self.phone_number)
            and _belongs(row.department, self.company, self.department)
            and (
                self.position is None
                or (row.position is not None and contains(row.position.name, self.position))
            )
            and between(row.last_seen, self.last_seen_start, self.last_seen_end)
            and self.vaults_count in (None, len(row.vault_ids))
        )


@dataclass(frozen=True)
class WorkstationFilter:
    """Which workstations; `company` and `department` are parts of names."""

    name: str | None = None
    domain: str | None = None
    client_version: str | None = None
    company: str | None = None
    department: str | None = None
    os: str | None = None
    ip: str | None = None
    last_seen_start: datetime | None = None
    last_seen_end: datetime | None = None
    rfid_enabled: bool | None = None
    approved: bool | None = None
    online: bool | None = None

    def finds(self, row: WorkstationView) -> bool:
        """Whether it is one of them."""
        return (
            all(
                contains(value, part)
                for value, part in (
                    (row.name, self.name),
                    (row.domain, self.domain),
                    (row.client_version, self.client_version),
                    (row.os, self.os),
                    (row.ip, self.ip),
                )
            )
            and _belongs(row.department, self.company, self.department)
            and between(row.last_seen, self.last_seen_start, self.last_seen_end)
            and self.rfid_enabled in (None, row.rfid_enabled)
            and self.approved in (None, row.approved)
            and self.online in (None, row.is_online)
        )


ALL_VAULTS, ALL_EMPLOYEES, ALL_WORKSTATIONS = VaultFilter(), EmployeeFilter(), WorkstationFilter()


def contains(text: str, part: str | None) -> bool:
    """Whether a part, if any is looked for, is in a text."""
    return part is None or part.casefold() in text.casefold()


def _belongs(belongs_to: DepartmentView | None, company: str | None, department: str | None) -> bool:
    """Whether it is one of these departments; what belongs to none is found by nothing that is looked for."""
    if company is None and department is None:
        return True
    return (
        belongs_to is not None
        and contains(belongs_to.company_name, company)
        and contains(belongs_to.name, department)
    )


def between(moment: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    """Whether a moment is in a span, both ends included; none is in no span that has an end."""
    if start is None and end is None:
        return True
    return moment is not None and (start is None or moment >= start) and (end is None or moment <= end)
