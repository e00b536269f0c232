"""What a person can see of a key, and a panel can show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hideez_bench.protocol.names import Lock


class Led(Enum):
    """The light on the key."""

    OFF = "off"
    YELLOW = "yellow"
    """A wipe waits for its confirmation: hold the button to wipe, press it once to keep everything."""


@dataclass(frozen=True)
class KeyView:
    """A key at one moment. `connections` counts open links, `battery` is in percent."""

    led: Led
    connections: int
    linked: bool
    lock: Lock
    unlock_attempts: int
    battery: int
