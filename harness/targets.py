"""Which key a command means: a target is one string."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hideez_bench.harness.links.bleak_link import ADDRESS
from hideez_bench.protocol.errors import BenchError

LOCAL_NAME = re.compile(r"HK\d?-\d{5}")

FORMS = "emulator, emulator:memory, emulator:loopback, ble:HK-00203 or ble:AA:BB:CC:DD:EE:FF"


class Radio(StrEnum):
    """What stands in for Bluetooth where a target starts its own key."""

    AUTO = "auto"
    MEMORY = "memory"
    LOOPBACK = "loopback"


@dataclass(frozen=True)
class EmulatorTarget:
    """A factory-new virtual key, started for the run and gone after it."""

    radio: Radio


@dataclass(frozen=True)
class BleTarget:
    """A key within reach of the system's Bluetooth, by its local name or its address."""

    device: str


Target = EmulatorTarget | BleTarget


def parse_target(text: str) -> Target:
    """The target that a string names.

    Raises:
        BenchError: it names none.
    """
    kind, _, rest = text.partition(":")
    if kind == "emulator" and rest in ("", Radio.MEMORY, Radio.LOOPBACK):
        return EmulatorTarget(Radio(rest) if rest else Radio.AUTO)
    if kind == "ble" and (LOCAL_NAME.fullmatch(rest) or ADDRESS.fullmatch(rest)):
        return BleTarget(rest.upper())
    raise BenchError(f"{text!r} is no target; it is one of {FORMS}.")
