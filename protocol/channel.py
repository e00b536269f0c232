"""The encrypted channels: the handshake of both sides, and the envelopes.

ECDH between two ephemeral P-256 points, HKDF-SHA256 into one AES-128-CCM key for each direction; the key proves
itself with an ECDSA signature of its root key over what both sides said. Counters strictly increase, so that
nothing is taken twice. Randomness is a parameter: a function that gives so many bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.messages import EncryptionVerified, Envelope, VerifyEncryption
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import ChannelKey
from hideez_bench.protocol.wire import TAG_SIZE

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
Random = Callable[[int], bytes]

HOST_TO_KEY, KEY_TO_HOST = 0, 1
LAST_COUNTER = 2**32 - 1


class ChannelError(BenchError):
    """The handshake or an envelope is not what it claims to be. Nothing of it was used."""


class AnotherRootKey(ChannelError):
    """A key is not the one that was met before under its serial number."""


def private_key(random: Random) -> ec.EllipticCurvePrivateKey:
    """A P-256 private key out of the given randomness (40 bytes, so that the bias is negligible)."""
    return ec.derive_private_key(int.from_bytes(random(40), "big") % (ORDER - 1) + 1, CURVE)


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public point of a key, compressed: 33 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def public_point(data: bytes) -> ec.EllipticCurvePublicKey:
    """The point behind 33 bytes.

    Raises:
        ChannelError: they are no point of the curve.
    """
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, data)
    except ValueError:
        raise ChannelError("the other side sent bytes that are no point of the curve") from None


def sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """An ECDSA-SHA256 signature as r | s, 32 bytes each, big-endian (IEEE P1363)."""
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def is_signed(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a raw signature over `data` is the owner's of a compressed point."""
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        public_point(public).verify(der, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True)
class ChannelKeys:
    """What a handshake ends in."""

    host_to_key: ChannelKey
    key_to_host: ChannelKey


KeysMade = Callable[[VerifyEncryption, EncryptionVerified, ChannelKeys], None]
"""Who is told of the keys of each channel that opens, with the two messages that opened it."""


def _signed_part(request: VerifyEncryption, key_public: bytes, key_nonce: bytes) -> bytes:
    spoken = bytes([request.channel]) + request.host_public + request.host_nonce + key_public + key_nonce
    return b"hideez verify" + spoken


def _derive(
    own: ec.EllipticCurvePrivateKey, other: ec.EllipticCurvePublicKey, salt: bytes, channel: int
) -> ChannelKeys:
    secret = own.exchange(ec.ECDH(), other)
    info = b"hideez channel" + bytes([channel])
    keys = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(secret)
    return ChannelKeys(ChannelKey(keys[:16]), ChannelKey(keys[16:]))


class HostHandshake:
    """The host's side: send `request`, hand the answer to `finish`."""

    def __init__(self, channel: int, random: Random) -> None:
        self._private = private_key(random)
        self.request = VerifyEncryption(channel, public_bytes(self._private), random(16))

    def finish(self, answer: EncryptionVerified, root_public: bytes) -> ChannelKeys:
        """The keys of the channel.

        Raises:
            ChannelError: the key refused, answered for another channel, or did not prove itself.
        """
        if answer.error is not ErrorName.Ok:
            raise ChannelError(f"the key refused to open channel {self.request.channel}: {answer.error}")
        if answer.key_public is None or answer.key_nonce is None or answer.proof is None:
            raise ChannelError("the key's handshake answer is incomplete")
        signed = _signed_part(self.request, answer.key_public, answer.key_nonce)
        if answer.channel != self.request.channel or not is_signed(root_public, answer.proof, signed):
            raise ChannelError(
                "the key did not prove that it holds its root key; somebody may stand between this host and the key"
            )
        salt = self.request.host_nonce + answer.key_nonce
        return _derive(self._private, public_point(answer.key_public), salt, self.request.channel)


def answer_handshake(
    request: VerifyEncryption, root: ec.EllipticCurvePrivateKey, random: Random
) -> tuple[EncryptionVerified, ChannelKeys]:
    """The key's side: its answer, signed by its root key, and the keys of the channel.

    Raises:
        ChannelError: the host's point is none.
    """
    host = public_point(request.host_public)
    own = private_key(random)
    nonce = random(16)
    public = public_bytes(own)
    proof = sign(root, _signed_part(request, public, nonce))
    keys = _derive(own, host, request.host_nonce + nonce, request.channel)
    return EncryptionVerified(ErrorName.Ok, request.channel, public, nonce, proof), keys


class Sealer:
    """Seals one direction of one channel."""

    def __init__(self, channel: int, direction: int, key: ChannelKey) -> None:
        self._channel, self._direction = channel, direction
        self._cipher = AESCCM(key.reveal(), tag_length=TAG_SIZE)
        self._counter = 0

    def seal(self, plain: bytes) -> Envelope:
        """The next envelope of this direction.

        Raises:
            ChannelError: every counter has been used; the channel must be verified anew.
        """
        if self._counter == LAST_COUNTER:
            raise ChannelError("the channel is used up and must be verified anew")
        self._counter += 1
        nonce, associated = _nonce(self._direction, self._channel, self._counter)
        return Envelope(self._channel, self._counter, self._cipher.encrypt(nonce, plain, associated))


class Opener:
    """Opens one direction of one channel, each envelope once."""

    def __init__(self, channel: int, direction: int, key: ChannelKey) -> None:
        self._channel, self._direction = channel, direction
        self._cipher = AESCCM(key.reveal(), tag_length=TAG_SIZE)
        self._last = 0

    def open(self, envelope: Envelope) -> bytes:
        """What is inside.

        Raises:
            ChannelError: it was altered, sent before, or is not of this channel.
        """
        if envelope.channel != self._channel or envelope.counter <= self._last:
            raise ChannelError("an envelope came out of turn or a second time")
        nonce, associated = _nonce(self._direction, envelope.channel, envelope.counter)
        try:
            plain = self._cipher.decrypt(nonce, envelope.sealed, associated)
        except (InvalidTag, ValueError):
            raise ChannelError("an envelope was altered on its way") from None
        self._last = envelope.counter
        return plain


def _nonce(direction: int, channel: int, counter: int) -> tuple[bytes, bytes]:
    associated = bytes([channel]) + counter.to_bytes(4, "little")
    return bytes([direction]) + associated + bytes(7), associated
