"""Playing a scenario from beginning to end, in virtual time on the in-process radio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from hideez_bench.emulator.key.view import KeyView
from hideez_bench.emulator.radio.virtual_time import VirtualTimeLoop
from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.scenarios.scenario import Scenario
from hideez_bench.harness.scenarios.scene import Scene
from hideez_bench.harness.scenarios.story import Line, Story
from hideez_bench.harness.stage import open_stage
from hideez_bench.harness.targets import EmulatorTarget, Radio
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


def refuse_radio(scenario: Scenario, radio: Radio) -> None:
    """Raise a `BenchError` where a radio cannot carry a scenario."""
    if scenario.realistic and radio is not Radio.MEMORY:
        raise BenchError(
            f"{scenario.name} needs pairing or a signal, which the {radio} radio does not have; use --radio memory."
        )


@asynccontextmanager
async def open_scene(
    scenario: Scenario, radio: Radio, wire: Wire, story: Story, behaviour: Behaviour = MEANT
) -> AsyncIterator[Scene]:
    """The stage of a scenario, set; its key is Reserved.

    Raises:
        BenchError: the radio is not on this machine, or cannot carry the scenario.
    """
    refuse_radio(scenario, radio)
    scenes: list[Scene] = []

    def saw(view: KeyView) -> None:
        for scene in scenes:
            scene.hands.saw(view)

    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(
            open_stage(EmulatorTarget(radio), wire, realistic=scenario.realistic, on_change=saw)
        )
        scene = Scene(stage, story, wire, behaviour, scenario.stack, realistic=scenario.realistic)
        scenes.append(scene)
        with story.preface("The key is new; the server knows it, and gave it to somebody."):
            await stack.enter_async_context(scene.bench)
            await scene.administrator.import_vault(scene.serial, str(scene.key.identity.firmware))
            await scene.administrator.assign(scene.serial)
        yield scene


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
