"""A wire profile in which nothing is as shipped: every UUID, number, bit, size and time that may differ does."""

from __future__ import annotations

from pathlib import Path

from hideez_bench.protocol.profile import Profile, default_profile
from hideez_bench.protocol.profile_file import load_profile
from hideez_bench.protocol.profile_rules import FLAG_BITS

SHIFTS = {
    "mode": 0x03,
    "control": 0x80,
    "command": 0x40,
    "wipe_result": 5,
    "button": 0x20,
    "error": 0x4000,
    "storage_table": 0x30,
}
NUMBERS = {
    "packet_kind": {"ENCRYPTED": 3, "CONTROL": 0},
    "channel": {"MAIN": 2, "HES": 5},
    "size": {
        "wire_major": 9,
        "max_message": 300,
        "channels": 12,
        "packet_min": 21,
        "code_min": 5,
        "code_max": 9,
        "attempts_min": 2,
        "attempts_max": 20,
        "license": 140,
        "license_slots": 4,
        "license_any_slot": 200,
        "storage_counter": 32,
        "master_key_free_guesses": 3,
        "bonds": 5,
        "serial_packet": 200,
        "serial_baud_rate": 9600,
    },
}


def other_profile(path: Path) -> Profile:
    """Write the file, and read it as any other."""
    lines = []
    for section in dict.fromkeys(section for section, _ in default_profile().items):
        lines.append(f"[{section}]")
        items = [item for item in default_profile().items.values() if item.section == section]
        lines += [f"{item.name} = {_other(section, item.name, item.value)!r}" for item in items]
    path.write_text("\n".join(lines) + "\n")
    return load_profile(path)


def _other(section: str, name: str, value: int | str) -> int | str:
    if isinstance(value, str):
        # The first group tells the shipped UUIDs apart, and goes on doing so.
        return f"{int(value[:8], 16) ^ 0x5A5A5A5A:08x}-1111-2222-3333-444455556666"
    if section in FLAG_BITS:
        return FLAG_BITS[section] - 1 - value
    if section == "timing":
        return value * 2 // 3
    if section in SHIFTS:
        return (value + SHIFTS[section]) % 0x10000
    return NUMBERS[section][name]
