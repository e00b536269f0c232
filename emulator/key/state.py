"""What a key remembers, as one value, and how it lies in the persistent memory."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from hideez_bench.emulator.key.nvram import Nvram, NvramError
from hideez_bench.protocol.names import Condition, Lock
from hideez_bench.protocol.secret import Secret, StorageData
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
        pin: None until one is set.
        pin_length: how long the PIN is, in bytes, for a profile may come to ask for a longer one.
        pin_failures: wrong PINs since the last right one, the one that is being compared included.
        locked_by_pin: too many wrong PINs.
        access: None until the first ACCESS.
        clock_offset: the key's clock less UTC, in seconds; None until it was set.
        bonds: the hosts that are paired, each confirmed by a press.
        master_key_given: the hosts for which the master key was given since they bonded and since the last ACCESS,
            with when it was, by the key's clock.
        pin_given: the same for the PIN, and since it was set.
        licenses: the filled slots, with the 128 bytes of each.
        records: the storage, by table and record.
        storage_counter: counts changes of the storage, and wraps.
        storage_time: when the storage changed last, by the key's clock.
    """

    master_key: SecretDigest | None = None
    code: SecretDigest | None = None
    locked_by_code: bool = False
    attempts: int = 0
    attempts_granted: int = 0
    pin: SecretDigest | None = None
    pin_length: int = 0
    pin_failures: int = 0
    locked_by_pin: bool = False
    access: AccessParams | None = None
    clock_offset: int | None = None
    bonds: frozenset[str] = frozenset()
    master_key_given: dict[str, int] = field(default_factory=dict)
    pin_given: dict[str, int] = field(default_factory=dict)
    licenses: dict[int, bytes] = field(default_factory=dict)
    records: dict[tuple[int, int], StorageData] = field(default_factory=dict)
    storage_counter: int = 0
    storage_time: int = 0

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


def _records_to_json(records: dict[tuple[int, int], StorageData]) -> bytes:
    return json.dumps(
        [[table, record, b64encode(data.reveal()).decode()] for (table, record), data in records.items()]
    ).encode()


def _records_from_json(data: bytes) -> dict[tuple[int, int], StorageData]:
    return {
        (table, record): StorageData(b64decode(text, validate=True))
        for table, record, text in json.loads(data)
    }


_JSON = _Codec(lambda value: json.dumps(value).encode(), json.loads)
_DIGEST = _Codec(SecretDigest.reveal, SecretDigest)
_CODECS = {
    "master_key": _DIGEST,
    "code": _DIGEST,
    "pin": _DIGEST,
    "access": _Codec(_access_to_json, _access_from_json),
    "bonds": _Codec(
        lambda hosts: json.dumps(sorted(hosts)).encode(), lambda data: frozenset(json.loads(data))
    ),
    "licenses": _Codec(
        lambda licenses: json.dumps({slot: data.hex() for slot, data in licenses.items()}).encode(),
        lambda data: {int(slot): bytes.fromhex(text) for slot, text in json.loads(data).items()},
    ),
    "records": _Codec(_records_to_json, _records_from_json),
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


def store_state(nvram: Nvram, old: State, new: State, also: Mapping[str, bytes | None] | None = None) -> None:
    """Write what differs, in one commit, and `also` with it; nothing at all if nothing differs.

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
        nvram.commit(changes | dict(also or {}))


def upgrade_from_1(values: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """What to change in a memory of layout 1, which did not keep when the master key was given: long ago.

    Raises:
        ValueError: what it holds means nothing.
    """
    hosts = json.loads(values.get("state.confirmed_hosts", b"[]"))
    given = json.dumps(dict.fromkeys(hosts, 0)).encode() if hosts else None
    return {"state.confirmed_hosts": None, "state.master_key_given": given}
