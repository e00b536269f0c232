"""With another wire profile, key and client speak another format, whole; who has the shipped one has no part in it."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.harness.cli.main import cli
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions, KeyNotFound
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.profile import Profile, default_profile
from hideez_bench.protocol.transport import PacketTransport
from hideez_bench.protocol.wire import Wire, default_wire
from tests.protocol.other_profile import other_profile

IDENTITY = Identity.numbered(203)


def test_the_other_profile_differs_in_every_item(tmp_path: Path) -> None:
    other = other_profile(tmp_path / "other.toml")
    assert other.replaced == set(default_profile().items)
    assert not [key for key, item in default_profile().items.items() if other.items[key].value == item.value]


@pytest.mark.parametrize(
    ("codes", "status", "verdict"), [(["right"], 0, "active"), (["wrong"] * 3, 1, "locked")]
)
def test_an_activation_with_everything_replaced_ends_as_ever(
    tmp_path: Path, codes: list[str], status: int, verdict: str
) -> None:
    file, capture = tmp_path / "other.toml", tmp_path / "traffic.btsnoop"
    other = other_profile(file)
    typed = [argument for code in codes for argument in ("--code", code)]
    arguments = ["activate", "--target", "emulator:memory", "--profile", str(file), "--json", *typed]
    arguments += ["--capture", str(capture)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == status, result.output
    assert json.loads(result.output)["verdict"] == verdict
    traffic = capture.read_bytes()
    for name in ("hideez_service", "main", "info"):
        assert UUID(other.uuid(name)).bytes[::-1] in traffic
        assert UUID(default_profile().uuid(name)).bytes[::-1] not in traffic


def test_the_demo_takes_a_profile(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    other_profile(file)
    result = CliRunner().invoke(cli, ["demo", "--radio", "memory", "--profile", str(file)])
    assert result.exit_code == 0, result.output


@asynccontextmanager
async def key_on_the_air(profile: Profile) -> AsyncIterator[BleakOptions]:
    """A key that speaks by a profile, and the way for bleak to reach it."""
    radio = MemoryRadio()
    key = Key(
        MemoryNvram(),
        identity=IDENTITY,
        clock=asyncio.get_running_loop().time,
        utc=lambda: 1_763_967_104,
        random=secrets.token_bytes,
        wire=Wire(profile),
    )
    async with KeyApplication(key, profile=profile, make_server=radio.server):
        host = radio.backend()
        yield BleakOptions({"backend": host.scanner}, {"backend": host.client})


@pytest.mark.virtual_time
async def test_a_client_with_the_shipped_profile_does_not_find_such_a_key(tmp_path: Path) -> None:
    async with key_on_the_air(other_profile(tmp_path / "other.toml")) as options:
        link = BleakLink(IDENTITY.local_name, profile=default_profile(), timeout=16, options=options)
        with pytest.raises(KeyNotFound):
            await link.__aenter__()


@pytest.mark.virtual_time
@pytest.mark.parametrize("section", ["control", "command", "packet_kind"])
async def test_a_client_that_finds_it_does_not_understand_it(tmp_path: Path, section: str) -> None:
    other = other_profile(tmp_path / "other.toml")
    replaced = {key: item for key, item in other.items.items() if key[0] == section}
    profile = Profile({**default_profile().items, **replaced}, frozenset(replaced))
    async with key_on_the_air(profile) as options:
        shipped = default_wire()
        async with BleakLink(
            IDENTITY.local_name, profile=shipped.profile, timeout=16, options=options
        ) as link:
            transport = PacketTransport(link, shipped)
            await transport.start()
            device = KeyDevice(transport, 1, wire=shipped, random=secrets.token_bytes)
            with pytest.raises(BenchError):
                await device.verify_and_initialize()
