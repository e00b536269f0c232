"""What comes next, told where the code is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import LicenseImport
from hideez_bench.emulator.hes.web.pages.next_steps import next_steps
from tests.hes.bench import NOON, SERIAL, Bench, vault_import
from tests.hes_web.conftest import Site
from tests.hes_web.pages import Visitor


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A server whose codes get an hour old."""
    made = Bench(code_life=timedelta(hours=1))
    made.set_up()
    async with made.hes:
        yield made


def told(bench: Bench) -> str:
    return " ".join(next_steps(bench.hes, bench.vault))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("Ready", "Add the vault to an employee"),
        ("Reserved", "blinks green"),
        ("Active", "Suspend makes a new one"),
        ("Locked", "Press Activate"),
        ("Suspended", "every code before it is wrong now"),
        ("Compromised", "another vault"),
    ],
)
async def test_each_status_says_what_to_do(site: Site, admin: Visitor, place: str, words: str) -> None:
    await site.bench.go(place)
    for path in (f"/vaults/{SERIAL}", f"/vaults/{SERIAL}/code"):
        assert words in (await admin.open(path)).words


async def test_a_viewer_is_told_of_nothing_to_do(site: Site, viewer: Visitor) -> None:
    await site.bench.go("Locked")
    assert "What comes next" not in (await viewer.open(f"/vaults/{SERIAL}")).words


async def test_no_status_is_left_out(bench: Bench) -> None:
    for status in VaultStatus:
        assert next_steps(bench.hes, replace(bench.vault, status=status))


async def test_a_licence_that_is_missing_or_has_ended(bench: Bench) -> None:
    assert "licence" not in told(bench)
    await bench.assign()
    assert "The server has no licence for this key" in told(bench)
    ended = NOON - timedelta(days=2)
    bench.hes.vaults.import_vaults(
        [vault_import("HK-2", (LicenseImport("l", NOON + timedelta(days=99), b"x"),))]
    )
    other = replace(bench.hes.vaults.get("HK-2"), status=VaultStatus.Reserved)
    assert "licence" not in " ".join(next_steps(bench.hes, other))
    over = replace(
        other,
        has_new_license=False,
        license_end_date=ended,
        license_status=type(other.license_status).Expired,
    )
    assert "licence has ended" in " ".join(next_steps(bench.hes, over))
    linked = replace(bench.vault, is_status_applied=True)
    assert "licence" not in " ".join(next_steps(bench.hes, linked))


async def test_a_server_without_an_approved_workstation(bench: Bench) -> None:
    await bench.assign()
    assert "No workstation is approved" not in told(bench)
    bench.hes.workstations.unapprove("PC-1")
    assert "No workstation is approved" in told(bench)


async def test_a_code_that_gets_too_old(bench: Bench) -> None:
    assert "good until" not in told(bench)  # there is none
    await bench.assign()
    assert "The code is good until 2026-03-01 13:00 UTC." in told(bench)
    bench.clock.move(hours=1)
    assert "The code is good until" in told(bench)
    bench.clock.move(seconds=1)
    assert (
        "The code was good until 2026-03-01 13:00 UTC. A key that is unlocked with it is locked again"
        in told(bench)
    )


async def test_codes_without_an_age_limit(site: Site) -> None:
    await site.bench.assign()
    assert "good until" not in told(site.bench)
