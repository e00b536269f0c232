"""What can end a connection flow, by the client's own names, and what the person reads of it."""

from __future__ import annotations

from enum import StrEnum

from hideez_bench.protocol.errors import BenchError


class FlowMessage(StrEnum):
    """The client's texts of the connection flow, by their resource keys."""

    CONNECTION_FAILED = "Connection.ConnectionFailed"
    INITIALIZATION_FAILED = "Initialization.InitializationFailed"
    DEVICE_INITIALIZATION_ERROR = "Initialization.DeviceInitializationError"
    VAULT_IN_BOOTLOADER_MODE = "Error.VaultInBootloaderMode"
    VAULT_IN_STANDALONE_MODE = "Error.VaultInStandaloneMode"
    EMPTY_LICENSE_DATA = "License.EmptyLicenseData"
    EMPTY_LICENSE_ID = "License.EmptyLicenseId"
    NO_LICENSES_AVAILABLE = "License.NoLicensesAvailable"
    CANNOT_DOWNLOAD_LICENSE = "License.CannotDownloadLicense"
    NOT_ASSIGNED_TO_USER = "StateUpdate.Error.NotAssignedToUser"
    CANNOT_LINK_TO_USER = "StateUpdate.Error.CannotLinkToUser"
    CODE_TOO_SHORT = "ActivationCode.Error.CodeToShort"
    CODE_TOO_LONG = "ActivationCode.Error.CodeToLong"
    INVALID_CODE = "ActivationCode.Error.InvalidCode"
    LOCKED_BY_INVALID_ATTEMPTS = "ActivationCode.Error.LockedByInvalidAttempts"
    VAULT_IS_LOCKED = "ActivationCode.Error.VaultIsLocked"
    VAULT_IS_LOCKED_NO_NETWORK = "ActivationCode.Error.VaultIsLockedNoNetwork"
    AUTH_FAILED = "MasterKey.AuthFailed"
    AUTH_FAILED_NO_NETWORK = "MasterKey.AuthFailedNoNetwork"


TEXTS = {
    FlowMessage.CONNECTION_FAILED: "The key could not be connected.",
    FlowMessage.INITIALIZATION_FAILED: "The key did not finish preparing itself in time.",
    FlowMessage.DEVICE_INITIALIZATION_ERROR: "The key reported an error while preparing itself.",
    FlowMessage.VAULT_IN_BOOTLOADER_MODE: "The key is in firmware update mode.",
    FlowMessage.VAULT_IN_STANDALONE_MODE: "The key is set up for use without a server; wipe it first.",
    FlowMessage.EMPTY_LICENSE_DATA: "The server sent a licence without content.",
    FlowMessage.EMPTY_LICENSE_ID: "The server sent a licence without a number.",
    FlowMessage.NO_LICENSES_AVAILABLE: "The server has no licence for this key; ask the administrator.",
    FlowMessage.CANNOT_DOWNLOAD_LICENSE: "The key needs a licence and the server cannot be reached.",
    FlowMessage.NOT_ASSIGNED_TO_USER: "The key belongs to nobody; ask the administrator.",
    FlowMessage.CANNOT_LINK_TO_USER: "The key is new and the server cannot be reached.",
    FlowMessage.CODE_TOO_SHORT: "The code is too short: it has six to eight digits. No attempt was spent.",
    FlowMessage.CODE_TOO_LONG: "The code is too long: it has six to eight digits. No attempt was spent.",
    FlowMessage.INVALID_CODE: "That is not the code.",
    FlowMessage.LOCKED_BY_INVALID_ATTEMPTS: (
        "The key is locked after too many wrong codes; ask the administrator to activate it and for the new code."
    ),
    FlowMessage.VAULT_IS_LOCKED: "The key is locked; ask the administrator to activate it.",
    FlowMessage.VAULT_IS_LOCKED_NO_NETWORK: "The key is locked and the server cannot be reached.",
    FlowMessage.AUTH_FAILED: "The server did not confirm this computer to the key.",
    FlowMessage.AUTH_FAILED_NO_NETWORK: (
        "The key asks the server to confirm this computer, and the server cannot be reached."
    ),
}


class WorkflowError(BenchError):
    """The flow cannot go on, for a reason that the client itself found."""

    def __init__(self, message: FlowMessage, detail: str = "") -> None:
        super().__init__(f"{TEXTS[message]} {detail}".strip())
        self.message = message


class GetActivationCodeTimeout(BenchError):
    """Nobody typed a code in time."""

    def __init__(self) -> None:
        super().__init__("Nobody typed a code in time; the attempts stay as they are.")


class FlowCancelled(BenchError):
    """The flow ended without a fault: the link went, the key was pressed long, or the person gave up."""
