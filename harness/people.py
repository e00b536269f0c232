"""Who types the activation code: a list of choices, or a person at a terminal."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum

from hideez_bench.harness.client.session import CodePrompt
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import ActivationCode


class Choice(StrEnum):
    """Codes that need not be known beforehand."""

    RIGHT = "right"
    WRONG = "wrong"


Entry = Choice | ActivationCode


def parse_entry(text: str) -> Entry:
    """What is to be typed: `right`, `wrong`, or a code of any digits.

    Raises:
        BenchError: it is none of these. The text is not repeated, for it may be a mistyped code.
    """
    if text in (Choice.RIGHT, Choice.WRONG):
        return Choice(text)
    if not re.fullmatch(r"[0-9]{1,255}", text):
        raise BenchError("A code is given as its digits, or as the word right or wrong.")
    return ActivationCode.from_text(text)


class ScriptedPerson:
    """Types one entry at each prompt, and gives up when there are no more."""

    def __init__(self, entries: Iterable[Entry], right_code: Callable[[], ActivationCode]) -> None:
        self._entries = iter(entries)
        self._right_code = right_code
        self.prompts: list[CodePrompt] = []

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        """See `UserInterface.get_activation_code`."""
        self.prompts.append(prompt)
        entry = next(self._entries, None)
        if entry is Choice.RIGHT:
            return self._right_code()
        if entry is Choice.WRONG:
            return wrong_code(self._right_code())
        return entry


class TerminalPerson:
    """Asks whoever sits at the terminal; what is typed is not echoed."""

    def __init__(self, ask: Callable[[str], Awaitable[str | None]], show: Callable[[], None]) -> None:
        """`ask` shows a prompt and gives the line typed, None at the end of input; `show` shows the code."""
        self._ask = ask
        self._show = show

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        """See `UserInterface.get_activation_code`."""
        text = (
            f"Activation code for {prompt.serial} "
            f"({prompt.attempts_remaining} left, {prompt.seconds:g} s; ? shows it, Enter gives up): "
        )
        while True:
            typed = await self._ask(text)
            if typed == "?":
                self._show()
                continue
            return ActivationCode.from_text(typed) if typed else None


def wrong_code(right: ActivationCode) -> ActivationCode:
    """A code of the same form that is not the right one."""
    digits = right.reveal().decode()
    return ActivationCode.from_text(digits[:-1] + str((int(digits[-1]) + 1) % 10))
