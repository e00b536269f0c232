"""The person of a scenario: does what the scenario says, and everything on the screen is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from hideez_bench.harness.client.user_interface import CodePrompt, Notice, NoticeKind, attempts
from hideez_bench.harness.people import Choice, ScriptedPerson, wrong_code
from hideez_bench.harness.scenarios.story import Story, Voice
from hideez_bench.harness.timeline import Kind
from hideez_bench.protocol.secret import ActivationCode


@dataclass(frozen=True)
class Types:
    """Types a code of which the scenario says in words which one it is."""

    what: str
    code: ActivationCode


@dataclass(frozen=True)
class Waits:
    """Types nothing; `happens` is called meanwhile."""

    what: str = "types nothing"
    happens: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Cancels:
    """Gives up."""


Move = Choice | Types | Waits | Cancels


class Person(ScriptedPerson):
    """Makes one move at each prompt, gives up when there are none left, and presses when asked to."""

    def __init__(
        self,
        story: Story,
        moves: Iterable[Move],
        right_code: Callable[[], Awaitable[ActivationCode]],
        press: Callable[[], None],
        *,
        pace: float,
    ) -> None:
        """`pace` is how many seconds they take for a move."""
        super().__init__((), right_code, press=press)
        self._story = story
        self._moves = iter(moves)
        self._code = right_code
        self._pace = pace

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        """See `UserInterface.get_activation_code`."""
        self.prompts.append(prompt)
        left = f"{attempts(prompt.attempts_remaining)} left"
        self._story.tell(Voice.SCREEN, f"Activation code? ({left}, {prompt.seconds:g} s)")
        try:
            await asyncio.sleep(self._pace)
            return await self._move(next(self._moves, Cancels()))
        except asyncio.CancelledError:
            self._story.tell(Voice.SCREEN, "(the prompt disappears)")
            raise

    def show(self, notice: Notice) -> None:
        """See `UserInterface.show`."""
        kind = Kind.BAD if notice.kind is NoticeKind.ERROR else Kind.STEP
        self._story.tell(Voice.SCREEN, notice.text, kind)
        super().show(notice)

    async def _move(self, move: Move) -> ActivationCode | None:
        match move:
            case Types(what=what, code=code):
                self._story.tell(Voice.PERSON, f"types {what}")
                return code
            case Choice.RIGHT:
                self._story.tell(Voice.PERSON, "types the code")
                return await self._code()
            case Choice.WRONG:
                self._story.tell(Voice.PERSON, "types a wrong code")
                return wrong_code(await self._code())
            case Waits(what=what, happens=happens):
                self._story.tell(Voice.PERSON, what)
                happens()
                never: asyncio.Future[ActivationCode | None] = asyncio.get_running_loop().create_future()
                return await never
            case Cancels():
                self._story.tell(Voice.PERSON, "presses Cancel")
                return None
