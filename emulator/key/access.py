"""The access profile at work: what is asked of a host when it bonds, when it connects, and for a further channel."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from hideez_bench.emulator.key.state import State
from hideez_bench.protocol.names import AccessLevel, Condition
from hideez_bench.protocol.values import AccessParams

AT_CONNECT = Condition.MASTER_KEY_CONNECT | Condition.BUTTON_CONNECT | Condition.PIN_CONNECT
AT_CHANNEL = Condition.MASTER_KEY_CHANNEL | Condition.BUTTON_CHANNEL | Condition.PIN_CHANNEL

BY_MASTER_KEY = Condition.MASTER_KEY_BOND | Condition.MASTER_KEY_CONNECT | Condition.MASTER_KEY_CHANNEL
BY_BUTTON = Condition.BUTTON_BOND | Condition.BUTTON_CONNECT | Condition.BUTTON_CHANNEL
BY_PIN = Condition.PIN_BOND | Condition.PIN_CONNECT | Condition.PIN_CHANNEL

Satisfied = dict[Condition, int]
"""Conditions, each with when it was satisfied, by the key's clock."""


@dataclass(frozen=True)
class Caller:
    """Who speaks to the key.

    Attributes:
        host: the host's address, the same at each of its connections.
        link: the number of the connection since power-on.
        channel: the encrypted channel; the main one for the link as a whole.
    """

    host: str
    link: int
    channel: int


class AccessControl:
    """What each link and each channel has satisfied since it was opened.

    What a host satisfied since it bonded is in the key's `State`. The press that confirms a pairing satisfies
    the button at bond for good, so that every bonded host has done so.

    Attributes:
        press_is_given: the button at bond counts as satisfied without a bond, too.
    """

    def __init__(self, main_channel: int) -> None:
        self.press_is_given = False
        self._main_channel = main_channel
        self._links: defaultdict[int, Satisfied] = defaultdict(dict)
        self._channels: defaultdict[tuple[int, int], Satisfied] = defaultdict(dict)

    def grant(self, caller: Caller, satisfied: Condition, time: int) -> None:
        """A caller has satisfied these conditions, for its link and for its channel."""
        self._links[caller.link] |= dict.fromkeys(satisfied & (AT_CONNECT | Condition.BUTTON_BOND), time)
        self._channels[caller.link, caller.channel] |= dict.fromkeys(satisfied & AT_CHANNEL, time)

    def forget(self, conditions: Condition) -> None:
        """What was given for these conditions counts no longer, whoever gave it."""
        for satisfied in (*self._links.values(), *self._channels.values()):
            for condition in conditions:
                satisfied.pop(condition, None)

    def forget_everything(self) -> None:
        """A new access profile asks everything anew."""
        self._links.clear()
        self._channels.clear()

    def forget_channel(self, caller: Caller) -> None:
        """The channel was closed, or opened anew."""
        self._channels.pop((caller.link, caller.channel), None)

    def forget_link(self, link: int) -> None:
        """The link is gone."""
        self._links.pop(link, None)
        for key in [key for key in self._channels if key[0] == link]:
            del self._channels[key]

    def level(self, caller: Caller, state: State, time: int) -> AccessLevel:
        """What stands, at this time by the key's clock, between a caller and the content of the key."""
        if not state.linked:
            return AccessLevel.LINK_REQUIRED
        level = AccessLevel(0)
        missing = self._missing(caller, state, time)
        if missing & BY_MASTER_KEY:
            level |= AccessLevel.MASTER_KEY_REQUIRED
        if missing & BY_BUTTON:
            level |= AccessLevel.BUTTON_REQUIRED
        if missing & BY_PIN:
            level |= AccessLevel.PIN_REQUIRED if has_fitting_pin(state) else AccessLevel.NEW_PIN_REQUIRED
        if state.lock:
            level |= AccessLevel.LOCKED
        return level

    def _missing(self, caller: Caller, state: State, time: int) -> Condition:
        if state.access is None:
            return Condition(0)
        given: Satisfied = {}
        if caller.host in state.master_key_given:
            given[Condition.MASTER_KEY_BOND] = state.master_key_given[caller.host]
        if caller.host in state.pin_given:
            given[Condition.PIN_BOND] = state.pin_given[caller.host]
        given |= self._links.get(caller.link, {})
        given |= self._channels.get((caller.link, caller.channel), {})
        satisfied = Condition(0)
        if self.press_is_given or caller.host in state.bonds:
            satisfied |= Condition.BUTTON_BOND
        if caller.channel == self._main_channel:
            satisfied |= AT_CHANNEL  # the main channel is not a further one
        for condition, since in given.items():
            period = _expiration(state.access, condition)
            # The clock is a counter of 32 bits. Set back, it looks far ahead, and what was given is asked anew.
            if not period or (time - since) % 2**32 < period:
                satisfied |= condition
        return state.access.conditions & ~satisfied


def has_fitting_pin(state: State) -> bool:
    """There is a PIN, and it is as long as the access profile asks."""
    return state.pin is not None and (not state.access or state.pin_length >= state.access.pin_min_length)


def _expiration(access: AccessParams, condition: Condition) -> int:
    """After how many seconds what was given for a condition is asked anew; 0 for never."""
    if condition in BY_PIN:
        return access.pin_expiration
    return access.button_expiration if condition in BY_BUTTON else access.master_key_expiration
