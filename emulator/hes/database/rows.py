"""The rows of one transaction, and what is answered where one is not there."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.cipher import Ciphers, Locked, Sealed, not_activated
from hideez_bench.emulator.hes.errors import HesRuleError, hes_error
from hideez_bench.emulator.hes.names import HardwareVaultActivationStatus, HesCode
from hideez_bench.protocol.hes import HesErrorCode
from hideez_bench.protocol.secret import MasterKey


class Rows:
    """The rows of one transaction; `session` is that as SQLAlchemy has it, for the queries of one subject."""

    def __init__(self, session: Session, ciphers: Ciphers) -> None:
        self.session = session
        self._ciphers = ciphers

    def check_protection(self) -> None:
        """See that secrets can be read and written; the vendor's Validate.

        Raises:
            HesRuleError: DataProtectionNotActivated.
        """
        if isinstance(self._ciphers.reading, Locked):
            raise not_activated()

    def add(self, row: models.Row) -> None:
        """A new row."""
        self.session.add(row)
        self.session.flush()

    def vault(self, vault_id: str) -> models.HardwareVault | None:
        """A vault by serial number."""
        return self.session.get(models.HardwareVault, vault_id)

    def vault_with(self, **fields: str) -> models.HardwareVault | None:
        """The vault whose unique fields are these."""
        return self.session.scalar(select(models.HardwareVault).filter_by(**fields))

    def employee(self, employee_id: str) -> models.Employee | None:
        """An employee by id."""
        return self.session.get(models.Employee, employee_id)

    def employee_named(self, first_name: str, last_name: str) -> models.Employee | None:
        """The employee of that name."""
        return self.session.scalar(
            select(models.Employee).filter_by(first_name=first_name, last_name=last_name)
        )

    def workstation(self, workstation_id: str) -> models.Workstation | None:
        """A workstation by name."""
        return self.session.get(models.Workstation, workstation_id)

    def workstations(self) -> list[models.Workstation]:
        """Every workstation, by name."""
        return list(self.session.scalars(select(models.Workstation).order_by(models.Workstation.id)))

    def pending_activation(self, vault_id: str) -> models.HardwareVaultActivation | None:
        """The activation of a vault whose code is still to be typed."""
        query = select(models.HardwareVaultActivation).filter_by(
            vault_id=vault_id, status=HardwareVaultActivationStatus.Pending
        )
        return self.session.scalar(query)

    def licenses(self, vault_id: str) -> list[models.HardwareVaultLicense]:
        """Every licence of a vault, the one that ends first before the others."""
        query = select(models.HardwareVaultLicense).filter_by(hardware_vault_id=vault_id)
        by_end = (models.HardwareVaultLicense.end_date, models.HardwareVaultLicense.id)
        return list(self.session.scalars(query.order_by(*by_end)))

    @property
    def alarm(self) -> bool:
        """Whether the alarm is on."""
        return self.session.get(models.AppSetting, "alarm") is not None

    @alarm.setter
    def alarm(self, on: bool) -> None:
        row = self.session.get(models.AppSetting, "alarm")
        if on and row is None:
            self.add(models.AppSetting(id="alarm", value="on"))
        elif not on and row is not None:
            self.session.delete(row)


def vault_for_admin(rows: Rows, vault_id: str) -> models.HardwareVault:
    """A vault, or the refusal that an administrator gets."""
    vault = rows.vault(vault_id)
    if vault is None:
        sought = f"key {vault_id}" if vault_id else "key without a serial number"
        raise HesRuleError(HesCode.HardwareVaultNotFound, f"The server knows no {sought}; import it first.")
    return vault


def employee_for_admin(rows: Rows, employee_id: str) -> models.Employee:
    """An employee, or the refusal that an administrator gets."""
    employee = rows.employee(employee_id)
    if employee is None:
        raise HesRuleError(
            HesCode.EmployeeNotFound, f"The server knows no employee {employee_id}; nothing was changed."
        )
    return employee


def profile_for_admin(rows: Rows, profile_id: str) -> models.HardwareVaultProfile:
    """An access profile, or the refusal that an administrator gets."""
    profile = rows.session.get(models.HardwareVaultProfile, profile_id)
    if profile is None:
        raise HesRuleError(
            HesCode.HardwareVaultProfileNotFound,
            f"The server has no access profile {profile_id}; nothing was changed.",
        )
    return profile


def vault_for_client(rows: Rows, vault_id: str) -> models.HardwareVault:
    """A vault, or the error that a client gets."""
    vault = rows.vault(vault_id)
    if vault is None:
        raise hes_error(HesErrorCode.HesDeviceNotFound, serial=vault_id)
    return vault


def master_key_of(vault: models.HardwareVault) -> MasterKey:
    """The master key of a vault.

    Raises:
        HesError: HesEmptyMasterKey.
        HesRuleError: DataProtectionNotActivated.
    """
    if vault.master_key is None:
        raise hes_error(HesErrorCode.HesEmptyMasterKey, serial=vault.id)
    if isinstance(vault.master_key, Sealed):
        raise not_activated()
    return vault.master_key
