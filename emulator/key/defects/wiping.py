"""Mistakes with the wipe, and with what waits for the user."""

from __future__ import annotations

from dataclasses import replace

from hideez_bench.emulator.key.channel import Channel
from hideez_bench.emulator.key.channels import Channels
from hideez_bench.emulator.key.commands.rules import Rule
from hideez_bench.emulator.key.firmware import Firmware, Waiting
from hideez_bench.emulator.key.link import KeyLink
from hideez_bench.emulator.key.state import State
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import Button, ErrorName, WipeResult


class WipeAtOnce(Channels):
    """WIPE without a key wipes at once, and waits for nobody."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        if isinstance(request, m.Wipe) and request.key is None:
            return replace(rule, operation=lambda firmware, caller, request: firmware.wipe())
        return rule


class WipeByAnyKey(Channels):
    """WIPE does not compare the master key."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, proves_key=False) if isinstance(request, m.Wipe) else rule


class WipeByShortPress(Channels):
    """A short press wipes, where it should keep everything."""

    def pressed(self, button: Button) -> None:
        super().pressed(Button.SUPER_LONG if button is Button.SINGLE else button)


class WipeWhenTimeIsUp(Channels):
    """The key wipes itself when nobody has answered."""

    def _give_up(self, channel: Channel, result: WipeResult, error: ErrorName) -> None:
        if channel.waiting is self._firmware.wipe_request and result is WipeResult.TIMED_OUT:
            self._confirm_wipe(channel)
        else:
            super()._give_up(channel, result, error)


class WipeLeavesTheCode(Firmware):
    """A wiped key is still locked by its code."""

    def wipe(self) -> None:
        before = self.state
        super().wipe()
        self.change(code=before.code, locked_by_code=before.locked_by_code, attempts=before.attempts)


class WipeKeepsTheMasterKey(Firmware):
    """A wiped key still belongs to its server."""

    def wipe(self) -> None:
        master_key = self.state.master_key
        super().wipe()
        self.change(master_key=master_key)


class WipeKeepsTheProfile(Firmware):
    """The access profile outlasts a wipe."""

    def wipe(self) -> None:
        access = self.state.access
        super().wipe()
        self.change(access=access)


class WipeInRam(Firmware):
    """A wipe is not written to the memory: at the next power-on everything is back."""

    def wipe(self) -> None:
        self._state = State()
        self.access.forget_everything()


class WipeUnsaid(Channels):
    """A wipe by hand ends without WIPE_STATUS."""

    def _tell(self, message: m.FromKey) -> None:
        if not isinstance(message, m.WipeStatus):
            super()._tell(message)


class CancelIgnored(KeyLink):
    """CANCEL does not end what waits for the user."""

    def _take_control(self, message: m.ToKey) -> None:
        if not isinstance(message, m.Cancel):
            super()._take_control(message)


class BusyTooRare(Channels):
    """BUSY comes so rarely that the host gives up meanwhile."""

    def _send_busy(self, channel: Channel, waiting: Waiting, now: float) -> None:
        super()._send_busy(channel, waiting, now)
        waiting.busy_due = now + 20


class SecondRequestTaken(Channel):
    """A second request is taken while the first is still without its answer."""

    @property
    def busy(self) -> bool:
        return False


DEFECTS: dict[type, str] = {
    WipeAtOnce: "D-020",
    WipeByAnyKey: "D-019",
    WipeByShortPress: "D-020",
    WipeWhenTimeIsUp: "D-020",
    WipeLeavesTheCode: "D-010",
    WipeKeepsTheMasterKey: "D-010",
    WipeKeepsTheProfile: "D-010",
    WipeInRam: "D-010",
    WipeUnsaid: "D-021",
    CancelIgnored: "D-020",
    BusyTooRare: "F-018",
    SecondRequestTaken: "F-018",
}
"""The classes here, and the behaviour that each breaks."""
