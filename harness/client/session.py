"""What the steps of one connection flow share, and how they reach the person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from hideez_bench.harness.client.errors import TEXTS, FlowMessage
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.hes import (
    ConnectionState,
    HesConnection,
    HwVaultInfoFromClient,
    HwVaultInfoFromHes,
)
from hideez_bench.protocol.link import Link
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.transport import PacketTransport


@dataclass(frozen=True)
class CodePrompt:
    """What the person is asked: the code for this key, within `seconds`, with so many attempts left."""

    serial: str
    attempts_remaining: int
    seconds: float


class UserInterface(Protocol):
    """The person in front of the client."""

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        """What the person typed, or None when the person gave up. Cancelled when the time is over."""
        ...


@dataclass
class Session:
    """One key, connected."""

    link: Link
    transport: PacketTransport
    device: KeyDevice
    hes: HesConnection
    ui: UserInterface
    timeline: Timeline
    hes_info: HwVaultInfoFromHes = field(default_factory=HwVaultInfoFromHes)
    state: ConnectionState = ConnectionState.INITIALIZING

    @property
    def serial(self) -> str:
        """The key's serial number, which is the vault's id."""
        return self.device.info.serial

    def report(self) -> HwVaultInfoFromClient:
        """What the server is told of the key."""
        info = self.device.info
        return HwVaultInfoFromClient(
            serial=info.serial,
            connection_state=self.state,
            is_link_required=info.link_required,
            is_locked=info.locked,
            is_can_unlock=info.can_unlock,
            battery=info.battery,
            firmware_version=str(info.firmware),
            storage_timestamp=info.storage_timestamp,
        )

    def show(self, message: FlowMessage, detail: str = "") -> None:
        """Put a message before the person."""
        text = f"{TEXTS[message]} {detail}".strip()
        self.timeline.tell(Actor.CLIENT, text, kind=Kind.BAD, to=Actor.PERSON)
