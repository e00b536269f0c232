"""Who sits in front of the client: somebody with a list of what to type, or a person at a terminal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum

from hideez_bench.harness.client.user_interface import (
    CodePrompt,
    Notice,
    NoticeKind,
    PasswordPrompt,
    PinPrompt,
)
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import ActivationCode, Password, Pin


class Choice(StrEnum):
    """Codes that need not be known beforehand."""

    RIGHT = "right"
    WRONG = "wrong"


Entry = Choice | ActivationCode
LONGEST_ENTRY = 255


def parse_entry(text: str) -> Entry:
    """What is to be typed: `right`, `wrong`, or a code of any digits.

    Raises:
        BenchError: it is none of these. The text is not repeated, for it may be a mistyped code.
    """
    if text in (Choice.RIGHT, Choice.WRONG):
        return Choice(text)
    if not is_digits(text) or len(text) > LONGEST_ENTRY:
        raise BenchError("A code is given as its digits, or as the word right or wrong.")
    return ActivationCode.from_text(text)


def is_digits(text: str) -> bool:
    """Whether a text is of the digits that the client's dialog takes: 0 to 9, of no other script."""
    return text.isascii() and text.isdigit()


class ScriptedPerson:
    """Types one entry at each prompt, gives up when there are no more, and presses when asked to.

    Attributes:
        prompts: what was asked for codes, in order.
        pin_prompts: the same for PINs.
        password_prompts: the same for master passwords.
        notices: every message that was shown.
        shown: the message that is before the person now.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        right_code: Callable[[], Awaitable[ActivationCode]],
        *,
        pins: Iterable[Pin] = (),
        passwords: Iterable[Password] = (),
        press: Callable[[], None] = lambda: None,
    ) -> None:
        """`press` is the finger on the key's button."""
        self._entries = iter(entries)
        self._right_code = right_code
        self._pins = iter(pins)
        self._passwords = iter(passwords)
        self._press = press
        self.prompts: list[CodePrompt] = []
        self.pin_prompts: list[PinPrompt] = []
        self.password_prompts: list[PasswordPrompt] = []
        self.notices: list[Notice] = []
        self.shown: Notice | None = None

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        """See `UserInterface.get_activation_code`."""
        self.prompts.append(prompt)
        entry = next(self._entries, None)
        if entry is Choice.RIGHT:
            return await self._right_code()
        if entry is Choice.WRONG:
            return wrong_code(await self._right_code())
        return entry

    async def get_pin(self, prompt: PinPrompt) -> Pin | None:
        """See `UserInterface.get_pin`."""
        self.pin_prompts.append(prompt)
        return next(self._pins, None)

    async def get_master_password(self, prompt: PasswordPrompt) -> Password | None:
        """See `UserInterface.get_master_password`."""
        self.password_prompts.append(prompt)
        return next(self._passwords, None)

    def show(self, notice: Notice) -> None:
        """See `UserInterface.show`."""
        self.notices.append(notice)
        self.shown = notice
        if notice.kind is NoticeKind.PRESS_BUTTON:
            self._press()

    def clear(self) -> None:
        """See `UserInterface.clear`."""
        self.shown = None


class TerminalPerson:
    """Asks whoever sits at the terminal; what is typed is not echoed. Errors are told by the timeline."""

    def __init__(
        self,
        ask: Callable[[str], Awaitable[str | None]],
        show_code: Callable[[], Awaitable[None]],
        say: Callable[[str], None],
    ) -> None:
        """`ask` shows a prompt and gives the line typed, None at the end of input; `say` prints a line."""
        self._ask = ask
        self._show_code = show_code
        self._say = say

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        """See `UserInterface.get_activation_code`."""
        text = (
            f"Activation code for {prompt.serial} "
            f"({prompt.attempts_remaining} left, {prompt.seconds:g} s; ? shows it, Enter gives up): "
        )
        while True:
            typed = await self._ask(text)
            if typed == "?":
                await self._show_code()
            elif typed and not is_digits(typed):
                self._say("A code has digits only; nothing was sent, no attempt spent.")
            else:
                return ActivationCode.from_text(typed) if typed else None

    async def get_pin(self, prompt: PinPrompt) -> Pin | None:
        """See `UserInterface.get_pin`."""
        what = f"New PIN for {prompt.serial}" if prompt.is_new else f"PIN of {prompt.serial}"
        left = "" if prompt.is_new else f"{prompt.attempts_remaining} left, "
        typed = await self._ask(
            f"{what} ({left}at least {prompt.min_length}, {prompt.seconds:g} s; Enter gives up): "
        )
        return Pin.from_text(typed) if typed else None

    async def get_master_password(self, prompt: PasswordPrompt) -> Password | None:
        """See `UserInterface.get_master_password`."""
        what = "New master password for" if prompt.is_new else "Master password of"
        typed = await self._ask(
            f"{what} {prompt.serial} (at least {prompt.min_length}, {prompt.seconds:g} s; Enter gives up): "
        )
        return Password.from_text(typed) if typed else None

    def show(self, notice: Notice) -> None:
        """See `UserInterface.show`."""
        if notice.kind is NoticeKind.PRESS_BUTTON:
            self._say(notice.text)

    def clear(self) -> None:
        """See `UserInterface.clear`. What a terminal printed stays."""


def wrong_code(right: ActivationCode) -> ActivationCode:
    """A code of the same form that is not the right one."""
    digits = right.reveal().decode()
    return ActivationCode.from_text(digits[:-1] + str((int(digits[-1]) + 1) % 10))
