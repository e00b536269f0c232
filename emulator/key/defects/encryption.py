"""Mistakes with the encrypted channels."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from hideez_bench.emulator.key.channels import Channels
from hideez_bench.emulator.key.commands.rules import execute
from hideez_bench.emulator.key.link import KeyLink
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import ChannelError, ChannelKeys, Opener, Sealer, answer_handshake, sign
from hideez_bench.protocol.secret import ChannelKey
from hideez_bench.protocol.wire import TAG_SIZE


class ReplayAccepted(Opener):
    """An envelope that was opened before is opened again."""

    def open(self, envelope: m.Envelope) -> bytes:
        self._last = 0
        return super().open(envelope)


class CounterMayRepeat(Opener):
    """An envelope may have the counter of the one before it: the last one can be sent again."""

    def open(self, envelope: m.Envelope) -> bytes:
        if envelope.counter == self._last:
            self._last -= 1
        return super().open(envelope)


class BadTagAccepted(Opener):
    """An envelope that was altered on its way is decrypted and obeyed."""

    def __init__(self, channel: int, direction: int, key: ChannelKey) -> None:
        super().__init__(channel, direction, key)
        self._key = key

    def open(self, envelope: m.Envelope) -> bytes:
        try:
            return super().open(envelope)
        except ChannelError:
            if envelope.counter <= self._last:
                raise
            self._last = envelope.counter
            # CCM encrypts in counter mode from block 1 on; the length field takes two bytes.
            nonce = (
                bytes([self._direction, self._channel]) + envelope.counter.to_bytes(4, "little") + bytes(7)
            )
            stream = Cipher(AES(self._key.reveal()), CTR(b"\x01" + nonce + b"\x00\x01")).decryptor()
            return stream.update(envelope.sealed[:-TAG_SIZE])


class CounterStandsStill(Sealer):
    """The key seals every reply with the same counter, and so with the same nonce."""

    def seal(self, plain: bytes) -> m.Envelope:
        self._counter = 0
        return super().seal(plain)


class ChannelZero(KeyLink):
    """Channel 0 can be verified, and used."""

    def _can_be_verified(self, channel: int) -> bool:
        return channel == 0 or super()._can_be_verified(channel)


class UnverifiedChannel(Channels):
    """A request in the clear is carried out on a channel that was not verified."""

    def _take_unverified(self, envelope: m.Envelope) -> None:
        request = self.parse(envelope.sealed[:-TAG_SIZE])
        execute(self.rule(request), self._firmware, self._caller(envelope.channel), request)


class ProofOverTooLittle(KeyLink):
    """The key's proof covers its own point only, so that it can be recorded and used again."""

    def _answer_handshake(self, request: m.VerifyEncryption) -> tuple[m.EncryptionVerified, ChannelKeys]:
        answer, keys = super()._answer_handshake(request)
        return replace(answer, proof=sign(self._firmware.root_key, answer.key_public or b"")), keys


class FixedRandomness(KeyLink):
    """The key's point and nonce are the same in every handshake."""

    def _answer_handshake(self, request: m.VerifyEncryption) -> tuple[m.EncryptionVerified, ChannelKeys]:
        return answer_handshake(request, self._firmware.root_key, lambda size: b"\x55" * size)


DEFECTS: dict[type, str] = {
    ReplayAccepted: "C-022",
    CounterMayRepeat: "C-022",
    BadTagAccepted: "F-014",
    CounterStandsStill: "F-014",
    ChannelZero: "F-012",
    UnverifiedChannel: "C-021",
    ProofOverTooLittle: "F-014",
    FixedRandomness: "F-014",
}
"""The classes here, and the behaviour that each breaks."""
