"""Every message, as a value: control messages of both directions, requests and replies of channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hideez_bench.protocol.names import Command, ControlCommand, ErrorName, WipeResult
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.values import AccessParams, DeviceInfo, DeviceState, Error, License

# --- control messages, host to key ---


@dataclass(frozen=True)
class Cancel:
    """Drop half-received messages and any operation that waits for the user on this link."""

    command: ClassVar[ControlCommand] = ControlCommand.CANCEL


@dataclass(frozen=True)
class GetRootKey:
    """Ask for the public key that signs the key's side of every handshake."""

    command: ClassVar[ControlCommand] = ControlCommand.GET_ROOT_KEY


@dataclass(frozen=True)
class VerifyEncryption:
    """Open an encrypted channel, with the host's ephemeral point (compressed P-256, 33 bytes) and nonce (16)."""

    command: ClassVar[ControlCommand] = ControlCommand.VERIFY_ENCRYPTION
    channel: int
    host_public: bytes
    host_nonce: bytes


@dataclass(frozen=True)
class ResetEncryption:
    """Drop the keys of a channel."""

    command: ClassVar[ControlCommand] = ControlCommand.RESET_ENCRYPTION
    channel: int


# --- control messages, key to host ---


@dataclass(frozen=True)
class Status:
    """The state of the key, twice a second and at once on a button event."""

    command: ClassVar[ControlCommand] = ControlCommand.STATUS
    state: DeviceState


@dataclass(frozen=True)
class RootKey:
    """Answer to `GetRootKey`: a compressed P-256 point, None when refused."""

    command: ClassVar[ControlCommand] = ControlCommand.GET_ROOT_KEY
    error: Error
    root_public: bytes | None = None


@dataclass(frozen=True)
class EncryptionVerified:
    """Answer to `VerifyEncryption`; all but `error` is None when refused. `proof` is 64 bytes, raw r | s."""

    command: ClassVar[ControlCommand] = ControlCommand.VERIFY_ENCRYPTION
    error: Error
    channel: int | None = None
    key_public: bytes | None = None
    key_nonce: bytes | None = None
    proof: bytes | None = None


@dataclass(frozen=True)
class EncryptionReset:
    """Answer to `ResetEncryption`; `channel` is None when refused."""

    command: ClassVar[ControlCommand] = ControlCommand.RESET_ENCRYPTION
    error: Error
    channel: int | None = None


@dataclass(frozen=True)
class Busy:
    """An operation on this channel waits for the user: every 5 s, for at most 90 s."""

    command: ClassVar[ControlCommand] = ControlCommand.BUSY
    channel: int


@dataclass(frozen=True)
class Cancelled:
    """A long press ended the running operation."""

    command: ClassVar[ControlCommand] = ControlCommand.CANCELLED


@dataclass(frozen=True)
class WipeStatus:
    """How a wipe that the user was asked to confirm went on. WIPE_OK is sent when it starts."""

    command: ClassVar[ControlCommand] = ControlCommand.WIPE_STATUS
    result: WipeResult


@dataclass(frozen=True)
class ControlError:
    """Answer to a packet that could not be taken."""

    command: ClassVar[ControlCommand] = ControlCommand.ERROR
    error: Error


ToKey = Cancel | GetRootKey | VerifyEncryption | ResetEncryption
FromKey = (
    Status | RootKey | EncryptionVerified | EncryptionReset | Busy | Cancelled | WipeStatus | ControlError
)
Answer = RootKey | EncryptionVerified | EncryptionReset


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


Request = (
    Ping
    | GetInfo
    | Link
    | Access
    | LockDeviceCode
    | UnlockDeviceCode
    | CheckPassphrase
    | Unlock
    | Wipe
    | LoadLicense
    | QueryLicense
)


# --- replies ---


@dataclass(frozen=True)
class Reply:
    """What came of a request; `body` is what PING, GET_INFO and QUERY_LICENSE answer, None for all others."""

    command: Command
    error: Error = ErrorName.Ok
    body: str | DeviceInfo | License | None = None
