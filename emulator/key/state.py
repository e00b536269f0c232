"""What a key remembers, as one value, and how it lies in the persistent memory."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from hideez_bench.emulator.key.nvram import Nvram, NvramError
from hideez_bench.protocol.names import Condition, Lock
from hideez_bench.protocol.secret import Secret
from hideez_bench.protocol.values import AccessParams

SALT_SIZE = 16


class SecretDigest(Secret):
    """A salted HMAC-SHA256 in place of a secret: enough to tell whether another is the same, and no more."""

    __slots__ = ()

    @classmethod
    def of(cls, secret: Secret, random: Callable[[int], bytes]) -> SecretDigest:
        """The digest of a secret under a fresh salt."""
        return cls(_salted(random(SALT_SIZE), secret))

    def matches(self, secret: Secret) -> bool:
        """Whether this is the digest of `secret`, in the same time wherever and in whatever length it differs."""
        own = self.reveal()
        return hmac.compare_digest(own, _salted(own[:SALT_SIZE], secret))


def _salted(salt: bytes, secret: Secret) -> bytes:
    return salt + hmac.digest(salt, secret.reveal(), "sha256")


@dataclass(frozen=True)
class State:
    """Everything that outlasts a power cycle, but for the serial number and the root key.

    Attributes:
        master_key: None on a factory key.
        code: the activation code that locks the key, or did last.
        locked_by_code: the key waits for its code.
        attempts: how many codes may still be tried; meaningful while locked by code.
        attempts_granted: what a right code sets `attempts` back to.
        locked_by_pin: too many wrong PINs.
        access: None until the first ACCESS.
        clock_offset: the key's clock less UTC, in seconds; None until it was set.
        confirmed_hosts: those for which the master key was given since they bonded and since the last ACCESS.
        licenses: the filled slots, with the 128 bytes of each.
    """

    master_key: SecretDigest | None = None
    code: SecretDigest | None = None
    locked_by_code: bool = False
    attempts: int = 0
    attempts_granted: int = 0
    locked_by_pin: bool = False
    access: AccessParams | None = None
    clock_offset: int | None = None
    confirmed_hosts: frozenset[str] = frozenset()
    licenses: dict[int, bytes] = field(default_factory=dict)

    @property
    def linked(self) -> bool:
        """The key has a master key."""
        return self.master_key is not None

    @property
    def lock(self) -> Lock:
        """Why the key is locked, and whether a code can unlock it."""
        lock = Lock(0)
        if self.locked_by_code:
            lock |= Lock.BY_CODE
        if self.locked_by_pin:
            lock |= Lock.BY_PIN
        if self.locked_by_code and not self.locked_by_pin and self.attempts:
            lock |= Lock.CAN_UNLOCK
        return lock


@dataclass(frozen=True)
class _Codec:
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


def _access_to_json(access: AccessParams) -> bytes:
    return json.dumps({**vars(access), "conditions": access.conditions.value}).encode()


def _access_from_json(data: bytes) -> AccessParams:
    values = json.loads(data)
    return AccessParams(**{**values, "conditions": Condition(values["conditions"])})


_JSON = _Codec(lambda value: json.dumps(value).encode(), json.loads)
_DIGEST = _Codec(SecretDigest.reveal, SecretDigest)
_CODECS = {
    "master_key": _DIGEST,
    "code": _DIGEST,
    "access": _Codec(_access_to_json, _access_from_json),
    "confirmed_hosts": _Codec(
        lambda hosts: json.dumps(sorted(hosts)).encode(), lambda data: frozenset(json.loads(data))
    ),
    "licenses": _Codec(
        lambda licenses: json.dumps({slot: data.hex() for slot, data in licenses.items()}).encode(),
        lambda data: {int(slot): bytes.fromhex(text) for slot, text in json.loads(data).items()},
    ),
}


def load_state(nvram: Nvram) -> State:
    """The state in a memory; of one that holds none, a factory key's.

    Raises:
        NvramError: the memory cannot be read, or what it holds means nothing.
    """
    values: dict[str, Any] = {}
    for entry in fields(State):
        data = nvram.get(f"state.{entry.name}")
        try:
            if data is not None:
                values[entry.name] = _CODECS.get(entry.name, _JSON).decode(data)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise NvramError(
                f"the key's memory is damaged ({entry.name}); delete it to start with a factory key"
            ) from None
    return State(**values)


def store_state(nvram: Nvram, old: State, new: State) -> None:
    """Write what differs, in one commit; nothing at all if nothing does.

    Raises:
        NvramError: nothing was written.
    """
    factory = State()
    changes: dict[str, bytes | None] = {}
    for entry in fields(State):
        value = getattr(new, entry.name)
        if value != getattr(old, entry.name):
            absent = value == getattr(factory, entry.name)
            changes[f"state.{entry.name}"] = None if absent else _CODECS.get(entry.name, _JSON).encode(value)
    if changes:
        nvram.commit(changes)
