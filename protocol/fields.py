"""The fields that messages are made of: what each looks like on the wire, by the numbers and sizes of a profile."""

from __future__ import annotations

from construct import Bytes, Construct, If, Int8ul, Int16ul

from hideez_bench.protocol.layout import Converted, error_of, flags_of, limited, lv, name_of, secret_of
from hideez_bench.protocol.meaning import Dotted, FieldIs, Hidden, Names
from hideez_bench.protocol.names import (
    AccessLevel,
    AccountFlag,
    Button,
    Condition,
    ErrorName,
    Lock,
    WipeResult,
    WriteFlag,
)
from hideez_bench.protocol.profile import Profile
from hideez_bench.protocol.secret import ActivationCode, MasterKey, Pin
from hideez_bench.protocol.values import Version

POINT = Bytes(33)
"""A compressed P-256 point."""

NONCE = Bytes(16)
SIGNATURE = Bytes(64)
"""An ECDSA signature, r | s of 32 bytes each, big-endian."""

VERSION = Converted(
    Bytes(3), lambda v: Version(*v), lambda v: bytes([v.major, v.minor, v.patch]), Dotted(), remember=True
)
MASTER_KEY = secret_of(Bytes(32), MasterKey)
PIN = secret_of(lv(), Pin)


class Fields:
    """The fields that depend on the profile."""

    def __init__(self, profile: Profile) -> None:
        size, numbers = profile.size, profile.numbers
        self.error = error_of(Int16ul, numbers("error"))
        self.button = name_of(Int8ul, Button, numbers("button"))
        self.wipe_result = name_of(Int8ul, WipeResult, numbers("wipe_result"))
        self.access_level = flags_of(Int8ul, AccessLevel, numbers("access_level"))
        self.lock = flags_of(Int8ul, Lock, numbers("lock"))
        self.conditions = flags_of(Int16ul, Condition, numbers("condition"))
        self.write_flags = flags_of(Int8ul, WriteFlag, numbers("write_flag"))
        self.account_flags = flags_of(Int8ul, AccountFlag, numbers("account_flag"))
        self.storage_counter = limited(Int8ul, 0, size("storage_counter") - 1)
        self.attempts = limited(Int8ul, size("attempts_min"), size("attempts_max"))
        self.code = secret_of(lv(size("code_min"), size("code_max")), ActivationCode)
        self.slot = limited(Int8ul, 0, size("license_slots") - 1)
        self.slot_or_any = _slot_or_any(size("license_slots"), size("license_any_slot"))


def if_ok(field: Construct) -> Construct:
    """A field that is left out, and None, when the request was refused."""
    return If(FieldIs("error", ErrorName.Ok), field)


def optional_master_key() -> Construct:
    """A master key behind its length, or nothing behind a zero."""
    return Converted(
        lv(0, 32),
        lambda raw: MasterKey(raw) if raw else None,
        lambda key: key.reveal() if key else b"",
        Hidden(),
    )


def optional_pin() -> Construct:
    """A PIN behind its length, or nothing behind a zero."""
    return Converted(
        lv(), lambda raw: Pin(raw) if raw else None, lambda pin: pin.reveal() if pin else b"", Hidden()
    )


def _slot_or_any(slots: int, any_slot: int) -> Construct:
    """A licence slot, or None for one of the key's choice."""
    numbers: dict[int | None, int] = {None: any_slot, **{slot: slot for slot in range(slots)}}
    return Converted(
        Int8ul,
        {number: slot for slot, number in numbers.items()}.__getitem__,
        numbers.__getitem__,
        Names({number: "any" if slot is None else f"slot {slot}" for slot, number in numbers.items()}),
    )
