"""The commands: for each one when it is taken, and what it does.

The checks come in one order for all of them. The body was read before; then linked or not, the master key where the
command carries one, and the locks. Nothing is changed before all have passed. No command here asks for an access level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from hideez_bench.emulator.key.access import BY_MASTER_KEY, Caller
from hideez_bench.emulator.key.firmware import Firmware, WipeRequest
from hideez_bench.emulator.key.licences import check_license, choose_slot
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import Command, ErrorName, Lock
from hideez_bench.protocol.secret import MasterKey
from hideez_bench.protocol.values import DeviceInfo, License


class Later(Enum):
    """In place of an answer: the user must act first."""

    LATER = auto()


Operation = Callable[[Firmware, Caller, Any], m.Body | Later]


class Linked(Enum):
    """What a command wants of the link to a server."""

    ANY = auto()
    YES = auto()
    NO = auto()


@dataclass(frozen=True)
class Rule:
    """When a command is taken, and what it then does."""

    operation: Operation
    linked: Linked
    while_locked: bool
    proves_key: bool = False
    """It carries the master key, which must be right."""


def execute(rule: Rule, firmware: Firmware, caller: Caller, request: m.Request) -> m.Body | Later:
    """Carry out a request by its rule.

    Raises:
        Refused: the key answers with this error, and nothing was changed but a counted attempt.
        NvramError: the memory failed.
    """
    if rule.linked is Linked.YES and not firmware.state.linked:
        raise Refused(ErrorName.ERR_NOT_INITIALIZED)
    if rule.linked is Linked.NO and firmware.state.linked:
        raise Refused(ErrorName.ERR_ALREADY_INITIALIZED)
    if rule.proves_key:
        firmware.check_master_key(_master_key(request))
    if not rule.while_locked:
        _refuse_if_locked(firmware.state.lock)
    return rule.operation(firmware, caller, request)


def _master_key(request: Any) -> MasterKey:
    """The master key that a request proves itself by; the rules say which carry one."""
    key: MasterKey = request.old if isinstance(request, m.ChangePassphrase) else request.key
    return key


def _refuse_if_locked(lock: Lock) -> None:
    if Lock.BY_PIN in lock:
        raise Refused(ErrorName.ERR_DEVICE_LOCKED_BY_PIN)
    if Lock.BY_CODE in lock:
        raise Refused(ErrorName.ERR_DEVICE_LOCKED_BY_CODE)


def _ping(firmware: Firmware, caller: Caller, request: m.Ping) -> str:
    return request.text


def _get_info(firmware: Firmware, caller: Caller, request: m.GetInfo) -> DeviceInfo:
    return firmware.device_info(caller)


def _link(firmware: Firmware, caller: Caller, request: m.Link) -> None:
    master_key = firmware.digest(request.key)
    firmware.change(master_key=master_key, **_locked_with(firmware, request))


def _lock_device_code(firmware: Firmware, caller: Caller, request: m.LockDeviceCode) -> None:
    firmware.change(**_locked_with(firmware, request), locked_by_pin=False)


def _locked_with(firmware: Firmware, request: m.Link | m.LockDeviceCode) -> dict[str, Any]:
    return {
        "code": firmware.digest(request.code),
        "locked_by_code": True,
        "attempts": request.attempts,
        "attempts_granted": request.attempts,
    }


def _unlock_device_code(firmware: Firmware, caller: Caller, request: m.UnlockDeviceCode) -> None:
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


def _unlock(firmware: Firmware, caller: Caller, request: m.Unlock) -> None:
    granted = firmware.state.attempts_granted
    firmware.change(locked_by_code=False, attempts=granted, locked_by_pin=False)


def _access(firmware: Firmware, caller: Caller, request: m.Access) -> None:
    firmware.change(access=request.params, confirmed_hosts=frozenset(), **firmware.set_clock(request.time))
    firmware.access.forget_everything()


def _check_passphrase(firmware: Firmware, caller: Caller, request: m.CheckPassphrase) -> None:
    firmware.change(confirmed_hosts=firmware.state.confirmed_hosts | {caller.host})
    firmware.access.grant(caller, BY_MASTER_KEY)


def _wipe(firmware: Firmware, caller: Caller, request: m.Wipe) -> None:
    firmware.wipe()


def _ask_to_wipe(firmware: Firmware, caller: Caller, request: m.Wipe) -> Later:
    if firmware.wipe_request is not None:
        raise Refused(ErrorName.ERR_DEVICE_BUSY)
    now = firmware.clock()
    ends = now + firmware.wire.profile.seconds("wipe_confirmation")
    firmware.wipe_request = WipeRequest(caller, ends=ends, busy_due=now)
    return Later.LATER


def _load_license(firmware: Firmware, caller: Caller, request: m.LoadLicense) -> None:
    check_license(firmware.wire, request.data, firmware.identity.serial)
    licenses = firmware.state.licenses
    slot = request.slot
    if slot is None:
        slot = choose_slot(firmware.wire, licenses, request.data)
    firmware.change(licenses={**licenses, slot: request.data})


def _query_license(firmware: Firmware, caller: Caller, request: m.QueryLicense) -> License:
    data = firmware.state.licenses.get(request.slot)
    if data is None:
        raise Refused(ErrorName.ERR_NO_LICENSE)
    return firmware.wire.license.parse(data)


def _not_yet(firmware: Firmware, caller: Caller, request: m.Request) -> None:
    """A command of the format that this key does not have."""
    raise Refused(ErrorName.ERR_UNSUPPORTED)


RULES = {
    Command.PING: Rule(_ping, Linked.ANY, while_locked=True),
    Command.GET_INFO: Rule(_get_info, Linked.ANY, while_locked=True),
    Command.LINK: Rule(_link, Linked.NO, while_locked=False),
    Command.ACCESS: Rule(_access, Linked.YES, while_locked=False, proves_key=True),
    Command.LOCK_DEVICE_CODE: Rule(_lock_device_code, Linked.YES, while_locked=True, proves_key=True),
    Command.UNLOCK_DEVICE_CODE: Rule(_unlock_device_code, Linked.YES, while_locked=True),
    Command.CHECK_PASSPHRASE: Rule(_check_passphrase, Linked.YES, while_locked=False, proves_key=True),
    Command.CHANGE_PASSPHRASE: Rule(_not_yet, Linked.YES, while_locked=False, proves_key=True),
    Command.UNLOCK: Rule(_unlock, Linked.YES, while_locked=True, proves_key=True),
    Command.WIPE: Rule(_wipe, Linked.YES, while_locked=True, proves_key=True),
    Command.SET_PIN: Rule(_not_yet, Linked.YES, while_locked=False),
    Command.FORCE_SET_PIN: Rule(_not_yet, Linked.YES, while_locked=False, proves_key=True),
    Command.ENTER_PIN: Rule(_not_yet, Linked.YES, while_locked=False),
    Command.CONFIRM: Rule(_not_yet, Linked.ANY, while_locked=False),
    Command.GET_ACCESS_PROFILE: Rule(_not_yet, Linked.ANY, while_locked=True),
    Command.READ_STORAGE: Rule(_not_yet, Linked.YES, while_locked=False),
    Command.WRITE_STORAGE: Rule(_not_yet, Linked.YES, while_locked=False),
    Command.DELETE_STORAGE: Rule(_not_yet, Linked.YES, while_locked=False),
    Command.ENUM_STORAGE: Rule(_not_yet, Linked.YES, while_locked=False),
    Command.GET_OTP: Rule(_not_yet, Linked.YES, while_locked=False),
    Command.LOAD_LICENSE: Rule(_load_license, Linked.ANY, while_locked=False),
    Command.QUERY_LICENSE: Rule(_query_license, Linked.ANY, while_locked=True),
    Command.QUERY_ACTIVE_LICENSE: Rule(_not_yet, Linked.ANY, while_locked=True),
    Command.FETCH_LOG: Rule(_not_yet, Linked.ANY, while_locked=True),
    Command.CLEAR_LOG: Rule(_not_yet, Linked.ANY, while_locked=False),
    Command.ENTER_BOOT: Rule(_not_yet, Linked.YES, while_locked=False, proves_key=True),
}
"""Every command, in the form that carries most."""

WIPE_WITHOUT_KEY = Rule(_ask_to_wipe, Linked.ANY, while_locked=True)
LOAD_INTO_SLOT = Rule(_load_license, Linked.ANY, while_locked=True)


def rule_of(request: m.Request) -> Rule:
    """The rule for a request."""
    match request:
        case m.Wipe(key=None):
            return WIPE_WITHOUT_KEY
        case m.LoadLicense(slot=int()):
            return LOAD_INTO_SLOT
    return RULES[request.command]
