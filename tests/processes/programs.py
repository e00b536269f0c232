"""Programs as a user starts them: hideez-bench and others, each a process of its own."""

from __future__ import annotations

import asyncio
import codecs
import fcntl
import os
import pty
import re
import shutil
import struct
import sys
import termios
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest

from hideez_bench.harness.cli.main import main

WAIT = 250.0
"""Seconds after which a program counts as hung; a machine may have much other work."""


def decoder() -> codecs.IncrementalDecoder:
    """For text that comes in pieces, which may end within a character."""
    return codecs.getincrementaldecoder("utf-8")(errors="replace")


def hideez_bench() -> str:
    """The console command of the environment that runs the tests."""
    beside = Path(sys.executable).with_name("hideez-bench")
    # In the lab's guest a quick launcher stands first in the path.
    return shutil.which("hideez-bench", path=os.environ.get("LAB_PATH", "")) or str(beside)


@dataclass(frozen=True)
class Finished:
    """A program that ended by itself."""

    status: int
    output: str
    errors: str

    @property
    def everything(self) -> str:
        return self.output + self.errors


@dataclass
class Here:
    """Runs the console script in this process: where only its end is looked at, one of its own costs a second."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, env: Mapping[str, str] = MappingProxyType({})) -> Finished:
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["hideez-bench", *arguments])
            for name, value in env.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        assert isinstance(ended.value.code, int)
        return Finished(ended.value.code, *self.capsys.readouterr())


@dataclass
class Program:
    """A program that runs: what it prints can be awaited, and it can be killed."""

    process: asyncio.subprocess.Process
    seen: str = ""
    _unread: str = field(default="", repr=False)
    _decoder: codecs.IncrementalDecoder = field(default_factory=decoder, repr=False)

    async def expect(self, pattern: str) -> re.Match[str]:
        """Wait until what it printed, since the last call, holds the pattern."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(WAIT):
                while not (found := re.search(pattern, self._unread, re.DOTALL)):
                    read = await self.process.stdout.read(65536)
                    assert read, f"the program ended before it printed {pattern!r}; it printed:\n{self.seen}"
                    more = self._decoder.decode(read)
                    self.seen += more
                    self._unread += more
        except TimeoutError:
            text = f"the program did not print {pattern!r} in time; it printed:\n{self.seen}"
            raise AssertionError(text) from None
        self._unread = self._unread[found.end() :]
        return found

    async def say(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()

    async def kill(self) -> None:
        """SIGKILL, as a power cut would do it."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def running(
    command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None
) -> AsyncIterator[Program]:
    """A program, for the duration of the context."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=dict(env), cwd=cwd
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def run(command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> Finished:
    """Run a program to its end, with nobody at its keyboard."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=dict(env), cwd=cwd
    )
    try:
        async with asyncio.timeout(WAIT):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Finished(process.returncode, output.decode(), errors.decode())


@dataclass
class Terminal:
    """The keyboard and screen of a program that believes to have a person before it."""

    process: asyncio.subprocess.Process
    _handle: int
    screen: str = ""
    _decoder: codecs.IncrementalDecoder = field(default_factory=decoder, repr=False)

    async def expect(self, text: str, *, times: int = 1) -> None:
        """Wait until the screen shows a text so many times."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(WAIT):
                while self.screen.count(text) < times:
                    readable: asyncio.Future[None] = loop.create_future()
                    loop.add_reader(self._handle, _wake, readable)
                    try:
                        await readable
                    finally:
                        loop.remove_reader(self._handle)
                    self.screen += self._decoder.decode(os.read(self._handle, 65536))
        except TimeoutError:
            told = (
                f"the program did not show {text!r} {times} times in time; it showed:\n{self.screen[-4000:]}"
            )
            raise AssertionError(told) from None

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        self.press(f"{line}\n")

    def press(self, keys: str) -> None:
        """Press single keys."""
        os.write(self._handle, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Give its window another size."""
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))

    @property
    def shows_what_is_typed(self) -> bool:
        """Whether the terminal echoes, as one does that nobody has changed."""
        return bool(termios.tcgetattr(self._handle)[3] & termios.ECHO)

    async def finish(self) -> int:
        """Wait for the end; the rest of what was shown is on `screen` then."""
        async with asyncio.timeout(WAIT):
            status = await self.process.wait()
        os.set_blocking(self._handle, False)
        try:
            while more := os.read(self._handle, 65536):
                self.screen += self._decoder.decode(more)
        except OSError:
            pass  # how a terminal whose other side is gone ends
        return status


def _wake(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


@asynccontextmanager
async def at_terminal(command: Sequence[str], env: Mapping[str, str]) -> AsyncIterator[Terminal]:
    """A program at a terminal of its own."""
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=its,
        stdout=its,
        stderr=its,
        env=dict(env),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(its)
    try:
        yield Terminal(process, ours)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)
