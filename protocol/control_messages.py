"""The control messages, which travel unencrypted: those of the application, and two of the serial line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hideez_bench.protocol.boot_messages import BootAnswer, BootRequest
from hideez_bench.protocol.names import ControlCommand, WipeResult
from hideez_bench.protocol.values import DeviceState, Error, InfoCharacteristic

# --- host to key ---


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


# --- key to host ---


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


# --- a serial line has no GATT: what a host reads there, it asks for ---


@dataclass(frozen=True)
class ReadInfo:
    """Ask for the value of the info characteristic."""

    command: ClassVar[ControlCommand] = ControlCommand.INFO


@dataclass(frozen=True)
class Info:
    """Answer to `ReadInfo`."""

    command: ClassVar[ControlCommand] = ControlCommand.INFO
    value: InfoCharacteristic


@dataclass(frozen=True)
class ReadValue:
    """Ask for the value of a characteristic of Battery or Device Information, by its 16-bit UUID."""

    command: ClassVar[ControlCommand] = ControlCommand.READ
    uuid16: int


@dataclass(frozen=True)
class Value:
    """Answer to `ReadValue`: the characteristic's value as GATT would give it."""

    command: ClassVar[ControlCommand] = ControlCommand.READ
    uuid16: int
    value: bytes


Answer = RootKey | EncryptionVerified | EncryptionReset | Info | Value | BootAnswer
ControlRequest = GetRootKey | VerifyEncryption | ResetEncryption | ReadInfo | ReadValue | BootRequest
ToKey = Cancel | ControlRequest
FromKey = Answer | Status | Busy | Cancelled | WipeStatus | ControlError
