"""Reading a line from the terminal without showing it, in a way that can be interrupted by the clock."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hideez_bench.harness.cli.echo import no_echo

LONGEST_LINE = 1024


def is_a_person_there() -> bool:
    """Whether somebody can be asked: both sides of the conversation are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


@contextmanager
def ctrl_c_at_once() -> Iterator[None]:
    """Inside, Ctrl-C ends what waits for the keyboard. asyncio would keep it until the event loop's next turn."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


async def ask_hidden(prompt: str) -> str | None:
    """Ask on the terminal and return what was typed, unseen; None at the end of input. Can be cancelled."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[bytes] = loop.create_future()
    terminal = sys.stdin.fileno()
    # What was typed ahead the person did not mean as an answer to this question.
    with no_echo(terminal, forgets=True):
        show(prompt)  # only now, so that no answer to it is forgotten as typed ahead
        loop.add_reader(terminal, _take, line, terminal)
        try:
            typed = await line
        finally:
            loop.remove_reader(terminal)
            show("\n")
    return typed.decode(errors="replace").strip("\r\n") if typed else None


def show(text: str) -> None:
    """Put something before the person, without a line end of its own."""
    sys.stderr.write(text)
    sys.stderr.flush()


def _take(line: asyncio.Future[bytes], terminal: int) -> None:
    typed = os.read(terminal, LONGEST_LINE)
    if not line.done():
        line.set_result(typed)
