"""The person at `hideez-bench client`: what is asked of them, and what they type, which is never shown."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from hideez_bench.harness.client.user_interface import (
    CodePrompt,
    Notice,
    PasswordPrompt,
    PinPrompt,
)
from hideez_bench.harness.people import is_digits
from hideez_bench.protocol.secret import ActivationCode, Password, Pin

SHORTEST_CODE, LONGEST_CODE = 6, 8
LONGEST_SECRET = 255
TAG_SECONDS = 15.0
REST_SECONDS = 2.0
"""Who was typing an answer when the question went away types its rest; after so long a pause it is something else."""
ESCAPE, BACKSPACE, END = "\x1b", "\x7f\x08", "\x04"
FUNCTION_KEYS = re.compile(r"\x1b(\[[0-9;]*[A-Za-z~]|O[A-Za-z])")
"""What arrows and the like send: they are no Escape, and mean nothing here."""


@dataclass
class Question:
    """Something that is asked now, until `deadline` on the event loop's clock.

    Attributes:
        title: what is asked for, and of which key.
        rule: what an answer looks like, in words.
        attempts: how many are left, where they are counted.
        hint: what was wrong with what was typed last.
    """

    title: str
    rule: str
    shortest: int
    longest: int
    deadline: float
    attempts: int | None = None
    digits_only: bool = False
    hint: str = ""
    typed: str = field(default="", repr=False)
    answer: asyncio.Future[str | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future(), repr=False
    )

    def give(self, answer: str | None) -> None:
        """Answer it; None gives up."""
        self.typed = ""
        if not self.answer.done():
            self.answer.set_result(answer)

    def key(self, key: str) -> bool:
        """Take a key of the keyboard; whether it was for this question."""
        if key in "\r\n":
            self._enter()
        elif key in BACKSPACE:
            self.typed = self.typed[:-1]
        elif key == ESCAPE:
            self.give(None)
        elif not key.isprintable() or (self.digits_only and not is_digits(key)):
            return False
        else:
            self.typed, self.hint = (self.typed + key)[:LONGEST_SECRET], ""
        return True

    def line(self, line: str) -> None:
        """Take a whole line, of a pipe; an empty one gives up."""
        if self.digits_only and line and not is_digits(line):
            self._refuse()
        else:
            self.give(line or None)

    def _enter(self) -> None:
        if len(self.typed) > self.longest:
            self.typed = ""
            self._refuse(" Begin again.")
        elif len(self.typed) >= self.shortest:
            self.give(self.typed)
        elif self.typed:
            self._refuse()

    def _refuse(self, advice: str = "") -> None:
        spent = "" if self.attempts is None else ", no attempt spent"
        self.hint = f"It has {self.rule}; nothing was sent{spent}.{advice}"


class TypingPerson:
    """A `UserInterface` at a keyboard. Keys that answer nothing are orders to the program, by letter.

    Without a terminal, lines come from a pipe: what they hold is kept until something is asked; an empty line gives up,
    and so does the end of the pipe.

    Args:
        orders: what each letter does.
        changed: is called when something is asked, typed, answered or shown.
    """

    def __init__(
        self, orders: Mapping[str, Callable[[], None]], changed: Callable[[], None], *, is_terminal: bool
    ) -> None:
        self.question: Question | None = None
        self.notice: Notice | None = None
        self._orders = orders
        self._changed = changed
        self._is_terminal = is_terminal
        self._lines: deque[str] = deque()
        self._part = ""
        self._ended = False
        self._rest_until = 0.0

    @property
    def is_asked(self) -> bool:
        """Something is asked, and not answered yet."""
        return self.question is not None and not self.question.answer.done()

    # --- the keyboard ---

    def type(self, keys: str) -> None:
        """Some keys were pressed."""
        if not self._is_terminal:
            *lines, self._part = (self._part + keys).split("\n")
            self._lines.extend(lines)
            self._take_lines()
        else:
            for key in FUNCTION_KEYS.sub("", keys):
                self._key(key)
        self._changed()

    def end(self) -> None:
        """No more keys can come."""
        self._lines.extend([self._part] if self._part else [])
        self._part, self._ended = "", True
        self._take_lines()

    def _key(self, key: str) -> None:
        if self._is_rest(key):
            return
        if self.question and self.question.key(key):
            return
        if order := self._orders.get(key.lower()):
            order()

    def _is_rest(self, key: str) -> bool:
        """Whether it belongs to an answer whose question is gone: it is no order then, and no tag."""
        now = asyncio.get_running_loop().time()
        if now >= self._rest_until or key == END:
            return False
        is_over = key in "\r\n" or key == ESCAPE
        self._rest_until = 0.0 if is_over else now + REST_SECONDS
        return True

    def _take_lines(self) -> None:
        while self._lines:
            line = self._lines[0].strip("\r")
            order, question = self._orders.get(line), self.question
            if order is None and not self.is_asked:
                return
            self._lines.popleft()  # first, for an order may ask something
            if order:
                order()
            elif question:
                question.line(line)
                self._changed()
        if self._ended and self.question:
            self.question.give(None)

    # --- what the client asks ---

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        """See `UserInterface.get_activation_code`."""
        typed = await self._ask(
            f"Activation code for {prompt.serial}",
            "six to eight digits",
            SHORTEST_CODE,
            LONGEST_CODE,
            prompt.seconds,
            attempts=prompt.attempts_remaining,
            digits_only=True,
        )
        return None if typed is None else ActivationCode.from_text(typed)

    async def get_pin(self, prompt: PinPrompt) -> Pin | None:
        """See `UserInterface.get_pin`. A new one is asked for twice."""
        rule = f"at least {prompt.min_length} characters"
        if not prompt.is_new:
            title = f"PIN of {prompt.serial}"
            typed = await self._ask(
                title, rule, 1, LONGEST_SECRET, prompt.seconds, attempts=prompt.attempts_remaining
            )
        else:
            typed = await self._ask_twice(
                f"New PIN for {prompt.serial}", rule, prompt.min_length, prompt.seconds
            )
        return None if typed is None else Pin.from_text(typed)

    async def get_master_password(self, prompt: PasswordPrompt) -> Password | None:
        """See `UserInterface.get_master_password`. A new one is asked for twice."""
        rule, ask = f"at least {prompt.min_length} characters", self._ask
        if prompt.is_new:
            typed = await self._ask_twice(
                f"New master password for {prompt.serial}", rule, prompt.min_length, prompt.seconds
            )
        else:
            typed = await ask(f"Master password of {prompt.serial}", rule, 1, LONGEST_SECRET, prompt.seconds)
        return None if typed is None else Password.from_text(typed)

    def get_tag(self, typed: str = "") -> Awaitable[str | None]:
        """What a reader of radio tags types, which is a keyboard, or a person; None where nobody does, or gives up.

        The question is there at once, for a reader types fast, and has `typed` already. Whatever the client asks comes
        in its place. What began as `typed` and is no longer than a code is not taken for a tag: it may be one, typed
        when nothing asked for it any more.
        """
        deadline = asyncio.get_running_loop().time() + TAG_SECONDS
        shortest, rule = 1, "as the reader types it"
        if typed:
            shortest, rule = (
                LONGEST_CODE + 1,
                f"more than {LONGEST_CODE} characters; r asks for a shorter one",
            )
        question = Question("Radio tag", rule, shortest, LONGEST_SECRET, deadline, typed=typed)
        self._open(question)
        return self._tag(question)

    async def _tag(self, question: Question) -> str | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(TAG_SECONDS):
                return await self._answer(question)
        return None

    def show(self, notice: Notice) -> None:
        """See `UserInterface.show`."""
        self.notice = notice
        self._changed()

    def clear(self) -> None:
        """See `UserInterface.clear`."""
        self.notice = None
        self._changed()

    async def _ask_twice(self, title: str, rule: str, shortest: int, seconds: float) -> str | None:
        hint = ""
        while True:
            first = await self._ask(title, rule, shortest, LONGEST_SECRET, seconds, hint=hint)
            if first is None:
                return None
            second = await self._ask(f"{title}, once more", rule, shortest, LONGEST_SECRET, seconds)
            if second in (None, first):
                return second
            hint = "They were not the same; choose again."

    async def _ask(
        self,
        title: str,
        rule: str,
        shortest: int,
        longest: int,
        seconds: float,
        *,
        attempts: int | None = None,
        digits_only: bool = False,
        hint: str = "",
    ) -> str | None:
        deadline = asyncio.get_running_loop().time() + seconds
        question = Question(title, rule, shortest, longest, deadline, attempts, digits_only, hint)
        self._open(question)
        return await self._answer(question)

    def _open(self, question: Question) -> None:
        if self.question:
            self.question.give(None)
        self.question = question
        self._changed()
        self._take_lines()

    async def _answer(self, question: Question) -> str | None:
        try:
            return await question.answer
        finally:
            if self.question is question:
                self.question = None
            if question.typed and self._is_terminal:
                self._rest_until = asyncio.get_running_loop().time() + REST_SECONDS
                question.typed = ""
            self._changed()
