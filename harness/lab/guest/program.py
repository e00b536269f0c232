"""Turns a process that was forked from the zygote into the program that somebody asked for."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import importlib
import os
import runpy
import shutil
import signal
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

LAUNCHERS = Path("/lab/bin")
HIGH = 400  # no file of the zygote has a number as high as this
# With one of these set, only a Python that is started afresh does what the caller wants.
NEEDS_OWN_PYTHON = {"PYTHONHOME", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONDEVMODE", "PYTHONTRACEMALLOC"}
NOT_FOUND, NOT_RUNNABLE = 127, 126


@dataclass
class Program:
    """A program to run: its words, folder, environment, and (number to have, number open here) for each file."""

    argv: list[str]
    folder: str
    environment: dict[str, str]
    files: list[tuple[int, int]]


def become(program: Program) -> None:
    """Turn this process into the program: run a Python program right here, start any other in this process's place."""
    os.setsid()
    take_files(program.files)
    os.environ.clear()
    os.environ.update(program.environment)
    os.chdir(program.folder)
    name = program.argv[0]
    found = find(name)
    action = python_action(found, program.argv[1:]) if found else None
    if action:
        run_to_end(action)
        return
    try:
        os.execv(found or name, program.argv)  # noqa: S606 - there is no shell to need
    except OSError as error:
        sys.stderr.write(f"hideez-bench lab: the guest cannot run {name} ({error.strerror}).\n")
        sys.exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUNNABLE)


def take_files(files: list[tuple[int, int]]) -> None:
    """Give the program's files the numbers that it expects, and close all others."""
    aside = [(wanted, fcntl.fcntl(number, fcntl.F_DUPFD, HIGH)) for wanted, number in files]
    os.closerange(0, HIGH)
    for wanted, number in aside:
        os.dup2(number, wanted)
        os.close(number)


def find(name: str) -> Path | None:
    """The file behind a command's name; where that is a launcher, the one that the launcher stands for."""
    found = shutil.which(name)
    if found is None:
        return None
    path = Path(found)
    return Path(os.environ["LAB_SCRIPTS"], path.name) if path.parent == LAUNCHERS else path


def python_action(file: Path, words: list[str]) -> Callable[[], object] | None:
    """What to call for a Python program, None for any other, and for a call of Python that needs a fresh one."""
    python = Path(os.environ["LAB_PYTHON"]).resolve()
    if NEEDS_OWN_PYTHON & os.environ.keys():
        return None
    if file.resolve() != python:
        return partial(run_script, str(file), words) if interpreter(file) == python else None
    while words and words[0] in ("-u", "-B"):  # so it is here anyway
        words = words[1:]
    match words:
        case ["-m", module, *rest]:
            return partial(run_module, module, rest)
        case ["-c", code, *rest]:
            return partial(run_code, code, rest)
        case [script, *rest] if not script.startswith("-"):
            return partial(run_script, script, rest)
    return None


def interpreter(file: Path) -> Path | None:
    """The program that a script names in its first line."""
    with file.open("rb") as opened:
        line = opened.readline(512)
    words = line[2:].decode(errors="replace").split() if line.startswith(b"#!") else []
    return Path(words[0]).resolve() if words else None


def run_module(module: str, words: list[str]) -> None:
    """Do what `python -m MODULE WORDS` does."""
    set_up(str(Path.cwd()), [module, *words])
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def run_script(script: str, words: list[str]) -> None:
    """Do what `python SCRIPT WORDS` does."""
    set_up(str(Path(script).resolve().parent), [script, *words])
    runpy.run_path(script, run_name="__main__")


def run_code(code: str, words: list[str]) -> None:
    """Do what `python -c CODE WORDS` does."""
    set_up("", ["-c", *words])
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(code, "<string>", "exec"), main.__dict__)  # noqa: S102 - this is what python -c is


def set_up(first: str, argv: list[str]) -> None:
    """Make the arguments, the module path and the output what they are in a Python of one's own."""
    sys.argv = argv
    extra = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    sys.path[:1] = [first, *extra]
    importlib.invalidate_caches()
    # Whoever watches is to see it as it comes.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def run_to_end(action: Callable[[], object]) -> None:
    """Call a Python program, and end as Python would, but without clearing all modules, which takes long."""
    status = 0

    def leave() -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # the program closed it, or nobody reads any more
                stream.flush()
        os._exit(status)

    atexit.register(leave)  # what the program registers later is called before
    try:
        action()
    except SystemExit as end:
        code = end.code
        status = code & 0xFF if isinstance(code, int) else int(code is not None)
        raise
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
        raise
    except BaseException:
        status = 1
        raise
