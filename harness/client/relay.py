"""The client as the server sees it: a workstation that carries channel 4 and cannot read it."""

from __future__ import annotations

from collections.abc import Sequence

from hideez_bench.harness.client.workstation import WorkstationState
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.hes import HesError, HesErrorCode, ProximitySettings
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.transport import (
    ControlRequest,
    KeyRefused,
    MessageTransport,
    PacketTransport,
)
from hideez_bench.protocol.wire import Wire


class RelayedChannel:
    """A `MessageTransport` that passes one channel's messages on, and nobody else's."""

    def __init__(self, transport: PacketTransport, channel: int) -> None:
        self._transport = transport
        self._channel = channel

    async def control(self, request: ControlRequest, timeout: float) -> m.Answer:
        """See `MessageTransport.control`."""
        if not isinstance(request, m.GetRootKey):
            self._check(request.channel)
        return await self._transport.control(request, timeout)

    async def encrypted(self, envelope: m.Envelope, timeout: float) -> m.Envelope:
        """See `MessageTransport.encrypted`."""
        self._check(envelope.channel)
        return await self._transport.encrypted(envelope, timeout)

    def _check(self, channel: int) -> None:
        if channel != self._channel:
            raise KeyRefused(f"a relayed message on channel {channel}", ErrorName.InvalidChannelNo)


class RelayingWorkstation:
    """The workstation as the server calls it: relays to its keys on the server's channel, and passes on notices.

    Attributes:
        state: what the notices change, and flows look at.
    """

    def __init__(self, name: str, wire: Wire, state: WorkstationState | None = None) -> None:
        self.id = name
        self.state = state or WorkstationState()
        self._server_channel = wire.profile.channel("HES")
        self._keys: dict[str, PacketTransport] = {}

    def key_connected(self, serial: str, transport: PacketTransport) -> None:
        """The server may reach this key from now on."""
        self._keys[serial] = transport

    def key_gone(self, serial: str) -> None:
        """The server may reach this key no more."""
        self._keys.pop(serial, None)

    async def establish_remote_hw_vault_connection(self, serial: str, channel: int) -> MessageTransport:
        """See `Workstation.establish_remote_hw_vault_connection`."""
        if serial not in self._keys:
            raise HesError(
                HesErrorCode.DeviceNotConnectedToAnyHost, f"The key {serial} is not connected to {self.id}."
            )
        if channel != self._server_channel:
            raise HesError(
                HesErrorCode.HesFailedEstablishRemoteDeviceConnection,
                f"Channel {channel} is not the server's; nothing was relayed.",
            )
        return RelayedChannel(self._keys[serial], channel)

    def set_alarm_state(self, on: bool) -> None:
        """See `Workstation.set_alarm_state`."""
        self.state.set_alarm(on)

    def workstation_approved(self) -> None:
        """See `Workstation.workstation_approved`."""
        self.state.set_approved(True)

    def workstation_unapproved(self) -> None:
        """See `Workstation.workstation_unapproved`."""
        self.state.set_approved(False)

    def update_proximity_settings(self, settings: Sequence[ProximitySettings]) -> None:
        """See `Workstation.update_proximity_settings`."""
        self.state.proximity = {setting.serial: setting for setting in settings}

    def update_rfid_indicator_state(self, on: bool) -> None:
        """See `Workstation.update_rfid_indicator_state`."""
        self.state.reads_rfid = on

    def lock_hw_vault_storage(self, serial: str) -> None:
        """See `Workstation.lock_hw_vault_storage`."""
        self.state.storage_locked.add(serial)

    def lift_hw_vault_storage_lock(self, serial: str) -> None:
        """See `Workstation.lift_hw_vault_storage_lock`."""
        self.state.storage_locked.discard(serial)
