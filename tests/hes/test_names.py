"""The vendor's numbers, written out once more: clients and programs see them, and not the names."""

from __future__ import annotations

from enum import IntEnum

import pytest

from hideez_bench.emulator.hes import names
from hideez_bench.protocol.hes import ConnectionState

IN_ORDER: list[tuple[type[IntEnum], str]] = [
    (names.VaultStatus, "Ready Reserved Active Locked Suspended Deactivated Compromised"),
    (
        names.VaultStatusReason,
        "None_ InvalidActivationCode LockedByInvalidPin Withdrawal Lost Stolen Broken",
    ),
    (names.HardwareVaultActivationStatus, "Pending Activated Canceled"),
    (names.VaultLicenseStatus, "None_ Valid Warning Critical Expired"),
    (names.LoginType, "WebApp Local Domain AzureAD Microsoft"),
    (names.AccountType, "Personal Shared"),
    (ConnectionState, "OFFLINE INITIALIZING FINALIZING ONLINE"),
]

# The vendor's list, in its order from 0. The names of 40 and 42 are inferred from 38.
CODES = """
None_ UserNotFound InvalidLoginAttempt RequiresTwoFactor AccountLockout IncorrectCurrentPassword EmailAlreadyTaken
RequiresRelogin InvitationNotConfirmed EmployeeNotFound ActiveDirectoryUserNotFound EmployeeAlreadyExist
EmployeeRequiresLastName EmployeeRequiresEmail HardwareVaultNotFound HardwareVaultNotFoundWithParam
OneHardwareVaultConstraint HardwareVaultCannotReserve HardwareVaultUntieBeforeRemove HardwareVaultDoesNotAllowToRemove
WorkstationNotFound WorkstationNotFoundWithParam WorkstationHardwareVaultPairNotFound
WorkstationHardwareVaultPairAlreadyExist LdapSettingsNotSet AppSettingsNotFound AccountNotFound AccountExist
IncorrectUrl IncorrectOtp IncorrectPassword IncorrectOldPassword TemplateNotFound TemplateExist SharedAccountNotFound
SharedAccountExist SecurityKeyNotFound AuthenticatorNotFIDO2 CompanyNameInUse CompanyNotFound DepartmentNameInUse
DepartmentNotFound PositionNameInUse PositionNotFound LicenseOrderNotFound LicenseForHardwareVaultNotFound ApiKeyEmpty
HardwareVaultProfileNotFound CannotDeleteDefaultProfile ProfileNameAlreadyInUse ActivationCodeNotFound
DataProtectionNotFinishedPasswordChange DataProtectionNotActivated DataProtectionNotEnabled
DataProtectionParametersNotFound DataProtectionParametersIsEmpty DataProtectionIsAlreadyActivated
DataProtectionIsAlreadyEnabled DataProtectionIsBusy
"""


@pytest.mark.parametrize(("kind", "members"), IN_ORDER, ids=lambda value: getattr(value, "__name__", ""))
def test_numbers_follow_the_order(kind: type[IntEnum], members: str) -> None:
    assert {member.name: member.value for member in kind} == {
        name: number for number, name in enumerate(members.split())
    }


def test_operations_have_gaps() -> None:
    numbers = {"None_": 0, "Create": 1, "Update": 2, "Delete": 3, "Primary": 6, "Profile": 7}
    assert {member.name: member.value for member in names.TaskOperation} == numbers


def test_codes_of_refusals() -> None:
    vendors = CODES.split()
    assert len(vendors) == 59
    assert [vendors[member] for member in names.HesCode] == [member.name for member in names.HesCode]
