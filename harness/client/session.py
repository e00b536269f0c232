"""What the steps of one connection flow share, and how they reach the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.client.connected import ConnectedKey
from hideez_bench.harness.client.errors import TEXTS, FlowMessage
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.user_interface import Notice, NoticeKind, UserInterface
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.hes import HesConnection, HwVaultInfoFromHes
from hideez_bench.protocol.values import DeviceInfo


class Mode(Enum):
    """What a flow is started for."""

    CONNECT = auto()
    CONNECT_AND_UNLOCK = auto()
    """Over the dongle, a bond that does not hold is made anew; a locked computer is unlocked."""
    RECONNECT = auto()
    """After an unexpected loss: one attempt, over the dongle only."""


@dataclass(frozen=True)
class ConnectRequest:
    """What is wanted of a flow.

    Attributes:
        seconds: the time of each attempt to connect, in place of the stack's own.
        take_log: if given, the key's log is read, and handed over with the serial number.
    """

    stack: Stack = Stack.SYSTEM
    mode: Mode = Mode.CONNECT
    seconds: tuple[float, ...] | None = None
    take_log: Callable[[str, bytes], None] | None = None


@dataclass
class Session:
    """One run of a flow.

    Attributes:
        key: the connected key; None before step 3.
        hes_info: what the server told last; with no server, that nothing is to be done.
        unlocks: this flow may unlock the computer; its lock screen is ready.
    """

    hes: HesConnection
    workstation: RelayingWorkstation
    ui: UserInterface
    timeline: Timeline
    request: ConnectRequest = field(default_factory=ConnectRequest)
    behaviour: Behaviour = MEANT
    key: ConnectedKey | None = None
    hes_info: HwVaultInfoFromHes = field(default_factory=HwVaultInfoFromHes)
    unlocks: bool = False

    @property
    def connected(self) -> ConnectedKey:
        """The key, from step 3 on."""
        if self.key is None:
            raise RuntimeError("the flow has not connected the key")
        return self.key

    @property
    def device(self) -> KeyDevice:
        """The key's main channel."""
        return self.connected.device

    @property
    def info(self) -> DeviceInfo:
        """What was read of the key last."""
        return self.device.info

    @property
    def serial(self) -> str:
        """The key's serial number, which is the vault's id."""
        return self.info.serial

    def show(self, message: FlowMessage, detail: str = "") -> None:
        """Put an error before the person; the flow goes on."""
        text = f"{TEXTS[message]} {detail}".strip()
        self.timeline.tell(Actor.CLIENT, text, kind=Kind.BAD, to=Actor.PERSON)
        self.ui.show(Notice(NoticeKind.ERROR, text, message))

    def progress(self, message: FlowMessage) -> None:
        """Tell the person what the client is at."""
        self.ui.show(Notice(NoticeKind.PROGRESS, TEXTS[message], message))

    def ask_to_press(self, message: FlowMessage) -> None:
        """Have the person press the key's button."""
        self.timeline.tell(Actor.CLIENT, TEXTS[message], to=Actor.PERSON)
        self.ui.show(Notice(NoticeKind.PRESS_BUTTON, TEXTS[message], message))
