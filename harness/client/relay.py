"""The client as the server sees it: a workstation that carries channel 4 and cannot read it."""

from __future__ import annotations

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.hes import HesError, HesErrorCode
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
    """Knows which keys are connected here, and relays to them on the server's channel."""

    def __init__(self, name: str, wire: Wire) -> None:
        self.id = name
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
