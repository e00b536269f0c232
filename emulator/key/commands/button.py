"""What waits for the user's finger."""

from __future__ import annotations

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.firmware import Firmware, Waiting
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import Command, ErrorName

LONGEST_CONFIRMATION = 90
"""Seconds: a host does not believe longer in a key that is busy (busy_limit of the published profile)."""


def confirm(firmware: Firmware, caller: Caller, request: m.Confirm) -> Waiting:
    """CONFIRM."""
    return _wait(firmware, Command.CONFIRM, request.seconds)


def ask_to_wipe(firmware: Firmware, caller: Caller, request: m.Wipe) -> Waiting:
    """WIPE without the master key."""
    if firmware.wipe_request is not None:
        raise Refused(ErrorName.ERR_DEVICE_BUSY)
    firmware.wipe_request = _wait(firmware, Command.WIPE, firmware.wire.profile.seconds("wipe_confirmation"))
    return firmware.wipe_request


def _wait(firmware: Firmware, command: Command, seconds: float) -> Waiting:
    now = firmware.clock()
    return Waiting(command, ends=now + seconds, busy_due=now)
