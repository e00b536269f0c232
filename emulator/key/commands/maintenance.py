"""The log, and the way into boot mode."""

from __future__ import annotations

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import Command, ErrorName
from hideez_bench.protocol.values import LogChunk


def fetch_log(firmware: Firmware, caller: Caller, request: m.FetchLog) -> LogChunk:
    """FETCH_LOG; at its end there is nothing more, beyond it nothing to ask for."""
    text = firmware.log.text
    if request.offset > len(text):
        raise Refused(ErrorName.ERR_INVALID_PARAMETER)
    room = firmware.reply_room(Command.FETCH_LOG) - 4  # the total
    return LogChunk(len(text), text[request.offset : request.offset + room])


def clear_log(firmware: Firmware, caller: Caller, request: m.ClearLog) -> None:
    """CLEAR_LOG."""
    firmware.clear_log()


def enter_boot(firmware: Firmware, caller: Caller, request: m.EnterBoot) -> None:
    """ENTER_BOOT; the key restarts once the reply is out."""
    firmware.boot.enter()
