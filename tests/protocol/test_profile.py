"""The wire profile is whole: every name has its number, every item its tag and source, nothing twice."""

from __future__ import annotations

from enum import Flag, StrEnum

import pytest

from hideez_bench.protocol import names
from hideez_bench.protocol.profile import Tag, default_profile

PROFILE = default_profile()


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ("command", names.Command),
        ("control", names.ControlCommand),
        ("error", names.ErrorName),
        ("button", names.Button),
        ("packet_kind", names.PacketKind),
        ("wipe_result", names.WipeResult),
    ],
)
def test_names_and_numbers_match(section: str, kind: type[StrEnum]) -> None:
    numbers = PROFILE.numbers(section)
    assert set(numbers) == {name.value for name in kind}
    assert len(set(numbers.values())) == len(numbers)


@pytest.mark.parametrize(
    ("section", "kind"),
    [("access_level", names.AccessLevel), ("lock", names.Lock), ("condition", names.Condition)],
)
def test_flags_and_bits_match(section: str, kind: type[Flag]) -> None:
    bits = PROFILE.numbers(section)
    assert set(bits) == {flag.name for flag in kind}
    assert len(set(bits.values())) == len(bits)


def test_every_item_says_where_it_comes_from() -> None:
    assert all(item.tag in Tag and item.source for item in PROFILE.items.values())


@pytest.mark.parametrize(
    ("section", "name", "tag", "value"),
    [
        ("uuid", "hideez_service", "P", "59ac0001-0f4a-ca95-0849-a6670829557f"),
        ("uuid", "main", "M", "59ac0002-0f4a-ca95-0849-a6670829557f"),
        ("control", "CANCEL", "P", 1),
        ("control", "STATUS", "M", 2),
        ("mode", "APPLICATION", "I", 0),
        ("mode", "BOOT_ALTERNATIVE", "P", 0x64),
        ("error", "ERR_ALREADY_INITIALIZED", "M", 0x0101),
        ("error", "ERR_DEVICE_LOCKED_BY_CODE", "M", 0x011B),
        ("error", "BleInvalidPacketNumber", "M", 0x0403),
        ("error", "InvalidMessageSignuture", "M", 0x050F),
        ("button", "SuperLong", "P", 0x11),
    ],
)
def test_items_as_the_format_has_them(section: str, name: str, tag: str, value: object) -> None:
    item = PROFILE.items[section, name]
    assert (item.tag, item.value) == (tag, value)
