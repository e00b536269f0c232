"""What the server refuses, and the sentences that it says it with."""

from __future__ import annotations

from hideez_bench.emulator.hes.names import HesCode, LoginRefusal
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesErrorCode


class HesRuleError(BenchError):
    """An administrator's call that the rules do not allow; nothing was changed. `code` is the vendor's."""

    def __init__(self, code: HesCode, text: str) -> None:
        super().__init__(text)
        self.code = code


class StoreError(BenchError):
    """The server's database cannot be used; nothing of the call was kept."""


class StoreConflict(StoreError):
    """What was to be stored contradicts what is stored, such as an address that another key has."""


class LoginRefused(BenchError):
    """Nobody was let in. Whether the e-mail is anybody's cannot be told from it; `reason` is the vendor's word."""

    def __init__(self, reason: LoginRefusal) -> None:
        super().__init__(_LOGIN_SENTENCES[reason])
        self.reason = reason


class LoginExpired(BenchError):
    """The password was right, but too long ago, or something was changed for the user since."""

    def __init__(self) -> None:
        super().__init__("The password was typed too long ago, or something has changed since; log in again.")


class TooManyLogins(BenchError):
    """More passwords wait to be compared than the server takes; nothing was counted against anybody."""

    def __init__(self) -> None:
        super().__init__("Too many people log in just now; nothing was compared, try again.")


_LOGIN_SENTENCES = {
    LoginRefusal.Unauthorized: "E-mail or password is wrong.",
    LoginRefusal.UserIsLockedout: "There were too many wrong passwords or codes for this e-mail; try again in "
    "15 minutes.",
    LoginRefusal.TwoFactorRequired: "The password is right; a code of the authenticator app is needed besides.",
    LoginRefusal.InvalidAuthenticatorCode: "The code is wrong, too old, or was used already; take the one "
    "that is shown now.",
}

SENTENCES = {
    HesErrorCode.HesDeviceNotFound: "The server knows no key {serial}; import it there first.",
    HesErrorCode.HesDeviceLinkedToAnotherServer: "Key {serial} was linked by another server, or by an assignment "
    "that this server no longer has; wipe the key by hand before it is used here.",
    HesErrorCode.HesVaultWasManuallyWiped: "Key {serial} was wiped by hand while the server still has it in use; "
    "ask the administrator to remove it from its employee and to assign it again.",
    HesErrorCode.HesDeviceNotAssignedToAnyUser: "Key {serial} is assigned to nobody; "
    "ask the administrator to assign it.",
    HesErrorCode.HesDeviceLocked: "Key {serial} is locked; ask the administrator to activate it and for a new code.",
    HesErrorCode.HesDeviceCompromised: "Key {serial} was reported lost or stolen and cannot be used any more.",
    HesErrorCode.DeviceHasBeenWiped: "Key {serial} was taken from its employee and has now been wiped; "
    "it can be assigned again.",
    HesErrorCode.HesEmptyMasterKey: "The server has no master key for key {serial}; assign the key first.",
    HesErrorCode.DeviceNotConnectedToAnyHost: "Key {serial} is registered on no workstation that the server could "
    "reach it through; connect it again.",
    HesErrorCode.RemoteConnectionTimedOut: "The server's channel to key {serial} was not open within {seconds:g} s; "
    "nothing was changed, connect the key again.",
    HesErrorCode.HesFailedEstablishRemoteDeviceConnection: "The server waited {seconds:g} s for its channel to key "
    "{serial} and gave up; nothing was changed, connect the key again.",
    HesErrorCode.HesWorkstationNotApproved: "Workstation {workstation} is not approved; "
    "ask the administrator to approve it.",
    HesErrorCode.HesAlarm: "The administrator has raised the alarm; no key can be used until it is over.",
    HesErrorCode.HesNotConnected: "Workstation {workstation} is no longer connected to the server; connect again.",
}


def hes_error(code: HesErrorCode, **facts: object) -> HesError:
    """The error that a client gets, with its sentence."""
    return HesError(code, SENTENCES[code].format(**facts))
