"""Playing a scenario from beginning to end, in virtual time on the in-process radio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hideez_bench.emulator.radio.virtual_time import VirtualTimeLoop
from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.scenarios.scenario import Scenario
from hideez_bench.harness.scenarios.scene import open_scene
from hideez_bench.harness.scenarios.story import Line, Story
from hideez_bench.harness.targets import Radio
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.wire import Wire


@dataclass(frozen=True)
class Outcome:
    """How a scenario went.

    Attributes:
        lines: the story.
        seconds: how long it took; simulated on the in-process radio.
        error: what did not go as it should; None if all did.
    """

    lines: list[Line]
    seconds: float
    error: BenchError | None


def play(
    scenario: Scenario,
    wire: Wire,
    *,
    radio: Radio = Radio.MEMORY,
    behaviour: Behaviour = MEANT,
    sink: Callable[[Line], None] = lambda line: None,
) -> Outcome:
    """Play a scenario on an event loop of its own.

    Raises:
        BenchError: the radio is not on this machine, or cannot carry the scenario.
    """
    factory = VirtualTimeLoop if radio is Radio.MEMORY else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_play(scenario, wire, radio, behaviour, sink))


async def _play(
    scenario: Scenario, wire: Wire, radio: Radio, behaviour: Behaviour, sink: Callable[[Line], None]
) -> Outcome:
    story = Story(asyncio.get_running_loop().time, sink)
    error: BenchError | None = None
    async with open_scene(scenario, radio, wire, story, behaviour) as scene:
        try:
            await scenario.play(scene)
        except BenchError as otherwise:
            error = otherwise
        seconds = story.elapsed
    return Outcome(story.lines, seconds, error)
