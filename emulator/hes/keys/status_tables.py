"""Decision tables A and B: what a key's state and its vault's status mean for one another.

Both are laid out as docs/hes.md shows them, a line for a row.
"""

from __future__ import annotations

from enum import Enum, StrEnum, auto

from hideez_bench.emulator.hes.errors import hes_error
from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.protocol.hes import HesErrorCode


class KeyState(StrEnum):
    """What a key tells about itself, as far as the tables ask."""

    LINK_REQUIRED = "link required"
    UNLOCKED = "unlocked"
    CAN_UNLOCK = "locked, can unlock"
    CANNOT_UNLOCK = "locked, cannot unlock"

    @classmethod
    def of(cls, link_required: bool, locked: bool, can_unlock: bool) -> KeyState:
        """The column that a key's flags belong to."""
        if link_required:
            return cls.LINK_REQUIRED
        if not locked:
            return cls.UNLOCKED
        return cls.CAN_UNLOCK if can_unlock else cls.CANNOT_UNLOCK


class Action(Enum):
    """What the server does about a key."""

    NOTHING = auto()
    LINK = auto()
    """Give the key its master key and the pending code."""
    ACCESS_AND_SET_ACTIVE = auto()
    """Give the key its access profile; then the vault is Active."""
    SET_ACTIVE = auto()
    SET_LOCKED = auto()
    LOCK_DEVICE_CODE = auto()
    """Lock the key with the pending code."""
    WIPE_AND_SET_READY = auto()
    """Wipe the key, unless it is; then the vault is Ready."""


def check_ownership(serial: str, status: VaultStatus, has_master_key: bool, link_required: bool) -> None:
    """The checks ahead of table A, once the vault is found: is this key's owner the one whom the server has?

    Raises:
        HesError: HesDeviceLinkedToAnotherServer (Q2: of a compromised key too; Q3: of a linked one whose vault is
            Ready) or HesVaultWasManuallyWiped.
    """
    if not link_required and not has_master_key:
        raise hes_error(HesErrorCode.HesDeviceLinkedToAnotherServer, serial=serial)
    if link_required and has_master_key and status not in (VaultStatus.Reserved, VaultStatus.Deactivated):
        raise hes_error(HesErrorCode.HesVaultWasManuallyWiped, serial=serial)


_OTHER = HesErrorCode.HesDeviceLinkedToAnotherServer
_WIPED = HesErrorCode.HesVaultWasManuallyWiped
_LOCKED = HesErrorCode.HesDeviceLocked
_UNASSIGNED = HesErrorCode.HesDeviceNotAssignedToAnyUser
_COMPROMISED = HesErrorCode.HesDeviceCompromised

Verdict = bool | HesErrorCode

TABLE_A: dict[VaultStatus, tuple[Verdict, Verdict, Verdict, Verdict]] = {
    # in the order of KeyState:
    #                        link required, unlocked, can unlock, cannot unlock
    VaultStatus.Ready: (_UNASSIGNED, _OTHER, _OTHER, _OTHER),
    VaultStatus.Reserved: (True, True, False, True),
    VaultStatus.Active: (_WIPED, False, True, True),
    VaultStatus.Locked: (_WIPED, _LOCKED, _LOCKED, _LOCKED),
    VaultStatus.Suspended: (_WIPED, True, False, True),
    VaultStatus.Deactivated: (True, True, True, True),
    VaultStatus.Compromised: (_COMPROMISED, _OTHER, _OTHER, _OTHER),
}


def needs_status_update(serial: str, status: VaultStatus, has_master_key: bool, state: KeyState) -> bool:
    """Table A, with its checks: whether the client should ask for a status update.

    Raises:
        HesError: the key cannot be used, by one of the checks or by the table.
    """
    check_ownership(serial, status, has_master_key, state is KeyState.LINK_REQUIRED)
    verdict = TABLE_A[status][list(KeyState).index(state)]
    if isinstance(verdict, HesErrorCode):
        raise hes_error(verdict, serial=serial)
    return verdict


def action_for(
    serial: str, status: VaultStatus, is_status_applied: bool, state: KeyState, had_access: bool
) -> Action:
    """Table B: what the server does, by what the key itself has just told it.

    `had_access`: the key has had an access profile before, or the vendor's peculiarity Q4 holds.

    Raises:
        HesError: the key cannot be used.
    """
    unlocked = state in (KeyState.LINK_REQUIRED, KeyState.UNLOCKED)
    match status, is_status_applied, state:
        case VaultStatus.Ready, _, _:
            raise hes_error(HesErrorCode.HesDeviceNotAssignedToAnyUser, serial=serial)

        case VaultStatus.Reserved, _, KeyState.LINK_REQUIRED:
            return Action.LINK
        case VaultStatus.Reserved, _, KeyState.UNLOCKED:
            return Action.ACCESS_AND_SET_ACTIVE
        case VaultStatus.Reserved, _, KeyState.CANNOT_UNLOCK:
            return Action.SET_LOCKED
        case VaultStatus.Reserved, _, KeyState.CAN_UNLOCK:
            return Action.NOTHING

        # Q6: any lock, even one that the key could come out of by itself.
        case VaultStatus.Active, _, _:
            return Action.NOTHING if unlocked else Action.SET_LOCKED

        case VaultStatus.Locked, _, _:
            raise hes_error(HesErrorCode.HesDeviceLocked, serial=serial)

        case VaultStatus.Suspended, False, _:
            return Action.LOCK_DEVICE_CODE
        case VaultStatus.Suspended, True, KeyState.CANNOT_UNLOCK:
            return Action.SET_LOCKED
        case VaultStatus.Suspended, True, KeyState.CAN_UNLOCK:
            return Action.NOTHING
        case VaultStatus.Suspended, True, _:
            return Action.SET_ACTIVE if had_access else Action.ACCESS_AND_SET_ACTIVE

        case VaultStatus.Deactivated, _, _:
            return Action.WIPE_AND_SET_READY

        case VaultStatus.Compromised, _, _:
            raise hes_error(HesErrorCode.HesDeviceCompromised, serial=serial)
    raise AssertionError(status)
