"""The server's tables, with the vendor's entities and fields; only what this server uses of them.

A secret is a column of `SecretBytes`: kept as it is, as with the vendor, while data protection is off, and sealed while
it is on (`cipher.py`). Outside the database it is a `Secret`, so that no row shows it.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Dialect, Enum, ForeignKey, LargeBinary, Sequence, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from hideez_bench.emulator.hes.database.cipher import ciphers_of
from hideez_bench.emulator.hes.database.columns import ExactText, UtcDateTime
from hideez_bench.emulator.hes.names import (
    HardwareVaultActivationStatus,
    VaultLicenseStatus,
    VaultStatus,
    VaultStatusReason,
)
from hideez_bench.protocol.names import Condition
from hideez_bench.protocol.secret import ActivationCode, MasterKey, OtpSecret, Password, Secret
from hideez_bench.protocol.values import AccessParams

if TYPE_CHECKING:
    from hideez_bench.emulator.hes.database.org_models import Department, Position

DEFAULT_PROFILE = "default"


class SecretBytes(TypeDecorator[Secret]):
    """A column of secrets of one type. `column` is its full name, to which its values are bound; `Row` fills it in."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, secret: type[Secret], column: str = "") -> None:
        super().__init__()
        self.secret = secret
        self.column = column

    def process_bind_param(self, value: Secret | None, dialect: Dialect) -> bytes | None:
        """To the database."""
        return None if value is None else ciphers_of(dialect).writing.seal(self.column, value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Secret | None:
        """From the database."""
        return None if value is None else ciphers_of(dialect).reading.open(self.column, value, self.secret)


class Row(DeclarativeBase):
    """The root of all tables."""

    type_annotation_map = {
        # As text everywhere: PostgreSQL's own enumerations would have to be altered for every new member.
        enum.Enum: Enum(enum.Enum, native_enum=False, length=40),
        str: ExactText(),
        datetime: UtcDateTime(),
        MasterKey: SecretBytes(MasterKey),
        ActivationCode: SecretBytes(ActivationCode),
        Password: SecretBytes(Password),
        OtpSecret: SecretBytes(OtpSecret),
    }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for column in cls.__table__.columns:
            if isinstance(column.type, SecretBytes):
                column.type = SecretBytes(column.type.secret, f"{cls.__tablename__}.{column.name}")


class AppSetting(Row):
    """A setting of the server as a whole: its schema's version, the alarm."""

    __tablename__ = "app_settings"

    id: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(ExactText(None))


class Employee(Row):
    """Somebody who may carry keys."""

    __tablename__ = "employees"
    __table_args__ = (UniqueConstraint("first_name", "last_name"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str]
    phone_number: Mapped[str]
    department_id: Mapped[str | None] = mapped_column(ForeignKey("departments.id", ondelete="SET NULL"))
    position_id: Mapped[str | None] = mapped_column(ForeignKey("positions.id", ondelete="SET NULL"))
    last_seen: Mapped[datetime | None]

    hardware_vaults: Mapped[list[HardwareVault]] = relationship(back_populates="employee")
    department: Mapped[Department | None] = relationship("Department", lazy="joined")
    position: Mapped[Position | None] = relationship("Position", lazy="joined")

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


class HardwareVaultProfile(Row):
    """An access profile: what a key asks of button, PIN and master key, and when. Expiration in seconds."""

    __tablename__ = "hardware_vault_profiles"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    button_pairing: Mapped[bool] = mapped_column(default=True)
    button_connection: Mapped[bool] = mapped_column(default=False)
    button_storage_access: Mapped[bool] = mapped_column(default=False)
    pin_pairing: Mapped[bool] = mapped_column(default=False)
    pin_connection: Mapped[bool] = mapped_column(default=False)
    pin_storage_access: Mapped[bool] = mapped_column(default=False)
    master_key_pairing: Mapped[bool] = mapped_column(default=True)
    master_key_connection: Mapped[bool] = mapped_column(default=False)
    master_key_storage_access: Mapped[bool] = mapped_column(default=False)
    pin_expiration: Mapped[int] = mapped_column(default=86400)
    pin_length: Mapped[int] = mapped_column(default=4)
    pin_try_count: Mapped[int] = mapped_column(default=10)

    def access_params(self) -> AccessParams:
        """The profile as a key takes it. Pairing is the key's bond, storage access its further channels."""
        asked = {
            Condition.BUTTON_BOND: self.button_pairing,
            Condition.BUTTON_CONNECT: self.button_connection,
            Condition.BUTTON_CHANNEL: self.button_storage_access,
            Condition.PIN_BOND: self.pin_pairing,
            Condition.PIN_CONNECT: self.pin_connection,
            Condition.PIN_CHANNEL: self.pin_storage_access,
            Condition.MASTER_KEY_BOND: self.master_key_pairing,
            Condition.MASTER_KEY_CONNECT: self.master_key_connection,
            Condition.MASTER_KEY_CHANNEL: self.master_key_storage_access,
        }
        conditions = Condition(0)
        for condition, wanted in asked.items():
            if wanted:
                conditions |= condition
        return AccessParams(
            conditions=conditions,
            pin_min_length=self.pin_length,
            pin_max_tries=self.pin_try_count,
            pin_expiration=self.pin_expiration,
            button_expiration=0,
            master_key_expiration=0,
        )


class HardwareVault(Row):
    """A key as the server has it; `id` is its serial number.

    Modelled are `root_key`, the public root key that the key must show: it belongs to the hardware, and so outlives
    every assignment; and `access_given`, whether the key has had an access profile since it was linked.
    """

    __tablename__ = "hardware_vaults"

    id: Mapped[str] = mapped_column(primary_key=True)
    mac: Mapped[str] = mapped_column(unique=True)
    model: Mapped[str]
    rfid: Mapped[str] = mapped_column(unique=True)
    battery: Mapped[int]
    firmware: Mapped[str]
    status: Mapped[VaultStatus]
    status_reason: Mapped[VaultStatusReason]
    status_description: Mapped[str | None] = mapped_column(ExactText(None))
    is_status_applied: Mapped[bool]
    last_synced: Mapped[datetime | None]
    need_sync: Mapped[bool]
    employee_id: Mapped[str | None] = mapped_column(ForeignKey(Employee.id))
    master_key: Mapped[MasterKey | None]
    profile_id: Mapped[str] = mapped_column(ForeignKey(HardwareVaultProfile.id))
    imported_at: Mapped[datetime]
    timestamp: Mapped[int]
    has_new_license: Mapped[bool]
    license_status: Mapped[VaultLicenseStatus]
    license_end_date: Mapped[datetime | None]
    root_key: Mapped[bytes | None]
    access_given: Mapped[bool]

    employee: Mapped[Employee | None] = relationship(back_populates="hardware_vaults", lazy="joined")
    profile: Mapped[HardwareVaultProfile] = relationship(lazy="joined")


class HardwareVaultActivation(Row):
    """An activation code and what became of it. The vendor misspells the column as `AcivationCode`."""

    __tablename__ = "hardware_vault_activations"

    id: Mapped[int] = mapped_column(
        Sequence("hardware_vault_activations_ids", optional=True), primary_key=True
    )
    vault_id: Mapped[str] = mapped_column(ForeignKey(HardwareVault.id), index=True)
    activation_code: Mapped[ActivationCode]
    created_at: Mapped[datetime]
    status: Mapped[HardwareVaultActivationStatus]


class HardwareVaultLicense(Row):
    """A licence for one key; `data` is what the key takes."""

    __tablename__ = "hardware_vault_licenses"

    id: Mapped[str] = mapped_column(primary_key=True)
    hardware_vault_id: Mapped[str] = mapped_column(ForeignKey(HardwareVault.id), index=True)
    license_order_id: Mapped[str]
    imported_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    end_date: Mapped[datetime]
    data: Mapped[bytes | None]


class Workstation(Row):
    """A computer with a client on it. `rfid_enabled`: it reads radio tags."""

    __tablename__ = "workstations"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    domain: Mapped[str] = mapped_column(default="")
    os: Mapped[str] = mapped_column(default="")
    client_version: Mapped[str] = mapped_column(default="")
    ip: Mapped[str] = mapped_column(default="")
    department_id: Mapped[str | None] = mapped_column(
        ForeignKey("departments.id", ondelete="SET NULL"), default=None
    )
    rfid_enabled: Mapped[bool] = mapped_column(default=False)
    approved: Mapped[bool] = mapped_column(default=False)
    last_seen: Mapped[datetime]

    department: Mapped[Department | None] = relationship("Department", lazy="joined")


def tables_with_secrets() -> list[str]:
    """The tables that have a column of secrets."""
    tables = Row.metadata.tables.items()
    return [name for name, table in tables if any(isinstance(one.type, SecretBytes) for one in table.columns)]
