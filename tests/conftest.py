"""What every test folder shares: the choice of the radio on which a test runs, and codes that chance cannot mix up."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import AsyncIterator, Generator, Iterator, Mapping

import hypothesis
import pytest

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.radio.virtual_time import VirtualTimeLoop
from hideez_bench.protocol.channel import Random
from hideez_bench.protocol.secret import ActivationCode
from tests.processes import long_codes
from tests.radio.radios import LOOP_FACTORIES, RADIOS, LoopFactory, RadioUnderTest

# How long an example takes says nothing about the code on a machine that has other work.
hypothesis.settings.register_profile(
    "bench", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
# CI judges each commit by the same examples; new ones are for whoever works on the code (`make test`, `make fuzz`).
hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("bench"), derandomize=True)
hypothesis.settings.load_profile("bench")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--radio",
        action="append",
        choices=list(RADIOS),
        help="run the tests that take `radio` on this radio; repeatable (default: all that need no hardware)",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a test that was left out is a failure: nothing may pass there because it did not run."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"left out, which CI does not allow: {reason}"
    return report


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual_time: runs on a VirtualTimeLoop, whose waiting costs nothing")
    # What is ignored, as by nohup and by a script's job in the background, would be by all programs that tests start;
    # what has a handler is not.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)


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
    if reason := RADIOS[name].missing():
        pytest.skip(f"the {name} radio cannot run here: {reason}")
    async with RADIOS[name]() as opened:
        yield opened


@pytest.fixture(scope="session", autouse=True)
def unlike_codes() -> Iterator[None]:
    """No server in this process draws a code again that was drawn before: once in a million two would be alike."""
    real, drawn = draw.activation_code, set[ActivationCode]()

    def unlike(random: Random) -> ActivationCode:
        code = real(random)
        while (
            random is secrets.token_bytes and code in drawn
        ):  # who has another source counts on what it gives
            code = real(random)
        drawn.add(code)
        return code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "activation_code", unlike)
        yield


@pytest.fixture
def searchable_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes of eight signs, for tests that look for them where other things are random, too."""
    monkeypatch.setattr(draw, "activation_code", long_codes.letters)
