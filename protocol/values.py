"""The values that messages are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from hideez_bench.protocol.names import AccessLevel, AccountFlag, Button, Condition, ErrorName, Lock
from hideez_bench.protocol.secret import StorageData


class Mode(StrEnum):
    """What runs on the key."""

    APPLICATION = "APPLICATION"
    BOOT = "BOOT"


@dataclass(frozen=True)
class UnknownError:
    """An error number that the profile does not know: kept and shown, never dropped."""

    number: int

    def __str__(self) -> str:
        return f"{ErrorName.FwUnknownError} (0x{self.number:04x})"


Error = ErrorName | UnknownError


@dataclass(frozen=True)
class InfoCharacteristic:
    """What a host reads before it sends anything.

    `mode_byte` is kept as it came: 0x01 and 0x64 are boot mode, any other value is the application.
    """

    mode_byte: int
    wire_major: int
    max_message: int
    channels: int


@dataclass(frozen=True)
class DeviceState:
    """The key's periodic notification. Battery in percent, RSSI in dBm as the key hears the host."""

    battery: int
    rssi: int
    pin_attempts: int
    storage_update_counter: int
    button: Button
    access_level: AccessLevel
    other_connections: int


@dataclass(frozen=True)
class Version:
    """A version of three numbers, each 0 to 255."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True)
class DeviceInfo:
    """What GET_INFO tells. Battery in percent, storage in bytes, times in Unix seconds."""

    serial: str
    firmware: Version
    bootloader: Version
    battery: int
    access_level: AccessLevel
    lock: Lock
    unlock_attempts: int
    pin_attempts: int
    pin_min_length: int
    license_info: int
    storage_total: int
    storage_free: int
    storage_timestamp: int
    storage_update_counter: int
    time: int
    max_message: int

    @property
    def link_required(self) -> bool:
        """The key belongs to no server yet."""
        return AccessLevel.LINK_REQUIRED in self.access_level

    @property
    def master_key_required(self) -> bool:
        """The server must confirm this host."""
        return AccessLevel.MASTER_KEY_REQUIRED in self.access_level

    @property
    def locked(self) -> bool:
        """The key is locked, by code or by PIN."""
        return AccessLevel.LOCKED in self.access_level

    @property
    def can_unlock(self) -> bool:
        """An activation code can unlock the key."""
        return Lock.CAN_UNLOCK in self.lock


@dataclass(frozen=True)
class AccessParams:
    """The access profile as a key holds it. Expirations in seconds, 0 for none."""

    conditions: Condition
    pin_min_length: int
    pin_max_tries: int
    pin_expiration: int
    button_expiration: int
    master_key_expiration: int


@dataclass(frozen=True)
class License:
    """A licence (modelled): who issued what to which key until when (Unix seconds), and the signature."""

    issuer: int
    features: int
    expires: int
    serial: str
    text: str
    signature: bytes

    def signed_with(self, signature: bytes) -> License:
        """The same licence under another signature (64 bytes, raw r | s)."""
        return replace(self, signature=signature)


@dataclass(frozen=True)
class StorageChunk:
    """A piece of a record, from the offset that was asked for. `total` is the length of the whole in bytes."""

    total: int
    data: StorageData


@dataclass(frozen=True)
class StorageRecords:
    """Numbers of records (0 to 65535), ascending. None when there are no more."""

    records: tuple[int, ...]


@dataclass(frozen=True)
class AccountRecord:
    """A record of the table Accounts: what an account is for. Addresses and programs are separated by `;`."""

    flags: AccountFlag
    name: str
    urls: str
    apps: str


@dataclass(frozen=True)
class LogChunk:
    """A piece of the key's log, from the offset that was asked for. `total` is the length of the whole in bytes."""

    total: int
    data: bytes
