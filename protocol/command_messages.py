"""The messages of the encrypted channels: the envelope, and the requests and replies in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hideez_bench.protocol.names import Command, ErrorName, WriteFlag
from hideez_bench.protocol.secret import ActivationCode, MasterKey, Otp, Pin, StorageData
from hideez_bench.protocol.values import (
    AccessParams,
    DeviceInfo,
    Error,
    License,
    LogChunk,
    StorageChunk,
    StorageRecords,
)

# --- the envelope of the encrypted channels ---


@dataclass(frozen=True)
class Envelope:
    """A request or reply under AES-CCM: `sealed` is the ciphertext followed by the tag of 8 bytes."""

    channel: int
    counter: int
    sealed: bytes


# --- requests ---


@dataclass(frozen=True)
class Ping:
    """Say `text`; the key says it back."""

    command: ClassVar[Command] = Command.PING
    text: str


@dataclass(frozen=True)
class GetInfo:
    """Ask for the `DeviceInfo`."""

    command: ClassVar[Command] = Command.GET_INFO


@dataclass(frozen=True)
class Link:
    """Give a factory key its master key and its first activation code, good for 3 to 15 attempts."""

    command: ClassVar[Command] = Command.LINK
    key: MasterKey
    attempts: int
    code: ActivationCode


@dataclass(frozen=True)
class Access:
    """Set the clock (Unix seconds) and the access profile."""

    command: ClassVar[Command] = Command.ACCESS
    time: int
    key: MasterKey
    params: AccessParams


@dataclass(frozen=True)
class LockDeviceCode:
    """Lock the key with a new activation code, good for 3 to 15 attempts."""

    command: ClassVar[Command] = Command.LOCK_DEVICE_CODE
    key: MasterKey
    attempts: int
    code: ActivationCode


@dataclass(frozen=True)
class UnlockDeviceCode:
    """Try an activation code."""

    command: ClassVar[Command] = Command.UNLOCK_DEVICE_CODE
    code: ActivationCode


@dataclass(frozen=True)
class CheckPassphrase:
    """Satisfy what the access profile asks of the master key."""

    command: ClassVar[Command] = Command.CHECK_PASSPHRASE
    key: MasterKey


@dataclass(frozen=True)
class ChangePassphrase:
    """Replace the master key."""

    command: ClassVar[Command] = Command.CHANGE_PASSPHRASE
    old: MasterKey
    new: MasterKey


@dataclass(frozen=True)
class Unlock:
    """Unlock with the master key."""

    command: ClassVar[Command] = Command.UNLOCK
    key: MasterKey


@dataclass(frozen=True)
class Wipe:
    """Back to factory: at once with the master key, after confirmation on the key without it."""

    command: ClassVar[Command] = Command.WIPE
    key: MasterKey | None


@dataclass(frozen=True)
class SetPin:
    """Set a PIN, by the old one where there is one (None where there is none)."""

    command: ClassVar[Command] = Command.SET_PIN
    new: Pin
    old: Pin | None


@dataclass(frozen=True)
class ForceSetPin:
    """Set a PIN by the master key."""

    command: ClassVar[Command] = Command.FORCE_SET_PIN
    new: Pin
    key: MasterKey


@dataclass(frozen=True)
class EnterPin:
    """Satisfy what the access profile asks of the PIN."""

    command: ClassVar[Command] = Command.ENTER_PIN
    pin: Pin


@dataclass(frozen=True)
class Confirm:
    """Ask the user for a press of the button within so many seconds (0 to 255)."""

    command: ClassVar[Command] = Command.CONFIRM
    seconds: int


@dataclass(frozen=True)
class GetAccessProfile:
    """Ask for the `AccessParams` in force."""

    command: ClassVar[Command] = Command.GET_ACCESS_PROFILE


@dataclass(frozen=True)
class ReadStorage:
    """Ask for a record from `offset` on, in bytes: a `StorageChunk`, as much as fits."""

    command: ClassVar[Command] = Command.READ_STORAGE
    table: int
    record: int
    offset: int


@dataclass(frozen=True)
class WriteStorage:
    """Write a piece of a record. It takes effect with the piece after which no more follows."""

    command: ClassVar[Command] = Command.WRITE_STORAGE
    table: int
    record: int
    flags: WriteFlag
    offset: int
    data: StorageData


@dataclass(frozen=True)
class DeleteStorage:
    """Delete a record."""

    command: ClassVar[Command] = Command.DELETE_STORAGE
    table: int
    record: int


@dataclass(frozen=True)
class EnumStorage:
    """Ask for the numbers of the records after `after`, ascending: `StorageRecords`, as many as fit."""

    command: ClassVar[Command] = Command.ENUM_STORAGE
    table: int
    after: int


@dataclass(frozen=True)
class GetOtp:
    """Ask for the one-time password of now, made from the secret in a record."""

    command: ClassVar[Command] = Command.GET_OTP
    table: int
    record: int


@dataclass(frozen=True)
class LoadLicense:
    """Store a licence in a slot (0 to 7), or in one of the key's choice (None)."""

    command: ClassVar[Command] = Command.LOAD_LICENSE
    slot: int | None
    data: bytes


@dataclass(frozen=True)
class QueryLicense:
    """Ask for the licence in a slot."""

    command: ClassVar[Command] = Command.QUERY_LICENSE
    slot: int


@dataclass(frozen=True)
class QueryActiveLicense:
    """Ask for the licence that is in force."""

    command: ClassVar[Command] = Command.QUERY_ACTIVE_LICENSE


@dataclass(frozen=True)
class FetchLog:
    """Ask for the key's log from `offset` on, in bytes: a `LogChunk`, as much as fits."""

    command: ClassVar[Command] = Command.FETCH_LOG
    offset: int


@dataclass(frozen=True)
class ClearLog:
    """Empty the key's log."""

    command: ClassVar[Command] = Command.CLEAR_LOG


@dataclass(frozen=True)
class EnterBoot:
    """Restart in boot mode. The link drops after the reply."""

    command: ClassVar[Command] = Command.ENTER_BOOT
    key: MasterKey


Request = (
    Ping
    | GetInfo
    | Link
    | Access
    | LockDeviceCode
    | UnlockDeviceCode
    | CheckPassphrase
    | ChangePassphrase
    | Unlock
    | Wipe
    | SetPin
    | ForceSetPin
    | EnterPin
    | Confirm
    | GetAccessProfile
    | ReadStorage
    | WriteStorage
    | DeleteStorage
    | EnumStorage
    | GetOtp
    | LoadLicense
    | QueryLicense
    | QueryActiveLicense
    | FetchLog
    | ClearLog
    | EnterBoot
)


# --- replies ---


Body = str | DeviceInfo | AccessParams | StorageChunk | StorageRecords | Otp | License | LogChunk | None
"""What a reply carries; None for the commands that are only done, and for every refusal."""


@dataclass(frozen=True)
class Reply:
    """What came of a request."""

    command: Command
    error: Error = ErrorName.Ok
    body: Body = None
