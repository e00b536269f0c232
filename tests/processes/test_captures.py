"""What a key that is a process of its own leaves behind, on a radio with a message bus."""

from __future__ import annotations

from pathlib import Path

import pytest

from hideez_bench.harness.capture.conversation import Kind
from hideez_bench.harness.capture.keylog import read_key_log
from tests.capture.by_hand import decode
from tests.processes.conftest import Surroundings

pytestmark = pytest.mark.bluez


async def test_a_key_that_is_killed_leaves_a_capture_and_its_keys(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    key_capture, host_capture = tmp_path / "key.btsnoop", tmp_path / "host.btsnoop"
    keys = tmp_path / "key.keys"
    key = await surroundings.start_key("--capture", str(key_capture), "--keylog", str(keys))
    activated = await surroundings.activate("--capture", str(host_capture))
    assert activated.status == 0, activated.everything
    await key.kill()
    opened = read_key_log(keys)
    talks = []
    for capture in (key_capture, host_capture):
        # The key's log opens what the host recorded, too.
        entries = decode(capture.read_bytes(), keys=opened)
        assert {Kind.ENCRYPTED, Kind.DAMAGE}.isdisjoint(entry.kind for entry in entries)
        talks.append([entry.text for entry in entries if entry.kind in (Kind.REQUEST, Kind.REPLY)])
    assert sorted(talks[0]) == sorted(talks[1])
    assert len(talks[0]) > 20
