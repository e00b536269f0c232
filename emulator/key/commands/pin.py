"""The PIN: setting it and entering it. There is none before ACCESS has said what is asked of one."""

from __future__ import annotations

from hideez_bench.emulator.key.access import BY_PIN, Caller
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import AccessLevel, ErrorName
from hideez_bench.protocol.secret import Pin


def set_pin(firmware: Firmware, caller: Caller, request: m.SetPin) -> None:
    """SET_PIN. It counts as entering the PIN."""
    _check_length(firmware, request.new)
    stored = firmware.state.pin
    if stored is None and request.old is not None:
        raise Refused(ErrorName.ERR_PIN_NOT_SET)
    if stored is not None and request.old is None:
        raise Refused(ErrorName.ERR_PIN_WRONG)  # can be no right one, and costs no attempt
    if request.old is not None:
        _compare(firmware, request.old)
    elif AccessLevel.MASTER_KEY_REQUIRED in firmware.level(caller):
        raise Refused(ErrorName.ERR_UNAUTHORIZED)
    _store(firmware, request.new, given={caller.host: firmware.time})
    firmware.access.grant(caller, BY_PIN, firmware.time)


def force_set_pin(firmware: Firmware, caller: Caller, request: m.ForceSetPin) -> None:
    """FORCE_SET_PIN. Whoever is asked for the PIN, the caller included, must enter the new one."""
    _check_length(firmware, request.new)
    _store(firmware, request.new, given={})


def enter_pin(firmware: Firmware, caller: Caller, request: m.EnterPin) -> None:
    """ENTER_PIN."""
    if firmware.state.pin is None:
        raise Refused(ErrorName.ERR_PIN_NOT_SET)
    _check_length(firmware, request.pin)
    _compare(firmware, request.pin)
    given = {**firmware.state.pin_given, caller.host: firmware.time}
    firmware.change(pin_failures=0, locked_by_pin=False, pin_given=given)
    firmware.access.grant(caller, BY_PIN, firmware.time)


def _check_length(firmware: Firmware, pin: Pin) -> None:
    """Costs no attempt."""
    access = firmware.state.access
    if access is None:
        raise Refused(ErrorName.ERR_NOT_INITIALIZED)
    if len(pin.reveal()) < max(access.pin_min_length, 1):
        raise Refused(ErrorName.ERR_PIN_TOO_SHORT)


def _compare(firmware: Firmware, pin: Pin) -> None:
    state = firmware.state
    failures = state.pin_failures + 1
    is_last = failures >= firmware.pin_max_tries
    # Counted, and the key locked, before compared: who cuts the power in between has used up the attempt.
    firmware.change(pin_failures=failures, locked_by_pin=is_last)
    if not firmware.is_pin(pin):
        raise Refused(ErrorName.ERR_DEVICE_LOCKED_BY_PIN if is_last else ErrorName.ERR_PIN_WRONG)


def _store(firmware: Firmware, pin: Pin, given: dict[str, int]) -> None:
    firmware.change(
        pin=firmware.digest(pin),
        pin_length=len(pin.reveal()),
        pin_failures=0,
        locked_by_pin=False,
        pin_given=given,
    )
    firmware.access.forget(BY_PIN)
