"""All triggers of one workstation: which of them run is a matter of its Bluetooth."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hideez_bench.harness.client.advertisements import Advertisement
from hideez_bench.harness.client.triggers import (
    ActivityTrigger,
    AutomaticTrigger,
    CommandLinkTrigger,
    HearingTrigger,
    ProximityTrigger,
    Reconnect,
    RfidTrigger,
    Surroundings,
    TapTrigger,
    Trigger,
)
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.protocol.hes import HwVaultShortInfo


class TriggerSet:
    """One of each. `look_up` asks the server whose radio tag it is."""

    def __init__(
        self, around: Surroundings, stack: Stack, look_up: Callable[[str], Awaitable[HwVaultShortInfo]]
    ) -> None:
        self.tap = TapTrigger(around)
        self.proximity = ProximityTrigger(around)
        self.automatic = AutomaticTrigger(around)
        self.command_link = CommandLinkTrigger(around)
        self.activity = ActivityTrigger(around)
        self.rfid = RfidTrigger(around, look_up)
        self.reconnect = Reconnect(around)
        self._hearing: list[HearingTrigger] = [self.tap, self.proximity, self.automatic]
        by_stack: dict[Stack, list[Trigger]] = {
            Stack.SYSTEM: [self.automatic],
            Stack.DONGLE: [self.tap, self.proximity, self.reconnect],
        }
        self._running = [*by_stack[stack], self.command_link, self.activity, self.rfid]

    def start(self) -> None:
        """From now on those run that this Bluetooth has."""
        for trigger in self._running:
            trigger.start()

    def stop(self) -> None:
        """No more."""
        for trigger in self._running:
            trigger.stop()

    def heard(self, advertisement: Advertisement) -> None:
        """An advertisement came in."""
        for trigger in self._hearing:
            trigger.heard(advertisement)

    def leave_alone(self, address: str, *, seconds: float | None = None) -> None:
        """Let advertisements of this key start nothing: for so long, or until it has been away."""
        for trigger in self._hearing:
            if seconds is None:
                trigger.ignored.ignore(address)
            else:
                trigger.ignored.ignore_for(address, seconds)

    def take_notice_again(self, address: str) -> None:
        """Let them start something again, whatever was before."""
        for trigger in self._hearing:
            trigger.ignored.forget(address)
