"""The life of a key: its modes, what leads from one to the next, who can reach it in each, and what it shows.

`TABLE` says all of it; an event that a mode has no row for changes nothing. `python -m hideez_bench.emulator.key.life`
prints the picture that stands in docs/key.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum, StrEnum, auto

from hideez_bench.emulator.key.view import Buzzer, Led
from hideez_bench.protocol.profile import Profile


class Mode(StrEnum):
    """What a key is about."""

    OFF = "off"
    PAIRING = "pairing"
    CONFIRMATION = "pairing confirmation"
    READY = "ready to reconnect"
    CONNECTED = "connected"
    WIPE_REQUEST = "wipe request"
    CHARGING = "charging"
    BOOT = "boot"


class Event(StrEnum):
    """What happens to a key."""

    SHORT_PRESS = "short press"
    LONG_PRESS = "long press"
    PAIRING_ASKED = "host starts pairing"
    PAIRING_GIVEN_UP = "host gives up"
    TIME_UP = "time is up"
    LINK_OPENED = "host connects"
    LINKS_GONE = "last host leaves"
    WIPE_ASKED = "wipe without the master key"
    WIPE_ENDED = "wiped or kept"
    BONDS_CHANGED = "bond removed"
    PLUGGED_IN = "plugged in"
    UNPLUGGED = "unplugged"
    BOOT_ENTERED = "ENTER_BOOT"
    BOOT_LEFT = "firmware runs"


class Audience(Enum):
    """Who can reach the key: it advertises unless that is nobody."""

    NOBODY = "nobody"
    BONDED = "bonded hosts"
    ANYBODY = "anybody"


class Rest(Enum):
    """In place of a mode: the one that links, charger and bonds call for."""

    REST = auto()


REST = Rest.REST

TABLE: dict[Mode, dict[Event, Mode | Rest]] = {
    Mode.OFF: {
        Event.SHORT_PRESS: Mode.PAIRING,
        Event.PLUGGED_IN: Mode.CHARGING,
    },
    Mode.PAIRING: {
        Event.SHORT_PRESS: Mode.PAIRING,
        Event.PAIRING_ASKED: Mode.CONFIRMATION,
        Event.TIME_UP: REST,
        Event.WIPE_ASKED: Mode.WIPE_REQUEST,
        Event.BOOT_ENTERED: Mode.BOOT,
    },
    Mode.CONFIRMATION: {
        Event.SHORT_PRESS: REST,
        Event.LONG_PRESS: REST,
        Event.PAIRING_GIVEN_UP: REST,
        Event.TIME_UP: REST,
        Event.WIPE_ASKED: Mode.WIPE_REQUEST,
        Event.BOOT_ENTERED: Mode.BOOT,
    },
    Mode.READY: {
        Event.SHORT_PRESS: Mode.PAIRING,
        Event.LINK_OPENED: Mode.CONNECTED,
        Event.BONDS_CHANGED: REST,
        Event.PLUGGED_IN: Mode.CHARGING,
    },
    Mode.CONNECTED: {
        Event.PAIRING_ASKED: Mode.CONFIRMATION,
        Event.WIPE_ASKED: Mode.WIPE_REQUEST,
        Event.LINKS_GONE: REST,
        Event.BOOT_ENTERED: Mode.BOOT,
    },
    Mode.WIPE_REQUEST: {
        Event.WIPE_ENDED: REST,
        Event.BOOT_ENTERED: Mode.BOOT,
    },
    Mode.CHARGING: {
        Event.SHORT_PRESS: Mode.PAIRING,
        Event.LINK_OPENED: Mode.CONNECTED,
        Event.UNPLUGGED: REST,
    },
    Mode.BOOT: {
        Event.BOOT_LEFT: REST,
    },
}

LASTS = {Mode.PAIRING: "pairing_window", Mode.CONFIRMATION: "pairing_confirmation"}
"""The modes that end by themselves, with the profile's name of their time."""

AUDIENCE = {
    Mode.OFF: Audience.NOBODY,
    Mode.PAIRING: Audience.ANYBODY,
    Mode.CONFIRMATION: Audience.BONDED,
    Mode.READY: Audience.BONDED,
    Mode.CONNECTED: Audience.BONDED,
    Mode.WIPE_REQUEST: Audience.BONDED,
    Mode.CHARGING: Audience.BONDED,
    Mode.BOOT: Audience.ANYBODY,
}

LED = {
    Mode.OFF: Led.OFF,
    Mode.PAIRING: Led.BLUE_FLASHES,
    Mode.CONFIRMATION: Led.GREEN_BLINKS,
    Mode.READY: Led.OFF,
    Mode.CONNECTED: Led.OFF,
    Mode.WIPE_REQUEST: Led.YELLOW,
    Mode.CHARGING: Led.RED_PULSES,
    Mode.BOOT: Led.BLUE,
}


BUZZER = {Mode.CONFIRMATION: Buzzer.TWO_BEEPS, Mode.WIPE_REQUEST: Buzzer.ONE_LONG}


class Life:
    """The mode that a key is in.

    Args:
        clock: monotonic time in seconds.
        profile: has the times.
        realistic: without, the key never rests switched off, and anybody reaches it in every mode.
        links, bonds, charging: how the key stands when it comes to rest: how many, and whether.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        profile: Profile,
        realistic: bool,
        links: Callable[[], int],
        bonds: Callable[[], int],
        charging: Callable[[], bool],
    ) -> None:
        self.realistic = realistic
        self.ends: float | None = None
        """The clock time at which the mode ends by itself; None if it does not."""
        self._clock = clock
        self._profile = profile
        self._links = links
        self._bonds = bonds
        self._charging = charging
        self.mode = self._rest()

    def happens(self, event: Event) -> bool:
        """Go where the table says; whether it has a row for this."""
        target = TABLE[self.mode].get(event)
        if target is None:
            return False
        self.mode = self._rest() if target is REST else target
        lasts = LASTS.get(self.mode)
        self.ends = self._clock() + self._profile.seconds(lasts) if lasts else None
        return True

    @property
    def audience(self) -> Audience:
        """Who can reach the key now."""
        return AUDIENCE[self.mode] if self.realistic else Audience.ANYBODY

    def _rest(self) -> Mode:
        if self._links():
            return Mode.CONNECTED
        if self._charging():
            return Mode.CHARGING
        return Mode.READY if self._bonds() or not self.realistic else Mode.OFF


def picture() -> str:
    """The table as a Mermaid state diagram. Where it leads to rest, that is one of four modes."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {mode.name} : {mode}" for mode in Mode]
    lines += ["    state REST <<choice>>", "    [*] --> REST"]
    lines += [
        f"    REST --> {mode.name} : {why}"
        for mode, why in (
            (Mode.CONNECTED, "a host is connected"),
            (Mode.CHARGING, "else plugged in"),
            (Mode.READY, "else a bond"),
            (Mode.OFF, "else"),
        )
    ]
    for mode, row in TABLE.items():
        lines += [f"    {mode.name} --> {target.name} : {event}" for event, target in row.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(picture() + "\n")
