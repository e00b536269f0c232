"""Mistakes with the attempts that a code is good for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.channels import Channels
from hideez_bench.emulator.key.commands.rules import Rule
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.link import KeyLink
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.emulator.key.state import State
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import ChannelKeys
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import Command, ErrorName


def _refill(firmware: Firmware) -> None:
    firmware.change(attempts=firmware.state.attempts_granted)


def _open(firmware: Firmware) -> None:
    firmware.change(locked_by_code=False, attempts=firmware.state.attempts_granted)


class OneAttemptMore(Firmware):
    """A code may be tried once more than was granted."""

    def change(self, **changes: Any) -> None:
        if "code" in changes:
            changes["attempts"] += 1
        super().change(**changes)


class OneAttemptFewer(Firmware):
    """A code may be tried once less than was granted."""

    def change(self, **changes: Any) -> None:
        if "code" in changes:
            changes["attempts"] -= 1
        super().change(**changes)


class AttemptsInRam(Firmware):
    """Attempts are counted in RAM, and are all back after a power cycle."""

    def change(self, **changes: Any) -> None:
        if changes.keys() == {"attempts"}:
            self._state = replace(self._state, **changes)
        else:
            super().change(**changes)


class PowerCycleRefillsAttempts(Firmware):
    """Power-on sets the attempts back to those granted."""

    def recall(self) -> State:
        state = super().recall()
        return replace(state, attempts=state.attempts_granted)


class AttemptsResetOnReconnect(KeyLink):
    """The end of a link sets the attempts back to those granted."""

    def disconnected(self) -> None:
        super().disconnected()
        _refill(self._firmware)


class CancelRefillsAttempts(KeyLink):
    """CANCEL takes back the attempts that were used up."""

    def _take_control(self, message: m.ToKey) -> None:
        super()._take_control(message)
        if isinstance(message, m.Cancel):
            _refill(self._firmware)


class ChannelRefillsAttempts(Channels):
    """Verifying another channel sets the attempts back to those granted."""

    def open(self, number: int, keys: ChannelKeys) -> None:
        super().open(number, keys)
        if number != self._wire.profile.channel("MAIN"):
            _refill(self._firmware)


class OtherChannelsTryForFree(Channels):
    """Wrong codes cost nothing on any channel but the main one."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)

        def try_for_free(firmware: Firmware, caller: Caller, request: Any) -> Any:
            attempts = firmware.state.attempts
            try:
                return rule.operation(firmware, caller, request)
            except Refused:
                if caller.channel != self._wire.profile.channel("MAIN"):
                    firmware.change(attempts=attempts)
                raise

        return replace(rule, operation=try_for_free) if isinstance(request, m.UnlockDeviceCode) else rule


class ComparedBeforeCounted(Channels):
    """The code is compared before its attempt is counted: whoever cuts the power in between has it for free."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)

        def compare_first(firmware: Firmware, caller: Caller, request: Any) -> Any:
            if firmware.state.locked_by_code and firmware.state.attempts and firmware.is_code(request.code):
                return _open(firmware)
            return rule.operation(firmware, caller, request)

        return replace(rule, operation=compare_first) if isinstance(request, m.UnlockDeviceCode) else rule


class RightCodeAfterTheLast(Channels):
    """The right code unlocks a key that is out of attempts."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)

        def unlock_anyhow(firmware: Firmware, caller: Caller, request: Any) -> Any:
            if firmware.state.locked_by_code and firmware.is_code(request.code):
                return _open(firmware)
            return rule.operation(firmware, caller, request)

        return replace(rule, operation=unlock_anyhow) if isinstance(request, m.UnlockDeviceCode) else rule


class RightCodeRestoresNothing(Firmware):
    """A right code leaves the attempts used up that wrong ones had cost."""

    def change(self, **changes: Any) -> None:
        if "code" not in changes and changes.get("locked_by_code") is False:
            changes["attempts"] = self.state.attempts
        super().change(**changes)


class RecodingKeepsAttempts(Firmware):
    """LOCK_DEVICE_CODE leaves as many attempts as there were."""

    def change(self, **changes: Any) -> None:
        if "code" in changes and "master_key" not in changes:
            changes["attempts"] = self.state.attempts
        super().change(**changes)


class MalformedCodeCosts(Channels):
    """A code of impossible length is refused as malformed, and costs an attempt all the same."""

    def parse(self, plain: bytes) -> m.Request:
        try:
            return super().parse(plain)
        except WireError:
            attempts = self._firmware.state.attempts
            if plain[0] == self._wire.profile.number("command", Command.UNLOCK_DEVICE_CODE) and attempts:
                self._firmware.change(attempts=attempts - 1)
            raise


class LastWrongCodeUnsaid(Channels):
    """The wrong code that uses up the last attempt is answered like any other."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)

        def say_wrong(firmware: Firmware, caller: Caller, request: Any) -> Any:
            attempts = firmware.state.attempts
            try:
                return rule.operation(firmware, caller, request)
            except Refused as refused:
                raise Refused(ErrorName.ERR_PIN_WRONG if attempts == 1 else refused.error) from None

        return replace(rule, operation=say_wrong) if isinstance(request, m.UnlockDeviceCode) else rule


DEFECTS: dict[type, str] = {
    OneAttemptMore: "C-003",
    OneAttemptFewer: "C-002",
    AttemptsInRam: "C-013",
    PowerCycleRefillsAttempts: "C-013",
    AttemptsResetOnReconnect: "C-012",
    CancelRefillsAttempts: "C-012",
    ChannelRefillsAttempts: "C-020",
    OtherChannelsTryForFree: "C-020",
    ComparedBeforeCounted: "C-014",
    RightCodeAfterTheLast: "C-006",
    RightCodeRestoresNothing: "C-002",
    RecodingKeepsAttempts: "C-017",
    MalformedCodeCosts: "C-007",
    LastWrongCodeUnsaid: "C-003",
}
"""The classes here, and the behaviour that each breaks."""
