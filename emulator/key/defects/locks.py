"""Mistakes with the link to a server, the locks and the master key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hideez_bench.emulator.key.channels import Channels
from hideez_bench.emulator.key.commands.rules import Linked, Rule
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.state import State
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import Command

_MASTER_KEY = slice(1, 33)
_ATTEMPTS = 33


class LockLostAtPowerOn(Firmware):
    """A power cycle unlocks the key."""

    def recall(self) -> State:
        return replace(super().recall(), locked_by_code=False)


class UnlockedAfterLink(Firmware):
    """LINK keeps the code, and does not lock the key with it."""

    def change(self, **changes: Any) -> None:
        if "master_key" in changes:
            changes["locked_by_code"] = False
        super().change(**changes)


class LinkTwice(Channels):
    """LINK is taken by a key that is linked already."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, linked=Linked.ANY, while_locked=True) if isinstance(request, m.Link) else rule


class LinkWithZeroBytes(Channels):
    """LINK takes a master key that has zero bytes."""

    def parse(self, plain: bytes) -> m.Request:
        if plain[0] == self._wire.profile.number("command", Command.LINK):
            plain = plain[:1] + plain[_MASTER_KEY].replace(b"\0", b"\xff") + plain[_MASTER_KEY.stop :]
        return super().parse(plain)


class AnyNumberOfAttempts(Channels):
    """LINK and LOCK_DEVICE_CODE grant as many attempts as they are told, 0 to 255."""

    def parse(self, plain: bytes) -> m.Request:
        try:
            return super().parse(plain)
        except WireError:
            if len(plain) <= _ATTEMPTS:
                raise
            request = super().parse(plain[:_ATTEMPTS] + b"\x03" + plain[_ATTEMPTS + 1 :])
            if isinstance(request, m.Link | m.LockDeviceCode):
                return replace(request, attempts=plain[_ATTEMPTS])
            raise


class AccessWhileLocked(Channels):
    """ACCESS is taken before the key was unlocked."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, while_locked=True) if isinstance(request, m.Access) else rule


class AccessByAnyKey(Channels):
    """ACCESS does not compare the master key."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, proves_key=False) if isinstance(request, m.Access) else rule


class PassphraseAlwaysRight(Channels):
    """CHECK_PASSPHRASE takes any master key for the right one."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, proves_key=False) if isinstance(request, m.CheckPassphrase) else rule


class LockByAnyKey(Channels):
    """LOCK_DEVICE_CODE does not compare the master key: anybody can set a code of his own."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, proves_key=False) if isinstance(request, m.LockDeviceCode) else rule


class NoLockByMasterKey(Channels):
    """LOCK_DEVICE_CODE is refused by a locked key, so that nobody can help it any more."""

    def rule(self, request: m.Request) -> Rule:
        rule = super().rule(request)
        return replace(rule, while_locked=False) if isinstance(request, m.LockDeviceCode) else rule


class NoDelayForWrongKeys(Firmware):
    """Master keys can be tried without end and without a wait."""

    @property
    def key_delay(self) -> float:
        return 0.0


class PinLockOutlastsCode(Firmware):
    """LOCK_DEVICE_CODE does not clear a lock by PIN, so that the new code cannot be entered."""

    def change(self, **changes: Any) -> None:
        if "code" in changes:
            changes.pop("locked_by_pin", None)
        super().change(**changes)


class ClockNotSet(Firmware):
    """ACCESS does not set the clock."""

    def set_clock(self, time: int) -> dict[str, int]:
        return {}


class ProfileLostAtPowerOn(Firmware):
    """The access profile is gone after a power cycle, and a new bond is asked nothing."""

    def recall(self) -> State:
        return replace(super().recall(), access=None)


class NewBondIsTheOldOne(Key):
    """A host that was confirmed stays so when its bond is gone."""

    def forget_host(self, host: str) -> None:
        given = self._firmware.state.master_key_given
        super().forget_host(host)
        self._firmware.change(master_key_given=given)


DEFECTS: dict[type, str] = {
    LockLostAtPowerOn: "C-013",
    UnlockedAfterLink: "B-003",
    LinkTwice: "B-004",
    LinkWithZeroBytes: "B-006",
    AnyNumberOfAttempts: "B-005",
    AccessWhileLocked: "B-008",
    AccessByAnyKey: "D-019",
    PassphraseAlwaysRight: "D-019",
    LockByAnyKey: "D-019",
    NoLockByMasterKey: "D-007",
    NoDelayForWrongKeys: "D-019",
    PinLockOutlastsCode: "D-008",
    ClockNotSet: "B-014",
    ProfileLostAtPowerOn: "B-017",
    NewBondIsTheOldOne: "B-017",
}
"""The classes here, and the behaviour that each breaks."""
