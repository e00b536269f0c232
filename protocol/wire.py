"""The format: every message's layout, declared once with construct, for both directions.

All integers are little-endian. What a field means stands with the value's class (`messages.py`, `values.py`); the
layouts stand in `control_layouts.py`, `command_layouts.py` and `value_layouts.py`; numbers and sizes come from the
profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from construct import BitsInteger, BitStruct, GreedyBytes, Int8ul, Int32ul
from construct import Flag as Bit

from hideez_bench.protocol import command_layouts, control_layouts, value_layouts
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.fields import Fields
from hideez_bench.protocol.layout import Layout, MessageSet, limited, name_of
from hideez_bench.protocol.names import PacketKind
from hideez_bench.protocol.profile import Profile, default_profile
from hideez_bench.protocol.values import InfoCharacteristic, Mode

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
        fields = Fields(profile)

        header = Layout(
            Header,
            # From the most significant bit, as BitStruct counts.
            "more" / Bit,
            "number" / BitsInteger(5),
            "kind" / name_of(BitsInteger(2), PacketKind, profile.numbers("packet_kind")),
            struct=BitStruct,
        )
        self.packet = Layout(Packet, "header" / header.field, "body" / limited(GreedyBytes, 1, 2**16))
        self.envelope = Layout(
            m.Envelope,
            "channel" / Int8ul,
            "counter" / Int32ul,
            "sealed" / limited(GreedyBytes, TAG_SIZE, 2**16),
        )

        self.info = value_layouts.INFO
        self.license = value_layouts.license_layout(profile)
        self.device_state = value_layouts.device_state_layout(fields)
        self.device_info = value_layouts.device_info_layout(fields)
        self.account = value_layouts.account_layout(fields)
        self.access_params = value_layouts.access_params_layout(fields)

        self.to_key: MessageSet[m.ToKey] = control_layouts.to_key(profile)
        self.from_key: MessageSet[m.FromKey] = control_layouts.from_key(profile, fields, self.device_state)
        self.request: MessageSet[m.Request] = command_layouts.requests(profile, fields, self.access_params)
        self.reply = command_layouts.replies(
            profile, fields, self.device_info, self.access_params, self.license
        )

    def mode(self, info: InfoCharacteristic) -> Mode:
        """What runs on the key: any first byte but the two of boot mode is the application."""
        modes = self.profile.numbers("mode")
        boot = info.mode_byte in (modes["BOOT"], modes["BOOT_ALTERNATIVE"])
        return Mode.BOOT if boot else Mode.APPLICATION


@cache
def default_wire() -> Wire:
    """The format by the profile that hideez-bench ships."""
    return Wire(default_profile())
