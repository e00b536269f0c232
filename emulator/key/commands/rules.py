"""For each command when it is taken, and which function carries it out.

The checks come in one order for all of them: the body as a whole; linked or not; the master key where the command
carries one; the locks; what the access profile asks of the caller; the licences. Nothing is changed before all have
passed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.commands import (
    button,
    information,
    licences,
    linking,
    maintenance,
    pin,
    storage,
)
from hideez_bench.emulator.key.firmware import Firmware, Waiting
from hideez_bench.emulator.key.licences import active_license
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import AccessLevel, Command, ErrorName, Lock
from hideez_bench.protocol.secret import MasterKey

Operation = Callable[[Firmware, Caller, Any], m.Body | Waiting]


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
    authorized: bool = False
    """The caller must have satisfied all that the access profile asks."""
    licensed: bool = False
    """Of the licences on the key, where there are any, one must be valid."""


def execute(rule: Rule, firmware: Firmware, caller: Caller, request: m.Request) -> m.Body | Waiting:
    """Carry out a request by its rule.

    Raises:
        Refused: the key answers with this error, and nothing was changed but a counted attempt.
        NvramError: the memory failed.
    """
    if _is_senseless(request):
        raise Refused(ErrorName.ERR_INVALID_PARAMETER)
    if rule.linked is Linked.YES and not firmware.state.linked:
        raise Refused(ErrorName.ERR_NOT_INITIALIZED)
    if rule.linked is Linked.NO and firmware.state.linked:
        raise Refused(ErrorName.ERR_ALREADY_INITIALIZED)
    if rule.proves_key:
        firmware.check_master_key(_master_key(request))
    if not rule.while_locked:
        _refuse_if_locked(firmware.state.lock)
    if rule.authorized:
        _refuse_if_unauthorized(firmware.level(caller))
    if rule.licensed and firmware.state.licenses:
        active_license(firmware.wire, firmware.state.licenses, firmware.time)
    return rule.operation(firmware, caller, request)


def _is_senseless(request: m.Request) -> bool:
    """The body can be read, but no key could ever do what it says."""
    match request:
        case m.Confirm(seconds):
            return not 0 < seconds <= button.LONGEST_CONFIRMATION
        case m.ReadStorage() | m.WriteStorage() | m.DeleteStorage() | m.GetOtp():
            return request.record == 0  # where an enumeration begins, and so none
    return False


def _master_key(request: Any) -> MasterKey:
    """The master key that a request proves itself by; the rules say which carry one."""
    key: MasterKey = request.old if isinstance(request, m.ChangePassphrase) else request.key
    return key


def _refuse_if_locked(lock: Lock) -> None:
    if Lock.BY_PIN in lock:
        raise Refused(ErrorName.ERR_DEVICE_LOCKED_BY_PIN)
    if Lock.BY_CODE in lock:
        raise Refused(ErrorName.ERR_DEVICE_LOCKED_BY_CODE)


def _refuse_if_unauthorized(level: AccessLevel) -> None:
    for missing, error in (
        (AccessLevel.MASTER_KEY_REQUIRED, ErrorName.ERR_UNAUTHORIZED),
        (AccessLevel.NEW_PIN_REQUIRED, ErrorName.ERR_PIN_NOT_SET),
        (AccessLevel.PIN_REQUIRED, ErrorName.ERR_PIN_REQ),
        (AccessLevel.BUTTON_REQUIRED, ErrorName.ERR_BUTTON_REQ),
    ):
        if missing in level:
            raise Refused(error)


ANY, YES, NO = Linked.ANY, Linked.YES, Linked.NO
RULES = {
    Command.PING: Rule(information.ping, ANY, while_locked=True),
    Command.GET_INFO: Rule(information.get_info, ANY, while_locked=True),
    Command.LINK: Rule(linking.link, NO, while_locked=False),
    Command.ACCESS: Rule(linking.access, YES, while_locked=False, proves_key=True),
    Command.LOCK_DEVICE_CODE: Rule(linking.lock_device_code, YES, while_locked=True, proves_key=True),
    Command.UNLOCK_DEVICE_CODE: Rule(linking.unlock_device_code, YES, while_locked=True),
    Command.CHECK_PASSPHRASE: Rule(linking.check_passphrase, YES, while_locked=False, proves_key=True),
    Command.CHANGE_PASSPHRASE: Rule(linking.change_passphrase, YES, while_locked=False, proves_key=True),
    Command.UNLOCK: Rule(linking.unlock, YES, while_locked=True, proves_key=True),
    Command.WIPE: Rule(linking.wipe, YES, while_locked=True, proves_key=True),
    Command.SET_PIN: Rule(pin.set_pin, YES, while_locked=False),
    Command.FORCE_SET_PIN: Rule(pin.force_set_pin, YES, while_locked=False, proves_key=True),
    Command.ENTER_PIN: Rule(pin.enter_pin, YES, while_locked=False),
    Command.CONFIRM: Rule(button.confirm, ANY, while_locked=False),
    Command.GET_ACCESS_PROFILE: Rule(information.get_access_profile, ANY, while_locked=True),
    Command.READ_STORAGE: Rule(storage.read_storage, YES, while_locked=False, authorized=True, licensed=True),
    Command.WRITE_STORAGE: Rule(
        storage.write_storage, YES, while_locked=False, authorized=True, licensed=True
    ),
    Command.DELETE_STORAGE: Rule(
        storage.delete_storage, YES, while_locked=False, authorized=True, licensed=True
    ),
    Command.ENUM_STORAGE: Rule(storage.enum_storage, YES, while_locked=False, authorized=True, licensed=True),
    Command.GET_OTP: Rule(storage.get_otp, YES, while_locked=False, authorized=True, licensed=True),
    Command.LOAD_LICENSE: Rule(licences.load_license, ANY, while_locked=False),
    Command.QUERY_LICENSE: Rule(licences.query_license, ANY, while_locked=True),
    Command.QUERY_ACTIVE_LICENSE: Rule(licences.query_active_license, ANY, while_locked=True),
    Command.FETCH_LOG: Rule(maintenance.fetch_log, ANY, while_locked=True),
    Command.CLEAR_LOG: Rule(maintenance.clear_log, ANY, while_locked=False, authorized=True),
    Command.ENTER_BOOT: Rule(maintenance.enter_boot, YES, while_locked=False, proves_key=True),
}
"""Every command, in the form that carries most."""

WIPE_WITHOUT_KEY = Rule(button.ask_to_wipe, ANY, while_locked=True)
LOAD_INTO_SLOT = Rule(licences.load_license, ANY, while_locked=True)


def rule_of(request: m.Request) -> Rule:
    """The rule for a request."""
    match request:
        case m.Wipe(key=None):
            return WIPE_WITHOUT_KEY
        case m.LoadLicense(slot=int()):
            return LOAD_INTO_SLOT
    return RULES[request.command]
