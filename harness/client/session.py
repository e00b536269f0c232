"""What the steps of one connection flow share, and how they reach the person."""

from __future__ import annotations

from dataclasses import dataclass, field

from hideez_bench.harness.client.errors import TEXTS, FlowMessage
from hideez_bench.harness.client.user_interface import Notice, NoticeKind, UserInterface
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.hes import (
    ConnectionState,
    HesConnection,
    HwVaultInfoFromClient,
    HwVaultInfoFromHes,
)
from hideez_bench.protocol.link import Link
from hideez_bench.protocol.transport import PacketTransport


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
        """Put an error before the person; the flow goes on."""
        text = f"{TEXTS[message]} {detail}".strip()
        self.timeline.tell(Actor.CLIENT, text, kind=Kind.BAD, to=Actor.PERSON)
        self.ui.show(Notice(NoticeKind.ERROR, text, message))

    def progress(self, message: FlowMessage, kind: NoticeKind = NoticeKind.PROGRESS) -> None:
        """Tell the person what the client is at, or waits for."""
        self.ui.show(Notice(kind, TEXTS[message], message))
