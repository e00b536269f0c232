"""What makes a set of values a wire profile: the range of each, and what two of them may not be together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hideez_bench.protocol.profile import Item, Profile

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

SECTION_RANGES = {
    "mode": (0, 0xFF),
    "packet_kind": (0, 3),
    "channel": (1, 0xFF),
    "control": (0, 0xFF),
    "wipe_result": (0, 0xFF),
    "button": (0, 0xFF),
    "command": (0, 0xFF),
    "error": (0, 0xFFFF),
    "timing": (1, 3_600_000),
    "storage_table": (0, 0xFF),
}
FLAG_BITS = {"access_level": 8, "lock": 8, "condition": 16, "write_flag": 8, "account_flag": 8}
"""How many bits the field of these flags has."""

SIZE_RANGES = {
    "wire_major": (0, 0xFF),
    "max_message": (1, 0xFFFF),
    "channels": (2, 0xFF),
    "packet_min": (20, 244),
    "code_min": (1, 0xFF),
    "code_max": (1, 0xFF),
    "attempts_min": (1, 0xFF),
    "attempts_max": (1, 0xFF),
    "license": (93, 0xFFFF),
    "license_slots": (1, 16),
    "license_any_slot": (0, 0xFF),
    "storage_counter": (1, 0x100),
    "master_key_free_guesses": (0, 0xFF),
    "bonds": (1, 0xFF),
    "serial_packet": (20, 0xFFFF),
    "serial_baud_rate": (1, 100_000_000),
}
MAY_REPEAT = {"size", "timing"}
"""Sections whose values are amounts; all others are numbers, each of which stands for one thing."""

ENVELOPE = 1 + 4 + 8
"""Bytes around an encrypted message: channel and counter before it, the tag after it."""


@dataclass(frozen=True)
class Fault:
    """What is wrong, as the rest of a sentence, and the items that it takes to be so."""

    items: tuple[tuple[str, str], ...]
    reason: str


def item_fault(item: Item) -> Fault | None:
    """What is wrong with one value in itself."""
    reason = _uuid_fault(item.value) if item.section == "uuid" else _number_fault(item)
    return Fault(((item.section, item.name),), f"[{item.section}] {item.name} {reason}") if reason else None


def faults(profile: Profile) -> Iterator[Fault]:
    """What is wrong with values together, each of which is right in itself."""
    yield from _repetitions(profile)
    yield from _contradictions(profile)


def longest_needed(profile: Profile) -> int:
    """The longest message, in bytes, without which no key can be activated."""
    key, command, error, point, nonce, signature = 32, 1, 2, 33, 16, 64
    handshake = command + error + 1 + point + nonce + signature
    link = ENVELOPE + command + key + 1 + 1 + profile.size("code_max")
    licence = ENVELOPE + command + error + profile.size("license")
    return max(handshake, link, licence)


def _uuid_fault(value: object) -> str:
    if not isinstance(value, str) or not UUID.fullmatch(value):
        return "is no UUID, which is written as 59ac0001-0f4a-ca95-0849-a6670829557f"
    return ""


def _number_fault(item: Item) -> str:
    if not isinstance(item.value, int) or isinstance(item.value, bool):
        return "is not a whole number"
    if item.section in FLAG_BITS:
        bits = FLAG_BITS[item.section]
        return (
            "" if 0 <= item.value < bits else f"is bit {item.value}, and its field has bits 0 to {bits - 1}"
        )
    low, high = SIZE_RANGES[item.name] if item.section == "size" else SECTION_RANGES[item.section]
    return "" if low <= item.value <= high else f"is {item.value}, and must be from {low} to {high}"


def _repetitions(profile: Profile) -> Iterator[Fault]:
    seen: dict[tuple[str, int | str], str] = {}
    for (section, name), item in profile.items.items():
        if section in MAY_REPEAT:
            continue
        other = seen.setdefault((section, item.value), name)
        if other != name:
            value = item.value if isinstance(item.value, str) else f"{item.value} (0x{item.value:02x})"
            reason = f"[{section}] {name} and {other} are both {value}; give each a value of its own"
            yield Fault(((section, name), (section, other)), reason)


def _contradictions(profile: Profile) -> Iterator[Fault]:
    for low, high in (("code_min", "code_max"), ("attempts_min", "attempts_max")):
        yield from _must_not_exceed(profile, ("size", low), ("size", high))
    yield from _must_not_exceed(profile, ("timing", "busy_interval"), ("timing", "busy_limit"))
    yield from _must_not_exceed(profile, ("timing", "long_press"), ("timing", "super_long_press"))
    yield from _must_not_exceed(profile, ("timing", "master_key_delay"), ("timing", "master_key_delay_max"))

    channels = profile.size("channels")
    for name, number in profile.numbers("channel").items():
        if number >= channels:
            reason = f"[channel] {name} is {number}, and a key has the channels 0 to {channels - 1} ([size] channels)"
            yield Fault((("channel", name), ("size", "channels")), reason)

    any_slot, slots = profile.size("license_any_slot"), profile.size("license_slots")
    if any_slot < slots:
        reason = f"[size] license_any_slot is {any_slot}, which is the number of one of the {slots} slots"
        yield Fault((("size", "license_any_slot"), ("size", "license_slots")), reason)

    longest, needed = profile.size("max_message"), longest_needed(profile)
    if longest < needed:
        reason = f"[size] max_message is {longest}, and an activation needs messages of {needed} bytes"
        yield Fault((("size", "max_message"), ("size", "license"), ("size", "code_max")), reason)


def _must_not_exceed(profile: Profile, low: tuple[str, str], high: tuple[str, str]) -> Iterator[Fault]:
    less, more = profile.number(*low), profile.number(*high)
    if less > more:
        reason = f"[{low[0]}] {low[1]} is {less}, which is more than {high[1]}, {more}"
        yield Fault((low, high), reason)
