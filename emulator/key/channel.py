"""An encrypted channel as the key has it open: its ciphers, and the one request that it may be at work on."""

from __future__ import annotations

from dataclasses import dataclass

from hideez_bench.emulator.key.firmware import Waiting
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import HOST_TO_KEY, KEY_TO_HOST, ChannelKeys, Opener, Sealer
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.wire import TAG_SIZE, Wire


@dataclass(frozen=True)
class Delayed:
    """A request that is looked at only when its time has come."""

    request: m.Request
    due: float


class Channel:
    """One verified channel.

    Attributes:
        delayed: the request that waits for its time, if one does.
        waiting: the request that waits for somebody to press the button, if one does.
        opener_type, sealer_type: the classes of its ciphers.
    """

    opener_type: type[Opener] = Opener
    sealer_type: type[Sealer] = Sealer

    def __init__(self, wire: Wire, number: int, keys: ChannelKeys) -> None:
        self.number = number
        self.delayed: Delayed | None = None
        self.waiting: Waiting | None = None
        self._wire = wire
        self._opener = self.opener_type(number, HOST_TO_KEY, keys.host_to_key)
        self._sealer = self.sealer_type(number, KEY_TO_HOST, keys.key_to_host)
        self._overhead = len(wire.envelope.build(m.Envelope(number, 0, bytes(TAG_SIZE))))

    @property
    def busy(self) -> bool:
        """A request is still without its reply."""
        return self.delayed is not None or self.waiting is not None

    def open(self, envelope: m.Envelope) -> bytes:
        """The request in an envelope.

        Raises:
            ChannelError: the envelope was altered, or sent before.
        """
        return self._opener.open(envelope)

    def seal(self, reply: m.Reply) -> bytes:
        """The message that carries a reply; one that is too long for a message is replaced by a refusal."""
        plain = self._wire.reply.build(reply)
        if len(plain) + self._overhead > self._wire.profile.size("max_message"):
            plain = self._wire.reply.build(m.Reply(reply.command, ErrorName.ERR_MESSAGE_TOO_LONG))
        return self._wire.envelope.build(self._sealer.seal(plain))
