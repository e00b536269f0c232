"""Long lists are sent piece by piece: the same JSON, and nobody waits for all of it."""

from __future__ import annotations

import asyncio
import json

import pytest

from hideez_bench.emulator.hes.records import VaultImport
from hideez_bench.emulator.hes.web.rest.bodies import Answer
from hideez_bench.emulator.hes.web.rest.long_lists import AT_ONCE, long_list
from tests.hes_web.conftest import Site


class Number(Answer):
    """A number."""

    the_number: int


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 2])
async def test_a_list_is_whole_and_others_have_their_turn(count: int) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    sent = long_list(range(count), lambda each: Number(the_number=each))
    text = b"".join([bytes(piece) async for piece in sent.body_iterator])  # type: ignore[arg-type]
    beside.cancel()
    assert json.loads(text) == [{"theNumber": number} for number in range(count)]
    assert turns >= count // AT_ONCE


async def test_more_vaults_than_are_made_at_once(site: Site) -> None:
    serials = [f"HK-{number:04}" for number in range(1000, 1000 + 2 * AT_ONCE)]
    site.bench.hes.vaults.import_vaults([VaultImport(one, f"mac {one}", f"rfid {one}") for one in serials])
    shown = await site.viewer.get("/api/HardwareVaults/GetHardwareVaults")
    assert shown.headers["content-type"] == "application/json"
    assert [vault["id"] for vault in shown.json()] == ["HK-1", *serials]
    found = await site.viewer.post("/api/HardwareVaults/GetFilteredHardwareVaults", json={"id": "none"})
    assert (found.status_code, found.text) == (200, "[]")
