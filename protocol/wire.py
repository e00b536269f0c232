"""The format: every message's layout, declared once with construct, for both directions.

All integers are little-endian. What a field means stands with the value's class (`messages.py`, `values.py`);
numbers and sizes come from the profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Const,
    Construct,
    GreedyBytes,
    GreedyString,
    Int8sl,
    Int8ul,
    Int16ul,
    Int32ul,
    PaddedString,
    Switch,
)
from construct import Flag as Bit

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.layout import (
    Converted,
    Layout,
    MessageSet,
    error_of,
    flags_of,
    if_ok,
    limited,
    lv,
    name_of,
    secret_of,
)
from hideez_bench.protocol.meaning import Dotted, FieldOf, Hidden, Names, Text
from hideez_bench.protocol.names import (
    AccessLevel,
    Button,
    Command,
    Condition,
    Lock,
    PacketKind,
    WipeResult,
)
from hideez_bench.protocol.profile import Profile, default_profile
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.values import (
    AccessParams,
    DeviceInfo,
    DeviceState,
    InfoCharacteristic,
    License,
    Mode,
    Version,
)

POINT = Bytes(33)
NONCE = Bytes(16)
SIGNATURE = Bytes(64)
TAG_SIZE = 8


@dataclass(frozen=True)
class Header:
    """The first byte of a packet: whether more fragments follow, its number (0 to 31), and of what."""

    more: bool
    number: int
    kind: PacketKind


@dataclass(frozen=True)
class Packet:
    """One GATT write, one notification or one serial frame: a fragment of a message."""

    header: Header
    body: bytes


class Wire:
    """Every layout of one profile. Each has `build(value) -> bytes` and `parse(bytes) -> value`."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        size, numbers = profile.size, profile.numbers
        error = error_of(Int16ul, numbers("error"))
        access_level = flags_of(Int8ul, AccessLevel, numbers("access_level"))
        update_counter = limited(Int8ul, 0, 63)
        version = Converted(
            Bytes(3), lambda v: Version(*v), lambda v: bytes([v.major, v.minor, v.patch]), Dotted()
        )
        master_key = secret_of(Bytes(32), MasterKey)
        attempts = limited(Int8ul, size("attempts_min"), size("attempts_max"))
        code = secret_of(lv(size("code_min"), size("code_max")), ActivationCode)
        slot = limited(Int8ul, 0, size("license_slots") - 1)

        self.info = Layout(
            InfoCharacteristic,
            "mode_byte" / Int8ul,
            "wire_major" / Int8ul,
            "max_message" / Int16ul,
            "channels" / Int8ul,
        )
        header = Layout(
            Header,
            # From the most significant bit, as BitStruct counts.
            "more" / Bit,
            "number" / BitsInteger(5),
            "kind" / name_of(BitsInteger(2), PacketKind, numbers("packet_kind")),
            struct=BitStruct,
        )
        self.packet = Layout(Packet, "header" / header.field, "body" / limited(GreedyBytes, 1, 2**16))
        self.license = Layout(
            License,
            "magic" / Const(b"HKLC"),
            "issuer" / Int16ul,
            "features" / Int16ul,
            "expires" / Int32ul,
            "serial" / PaddedString(16, "utf8"),
            "text" / PaddedString(36, "utf8"),
            "signature" / SIGNATURE,
        )
        self.device_state = Layout(
            DeviceState,
            "battery" / Int8sl,
            "rssi" / Int8sl,
            "pin_attempts" / Int8ul,
            "storage_update_counter" / update_counter,
            "button" / name_of(Int8ul, Button, numbers("button")),
            "access_level" / access_level,
            "other_connections" / Int8sl,
        )
        self.device_info = Layout(
            DeviceInfo,
            "serial" / Converted(lv(), bytes.decode, str.encode, Text()),
            "firmware" / version,
            "bootloader" / version,
            "battery" / Int8sl,
            "access_level" / access_level,
            "lock" / flags_of(Int8ul, Lock, numbers("lock")),
            "unlock_attempts" / Int8ul,
            "pin_attempts" / Int8ul,
            "pin_min_length" / Int8ul,
            "license_info" / Int16ul,
            "storage_total" / Int32ul,
            "storage_free" / Int32ul,
            "storage_timestamp" / Int32ul,
            "storage_update_counter" / update_counter,
            "time" / Int32ul,
            "max_message" / Int16ul,
        )
        self.access_params = Layout(
            AccessParams,
            "conditions" / flags_of(Int16ul, Condition, numbers("condition")),
            "pin_min_length" / Int8ul,
            "pin_max_tries" / Int8ul,
            "pin_expiration" / Int32ul,
            "button_expiration" / Int32ul,
            "master_key_expiration" / Int32ul,
        )

        self.to_key: MessageSet[m.ToKey] = MessageSet(
            numbers("control"),
            [
                Layout(m.Cancel),
                Layout(m.GetRootKey),
                Layout(m.VerifyEncryption, "channel" / Int8ul, "host_public" / POINT, "host_nonce" / NONCE),
                Layout(m.ResetEncryption, "channel" / Int8ul),
            ],
        )
        self.from_key: MessageSet[m.FromKey] = MessageSet(
            numbers("control"),
            [
                Layout(m.Status, "state" / self.device_state.field),
                Layout(m.RootKey, "error" / error, "root_public" / if_ok(POINT)),
                Layout(
                    m.EncryptionVerified,
                    "error" / error,
                    "channel" / if_ok(Int8ul),
                    "key_public" / if_ok(POINT),
                    "key_nonce" / if_ok(NONCE),
                    "proof" / if_ok(SIGNATURE),
                ),
                Layout(m.EncryptionReset, "error" / error, "channel" / if_ok(Int8ul)),
                Layout(m.Busy, "channel" / Int8ul),
                Layout(m.Cancelled),
                Layout(m.WipeStatus, "result" / name_of(Int8ul, WipeResult, numbers("wipe_result"))),
                Layout(m.ControlError, "error" / error),
            ],
        )

        self.envelope = Layout(
            m.Envelope,
            "channel" / Int8ul,
            "counter" / Int32ul,
            "sealed" / limited(GreedyBytes, TAG_SIZE, 2**16),
        )
        code_fields = ("key" / master_key, "attempts" / attempts, "code" / code)
        self.request: MessageSet[m.Request] = MessageSet(
            numbers("command"),
            [
                Layout(m.Ping, "text" / GreedyString("utf8")),
                Layout(m.GetInfo),
                Layout(m.Link, *code_fields),
                Layout(m.Access, "time" / Int32ul, "key" / master_key, "params" / self.access_params.field),
                Layout(m.LockDeviceCode, *code_fields),
                Layout(m.UnlockDeviceCode, "code" / code),
                Layout(m.CheckPassphrase, "key" / master_key),
                Layout(m.Unlock, "key" / master_key),
                Layout(m.Wipe, "key" / _optional_key()),
                Layout(
                    m.LoadLicense,
                    "slot" / _slot_or_any(size("license_slots"), size("license_any_slot")),
                    "data" / limited(GreedyBytes, size("license"), size("license")),
                ),
                Layout(m.QueryLicense, "slot" / slot),
            ],
        )
        self.reply = Layout(
            m.Reply,
            "command" / name_of(Int8ul, Command, numbers("command")),
            "error" / error,
            "body"
            / if_ok(
                Switch(
                    FieldOf("command"),
                    {
                        Command.PING: GreedyString("utf8"),
                        Command.GET_INFO: self.device_info.field,
                        Command.QUERY_LICENSE: self.license.field,
                    },
                )
            ),
        )

    def mode(self, info: InfoCharacteristic) -> Mode:
        """What runs on the key: any first byte but the two of boot mode is the application."""
        modes = self.profile.numbers("mode")
        boot = info.mode_byte in (modes["BOOT"], modes["BOOT_ALTERNATIVE"])
        return Mode.BOOT if boot else Mode.APPLICATION


def _optional_key() -> Construct:
    """A master key behind its length, or nothing behind a zero."""
    return Converted(
        lv(0, 32),
        lambda raw: MasterKey(raw) if raw else None,
        lambda key: key.reveal() if key else b"",
        Hidden(),
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


@cache
def default_wire() -> Wire:
    """The format by the profile that hideez-bench ships."""
    return Wire(default_profile())
