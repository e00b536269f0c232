"""The server's own words: statuses, reasons and rule codes, by the vendor's names and numbers.

A vendor's member called `None` is `None_` here, since Python keeps that word for itself.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class VaultStatus(IntEnum):
    """Where a vault is between import and loss."""

    Ready = 0
    Reserved = 1
    Active = 2
    Locked = 3
    Suspended = 4
    Deactivated = 5
    Compromised = 6


class VaultStatusReason(IntEnum):
    """Why a vault was taken from its employee. 1 and 2 are in the vendor's list, but nothing sets them."""

    None_ = 0
    InvalidActivationCode = 1
    LockedByInvalidPin = 2
    Withdrawal = 3
    Lost = 4
    Stolen = 5
    Broken = 6


class HardwareVaultActivationStatus(IntEnum):
    """What became of an activation code."""

    Pending = 0
    Activated = 1
    Canceled = 2


class VaultLicenseStatus(IntEnum):
    """How long a vault's licence still runs."""

    None_ = 0
    Valid = 1
    Warning = 2
    Critical = 3
    Expired = 4


class TaskOperation(IntEnum):
    """What a key has yet to be told."""

    None_ = 0
    Create = 1
    Update = 2
    Delete = 3
    Primary = 6
    Profile = 7


class LoginType(IntEnum):
    """Where an account logs in."""

    WebApp = 0
    Local = 1
    Domain = 2
    AzureAD = 3
    Microsoft = 4


class AccountType(IntEnum):
    """Whose an account is."""

    Personal = 0
    Shared = 1


class SessionSwitchSubject(IntEnum):
    """What a workstation was unlocked by. The names are the vendor's, the numbers modelled."""

    NonHideez = 0
    Dongle = 1
    RFID = 2
    Proximity = 3
    WinBle = 4


class HesCode(IntEnum):
    """Codes of refusals that an administrator meets; those that this server uses, with the vendor's numbers.

    `None_` stands where the vendor throws an exception without a code. In the vendor's spelling of number 19 the
    D of `DoesNotAllow` is a Cyrillic letter; here it is ASCII.
    """

    None_ = 0
    UserNotFound = 1
    EmailAlreadyTaken = 6
    EmployeeNotFound = 9
    EmployeeAlreadyExist = 11
    HardwareVaultNotFound = 14
    OneHardwareVaultConstraint = 16
    HardwareVaultCannotReserve = 17
    HardwareVaultUntieBeforeRemove = 18
    HardwareVaultDoesNotAllowToRemove = 19
    WorkstationNotFound = 20
    WorkstationHardwareVaultPairNotFound = 22
    WorkstationHardwareVaultPairAlreadyExist = 23
    AccountNotFound = 26
    AccountExist = 27
    IncorrectUrl = 28
    IncorrectOtp = 29
    IncorrectPassword = 30
    TemplateNotFound = 32
    TemplateExist = 33
    SharedAccountNotFound = 34
    SharedAccountExist = 35
    CompanyNameInUse = 38
    CompanyNotFound = 39
    DepartmentNameInUse = 40
    DepartmentNotFound = 41
    PositionNameInUse = 42
    PositionNotFound = 43
    LicenseForHardwareVaultNotFound = 45
    HardwareVaultProfileNotFound = 47
    CannotDeleteDefaultProfile = 48
    ProfileNameAlreadyInUse = 49
    ActivationCodeNotFound = 50
    DataProtectionNotFinishedPasswordChange = 51
    DataProtectionNotActivated = 52
    DataProtectionNotEnabled = 53
    DataProtectionIsAlreadyActivated = 56
    DataProtectionIsAlreadyEnabled = 57
    DataProtectionIsBusy = 58


class Role(StrEnum):
    """What somebody who logs in may do. The vendor has administrators only; Viewer, who may look, is modelled."""

    ADMINISTRATOR = "Administrator"
    VIEWER = "Viewer"


class ProtectionState(StrEnum):
    """Whether secrets are sealed in the database, and whether this server can open them now."""

    OFF = "off"
    NOT_ACTIVATED = "not activated"
    ACTIVATED = "activated"


class LoginRefusal(StrEnum):
    """Why nobody was let in, in the vendor's words."""

    Unauthorized = "Unauthorized"
    UserIsLockedout = "UserIsLockedout"
    TwoFactorRequired = "TwoFactorRequired"
    InvalidAuthenticatorCode = "InvalidAuthenticatorCode"


class HesEventKind(StrEnum):
    """What an event is about."""

    ADMIN = "admin"
    CLIENT = "client"
    STATUS = "status"
    KEY = "key"
    FAILED = "failed"
