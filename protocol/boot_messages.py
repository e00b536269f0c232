"""The messages of boot mode, in which a key takes a new firmware image: control messages, in the same packets.

All of it is modelled: of the vendor's bootloader only the names of its errors (BOOT_STATUS_*) are public. Every answer
carries the number of its request and an error; what follows the error is left out when the request was refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hideez_bench.protocol.names import ControlCommand
from hideez_bench.protocol.values import Error, Version

# --- host to key ---


@dataclass(frozen=True)
class BootInfo:
    """Ask what the bootloader is and takes."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_INFO


@dataclass(frozen=True)
class BootErase:
    """Erase the application. A key without one starts in boot mode."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_ERASE


@dataclass(frozen=True)
class BootWrite:
    """Write a piece of the image at `offset`, in bytes from its start. At least one byte."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_WRITE
    offset: int
    data: bytes


@dataclass(frozen=True)
class BootVerify:
    """Have the image checked: its length in bytes, its SHA-256 (32 bytes), its signature (64 bytes, raw r | s)."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_VERIFY
    length: int
    sha256: bytes
    signature: bytes


@dataclass(frozen=True)
class BootRun:
    """Start the application; the link drops."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_RUN


# --- key to host ---


@dataclass(frozen=True)
class BootDescription:
    """Answer to `BootInfo`: the bootloader's version, the longest image and the longest piece of it, in bytes."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_INFO
    error: Error
    bootloader: Version | None = None
    image_limit: int | None = None
    data_limit: int | None = None


@dataclass(frozen=True)
class BootErased:
    """Answer to `BootErase`."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_ERASE
    error: Error


@dataclass(frozen=True)
class BootWritten:
    """Answer to `BootWrite`."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_WRITE
    error: Error


@dataclass(frozen=True)
class BootVerified:
    """Answer to `BootVerify`."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_VERIFY
    error: Error


@dataclass(frozen=True)
class BootStarted:
    """Answer to `BootRun`."""

    command: ClassVar[ControlCommand] = ControlCommand.BOOT_RUN
    error: Error


BootRequest = BootInfo | BootErase | BootWrite | BootVerify | BootRun
BootAnswer = BootDescription | BootErased | BootWritten | BootVerified | BootStarted
