"""What a key that is a process of its own leaves behind, on a radio with a message bus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.processes.conftest import Surroundings
from tests.processes.programs import hideez_bench, run

pytestmark = pytest.mark.bluez


async def test_a_key_that_is_killed_leaves_a_capture_and_its_keys(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    capture, keys = str(tmp_path / "key.btsnoop"), str(tmp_path / "key.keys")
    key = await surroundings.start_key("--capture", capture, "--keylog", keys)
    activated = await surroundings.activate("--capture", str(tmp_path / "host.btsnoop"))
    assert activated.status == 0, activated.everything
    await key.kill()
    talks = []
    for name in ("key", "host"):
        # The key's log opens what the host recorded, too.
        file = str(tmp_path / f"{name}.btsnoop")
        decoded = await run([hideez_bench(), "decode", file, "--keys", keys, "--json"], surroundings.env)
        assert (decoded.status, decoded.errors) == (0, "")
        lines = [json.loads(line) for line in decoded.output.splitlines()]
        assert "encrypted" not in {line["kind"] for line in lines}
        talks.append([line["text"] for line in lines if line["kind"] in ("request", "reply")])
    assert sorted(talks[0]) == sorted(talks[1])
    assert len(talks[0]) > 20
