"""An encrypted channel of which a test sees and sends every envelope."""

from __future__ import annotations

from random import Random

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import HOST_TO_KEY, KEY_TO_HOST, HostHandshake, Opener, Sealer
from hideez_bench.protocol.names import PacketKind
from hideez_bench.protocol.packets import Reassembler, fragment
from tests.key.desk import WIRE, Host


class RawChannel:
    """Channel 1 of a host, verified by hand. `verified` is the key's answer to the handshake."""

    def __init__(self, host: Host, seed: int = 1) -> None:
        self._host = host
        self._random = Random(seed)  # noqa: S311 - the same each time, on purpose

    async def open(self) -> RawChannel:
        handshake = HostHandshake(1, self._random.randbytes)
        root = await self._host.transport.control(m.GetRootKey(), 1.0)
        verified = await self._host.transport.control(handshake.request, 1.0)
        assert isinstance(root, m.RootKey)
        assert isinstance(verified, m.EncryptionVerified)
        self.verified = verified
        keys = handshake.finish(verified, root.root_public or b"")
        self._sealer = Sealer(1, HOST_TO_KEY, keys.host_to_key)
        self._opener = Opener(1, KEY_TO_HOST, keys.key_to_host)
        self._host.link.received.clear()
        return self

    def seal(self, request: m.Request) -> bytes:
        """The next message of the channel."""
        return WIRE.envelope.build(self._sealer.seal(WIRE.request.build(request)))

    def send(self, message: bytes) -> None:
        """Give the key a message, whatever it is."""
        for packet in fragment(WIRE, PacketKind.ENCRYPTED, message, 20):
            self._host.link.key_side.receive(packet)

    def replies(self) -> list[m.Reply]:
        """What the key has answered since the last time."""
        together = Reassembler(WIRE)
        complete = [together.add(packet) for packet in self._host.link.received]
        self._host.link.received.clear()
        sealed = [message for kind, message in filter(None, complete) if kind is PacketKind.ENCRYPTED]
        return [WIRE.reply.parse(self._opener.open(WIRE.envelope.parse(message))) for message in sealed]
