"""The guest: booted once, kept as a snapshot, resumed for each job in about a second."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from hideez_bench.harness.lab.cache import cache_folder, keep_newest, locked, new_file
from hideez_bench.harness.lab.errors import GuestFailed
from hideez_bench.harness.lab.image import build_image, stamp
from hideez_bench.harness.lab.install import find_program, require_installed
from hideez_bench.harness.lab.job import Job, compile_source
from hideez_bench.harness.lab.qemu import COMMAND_LINE, MACHINE, PROCESSOR, PROCESSORS, Machine, Qemu, Share

TIMED_OUT = 124
GUEST_FAILED = 125
BOOT_SECONDS = 300.0
START_SECONDS = 60.0
LAST_OUTPUT_SECONDS = 10.0
KEPT_SNAPSHOTS = 2

Say = Callable[[str], None]


def run(
    job: Job, *, adapters: int, timeout: float, cold: bool, out: BinaryIO, err: BinaryIO, say: Say
) -> int:
    """Run a job in a guest of its own, which is gone afterwards.

    Args:
        job: What to run.
        adapters: How many Bluetooth adapters the guest has.
        timeout: The longest that the job may take, in seconds.
        cold: Boot, instead of resuming the snapshot.
        out: Where the job's output goes as it comes.
        err: Where its error output goes.
        say: Is called with a sentence when something takes longer or goes another way than usual.

    Returns:
        The job's exit status, 128 + n when signal n ended it, 124 when it took too long.

    Raises:
        LabUnavailable: when something is not installed.
        GuestFailed: when the guest does not start or dies.
    """
    cache = cache_folder()
    kernel = require_installed(cache)
    machine = Machine(kernel / "vmlinux", build_image(kernel, cache), adapters)
    shares = job.shares(cache)
    compile_source()
    with contextlib.ExitStack() as stack:
        qemu = None
        if not cold:
            snapshot = ready_snapshot(machine, shares, cache, say)
            try:
                qemu = stack.enter_context(resumed(machine, shares, snapshot))
                mark = start(qemu, job.message(cache))
            except GuestFailed as failure:
                say(f"The guest's snapshot did not resume, so it is booted afresh: {failure}")
                snapshot.unlink(missing_ok=True)
                stack.close()
                qemu = None
        if qemu is None:
            qemu = stack.enter_context(booted(machine, shares))
            mark = start(qemu, job.message(cache))
        return follow(qemu, mark, timeout, out, err, say)


def ready_snapshot(machine: Machine, shares: list[Share], cache: Path, say: Say) -> Path:
    """The snapshot of this machine: from the cache, or taken now."""
    snapshot = cache / f"snapshot-{snapshot_key(machine, shares)}.state"
    if not snapshot.exists():
        with locked(cache):
            if not snapshot.exists():
                say(
                    "Booting the guest once and keeping its state (about half a minute; later runs take a second) …"
                )
                with new_file(snapshot) as draft, booted(machine, shares) as qemu:
                    qemu.save(draft)
                keep_newest(cache, "snapshot-*.state", KEPT_SNAPSHOTS)
    return snapshot


def snapshot_key(machine: Machine, shares: list[Share]) -> str:
    """A name for all that a snapshot depends on.

    The host's boot is part of it: the guest's clock is this processor's counter, whose rate differs between machines.
    """
    qemu = find_program("qemu-system-x86_64")
    parts = [
        *(stamp(file.resolve()) for file in (machine.vmlinux, machine.image, qemu or Path())),
        *(MACHINE, PROCESSOR, COMMAND_LINE, str(PROCESSORS), str(machine.megabytes), str(machine.adapters)),
        *(f"{share.tag} {share.read_only}" for share in shares),
        Path("/proc/sys/kernel/random/boot_id").read_text(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@contextlib.contextmanager
def booted(machine: Machine, shares: list[Share]) -> Iterator[Qemu]:
    """A guest that has just booted and is ready for a job."""
    qemu = Qemu(machine, shares)
    try:
        qemu.greet()
        expect(qemu, "ready", BOOT_SECONDS)
        yield qemu
    finally:
        qemu.close()


@contextlib.contextmanager
def resumed(machine: Machine, shares: list[Share], snapshot: Path) -> Iterator[Qemu]:
    """A guest that goes on where the snapshot was taken: ready for a job."""
    qemu = Qemu(machine, shares, snapshot)
    try:
        qemu.greet()
        qemu.resume()
        yield qemu
    finally:
        qemu.close()


def start(qemu: Qemu, message: dict[str, Any]) -> bytes:
    """Hand the job to the guest, and see it start. Returns the mark with which its output will end."""
    # A resumed guest has the snapshot's clock and randomness: it is given new ones.
    mark = secrets.token_hex(16)
    message = message | {"time": time.time(), "seed": secrets.token_hex(32), "mark": mark}
    try:
        qemu.control.sendall(json.dumps(message).encode() + b"\n")
    except OSError as error:
        raise qemu.failure("The guest ended before its job began") from error
    expect(qemu, "started", START_SECONDS)
    return mark.encode()


def follow(qemu: Qemu, mark: bytes, timeout: float, out: BinaryIO, err: BinaryIO, say: Say) -> int:
    """Pass the job's output on until it ends or its time is up."""
    pumps = [Pump(line, to, mark) for line, to in ((qemu.out, out), (qemu.err, err))]
    for thread in pumps:
        thread.start()
    try:
        event = next_event(qemu, timeout)
        # The word that the job has ended may overtake its last output.
        for pump in pumps:
            pump.ended.wait(LAST_OUTPUT_SECONDS)
    except TimeoutError:
        event = {"event": "exit", "status": TIMED_OUT}
    finally:
        qemu.stop()  # closes the lines: the pumps bring the rest, and end
        for thread in pumps:
            thread.join(5)
    status = int(event["status"])
    if status == -signal.SIGKILL and any("Out of memory" in line for line in qemu.console):
        say("The guest ran out of memory, and its kernel killed the command.")
    return status if status >= 0 else 128 - status


def expect(qemu: Qemu, wanted: str, timeout: float) -> None:
    """Wait for the guest to say a certain word."""
    try:
        event = next_event(qemu, timeout)
    except TimeoutError as error:
        raise qemu.failure(f"The guest did not get to '{wanted}' within {timeout:.0f} seconds") from error
    if event["event"] != wanted:
        raise qemu.failure(f"The guest could not begin the job ({event.get('reason')})")


def next_event(qemu: Qemu, timeout: float) -> dict[str, Any]:
    """The guest's next word.

    Raises:
        TimeoutError: when it says nothing in time.
        GuestFailed: when it dies.
    """
    limit = time.monotonic() + timeout
    heard = b""
    while not heard.endswith(b"\n"):
        qemu.control.settimeout(max(0.001, limit - time.monotonic()))
        try:
            # A byte at a time, as more words may be there already; they are few and short.
            data = qemu.control.recv(1)
        except ConnectionError:
            data = b""
        if not data:
            raise qemu.failure("The guest ended before its command did")
        heard += data
    event: dict[str, Any] = json.loads(heard)
    return event


class Pump(threading.Thread):
    """Passes on what comes until the mark, or until the line closes; `ended` is set then."""

    def __init__(self, line: socket.socket, to: BinaryIO, mark: bytes) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self._line, self._to, self._mark = line, to, mark

    def run(self) -> None:
        """See the class."""
        try:
            with contextlib.suppress(ConnectionError, ValueError):
                self._pass_on()
        finally:
            self.ended.set()

    def _pass_on(self) -> None:
        held = b""  # what may be the beginning of the mark
        while data := self._line.recv(65536):
            before, mark, _ = (held + data).partition(self._mark)
            held = b"" if mark else before[len(before) - beginning(self._mark, before) :]
            self._write(before[: len(before) - len(held)])
            if mark:
                return
        self._write(held)

    def _write(self, data: bytes) -> None:
        self._to.write(data)
        self._to.flush()


def beginning(mark: bytes, data: bytes) -> int:
    """How many of the last bytes of `data` are the first ones of `mark`."""
    longest = min(len(mark) - 1, len(data))
    return next((count for count in range(longest, 0, -1) if data.endswith(mark[:count])), 0)
