"""What a person can see and hear of a key, and a panel can show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from hideez_bench.protocol.names import Lock

if TYPE_CHECKING:
    from hideez_bench.emulator.key.life import Mode


WARNING_LEVEL = 25
"""The percentage of charge at and below which the client warns (published)."""


class Colour(StrEnum):
    """The colours of the light."""

    NONE = "none"
    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True)
class Pattern:
    """On for so many milliseconds, off for so many, and that `count` times; steady if never off.

    A count of 0 goes on for as long as what it shows.
    """

    on: int = 0
    off: int = 0
    count: int = 0


class Led(Enum):
    """The light on the key: its colour and its pattern. Published are the colours, blinking, and the three flashes."""

    OFF = (Colour.NONE, Pattern())
    BLUE_FLASHES = (Colour.BLUE, Pattern(on=500, off=500, count=3))
    """Any host can pair now."""
    GREEN_BLINKS = (Colour.GREEN, Pattern(on=250, off=250))
    """A host wants to pair: press the button to let it."""
    YELLOW = (Colour.YELLOW, Pattern(on=1000))
    """A wipe waits for its confirmation: hold the button to wipe, press it once to keep everything."""
    RED_PULSES = (Colour.RED, Pattern(on=1000, off=1000))
    """Charging."""
    GREEN = (Colour.GREEN, Pattern(on=1000))
    """Charged."""
    BLUE = (Colour.BLUE, Pattern(on=1000))
    """Boot mode."""

    def __init__(self, colour: Colour, pattern: Pattern) -> None:
        self.colour = colour
        self.pattern = pattern


class Buzzer(Enum):
    """The sound that a key with a buzzer makes when it changes to a mode. All invented."""

    SILENT = Pattern()
    TWO_BEEPS = Pattern(on=100, off=100, count=2)
    """It wants to be pressed."""
    ONE_LONG = Pattern(on=600, count=1)
    """It is asked to be wiped."""


@dataclass(frozen=True)
class KeyView:
    """A key at one moment. `connections` counts open links, `bonds` hosts, `battery` is in percent."""

    mode: Mode
    led: Led
    buzzer: Buzzer
    connections: int
    bonds: int
    linked: bool
    lock: Lock
    unlock_attempts: int
    battery: int

    @property
    def battery_is_low(self) -> bool:
        """So low that the client warns."""
        return self.battery <= WARNING_LEVEL
