"""What the server does to a key: link, lock, unlock, set and prove the master key, wipe; and the code that unlocks."""

from __future__ import annotations

from typing import Any

from hideez_bench.emulator.key.access import BY_MASTER_KEY, Caller
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import ErrorName

PIN_UNLOCKED = {"locked_by_pin": False, "pin_failures": 0}


def link(firmware: Firmware, caller: Caller, request: m.Link) -> None:
    """LINK."""
    master_key = firmware.digest(request.key)
    firmware.change(master_key=master_key, **_locked_with(firmware, request))


def lock_device_code(firmware: Firmware, caller: Caller, request: m.LockDeviceCode) -> None:
    """LOCK_DEVICE_CODE; it ends a lock by PIN."""
    firmware.change(**_locked_with(firmware, request), **PIN_UNLOCKED)


def _locked_with(firmware: Firmware, request: m.Link | m.LockDeviceCode) -> dict[str, Any]:
    return {
        "code": firmware.digest(request.code),
        "locked_by_code": True,
        "attempts": request.attempts,
        "attempts_granted": request.attempts,
    }


def unlock_device_code(firmware: Firmware, caller: Caller, request: m.UnlockDeviceCode) -> None:
    """UNLOCK_DEVICE_CODE."""
    state = firmware.state
    if state.locked_by_pin:
        raise Refused(ErrorName.ERR_DEVICE_LOCKED_BY_PIN)
    if not state.locked_by_code:
        raise Refused(ErrorName.ERR_UNSUPPORTED)
    if not state.attempts:
        raise Refused(ErrorName.ERR_DEVICE_LOCKED_BY_CODE)
    # Counted before compared: who cuts the power in between has used up the attempt.
    firmware.change(attempts=state.attempts - 1)
    if not firmware.is_code(request.code):
        used_up = firmware.state.attempts == 0
        raise Refused(ErrorName.ERR_DEVICE_LOCKED_BY_CODE if used_up else ErrorName.ERR_PIN_WRONG)
    firmware.change(locked_by_code=False, attempts=state.attempts_granted)


def unlock(firmware: Firmware, caller: Caller, request: m.Unlock) -> None:
    """UNLOCK; it ends a lock by PIN too."""
    granted = firmware.state.attempts_granted
    firmware.change(locked_by_code=False, attempts=granted, **PIN_UNLOCKED)


def access(firmware: Firmware, caller: Caller, request: m.Access) -> None:
    """ACCESS: what was satisfied before is asked anew."""
    firmware.change(
        access=request.params, master_key_given={}, pin_given={}, **firmware.set_clock(request.time)
    )
    firmware.access.forget_everything()


def check_passphrase(firmware: Firmware, caller: Caller, request: m.CheckPassphrase) -> None:
    """CHECK_PASSPHRASE."""
    given = {**firmware.state.master_key_given, caller.host: firmware.time}
    firmware.change(master_key_given=given)
    firmware.access.grant(caller, BY_MASTER_KEY, firmware.time)


def change_passphrase(firmware: Firmware, caller: Caller, request: m.ChangePassphrase) -> None:
    """CHANGE_PASSPHRASE: who gave the old master key must give the new one, but for the caller, who knows it."""
    master_key = firmware.digest(request.new)
    firmware.change(master_key=master_key, master_key_given={caller.host: firmware.time})
    firmware.access.forget(BY_MASTER_KEY)
    firmware.access.grant(caller, BY_MASTER_KEY, firmware.time)


def wipe(firmware: Firmware, caller: Caller, request: m.Wipe) -> None:
    """WIPE with the master key."""
    firmware.wipe()
