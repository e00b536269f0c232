"""The vendor's names: commands, errors, buttons, flags. Their numbers stand in `profile.toml`."""

from __future__ import annotations

from enum import Flag, StrEnum, auto


class Command(StrEnum):
    """Commands of the encrypted channels."""

    PING = "PING"
    GET_INFO = "GET_INFO"
    LINK = "LINK"
    ACCESS = "ACCESS"
    LOCK_DEVICE_CODE = "LOCK_DEVICE_CODE"
    UNLOCK_DEVICE_CODE = "UNLOCK_DEVICE_CODE"
    CHECK_PASSPHRASE = "CHECK_PASSPHRASE"  # noqa: S105 - a name
    CHANGE_PASSPHRASE = "CHANGE_PASSPHRASE"  # noqa: S105 - a name
    UNLOCK = "UNLOCK"
    WIPE = "WIPE"
    SET_PIN = "SET_PIN"
    FORCE_SET_PIN = "FORCE_SET_PIN"
    ENTER_PIN = "ENTER_PIN"
    CONFIRM = "CONFIRM"
    GET_ACCESS_PROFILE = "GET_ACCESS_PROFILE"
    READ_STORAGE = "READ_STORAGE"
    WRITE_STORAGE = "WRITE_STORAGE"
    DELETE_STORAGE = "DELETE_STORAGE"
    ENUM_STORAGE = "ENUM_STORAGE"
    GET_OTP = "GET_OTP"
    LOAD_LICENSE = "LOAD_LICENSE"
    QUERY_LICENSE = "QUERY_LICENSE"
    QUERY_ACTIVE_LICENSE = "QUERY_ACTIVE_LICENSE"
    FETCH_LOG = "FETCH_LOG"
    CLEAR_LOG = "CLEAR_LOG"
    ENTER_BOOT = "ENTER_BOOT"


class ControlCommand(StrEnum):
    """Control messages, which travel unencrypted."""

    CANCEL = "CANCEL"
    STATUS = "STATUS"
    GET_ROOT_KEY = "GET_ROOT_KEY"
    VERIFY_ENCRYPTION = "VERIFY_ENCRYPTION"
    RESET_ENCRYPTION = "RESET_ENCRYPTION"
    BUSY = "BUSY"
    CANCELLED = "CANCELLED"
    WIPE_STATUS = "WIPE_STATUS"
    # serial line only, in place of GATT
    INFO = "INFO"
    READ = "READ"
    # boot mode only
    BOOT_INFO = "BOOT_INFO"
    BOOT_ERASE = "BOOT_ERASE"
    BOOT_WRITE = "BOOT_WRITE"
    BOOT_VERIFY = "BOOT_VERIFY"
    BOOT_RUN = "BOOT_RUN"
    ERROR = "ERROR"


class PacketKind(StrEnum):
    """What a packet is a fragment of."""

    ENCRYPTED = "ENCRYPTED"
    CONTROL = "CONTROL"


class Button(StrEnum):
    """What a finger did."""

    NONE = "None"
    SINGLE = "Single"
    DOUBLE = "Double"
    TRIPLE = "Triple"
    QUAD = "Quad"
    PENTA = "Penta"
    HEXA = "Hexa"
    HEPTA = "Hepta"
    OCTA = "Octa"
    MULTI = "Multi"
    LONG = "Long"
    SUPER_LONG = "SuperLong"


class WipeResult(StrEnum):
    """How a wipe that the user was asked to confirm went on."""

    WIPE_OK = "WIPE_OK"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"


class AccessLevel(Flag):
    """What stands between a host and the content of the key."""

    LINK_REQUIRED = auto()
    NEW_PIN_REQUIRED = auto()
    MASTER_KEY_REQUIRED = auto()
    PIN_REQUIRED = auto()
    BUTTON_REQUIRED = auto()
    LOCKED = auto()


class Lock(Flag):
    """Why the key is locked, and whether an activation code can unlock it."""

    BY_CODE = auto()
    BY_PIN = auto()
    CAN_UNLOCK = auto()


class Condition(Flag):
    """What the access profile asks, and when: at a new bond, at each connection, at each further channel."""

    MASTER_KEY_BOND = auto()
    MASTER_KEY_CONNECT = auto()
    MASTER_KEY_CHANNEL = auto()
    BUTTON_BOND = auto()
    BUTTON_CONNECT = auto()
    BUTTON_CHANNEL = auto()
    PIN_BOND = auto()
    PIN_CONNECT = auto()
    PIN_CHANNEL = auto()


class WriteFlag(Flag):
    """How a piece of a record is to be taken."""

    MORE_FOLLOWS = auto()


class StorageTable(StrEnum):
    """The tables of the key's storage that accounts lie in; an account has the same record number in each."""

    Accounts = "Accounts"
    Logins = "Logins"
    Passwords = "Passwords"
    OtpSecrets = "OtpSecrets"


class AccountFlag(Flag):
    """What is special about an account on a key."""

    READ_ONLY = auto()
    PRIMARY = auto()


class ErrorName(StrEnum):
    """Errors that a key answers, by the vendor's names (misspellings included)."""

    Ok = "Ok"
    # firmware
    ERR_ALREADY_INITIALIZED = "ERR_ALREADY_INITIALIZED"
    ERR_CHANNEL_BUSY = "ERR_CHANNEL_BUSY"
    ERR_DEVICE_BUSY = "ERR_DEVICE_BUSY"
    ERR_DEVICE_LOCKED = "ERR_DEVICE_LOCKED"
    ERR_ENCRYPTION_REQ = "ERR_ENCRYPTION_REQ"
    ERR_HARDWARE_FAULT = "ERR_HARDWARE_FAULT"
    ERR_INVALID_PARAMETER = "ERR_INVALID_PARAMETER"
    ERR_KEY_WRONG = "ERR_KEY_WRONG"
    ERR_MESSAGE_TOO_LONG = "ERR_MESSAGE_TOO_LONG"
    ERR_NOT_INITIALIZED = "ERR_NOT_INITIALIZED"
    ERR_NO_ENCRYPTION = "ERR_NO_ENCRYPTION"
    ERR_OPERATION_CANCELED = "ERR_OPERATION_CANCELED"
    ERR_UNAUTHORIZED = "ERR_UNAUTHORIZED"
    ERR_UNSUPPORTED = "ERR_UNSUPPORTED"
    ERR_BUTTON_REQ = "ERR_BUTTON_REQ"
    ERR_NO_DATA = "ERR_NO_DATA"
    ERR_PIN_NOT_SET = "ERR_PIN_NOT_SET"
    ERR_PIN_REQ = "ERR_PIN_REQ"
    ERR_PIN_TOO_SHORT = "ERR_PIN_TOO_SHORT"
    ERR_PIN_WRONG = "ERR_PIN_WRONG"
    ERR_TIMEOUT = "ERR_TIMEOUT"
    ERR_UNKNOWN_MESSAGE = "ERR_UNKNOWN_MESSAGE"
    ERR_NO_LICENSE = "ERR_NO_LICENSE"
    ERR_LICENSE_EXPIRED = "ERR_LICENSE_EXPIRED"
    ERR_INVALID_LICENSE = "ERR_INVALID_LICENSE"
    ERR_DEVICE_LOCKED_BY_PIN = "ERR_DEVICE_LOCKED_BY_PIN"
    ERR_DEVICE_LOCKED_BY_CODE = "ERR_DEVICE_LOCKED_BY_CODE"
    # firmware, of earlier versions
    ERR_UNKNOWN_ERROR = "ERR_UNKNOWN_ERROR"
    ERR_AUTHORIZATION_FAILED = "ERR_AUTHORIZATION_FAILED"
    ERR_BAD_RECOVERY_DATA = "ERR_BAD_RECOVERY_DATA"
    ERR_KEY_USED = "ERR_KEY_USED"
    ERR_MNEMONIC_INCONSISTENT = "ERR_MNEMONIC_INCONSISTENT"
    ERR_PASSPHRASE_UNKNOWN = "ERR_PASSPHRASE_UNKNOWN"  # noqa: S105 - a name
    ERR_WRONG_PROFILE = "ERR_WRONG_PROFILE"
    # cryptography
    ERR_SC_INVALID_BUFSIZE = "ERR_SC_INVALID_BUFSIZE"
    ERR_SC_INVALID_LENGTH = "ERR_SC_INVALID_LENGTH"
    ERR_SC_INVALID_PARAMS = "ERR_SC_INVALID_PARAMS"
    ERR_SC_INVALID_PRIVKEY = "ERR_SC_INVALID_PRIVKEY"
    ERR_SC_INVALID_PUBKEY = "ERR_SC_INVALID_PUBKEY"
    ERR_SC_INVALID_SIGNATURE = "ERR_SC_INVALID_SIGNATURE"
    ERR_SC_INVALID_SO = "ERR_SC_INVALID_SO"
    ERR_SC_INVALID_STATE = "ERR_SC_INVALID_STATE"
    ERR_SC_NO_RNG_FUNCTION = "ERR_SC_NO_RNG_FUNCTION"
    ERR_SC_WRONG_SECRET = "ERR_SC_WRONG_SECRET"  # noqa: S105 - a name
    CryptolibUnknownError = "CryptolibUnknownError"
    FwUnknownError = "FwUnknownError"
    # boot
    BOOT_STATUS_ALREADY_SET = "BOOT_STATUS_ALREADY_SET"
    BOOT_STATUS_BAD_SIGNATURE = "BOOT_STATUS_BAD_SIGNATURE"
    BOOT_STATUS_CRC_ERROR = "BOOT_STATUS_CRC_ERROR"
    BOOT_STATUS_ERASE_REQ = "BOOT_STATUS_ERASE_REQ"
    BOOT_STATUS_HARDWARE = "BOOT_STATUS_HARDWARE"
    BOOT_STATUS_INVALID_ADDR = "BOOT_STATUS_INVALID_ADDR"
    BOOT_STATUS_LOW_BATTERY = "BOOT_STATUS_LOW_BATTERY"
    BOOT_STATUS_PARTIAL = "BOOT_STATUS_PARTIAL"
    BOOT_STATUS_WRITE_ERROR = "BOOT_STATUS_WRITE_ERROR"
    BOOT_STATUS_WRONG_PARAMETER = "BOOT_STATUS_WRONG_PARAMETER"
    BootUnknownError = "BootUnknownError"
    FwUpdateBootBadImageFile = "FwUpdateBootBadImageFile"
    FwUpdateBootConnectFailed = "FwUpdateBootConnectFailed"
    FwUpdateNoBootInImage = "FwUpdateNoBootInImage"
    # Bluetooth link
    BleCharacteristicWriteError = "BleCharacteristicWriteError"
    BleConnectionNotConnected = "BleConnectionNotConnected"
    BleInvalidPacketNumber = "BleInvalidPacketNumber"
    BlePacketParseError = "BlePacketParseError"
    BleResponseTimeout = "BleResponseTimeout"
    BleSendError = "BleSendError"
    BleDisconnecting = "BleDisconnecting"
    # Bluetooth link, of earlier versions
    BleWrongDataLengthReceived = "BleWrongDataLengthReceived"
    BleQueueOverflow = "BleQueueOverflow"
    BleDeviceBondingFail = "BleDeviceBondingFail"
    # channels
    ChannelNotFound = "ChannelNotFound"
    ChannelAlreadyExists = "ChannelAlreadyExists"
    ChannelAlreadyVerified = "ChannelAlreadyVerified"
    ChannelInitializationFailed = "ChannelInitializationFailed"
    ChannelNotAuthorized = "ChannelNotAuthorized"
    ChannelNotInitialized = "ChannelNotInitialized"
    ChannelNotVerified = "ChannelNotVerified"
    ChannelVerificationFailed = "ChannelVerificationFailed"
    ChannelVerificationInProgress = "ChannelVerificationInProgress"
    ChannelVerificationTimedOut = "ChannelVerificationTimedOut"
    InvalidChannelNo = "InvalidChannelNo"
    MainChannelNotVerified = "MainChannelNotVerified"
    RemoteChannelNotVerified = "RemoteChannelNotVerified"
    ZeroChannelCannotBeVerfieid = "ZeroChannelCannotBeVerfieid"
    InvalidMessageSignuture = "InvalidMessageSignuture"
    WrongPayloadLength = "WrongPayloadLength"
    WrongReplyData = "WrongReplyData"
