"""What makes the client take a key up: a tap, its coming near, a link on the lock screen, a touch, a tag, a lost link.

Three hear every advertisement (`TapTrigger`, `ProximityTrigger`, `AutomaticTrigger`); three wait for one when something
else happens (`CommandLinkTrigger`, `ActivityTrigger`, `RfidTrigger`). Each calls `connect`, which may drop it. One that
is not running does nothing. What is left of them is `Reconnect`, which brings back a key that was lost.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from hideez_bench.harness.client.advertisements import Advertisement, Airwaves
from hideez_bench.harness.client.ignore_list import AdvertisementIgnoreList
from hideez_bench.harness.client.pairs import Pairs
from hideez_bench.protocol.hes import HwVaultShortInfo

TAP_THRESHOLD = -33
"""dBm that a tap on the dongle is above (client SdkSettings, TapProximityUnlockThreshold)."""

WAIT_SECONDS = 10.0
RETRY_SECONDS = 3.0
RECONNECT_SECONDS = 1.0


class Why(StrEnum):
    """What makes the client take a key up."""

    TAP = "it was tapped"
    PROXIMITY = "it is near"
    AUTOMATIC = "it is in reach"
    COMMAND_LINK = "somebody asked for it"
    ACTIVITY = "somebody is at the computer"
    RFID = "its tag was read"
    RECONNECT = "its link was lost"


Connect = Callable[[Advertisement, Why], object]


@dataclass
class Surroundings:
    """What the triggers of one workstation share.

    Attributes:
        is_locked: whether the Windows session is locked now.
    """

    airwaves: Airwaves
    pairs: Pairs
    connect: Connect
    is_locked: Callable[[], bool]


class Trigger:
    """Starts stopped."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.is_running = False

    def start(self) -> None:
        """From now on."""
        self.is_running = True

    def stop(self) -> None:
        """No more."""
        self.is_running = False


class HearingTrigger(Trigger, ABC):
    """Judges every advertisement, except those of keys that it ignores."""

    why: Why

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        # While nothing can be heard nobody is away.
        self.ignored = AdvertisementIgnoreList(around.airwaves.time_listened, self.keeps_ignored)

    def heard(self, advertisement: Advertisement) -> None:
        """An advertisement came in."""
        self.ignored.heard(advertisement)
        if not self.is_running or self.ignored.is_ignored(advertisement.address):
            return
        if self.judges(advertisement):
            self.around.connect(advertisement, self.why)

    @abstractmethod
    def judges(self, advertisement: Advertisement) -> bool:
        """Whether this one starts a connection."""

    @abstractmethod
    def keeps_ignored(self, advertisement: Advertisement) -> bool:
        """Whether a key that was taken up has not been away since."""


class TapTrigger(HearingTrigger):
    """A key laid on the dongle: its signal is above a threshold."""

    why = Why.TAP

    def judges(self, advertisement: Advertisement) -> bool:
        """See `HearingTrigger.judges`."""
        return advertisement.rssi > TAP_THRESHOLD

    keeps_ignored = judges


class ProximityTrigger(HearingTrigger):
    """A key that came near the dongle, if it may unlock by that."""

    why = Why.PROXIMITY

    def judges(self, advertisement: Advertisement) -> bool:
        """See `HearingTrigger.judges`."""
        return is_near(self.around, advertisement) and self.around.pairs.of(advertisement).unlock_by_proximity

    def keeps_ignored(self, advertisement: Advertisement) -> bool:
        """See `HearingTrigger.keeps_ignored`."""
        return advertisement.proximity >= self.around.pairs.of(advertisement).lock_proximity


class AutomaticTrigger(ProximityTrigger):
    """A key near the system's own Bluetooth; where the session is locked, only if it may unlock by that."""

    why = Why.AUTOMATIC

    def judges(self, advertisement: Advertisement) -> bool:
        """See `HearingTrigger.judges`."""
        allowed = not self.around.is_locked() or self.around.pairs.of(advertisement).unlock_by_proximity
        return allowed and is_near(self.around, advertisement)


class WaitingTrigger(Trigger):
    """Takes up the first key that it wants within 10 s of what sets it off."""

    async def wait_for(self, wanted: Callable[[Advertisement], bool], why: Why) -> bool:
        """Whether such a key came."""
        found = await self.around.airwaves.wait_for(wanted, timeout=WAIT_SECONDS)
        if found:
            self.around.connect(found, why)
        return found is not None


class CommandLinkTrigger(WaitingTrigger):
    """The link on the lock screen: take up the first key that comes near within 10 s."""

    async def clicked(self) -> bool:
        """Somebody clicked it; whether a key was there."""
        if not self.is_running:
            return False
        return await self.wait_for(
            lambda advertisement: is_near(self.around, advertisement), Why.COMMAND_LINK
        )


class ActivityTrigger(WaitingTrigger):
    """A touch of keyboard or mouse on the lock screen: take up a key that is allowed it, if there is any such."""

    async def touched(self) -> bool:
        """Somebody touched them; whether such a key was there."""
        if not self.is_running or not self.around.pairs.any_by_activity:
            return False
        return await self.wait_for(self.around.pairs.by_activity, Why.ACTIVITY)


class RfidTrigger(WaitingTrigger):
    """A radio tag laid on the reader: the server knows whose key it is in.

    The shipped client 3.8.18 ends with an error before it asks; what its authors meant is done here.
    """

    def __init__(self, around: Surroundings, look_up: Callable[[str], Awaitable[HwVaultShortInfo]]) -> None:
        """`look_up` asks the server whose tag it is (`HesConnection.get_hw_vault_info_by_rfid`)."""
        super().__init__(around)
        self._look_up = look_up

    async def read(self, tag: str) -> bool:
        """A tag was read; whether its key was there.

        Raises:
            HesError: the server does not know the tag, or cannot be asked.
        """
        if not self.is_running:
            return False
        info = await self._look_up(tag)
        return await self.wait_for(
            lambda advertisement: advertisement.is_of(serial=info.vault_serial, mac=info.vault_mac), Why.RFID
        )


class Reconnect(Trigger):
    """Brings back a key whose link was lost after the flow had ended well; over the vendor's dongle only."""

    async def lost(self, advertisement: Advertisement) -> None:
        """The link to this key was lost, unexpectedly."""
        if self.is_running:
            await asyncio.sleep(RECONNECT_SECONDS)
            self.around.connect(advertisement, Why.RECONNECT)


def is_near(around: Surroundings, advertisement: Advertisement) -> bool:
    """Whether a key is as near as its pair asks for."""
    return advertisement.proximity >= around.pairs.of(advertisement).unlock_proximity
