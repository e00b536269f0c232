"""Whole activations on the memory radio: how many a second, the codec's share of them, and the memory of a key."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.harness.bench import Bench, Ending
from hideez_bench.harness.fleet import open_fleet
from hideez_bench.harness.people import Choice, ScriptedPerson
from hideez_bench.harness.stage import open_stage
from hideez_bench.harness.targets import parse_target
from hideez_bench.harness.timeline import Timeline
from hideez_bench.protocol.layout import Layout, MessageSet
from hideez_bench.protocol.wire import default_wire

ROUNDS = 9
KEYS_AT_ONCE = (1, 10)
FLEET = 100
CODEC = [(kind, name) for kind in (Layout, MessageSet) for name in ("build", "parse")]


class Stopwatch:
    """Sums up the time inside of functions, once where they call each other."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0
        self._inside = False

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def timed(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return function(*arguments, **named)
            self._inside = True
            started = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds += time.thread_time() - started
                self.calls += 1
                self._inside = False

        return timed

    def own_seconds(self) -> float:
        """What looking at the clock has added, about."""
        empty = Stopwatch()
        timed = empty.around(lambda: None)
        for _ in range(1000):
            timed()
        return empty.seconds / 1000 * self.calls

    @contextmanager
    def on_the_codec(self) -> Iterator[None]:
        """Time every layout while the context lasts."""
        patches = [patch.object(kind, name, self.around(vars(kind)[name])) for kind, name in CODEC]
        for one in patches:
            one.start()
        yield
        for one in patches:
            one.stop()


async def activate() -> None:
    """A factory key, its server and its client, from the assignment to Active."""
    wire = default_wire()
    timeline = Timeline(asyncio.get_running_loop().time, lambda event: None)
    async with open_stage(parse_target("emulator:memory"), wire) as stage:
        assert stage.identity is not None
        serial = stage.identity.serial
        async with Bench(open_link=stage.open_link, timeline=timeline, wire=wire) as bench:
            await bench.administrator.import_vault(serial, str(stage.identity.firmware))
            await bench.administrator.assign(serial)
            person = ScriptedPerson([Choice.RIGHT], lambda: bench.administrator.code(serial))
            async with bench.flow(person) as flow:
                result = await flow.run()
            assert (await bench.verdict(serial, result)).ending is Ending.ACTIVE


async def activate_together(keys: int) -> None:
    """So many at once, each with a server of its own."""
    await asyncio.gather(*(activate() for _ in range(keys)))


def measure(keys: int) -> dict[str, float]:
    """In this process: activations a second, and the codec's share, as medians, and memory in megabytes."""
    before = _megabytes()
    asyncio.run(activate_together(keys))
    after = _megabytes()
    wall, codec, calls = [], [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        asyncio.run(activate_together(keys))
        wall.append(time.perf_counter() - started)
    for _ in range(ROUNDS):
        watch = Stopwatch()
        with watch.on_the_codec():
            started = time.process_time()
            asyncio.run(activate_together(keys))
            used = time.process_time() - started
        codec.append((watch.seconds - watch.own_seconds()) / used)
        calls.append(watch.calls / keys)
    return {
        "per_second": keys / median(wall),
        "codec_share": median(codec),
        "codec_calls": median(calls),
        "imported_mb": before,
        "grown_mb": after - before,
        "grown_later_mb": _megabytes() - after,
    }


async def _activate_fleet() -> dict[str, float]:
    before = _megabytes()
    async with open_fleet(Identity.numbered(1), FLEET, default_wire()) as fleet:
        on_air = _megabytes()
        started = time.perf_counter()
        outcomes = [outcome async for outcome in fleet.activate(at_once=10)]
        seconds = time.perf_counter() - started
        after = _megabytes()
    assert all(outcome.is_active for outcome in outcomes)
    return {
        "per_second": FLEET / seconds,
        "key_kb": (on_air - before) * 1024 / FLEET,
        "activated_kb": (after - on_air) * 1024 / FLEET,
    }


def _megabytes() -> float:
    """Resident memory now, where Linux tells, else the most there ever was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def main() -> None:
    """Print the figures, each number of keys in a process of its own."""
    print("\nActivation on the memory radio")
    for keys in KEYS_AT_ONCE:
        command = [sys.executable, "-m", "tests.bench.activation", str(keys)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = json.loads(output)
        print(
            f"{keys:3} at once   {found['per_second']:6.1f} a second   "
            f"codec {found['codec_share']:6.1%} of the processor time, {found['codec_calls']:.0f} calls each   "
            f"memory {found['imported_mb']:.0f} MB imported, {found['grown_mb']:+.1f} MB the first time, "
            f"{found['grown_later_mb']:+.1f} MB after {2 * ROUNDS} more",
            flush=True,
        )
    command = [sys.executable, "-m", "tests.bench.activation", "fleet"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(
        f"{FLEET} keys in one process, before one server   {found['per_second']:6.1f} a second   "
        f"memory {found['key_kb']:.0f} KB for each key on the air, {found['activated_kb']:+.0f} KB for each activation",
        flush=True,
    )


if __name__ == "__main__":
    wanted = sys.argv[1]
    print(json.dumps(asyncio.run(_activate_fleet()) if wanted == "fleet" else measure(int(wanted))))
