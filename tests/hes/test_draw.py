"""Codes and master keys: in range, even, and out of the source that was given."""

from __future__ import annotations

import inspect
import random
import secrets
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.emulator.hes.server import Hes
from tests.hes.bench import SERIAL, vault_import


def repeatable(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes  # noqa: S311 - the tests need the same draws every time


def number(source: Callable[[int], bytes]) -> int:
    return int(draw.activation_code(source).reveal())


def chi_square(counts: list[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


def test_codes_are_six_digits_in_range() -> None:
    """A-005."""
    source = repeatable(1)
    codes = [draw.activation_code(source).reveal() for _ in range(10_000)]
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert all(100_000 <= int(code) <= 999_998 for code in codes)


def test_codes_are_uniform() -> None:
    """A-019. With 99 degrees of freedom 149 is passed once in a thousand; the draws are the same every time."""
    source = repeatable(2)
    numbers = [number(source) for _ in range(50_000)]
    by_hundredth = Counter((drawn - 100_000) * 100 // 899_999 for drawn in numbers)
    assert chi_square([by_hundredth[part] for part in range(100)]) < 149
    by_end = Counter(drawn % 100 for drawn in numbers)
    assert chi_square([by_end[part] for part in range(100)]) < 149


@pytest.mark.parametrize(("drawn", "code"), [(0, 100_000), (899_998, 999_998), (2**20, 100_000)])
def test_ends_of_the_range_are_reached(drawn: int, code: int) -> None:
    assert number(lambda size: drawn.to_bytes(size, "big")) == code


def test_what_is_out_of_range_is_drawn_again() -> None:
    draws = iter([2**20 - 1, 899_999, 5])
    assert number(lambda size: next(draws).to_bytes(size, "big")) == 100_005


def test_master_keys() -> None:
    """A-008: 32 bytes, none zero, all distinct, and each value as likely as any other (255 of them; 1 in 1000)."""
    source = repeatable(3)
    keys = [draw.master_key(source).reveal() for _ in range(1_000)]
    assert all(len(key) == 32 and 0 not in key for key in keys)
    assert len(set(keys)) == 1_000
    counts = Counter(byte for key in keys for byte in key)
    assert chi_square([counts[value] for value in range(1, 256)]) < 330


@given(st.binary(min_size=0, max_size=64))
def test_master_key_keeps_the_source_s_bytes(given_bytes: bytes) -> None:
    stock = bytearray(given_bytes + bytes(range(1, 256)))

    def source(size: int) -> bytes:
        taken = bytes(stock[:size])
        del stock[:size]
        return taken

    kept = bytes(byte for byte in given_bytes + bytes(range(1, 256)) if byte)
    assert draw.master_key(source).reveal() == kept[:32]


def test_server_draws_from_a_cryptographic_source_by_default() -> None:
    assert inspect.signature(Hes).parameters["random"].default is secrets.token_bytes


async def test_server_draws_from_the_source_that_it_is_given() -> None:
    codes = []
    for _ in range(2):
        async with Hes(random=repeatable(4)) as hes:
            hes.vaults.import_vaults([vault_import()])
            await hes.employees.add_hardware_vault(hes.employees.create(EmployeeDetails("Ann")).id, SERIAL)
            codes.append(hes.vaults.activation_code(SERIAL))
    assert codes[0] == codes[1]
