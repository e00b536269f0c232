"""What goes in and out of the server: imports, views without secrets, events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hideez_bench.emulator.hes.names import (
    HardwareVaultActivationStatus,
    HesEventKind,
    VaultLicenseStatus,
    VaultStatus,
    VaultStatusReason,
)


@dataclass(frozen=True)
class LicenseImport:
    """A licence as the licence server hands it over. `data` is what the key takes; None was never filled in."""

    id: str
    end_date: datetime
    data: bytes | None
    license_order_id: str = ""


@dataclass(frozen=True)
class VaultImport:
    """A key as the licence server hands it over.

    Attributes:
        id: the key's serial number.
        root_key: the key's public root key (33 bytes, compressed P-256) where the maker told it; otherwise the
            server remembers the one that it meets first (modelled).
    """

    id: str
    mac: str
    rfid: str
    model: str = "ST102"
    firmware: str = "3.0.0"
    licenses: tuple[LicenseImport, ...] = ()
    root_key: bytes | None = None


@dataclass(frozen=True)
class VaultView:
    """A vault as anybody may see it: no master key, no code.

    Attributes:
        activation: what became of the latest activation code, None before the first.
        is_online: whether the key hangs on a workstation now.
    """

    id: str
    mac: str
    model: str
    rfid: str
    battery: int
    firmware: str
    status: VaultStatus
    status_reason: VaultStatusReason
    status_description: str | None
    is_status_applied: bool
    activation: HardwareVaultActivationStatus | None
    employee_id: str | None
    employee_name: str
    profile_id: str
    timestamp: int
    need_sync: bool
    has_new_license: bool
    license_status: VaultLicenseStatus
    license_end_date: datetime | None
    imported_at: datetime
    last_synced: datetime | None
    is_online: bool


@dataclass(frozen=True)
class EmployeeDetails:
    """What an administrator enters of somebody. Ids of department and position are kept as they come."""

    first_name: str
    last_name: str = ""
    email: str = ""
    phone_number: str = ""
    department_id: str | None = None
    position_id: str | None = None

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class EmployeeView:
    """Somebody who may carry keys."""

    id: str
    first_name: str
    last_name: str
    email: str
    phone_number: str
    department_id: str | None
    position_id: str | None
    last_seen: datetime | None
    vault_ids: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class WorkstationView:
    """A computer with a client on it."""

    id: str
    approved: bool
    last_seen: datetime


@dataclass(frozen=True)
class HesEvent:
    """Something that happened on the server; `text` tells it as what somebody does, and holds no secret.

    Attributes:
        serial: the key that it is about, empty where it is about none.
    """

    at: datetime
    kind: HesEventKind
    serial: str
    text: str
