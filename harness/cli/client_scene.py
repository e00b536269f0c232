"""What there is to be seen at `hideez-bench client`, and what a screen does with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from hideez_bench.harness.cli.client_person import Question, TypingPerson
from hideez_bench.harness.client.met_key import MetKey, Standing
from hideez_bench.harness.client.service import ClientService
from hideez_bench.harness.timeline import Event

REFRESH_SECONDS = 0.25


@contextmanager
def ticking(tick: Callable[[], None]) -> Iterator[None]:
    """Inside, `tick` is called several times a second."""

    async def run() -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            tick()

    task = asyncio.get_running_loop().create_task(run())
    try:
        yield
    finally:
        task.cancel()


@dataclass
class Scene:
    """What there is to be seen.

    Attributes:
        place: one line on workstation, server and radio.
        letters: what each letter does.
    """

    service: ClientService
    person: TypingPerson
    place: str
    letters: dict[str, str]
    clock: Callable[[], float]
    is_server_there: Callable[[], bool]

    def rows(self) -> list[tuple[MetKey, bool]]:
        """The keys, by name, and whether each is within reach."""
        near = {advertisement.address for advertisement in self.service.airwaves.in_reach()}
        keys = sorted(self.service.keys.items(), key=lambda item: item[1].name)
        return [
            (key, address in near or key.standing in (Standing.ONLINE, Standing.WORKING))
            for address, key in keys
        ]

    @property
    def title(self) -> str:
        """Where all this is, and what is out of the ordinary with it."""
        unusual = []
        if not self.is_server_there():
            unusual.append("the server cannot be reached")
        if self.service.state.session_locked:
            unusual.append("computer locked")
        elif (left := self.service.absence.left) is not None:
            unusual.append(f"the computer locks in {left:.0f} s: its key has gone")
        return " · ".join([*unusual, self.place])

    def state(self, key: MetKey, *, is_near: bool) -> str:
        """How it stands with a key, in a few words."""
        if not is_near:
            return "out of reach"
        match key.standing:
            case Standing.WORKING if self.person.question:
                return "waits for an answer, below"
            case Standing.WORKING:
                return f"{key.doing}, {self.clock() - key.since:.0f} s"
            case Standing.STOPPED:
                return f"stopped: {key.error}"
            case Standing.ONLINE if key.is_locked:
                return "online, locked: its code is asked for when it connects again"
            case _:
                return str(key.standing)

    @property
    def help(self) -> str:
        """What the letters do, in one sentence."""
        return f"Keys: {', '.join(f'{letter} {meaning}' for letter, meaning in self.letters.items())}."

    def left(self, question: Question) -> int:
        """Whole seconds that are left for an answer."""
        return max(0, round(question.deadline - self.clock()))


class Screen(Protocol):
    """Shows a scene."""

    scene: Scene | None

    def tell(self, event: Event) -> None:
        """Something happened."""
        ...

    def say(self, text: str) -> None:
        """Put a sentence before the person."""
        ...

    def radio(self, text: str, *, is_there: bool) -> None:
        """Bluetooth went away or came back, in a sentence."""
        ...

    def changed(self) -> None:
        """Something about keys or questions may be new."""
        ...

    def shown(self) -> AbstractContextManager[None]:
        """Inside, the scene is shown."""
        ...
