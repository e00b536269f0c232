"""`decode`: a Bluetooth capture as a timeline of what a host and a key said."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from hideez_bench.harness.capture.conversation import Kind
from hideez_bench.harness.capture.decode import Decoder, Entry, Handles, read_frames
from hideez_bench.harness.capture.frames import Frame, NotACapture
from hideez_bench.harness.capture.keylog import read_key_log
from hideez_bench.harness.cli.options import wire_option
from hideez_bench.harness.cli.story import say
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.wire import Wire

COLOURS = {Kind.DAMAGE: "red", Kind.REFUSED: "red"}
DIM = (Kind.STATUS, Kind.MTU, Kind.FOUND, Kind.NOTE)
DIRECTIONS = {True: "host -> key", False: "key -> host", None: ""}
HANDLE = click.IntRange(1, 0xFFFF)
BUFFER = 1 << 18
PROGRESS_EVERY = 4096
"""Packets between two looks at the clock."""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--keys", "key_log", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="A key log (--keylog of activate, demo, emulate): open the channels whose keys are in it. Codes and "
              "master keys still print as ***.")  # fmt: skip
@click.option("--adapter", metavar="HCI", help="Only what this adapter carried, as hci1.")
@click.option("--handle-main", type=HANDLE, metavar="N", help="The handle of the main characteristic's value, where "
              "the capture lacks the discovery.")  # fmt: skip
@click.option("--handle-info", type=HANDLE, metavar="N", help="The same for the info characteristic.")
@wire_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Show each STATUS, not only those that say something new."
)
def decode(
    file: Path,
    key_log: Path | None,
    adapter: str | None,
    handle_main: int | None,
    handle_info: int | None,
    wire: Wire,
    as_json: bool,
    verbose: bool,
) -> None:
    """Show what a host and a key said in a Bluetooth capture: btsnoop, pcap or pcapng.

    Exit status: 0 everything was decoded, 1 something was damaged (the timeline says where), 2 the file is no capture
    or cannot be read.

    \b
    btmon -w x.btsnoop                               record on Linux, as root
    hideez-bench decode x.btsnoop
    hideez-bench decode x.btsnoop --keys x.keys --json
    """
    decoder = Decoder(
        wire,
        keys=read_key_log(key_log) if key_log else None,
        handles=Handles(handle_main, handle_info),
        every_status=verbose,
    )
    only = _adapter_number(adapter)
    damaged = False
    printer = _print_json if as_json else _Printer()
    try:
        with _opened(file) as capture:
            frames = _with_progress(read_frames(capture), capture, file.stat().st_size)
            for entry in decoder.decode(frames):
                if only is None or entry.adapter in (only, None):
                    printer(entry)
                    damaged = damaged or entry.kind is Kind.DAMAGE
        sys.stdout.flush()
    except NotACapture as error:
        raise BenchError(f"{file} is no capture that can be decoded: {error}.") from None
    except BrokenPipeError:
        raise  # who reads the timeline has seen enough; click knows how to end quietly
    except OSError as error:
        _let_go_of_output()
        raise BenchError(f"{file} cannot be decoded to its end: {error.strerror}.") from None
    _conclude(decoder, only)
    sys.exit(1 if damaged else 0)


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb", buffering=BUFFER)
    except OSError as error:
        raise BenchError(f"The capture {file} cannot be read: {error.strerror}.") from None


def _let_go_of_output() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        # What cannot be written would be tried once more, and complained about, at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _adapter_number(adapter: str | None) -> int | None:
    if adapter is None:
        return None
    digits = adapter.removeprefix("hci")
    if not digits.isdecimal():
        raise click.BadParameter(f"{adapter!r} is no adapter; it is hci0, hci1, …", param_hint="--adapter")
    return int(digits)


def _print_json(entry: Entry) -> None:
    direction = {True: "host->key", False: "key->host", None: None}[entry.to_key]
    line = {
        "frame": entry.frame,
        "offset": entry.offset,
        "time": entry.time / 1_000_000 if entry.time is not None else None,
        "adapter": entry.adapter,
        "connection": entry.connection,
        "kind": entry.kind,
        "direction": direction,
        "text": entry.text,
        "detail": entry.detail,
    }
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")


class _Printer:
    """Lines for people; times count from the first one."""

    def __init__(self) -> None:
        self._start: int | None = None

    def __call__(self, entry: Entry) -> None:
        if self._start is None and entry.time is not None:
            self._start = entry.time
            say(f"{'':>12}   {_moment(entry.time)}", dim=True)
        at = (
            f"{(entry.time - (self._start or 0)) / 1_000_000:12.6f} s"
            if entry.time is not None
            else f"{'':14}"
        )
        where = f"hci{entry.adapter}" if entry.adapter is not None else ""
        number = f"#{entry.connection}" if entry.connection is not None else ""
        text = entry.text
        if entry.kind is Kind.DAMAGE:
            text = f"DAMAGED, packet {entry.frame} at byte {entry.offset}: {text}"
        line = f"{at}  {where:<5}{number:<4} {DIRECTIONS[entry.to_key]:<11}  {text}"
        say(line, fg=COLOURS.get(entry.kind), dim=entry.kind in DIM)


def _moment(microseconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(microseconds // 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return "at no time that a calendar has"


def _with_progress(frames: Iterable[Frame], file: BinaryIO, size: int) -> Iterator[Frame]:
    """The frames; a terminal on standard error shows how far they are, unless the timeline goes there too."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from frames
        return
    shown = time.monotonic()
    for frame in frames:
        yield frame
        if frame.number % PROGRESS_EVERY == 0 and time.monotonic() - shown > 0.5:
            shown = time.monotonic()
            part = f"{100 * file.tell() // size} %" if size else ""
            click.echo(f"\r{frame.number} packets {part} ", nl=False, err=True)
    click.echo("\r\x1b[K", nl=False, err=True)


def _conclude(decoder: Decoder, only: int | None) -> None:
    if not decoder.found_a_key:
        click.echo(
            f"hideez-bench: no Hideez Key was discovered in these {decoder.frames} packets. If it was discovered "
            "before the capture began, name the handles: --handle-main N --handle-info N.",
            err=True,
        )
    elif len(decoder.adapters) > 1 and only is None:
        names = ", ".join(f"hci{number}" for number in sorted(decoder.adapters))
        click.echo(
            f"hideez-bench: {names} were recorded together, so what they said to each other is here from both sides; "
            "--adapter shows one.",
            err=True,
        )
