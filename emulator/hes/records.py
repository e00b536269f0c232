"""What goes in and out of the server: imports, views without secrets, events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hideez_bench.emulator.hes.names import (
    HardwareVaultActivationStatus,
    HesEventKind,
    TaskOperation,
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
class DepartmentView:
    """A department, with its company's name."""

    id: str
    name: str
    company_id: str
    company_name: str


@dataclass(frozen=True)
class VaultView:
    """A vault as anybody may see it: no master key, no code.

    Attributes:
        activation: what became of the latest activation code, None before the first.
        department: where its employee belongs.
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
    department: DepartmentView | None
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
class CodeLife:
    """Until when an activation code may be typed, and whether it may now."""

    until: datetime
    is_now: bool


@dataclass(frozen=True)
class CompanyView:
    """A company with its departments, by name."""

    id: str
    name: str
    departments: tuple[DepartmentView, ...]


@dataclass(frozen=True)
class PositionView:
    """What somebody can be."""

    id: str
    name: str


@dataclass(frozen=True)
class EmployeeDetails:
    """What an administrator enters of somebody. Without a department its id is None or empty; so with the position."""

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
    """Somebody who may carry keys, with the department and the position that their ids name."""

    id: str
    first_name: str
    last_name: str
    email: str
    phone_number: str
    department_id: str | None
    position_id: str | None
    department: DepartmentView | None
    position: PositionView | None
    last_seen: datetime | None
    vault_ids: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class WorkstationView:
    """A computer with a client on it. `is_online`: its client is connected now."""

    id: str
    name: str
    domain: str
    os: str
    client_version: str
    ip: str
    department_id: str | None
    department: DepartmentView | None
    rfid_enabled: bool
    approved: bool
    last_seen: datetime
    is_online: bool


@dataclass(frozen=True)
class WorkstationSettings:
    """What an administrator sets for a workstation. `department_id` is None or empty without one."""

    department_id: str | None = None
    rfid_enabled: bool = False


@dataclass(frozen=True)
class ProximityVaultView:
    """A key that unlocks a workstation by coming near: percent, percent, seconds."""

    id: str
    workstation_id: str
    hardware_vault_id: str
    lock_proximity: int
    unlock_proximity: int
    lock_timeout: int


@dataclass(frozen=True)
class ProfileDetails:
    """An access profile as an administrator enters it; expiration of the PIN in seconds.

    What the vendor forces is not here: at a new bond the button and the master key are always asked for, the master
    key never at a further channel.
    """

    name: str
    button_connection: bool = False
    button_storage_access: bool = False
    pin_pairing: bool = False
    pin_connection: bool = False
    pin_storage_access: bool = False
    master_key_connection: bool = False
    pin_expiration: int = 86400
    pin_length: int = 4
    pin_try_count: int = 10


@dataclass(frozen=True)
class ProfileView:
    """An access profile; `vault_ids` are the keys that it is set for."""

    id: str
    name: str
    button_pairing: bool
    button_connection: bool
    button_storage_access: bool
    pin_pairing: bool
    pin_connection: bool
    pin_storage_access: bool
    master_key_pairing: bool
    master_key_connection: bool
    master_key_storage_access: bool
    pin_expiration: int
    pin_length: int
    pin_try_count: int
    vault_ids: tuple[str, ...]


@dataclass(frozen=True)
class TaskView:
    """Something that a key has yet to be told; it holds no secret."""

    id: str
    operation: TaskOperation
    created_at: datetime
    hardware_vault_id: str
    account_id: str | None


@dataclass(frozen=True)
class Notice:
    """Something that an administrator should look at, how often it is so, and on which page."""

    message: str
    count: int
    page: str


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
