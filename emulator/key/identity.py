"""Which key it is: what stands on its case and in its factory record, and never changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Self

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.values import Version

FIRMWARE = Version(3, 5, 2)
BOOTLOADER = Version(3, 0, 0)


class Power(Enum):
    """Where the power comes from."""

    CELL = "coin cell"
    ACCUMULATOR = "accumulator, charged by micro-USB"


class Model(Enum):
    """The keys on the market.

    `code` is what a serial number may begin with, `name_prefix` the start of the Bluetooth name. ST102, HK, HK4, the
    memory and the buzzer of the Key 2, the cell of the Key 3 and the accumulator of the Key 4 are published.
    """

    KEY_2 = ("ST102", "HK", Power.CELL, True)
    KEY_3 = ("ST103", "HK", Power.CELL, False)
    KEY_4 = ("ST104", "HK4", Power.ACCUMULATOR, False)

    def __init__(self, code: str, name_prefix: str, power: Power, has_buzzer: bool) -> None:
        self.code = code
        self.name_prefix = name_prefix
        self.power = power
        self.has_buzzer = has_buzzer

    @property
    def charges(self) -> bool:
        """It can be plugged in."""
        return self.power is Power.ACCUMULATOR


@dataclass(frozen=True)
class Identity:
    """One key.

    `serial` ends in five digits, which are in the Bluetooth name too, and has at most 16 ASCII characters, for
    that is what a licence can name; `mac` is 12 hexadecimal digits in upper case; `storage_size` is in bytes.

    Raises:
        BenchError: the serial number or the address is not of that form.
    """

    serial: str
    mac: str
    rfid: str
    model: Model = Model.KEY_3
    firmware: Version = FIRMWARE
    bootloader: Version = BOOTLOADER
    storage_size: int = 76 * 1024

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9A-Z]{0,11}[0-9]{5}", self.serial):
            raise BenchError(
                f"{self.serial!r} is no serial number of a key: it is at most 16 capital letters and digits, "
                "the last five of them digits"
            )
        if not re.fullmatch(r"[0-9A-F]{12}", self.mac):
            raise BenchError(f"{self.mac!r} is no address of a key: it is 12 hexadecimal digits in capitals")

    @classmethod
    def numbered(cls, number: int, model: Model = Model.KEY_3) -> Self:
        """The identity of an invented key, the same for the same number (0 to 99999) and model."""
        if not 0 <= number <= 99999:
            raise BenchError(f"an invented key has a number from 0 to 99999, not {number}")
        position = list(Model).index(model)
        return cls(
            serial=f"{model.code}20260{number:05d}",
            mac=f"1CFDB7{position:01X}{number:05X}",
            rfid=f"{position + 1:d}{number:09d}",
            model=model,
        )

    @classmethod
    def from_local_name(cls, name: str) -> Self:
        """The identity of the invented key with a Bluetooth name, as `HK-00203` (a Key 3) or `HK4-00203` (a Key 4).

        Raises:
            BenchError: no key has such a name.
        """
        models = {"HK": Model.KEY_3, "HK4": Model.KEY_4}
        prefix, _, digits = name.partition("-")
        if prefix not in models or not re.fullmatch(r"[0-9]{5}", digits):
            raise BenchError(
                f"{name!r} is no name of a key: HK or HK4, a dash, and five digits, as HK-00203."
            )
        return cls.numbered(int(digits), models[prefix])

    @property
    def local_name(self) -> str:
        """The Bluetooth name, as `HK-00203`."""
        return f"{self.model.name_prefix}-{self.serial[-5:]}"
