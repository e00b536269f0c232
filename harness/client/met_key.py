"""A key as the client's service knows it."""

from __future__ import annotations

from enum import StrEnum

from hideez_bench.harness.client.advertisements import Advertisement, proximity_percent
from hideez_bench.harness.client.connected import ConnectedKey
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.values import DeviceInfo


class Standing(StrEnum):
    """How the service stands with a key."""

    IN_REACH = "in reach"
    WORKING = "being connected"
    ONLINE = "online"
    STOPPED = "stopped"


class MetKey:
    """A key that the service has met.

    Attributes:
        advertisement: the latest.
        doing: the latest step of its flow, in words; `since` is when that began.
        serial, owner, info: what is known of it; empty or None before its first connection.
        battery, signal: percent and dBm, as it says itself while it is connected.
        error: how its latest flow ended, if not well.
        is_lost, is_wiped: its link broke; it said that it wipes itself.
        connected: its link, while there is one.
    """

    def __init__(self, advertisement: Advertisement) -> None:
        self.advertisement = advertisement
        self.standing = Standing.IN_REACH
        self.doing = ""
        self.since = 0.0
        self.serial = ""
        self.owner = ""
        self.info: DeviceInfo | None = None
        self.battery: int | None = None
        self.signal = advertisement.rssi
        self.error: BenchError | None = None
        self.is_lost = False
        self.is_wiped = False
        self.connected: ConnectedKey | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.advertisement.name or self.advertisement.address

    @property
    def proximity(self) -> float:
        """How near it is, in percent."""
        return proximity_percent(self.signal)

    @property
    def is_locked(self) -> bool:
        """It waits for a code, or for the administrator."""
        return self.info is not None and self.info.locked
