"""The access profile at work: what is asked of a host when it bonds, when it connects, and for a further channel."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from hideez_bench.emulator.key.state import State
from hideez_bench.protocol.names import AccessLevel, Condition

AT_CONNECT = Condition.MASTER_KEY_CONNECT | Condition.BUTTON_CONNECT | Condition.PIN_CONNECT
AT_CHANNEL = Condition.MASTER_KEY_CHANNEL | Condition.BUTTON_CHANNEL | Condition.PIN_CHANNEL

BY_MASTER_KEY = Condition.MASTER_KEY_BOND | Condition.MASTER_KEY_CONNECT | Condition.MASTER_KEY_CHANNEL
BY_BUTTON = Condition.BUTTON_BOND | Condition.BUTTON_CONNECT | Condition.BUTTON_CHANNEL
BY_PIN = Condition.PIN_BOND | Condition.PIN_CONNECT | Condition.PIN_CHANNEL


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
    the button at bond, so that every bonded host has done so.
    """

    def __init__(self, main_channel: int) -> None:
        self._main_channel = main_channel
        self._links: defaultdict[int, Condition] = defaultdict(lambda: Condition(0))
        self._channels: defaultdict[tuple[int, int], Condition] = defaultdict(lambda: Condition(0))

    def grant(self, caller: Caller, satisfied: Condition) -> None:
        """A caller has satisfied these conditions, for its link and for its channel."""
        self._links[caller.link] |= satisfied & AT_CONNECT
        self._channels[caller.link, caller.channel] |= satisfied & AT_CHANNEL

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

    def level(self, caller: Caller, state: State) -> AccessLevel:
        """What stands between a caller and the content of the key."""
        if not state.linked:
            return AccessLevel.LINK_REQUIRED
        level = AccessLevel(0)
        missing = self._missing(caller, state)
        if missing & BY_MASTER_KEY:
            level |= AccessLevel.MASTER_KEY_REQUIRED
        if missing & BY_BUTTON:
            level |= AccessLevel.BUTTON_REQUIRED
        if missing & BY_PIN:
            # There is no command yet that sets a PIN, so whoever must enter one must first be given one.
            level |= AccessLevel.NEW_PIN_REQUIRED
        if state.lock:
            level |= AccessLevel.LOCKED
        return level

    def _missing(self, caller: Caller, state: State) -> Condition:
        if state.access is None:
            return Condition(0)
        satisfied = Condition.BUTTON_BOND
        if caller.host in state.confirmed_hosts:
            satisfied |= Condition.MASTER_KEY_BOND
        if caller.link in self._links:
            satisfied |= self._links[caller.link]
        if caller.channel == self._main_channel:
            satisfied |= AT_CHANNEL  # the main channel is not a further one
        elif (caller.link, caller.channel) in self._channels:
            satisfied |= self._channels[caller.link, caller.channel]
        return state.access.conditions & ~satisfied
