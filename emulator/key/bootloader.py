"""Boot mode: the key takes another firmware in place of the one it has."""

from __future__ import annotations

import hashlib

from hideez_bench.emulator.key.firmware_image import FirmwareImage, is_of_the_authority
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.nvram import Nvram, NvramError
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.values import Version

IMAGE_LIMIT = 256 * 1024
"""Bytes."""

BATTERY_NEEDED = 20
"""Percent, to erase: a key that ran empty half-way would have no firmware."""

DATA_OVERHEAD = 1 + 4
"""Bytes of a message around a piece of the image."""

VERSION_SIZE = 3


class Bootloader:
    """What runs in boot mode, and where it is kept that it runs and what firmware there is.

    The pieces of an image are kept until it was checked or the power goes: an update that was cut off starts over
    with its erasure.

    Attributes:
        runs: the key is in boot mode.
        restart_wanted: the key must restart, as soon as its answer is out.
        version: of the firmware that is on the key, or was before it was erased.

    Raises:
        NvramError: what the memory holds means nothing.
    """

    def __init__(self, nvram: Nvram, identity: Identity, max_message: int) -> None:
        self.restart_wanted = False
        self._nvram = nvram
        self._identity = identity
        self._data_limit = max_message - DATA_OVERHEAD
        self.power_on()

    def power_on(self) -> None:
        """The key starts.

        Raises:
            NvramError: what the memory holds means nothing.
        """
        self.restart_wanted = False
        self.runs = self._nvram.get("boot.runs") is not None
        self._erased = self._nvram.get("boot.erased") is not None
        self._pieces: dict[int, bytes] | None = None
        stored = self._nvram.get("boot.firmware")
        if stored is not None and len(stored) != VERSION_SIZE:
            raise NvramError(
                "the key's memory is damaged (boot.firmware); delete it to start with a factory key"
            )
        self.version = Version(*stored) if stored else self._identity.firmware

    def enter(self) -> None:
        """Start in boot mode from now on, and at once.

        Raises:
            NvramError: nothing was changed.
        """
        self._nvram.commit({"boot.runs": b"1"})
        self.restart_wanted = True

    def answer(self, request: m.BootRequest, battery: int) -> m.BootAnswer:
        """Carry out a request. `battery` is in percent.

        Raises:
            NvramError: the memory failed; answer with `failed`.
        """
        try:
            match request:
                case m.BootInfo():
                    version = self._identity.bootloader
                    return m.BootDescription(ErrorName.Ok, version, IMAGE_LIMIT, self._data_limit)
                case m.BootErase():
                    self._erase(battery)
                case m.BootWrite(offset, data):
                    self._write(offset, data)
                case m.BootVerify():
                    self._verify(request)
                case m.BootRun():
                    self._run()
        except Refused as refused:
            return refusal_of(request, refused.error)
        return refusal_of(request, ErrorName.Ok)

    def _erase(self, battery: int) -> None:
        if battery < BATTERY_NEEDED:
            raise Refused(ErrorName.BOOT_STATUS_LOW_BATTERY)
        self._nvram.commit({"boot.erased": b"1"})
        self._erased = True
        self._pieces = {}

    def _write(self, offset: int, data: bytes) -> None:
        if self._pieces is None:
            raise Refused(ErrorName.BOOT_STATUS_ERASE_REQ)
        if len(data) > self._data_limit:
            raise Refused(ErrorName.BOOT_STATUS_WRONG_PARAMETER)
        if offset + len(data) > IMAGE_LIMIT:
            raise Refused(ErrorName.BOOT_STATUS_INVALID_ADDR)
        if any(at < offset + len(data) and offset < at + len(held) for at, held in self._pieces.items()):
            raise Refused(ErrorName.BOOT_STATUS_ALREADY_SET)
        self._pieces[offset] = data

    def _verify(self, request: m.BootVerify) -> None:
        if self._pieces is None:
            raise Refused(ErrorName.BOOT_STATUS_ERASE_REQ)
        image = self._image(self._pieces)
        if len(image) > request.length or not request.length:
            raise Refused(ErrorName.BOOT_STATUS_WRONG_PARAMETER)
        if len(image) < request.length:
            raise Refused(ErrorName.BOOT_STATUS_PARTIAL)
        if hashlib.sha256(image).digest() != request.sha256:
            raise Refused(ErrorName.BOOT_STATUS_CRC_ERROR)
        if not is_of_the_authority(image, request.signature):
            raise Refused(ErrorName.BOOT_STATUS_BAD_SIGNATURE)
        version = self._version_of(image)
        stored = bytes([version.major, version.minor, version.patch])
        self._nvram.commit({"boot.firmware": stored, "boot.erased": None})
        self.version = version
        self._erased = False
        self._pieces = None

    def _run(self) -> None:
        if self._erased:
            raise Refused(ErrorName.BOOT_STATUS_PARTIAL)
        self._nvram.commit({"boot.runs": None})
        self.restart_wanted = True

    @staticmethod
    def _image(pieces: dict[int, bytes]) -> bytes:
        """The pieces as one, as far as they go without a gap."""
        image = bytearray()
        for offset in sorted(pieces):
            if offset != len(image):
                break
            image += pieces[offset]
        return bytes(image)

    def _version_of(self, image: bytes) -> Version:
        try:
            parsed = FirmwareImage.parse(image)
        except ValueError:
            raise Refused(ErrorName.BOOT_STATUS_WRONG_PARAMETER) from None
        if parsed.model != self._identity.model.code:
            raise Refused(ErrorName.BOOT_STATUS_WRONG_PARAMETER)
        return parsed.version


def refusal_of(request: m.BootRequest, error: ErrorName) -> m.BootAnswer:
    """The answer to a request that says no more than this."""
    match request:
        case m.BootInfo():
            return m.BootDescription(error)
        case m.BootErase():
            return m.BootErased(error)
        case m.BootWrite():
            return m.BootWritten(error)
        case m.BootVerify():
            return m.BootVerified(error)
        case m.BootRun():
            return m.BootStarted(error)
