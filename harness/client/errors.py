"""What can end a connection flow, by the client's own names, and what the person reads of it."""

from __future__ import annotations

from enum import StrEnum

from hideez_bench.protocol.errors import BenchError


class FlowMessage(StrEnum):
    """The client's texts of the connection flow, by their resource keys."""

    STAGE_1 = "Connection.Stage1"
    STAGE_1_PRESS_BUTTON = "Connection.Stage1.PressButton"
    STAGE_2 = "Connection.Stage2"
    STAGE_2_LTK_ERROR = "Connection.Stage2.LtkError"
    STAGE_3_PRESS_BUTTON = "Connection.Stage3.PressButton"
    STAGE_3_LTK_ERROR = "Connection.Stage3.LtkError.PressButton"
    CONNECTION_FAILED = "Connection.ConnectionFailed"
    CONNECTION_FAILED_DONGLE = "Connection.ConnectionFailed.Csr"
    WAITING_INITIALIZATION = "Initialization.WaitingInitializationMessage"
    INITIALIZATION_FAILED = "Initialization.InitializationFailed"
    DEVICE_INITIALIZATION_ERROR = "Initialization.DeviceInitializationError"
    VAULT_IN_BOOTLOADER_MODE = "Error.VaultInBootloaderMode"
    VAULT_IN_STANDALONE_MODE = "Error.VaultInStandaloneMode"
    VAULT_IN_ENTERPRISE_MODE = "Error.VaultInEnterpriseMode"
    VAULT_ALREADY_CONNECTED = "Error.VaultAlreadyConnected"
    LOST_NETWORK_CONNECTION = "Error.UnexpectedlyLostNetworkConnection"
    NETWORK_ERROR = "Error.UnexpectedNetworkError"
    UPDATING_LICENSE = "License.UpdatingLicenseMessage"
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
    AWAITING_HES_AUTH = "MasterKey.AwaitingHESAuth"
    AUTH_FAILED = "MasterKey.AuthFailed"
    AUTH_FAILED_NO_NETWORK = "MasterKey.AuthFailedNoNetwork"
    PRESS_BUTTON = "Button.PressButtonMessage"
    PIN_TOO_SHORT = "Pin.Error.PinToShort"
    INVALID_PIN = "Pin.Error.InvalidPin"
    LOCKED_BY_INVALID_PINS = "Pin.Error.LockedByInvalidAttempts"
    USER_AUTH_FAILED = "UserAuthorization.Error.AuthFailed"
    UNLOCKING = "Unlock.Unlocking"
    PASSWORD_TOO_SHORT = "Password.Error.ToShort"  # noqa: S105 - a name
    INVALID_PASSWORD = "Password.Error.Invalid"  # noqa: S105 - a name


TEXTS = {
    FlowMessage.STAGE_1: "Connecting to the key.",
    FlowMessage.STAGE_1_PRESS_BUTTON: "Connecting to the key; press its button.",
    FlowMessage.STAGE_2: "Connecting to the key, second attempt.",
    FlowMessage.STAGE_2_LTK_ERROR: "LTK error: the bond with the key does not hold. Connecting, second attempt.",
    FlowMessage.STAGE_3_PRESS_BUTTON: "Connecting to the key, third attempt, with a new bond; press its button.",
    FlowMessage.STAGE_3_LTK_ERROR: (
        "LTK error: the bond with the key does not hold. Connecting, third attempt, with a new bond; press its button."
    ),
    FlowMessage.CONNECTION_FAILED: "The key could not be connected.",
    FlowMessage.CONNECTION_FAILED_DONGLE: "The key could not be connected through the dongle.",
    FlowMessage.WAITING_INITIALIZATION: "The key is preparing itself.",
    FlowMessage.INITIALIZATION_FAILED: "The key did not finish preparing itself in time; connect it again.",
    FlowMessage.DEVICE_INITIALIZATION_ERROR: "The key reported an error while preparing itself; connect it again.",
    FlowMessage.VAULT_IN_BOOTLOADER_MODE: "The key is in firmware update mode; finish the update first.",
    FlowMessage.VAULT_IN_STANDALONE_MODE: "The key is set up for use without a server; wipe it first.",
    FlowMessage.VAULT_IN_ENTERPRISE_MODE: "The key belongs to a server; use it with that, or wipe it first.",
    FlowMessage.VAULT_ALREADY_CONNECTED: "The key is connected to this computer already, the other way.",
    FlowMessage.LOST_NETWORK_CONNECTION: "The connection to the server was lost; connect the key again.",
    FlowMessage.NETWORK_ERROR: "The network failed on the way to the server; connect the key again.",
    FlowMessage.UPDATING_LICENSE: "Bringing the key's licences up to date.",
    FlowMessage.EMPTY_LICENSE_DATA: "The server sent a licence without content; ask the administrator.",
    FlowMessage.EMPTY_LICENSE_ID: "The server sent a licence without a number; ask the administrator.",
    FlowMessage.NO_LICENSES_AVAILABLE: "The server has no licence for this key; ask the administrator.",
    FlowMessage.CANNOT_DOWNLOAD_LICENSE: (
        "The key needs a licence and the server cannot be reached; connect the key again when it can."
    ),
    FlowMessage.NOT_ASSIGNED_TO_USER: "The key belongs to nobody; ask the administrator.",
    FlowMessage.CANNOT_LINK_TO_USER: (
        "The key is new and the server cannot be reached; connect the key again when it can."
    ),
    FlowMessage.CODE_TOO_SHORT: "The code is too short: it has six to eight digits. No attempt was spent.",
    FlowMessage.CODE_TOO_LONG: "The code is too long: it has six to eight digits. No attempt was spent.",
    FlowMessage.INVALID_CODE: "That is not the code.",
    FlowMessage.LOCKED_BY_INVALID_ATTEMPTS: (
        "The key is locked after too many wrong codes; ask the administrator to activate it and for the new code."
    ),
    FlowMessage.VAULT_IS_LOCKED: "The key is locked; ask the administrator to activate it.",
    FlowMessage.VAULT_IS_LOCKED_NO_NETWORK: (
        "The key is locked and the server cannot be reached; connect the key again when it can."
    ),
    FlowMessage.AWAITING_HES_AUTH: "Waiting for the server to confirm this computer to the key.",
    FlowMessage.AUTH_FAILED: "The server did not confirm this computer to the key; ask the administrator.",
    FlowMessage.AUTH_FAILED_NO_NETWORK: (
        "The key asks the server to confirm this computer, and the server cannot be reached; "
        "connect the key again when it can."
    ),
    FlowMessage.PRESS_BUTTON: "Press the button of the key.",
    FlowMessage.PIN_TOO_SHORT: "The PIN is too short. No attempt was spent.",
    FlowMessage.INVALID_PIN: "That is not the PIN.",
    FlowMessage.LOCKED_BY_INVALID_PINS: (
        "The key is locked after too many wrong PINs; ask the administrator to activate it and for the new code."
    ),
    FlowMessage.USER_AUTH_FAILED: "The key still asks for a press or a PIN; connect it again.",
    FlowMessage.UNLOCKING: "Unlocking the computer.",
    FlowMessage.PASSWORD_TOO_SHORT: "The master password is too short: it has at least eight characters.",
    FlowMessage.INVALID_PASSWORD: "That is not the master password.",
}


class WorkflowError(BenchError):
    """The flow cannot go on, for a reason that the client itself found."""

    def __init__(self, message: FlowMessage, detail: str = "") -> None:
        super().__init__(f"{TEXTS[message]} {detail}".strip())
        self.message = message


class ClientErrorCode(StrEnum):
    """Errors of the client's own side of a key, by the vendor's names."""

    ButtonConfirmationTimeout = "ButtonConfirmationTimeout"
    DeviceIsLocked = "DeviceIsLocked"
    DeviceNotAssignedToUser = "DeviceNotAssignedToUser"
    GetActivationCodeTimeout = "GetActivationCodeTimeout"
    GetPinTimeout = "GetPinTimeout"
    HesAlarm = "HesAlarm"
    HesWorkstationNotApproved = "HesWorkstationNotApproved"
    NoConnectedUI = "NoConnectedUI"


CODE_TEXTS = {
    ClientErrorCode.ButtonConfirmationTimeout: "Nobody pressed the key's button in time.",
    ClientErrorCode.DeviceIsLocked: "The key is locked.",
    ClientErrorCode.DeviceNotAssignedToUser: "The key belongs to nobody; ask the administrator.",
    ClientErrorCode.GetActivationCodeTimeout: "Nobody typed a code in time; the attempts stay as they are.",
    ClientErrorCode.GetPinTimeout: "Nobody entered a PIN in time; the attempts stay as they are.",
    ClientErrorCode.HesAlarm: "The alarm is on: no key can be connected until the administrator has ended it.",
    ClientErrorCode.HesWorkstationNotApproved: (
        "This workstation is not approved: ask the administrator to approve it. Nothing was sent to any key."
    ),
    ClientErrorCode.NoConnectedUI: "Nobody can be asked: the client has no window and no lock screen open.",
}


class ClientError(BenchError):
    """An error with a code of the vendor's that neither key nor server raised."""

    def __init__(self, code: ClientErrorCode) -> None:
        super().__init__(CODE_TEXTS[code])
        self.code = code


class GetActivationCodeTimeout(ClientError):
    """Nobody typed a code in time."""

    def __init__(self) -> None:
        super().__init__(ClientErrorCode.GetActivationCodeTimeout)


class VaultFailedToAuthorize(BenchError):
    """The key still asks for a press or a PIN after it was given both."""

    def __init__(self) -> None:
        super().__init__(TEXTS[FlowMessage.USER_AUTH_FAILED])


class WorkstationUnlockFailed(BenchError):
    """The computer did not let itself be unlocked."""

    def __init__(self) -> None:
        super().__init__("The computer did not let itself be unlocked.")


class ConnectTimeout(BenchError):
    """The client's own wait for the radio ended, and it makes nothing of it (as it was shipped)."""

    def __init__(self) -> None:
        super().__init__("The third attempt to connect took too long.")


class FlowCancelled(BenchError):
    """The flow ended without a fault: the link went, the key was pressed long, or the person gave up."""


class FlowNotStarted(FlowCancelled):
    """The request for a flow was dropped: another one runs, or the key is online already. Nothing was touched."""
