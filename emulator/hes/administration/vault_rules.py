"""The moves of a vault from status to status, with all that belongs to each. A caller holds one transaction for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.rows import Rows
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.keys import tasks
from hideez_bench.emulator.hes.names import (
    HardwareVaultActivationStatus,
    HesCode,
    VaultLicenseStatus,
    VaultStatus,
    VaultStatusReason,
)
from hideez_bench.emulator.hes.records import VaultImport
from hideez_bench.protocol.secret import ActivationCode, MasterKey

CAN_BE_COMPROMISED = (VaultStatus.Reserved, VaultStatus.Active, VaultStatus.Locked, VaultStatus.Suspended)


def imported(record: VaultImport, now: datetime) -> models.HardwareVault:
    """A vault as import makes it: Ready, nobody's, with the default profile and a full battery."""
    return models.HardwareVault(
        id=record.id,
        mac=record.mac,
        model=record.model,
        rfid=record.rfid,
        battery=100,
        firmware=record.firmware,
        status=VaultStatus.Ready,
        status_reason=VaultStatusReason.None_,
        is_status_applied=False,
        need_sync=False,
        profile_id=models.DEFAULT_PROFILE,
        imported_at=now,
        timestamp=0,
        has_new_license=False,
        license_status=VaultLicenseStatus.None_,
        root_key=record.root_key,
        access_given=False,
    )


Taken = dict[tuple[str, str], str]
"""Whose an address or a radio tag is: the serial number, by what it is and what it says."""


def addresses_and_tags(rows: Rows) -> Taken:
    """Those of all vaults, read at once."""
    vault = models.HardwareVault
    taken: Taken = {}
    for vault_id, mac, rfid in rows.session.execute(select(vault.id, vault.mac, vault.rfid)):
        taken["address", mac] = taken["radio tag", rfid] = vault_id
    return taken


def take_address_and_tag(taken: Taken, record: VaultImport) -> None:
    """A new key has its own.

    Raises:
        HesRuleError: no code: they are another key's.
    """
    for what, value in (("address", record.mac), ("radio tag", record.rfid)):
        other = taken.setdefault((what, value), record.id)
        if other != record.id:
            raise HesRuleError(
                HesCode.None_,
                f"Key {record.id} comes with the {what} of key {other}; nothing was imported. Correct one of them.",
            )


def learn_root_key(vault: models.HardwareVault, root_key: bytes | None) -> None:
    """The maker tells the root key of a known key; what is known already stays.

    Raises:
        HesRuleError: no code: it is not the one that is pinned.
    """
    if root_key is None:
        return
    if vault.root_key not in (None, root_key):
        raise HesRuleError(
            HesCode.None_,
            f"Key {vault.id} has another root key than the import says; nothing was imported. If the import is right, "
            "something else was taken for this key: take it from its employee, have its root key forgotten, and "
            "import it again.",
        )
    vault.root_key = root_key


def forget_root_key(rows: Rows, vault: models.HardwareVault, now: datetime) -> bool:
    """Whatever shows itself next under this serial number is the key; whether the vault is Ready by that.

    It must get nothing of a former assignment: of a Deactivated vault the master key goes too, and a key that was
    linked can be wiped by hand only.

    Raises:
        HesRuleError: it is neither Ready nor Deactivated (no code).
    """
    if vault.status not in (VaultStatus.Ready, VaultStatus.Deactivated):
        raise HesRuleError(
            HesCode.None_,
            f"Key {vault.id} is {vault.status.name}; its root key can be forgotten while it is Ready or Deactivated "
            "only. Take it from its employee first.",
        )
    vault.root_key = None
    is_moved = vault.status is VaultStatus.Deactivated
    if is_moved:
        set_ready(rows, vault, now)
    return is_moved


def reserve(
    rows: Rows,
    vault: models.HardwareVault,
    employee: models.Employee,
    key: MasterKey,
    code: ActivationCode,
    now: datetime,
) -> None:
    """Ready to Reserved.

    Raises:
        HesRuleError: HardwareVaultCannotReserve.
    """
    if vault.status is not VaultStatus.Ready:
        raise HesRuleError(
            HesCode.HardwareVaultCannotReserve,
            f"Key {vault.id} is {vault.status.name} and cannot be assigned.",
        )
    vault.employee = employee
    vault.master_key = key
    vault.status = VaultStatus.Reserved
    vault.is_status_applied = False
    new_code(rows, vault, code, now)


def suspend(
    rows: Rows, vault: models.HardwareVault, description: str, code: ActivationCode, now: datetime
) -> None:
    """Active to Suspended.

    Raises:
        HesRuleError: it is not Active; the vendor has no code for that.
    """
    _require(vault, VaultStatus.Active, "suspended")
    _ask_for_new_code(rows, vault, description, code, now)


def activate(
    rows: Rows, vault: models.HardwareVault, description: str, code: ActivationCode, now: datetime
) -> None:
    """Locked to Suspended: what the administrator's Activate does. The code that was left pending goes (Q5).

    Raises:
        HesRuleError: it is not Locked; the vendor has no code for that.
    """
    _require(vault, VaultStatus.Locked, "activated")
    _ask_for_new_code(rows, vault, description, code, now)


def set_profile(
    rows: Rows, vault: models.HardwareVault, profile: models.HardwareVaultProfile, now: datetime
) -> None:
    """Another access profile for an Active vault.

    Raises:
        HesRuleError: it is not Active; the vendor has no code for that.
    """
    _require(vault, VaultStatus.Active, "given another access profile")
    vault.profile = profile
    tasks.add_profile(rows, vault, now)


def remove(rows: Rows, vault: models.HardwareVault, reason: VaultStatusReason, now: datetime) -> list[str]:
    """Away from its employee: Ready where no key was linked, otherwise Deactivated, to be wiped.

    Returns the workstations that it unlocked until now.

    Raises:
        HesRuleError: HardwareVaultDoesNotAllowToRemove.
    """
    match vault.status, vault.is_status_applied:
        case VaultStatus.Reserved, False:
            workstations = tasks.forget(rows, vault)
            set_ready(rows, vault, now)
        case VaultStatus.Reserved | VaultStatus.Active | VaultStatus.Locked | VaultStatus.Suspended, _:
            # The master key stays, for the wipe; so does a pending code.
            workstations = tasks.forget(rows, vault)
            vault.employee = None
            vault.status = VaultStatus.Deactivated
            vault.status_reason = reason
        case _:
            raise HesRuleError(
                HesCode.HardwareVaultDoesNotAllowToRemove,
                f"Key {vault.id} is {vault.status.name} and cannot be removed from anybody.",
            )
    return workstations


def require_can_be_compromised(vault: models.HardwareVault, reason: VaultStatusReason) -> None:
    """Whether it may be reported lost or stolen.

    Raises:
        HesRuleError: another reason, or a status from which the vendor's page does not offer it. The vendor's service
            itself does not look.
    """
    if reason not in (VaultStatusReason.Lost, VaultStatusReason.Stolen):
        raise HesRuleError(HesCode.None_, f"Key {vault.id} can be compromised as Lost or Stolen only.")
    if vault.status not in CAN_BE_COMPROMISED:
        raise HesRuleError(
            HesCode.None_, f"Key {vault.id} is {vault.status.name} and cannot be marked as compromised."
        )


def compromise(
    rows: Rows, vault: models.HardwareVault, reason: VaultStatusReason, description: str
) -> list[str]:
    """Lost or stolen, for good; returns and raises as `remove` and `require_can_be_compromised`."""
    require_can_be_compromised(vault, reason)
    workstations = tasks.forget(rows, vault)
    vault.employee = None
    vault.master_key = None
    vault.need_sync = False
    vault.status = VaultStatus.Compromised
    vault.status_reason = reason
    vault.status_description = description
    end_code(rows, vault, HardwareVaultActivationStatus.Canceled)
    return workstations


def refuse_old_code(rows: Rows, vault: models.HardwareVault, code: ActivationCode, now: datetime) -> None:
    """The key was unlocked by a code that was too old: Suspended, with a new one."""
    _ask_for_new_code(rows, vault, "The activation code was too old.", code, now)


def set_active(rows: Rows, vault: models.HardwareVault) -> None:
    """The key is in use; its code has done its work."""
    vault.status = VaultStatus.Active
    end_code(rows, vault, HardwareVaultActivationStatus.Activated)


def set_locked(vault: models.HardwareVault) -> None:
    """The key locked itself. A pending code stays pending (Q5), and no reason is noted, as with the vendor."""
    vault.status = VaultStatus.Locked


def set_ready(rows: Rows, vault: models.HardwareVault, now: datetime) -> None:
    """The key is nobody's again."""
    vault.employee = None
    vault.master_key = None
    vault.profile_id = models.DEFAULT_PROFILE
    vault.status = VaultStatus.Ready
    vault.status_reason = VaultStatusReason.None_
    vault.status_description = None
    vault.is_status_applied = False
    vault.has_new_license = False
    vault.need_sync = False
    vault.timestamp = 0
    vault.access_given = False
    vault.last_synced = now
    end_code(rows, vault, HardwareVaultActivationStatus.Canceled)


def new_code(rows: Rows, vault: models.HardwareVault, code: ActivationCode, now: datetime) -> None:
    """A pending code; one that was pending is cancelled, so that there is never a second."""
    end_code(rows, vault, HardwareVaultActivationStatus.Canceled)
    rows.add(
        models.HardwareVaultActivation(
            vault_id=vault.id,
            activation_code=code,
            created_at=now,
            status=HardwareVaultActivationStatus.Pending,
        )
    )


def end_code(rows: Rows, vault: models.HardwareVault, status: HardwareVaultActivationStatus) -> None:
    """What became of the pending code, if there is one."""
    if activation := rows.pending_activation(vault.id):
        activation.status = status


def pending_code(rows: Rows, vault_id: str) -> ActivationCode:
    """The code that the employee must type. Any status will do, as long as one is pending.

    Raises:
        HesRuleError: ActivationCodeNotFound, DataProtectionNotActivated.
    """
    rows.check_protection()
    activation = rows.pending_activation(vault_id)
    if activation is None:
        raise HesRuleError(
            HesCode.ActivationCodeNotFound, f"There is no activation code for key {vault_id} to be typed."
        )
    return activation.activation_code


def _require(vault: models.HardwareVault, status: VaultStatus, what: str) -> None:
    if vault.status is not status:
        raise HesRuleError(
            HesCode.None_,
            f"Key {vault.id} is {vault.status.name}; only one that is {status.name} can be {what}.",
        )


def _ask_for_new_code(
    rows: Rows, vault: models.HardwareVault, description: str, code: ActivationCode, now: datetime
) -> None:
    vault.status = VaultStatus.Suspended
    vault.status_reason = VaultStatusReason.None_
    vault.status_description = description
    vault.is_status_applied = False
    new_code(rows, vault, code, now)
