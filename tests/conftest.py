"""What every test folder shares: the choice of the radio on which a test runs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping

import pytest

from hideez_bench.emulator.radio.virtual_time import VirtualTimeLoop
from tests.radio.radios import LOOP_FACTORIES, RADIOS, LoopFactory, RadioUnderTest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--radio",
        action="append",
        choices=list(RADIOS),
        help="run the tests that take `radio` on this radio; repeatable (default: all that need no hardware)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual_time: runs on a VirtualTimeLoop, whose waiting costs nothing")


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    """A test that takes `radio` runs once for each radio, on the event loop that the radio asks for."""
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    if "radio" not in getattr(item, "fixturenames", ()):
        return {"asyncio": LOOP_FACTORIES["loopback"]}
    wanted = config.getoption("--radio") or [name for name in RADIOS if name != "bluez"]
    return {name: LOOP_FACTORIES[name] for name in RADIOS if name in wanted}


@pytest.fixture
async def radio(request: pytest.FixtureRequest) -> AsyncIterator[RadioUnderTest]:
    """A radio with nothing on the air. Each one that `--radio` names has its turn."""
    factory = request.node.callspec.params["_asyncio_loop_factory"]
    name = next(name for name in RADIOS if LOOP_FACTORIES[name] is factory)
    reason = RADIOS[name].missing()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"the {name} radio cannot run here: {reason}")
    if reason:
        pytest.skip(f"the {name} radio cannot run here: {reason}")
    async with RADIOS[name]() as opened:
        yield opened
