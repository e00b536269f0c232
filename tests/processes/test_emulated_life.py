"""The real life cycle and several keys, from the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.processes.conftest import Surroundings


async def test_a_key_on_sale_is_off_until_it_is_pressed(surroundings: Surroundings) -> None:
    key = await surroundings.start_key("--realistic")
    unheard = await surroundings.activate("--timeout", "1")
    assert unheard.status == 2
    assert "No key HK-00203 was found" in unheard.errors
    await key.say("p")
    await key.expect("HK-00203: pairing; light blue flashes")
    finished = await surroundings.activate()
    assert finished.status == 0, finished.everything


@pytest.mark.bluez
async def test_several_keys_are_numbered_each_on_its_adapter_with_its_memory(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    state = tmp_path / "key.db"
    key = await surroundings.start_key("--count", "2", "--state", str(state), name="HK-00207")
    await key.expect(r"HK-00208 \(ST1032026000208\) is on the air; its memory is .*key-00208\.db")
    for name in ("HK-00208", "HK-00207"):
        finished = await surroundings.activate(name=name, adapter="hci2")  # hci0 and hci1 are the keys'
        assert finished.status == 0, finished.everything
    assert {"key-00207.db", "key-00208.db"} <= set(os.listdir(tmp_path))  # noqa: PTH208 - no iterator to wait for
