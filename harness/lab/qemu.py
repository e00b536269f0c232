"""One QEMU process: the emulated machine, its control connection (QMP), its lines to the guest, its console."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from hideez_bench.harness.lab.errors import GuestFailed
from hideez_bench.harness.lab.install import find_program

# x86-64-v2. With AVX2 the C library's copy routines are emulated four times slower.
PROCESSOR = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"
# Not microvm: nearly half of its boots hang without a word under emulation.
MACHINE = "q35,smm=off,sata=off,usb=off,vmport=off"
COMMAND_LINE = (
    "console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests "
    "rootfstype=ramfs "  # the usual tmpfs may fill only half of the memory
    "init_on_free=1 "  # unused memory is zeros, which a snapshot leaves out
    "tsc=reliable"  # else each look at the clock is a slow device access
)
PROCESSORS = 2
CONSOLE_LINES = 100
"""As many as a kernel panic with its call trace takes, and some."""
QMP_SECONDS = 60.0


@dataclass(frozen=True)
class Machine:
    """The emulated machine; a snapshot fits only the machine that it was taken of.

    Args:
        vmlinux: The kernel, an ELF file.
        image: The root, a cpio archive.
        adapters: How many Bluetooth adapters the guest has.
    """

    vmlinux: Path
    image: Path
    adapters: int

    @property
    def megabytes(self) -> int:
        """The machine's memory: the root lies in it, and what is never touched costs neither memory nor time."""
        return -(-(self.image.stat().st_size // 1_000_000 + 800) // 64) * 64

    def arguments(self) -> list[str]:
        """QEMU's arguments for it."""
        return [
            *("-accel", "tcg,thread=multi", "-M", MACHINE, "-cpu", PROCESSOR, "-smp", str(PROCESSORS)),
            *("-m", str(self.megabytes), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-serial", "stdio", "-kernel", str(self.vmlinux), "-initrd", str(self.image)),
            *("-append", f"{COMMAND_LINE} LAB_ADAPTERS={self.adapters}"),
        ]


@dataclass(frozen=True)
class Share:
    """A folder of the host that the guest may mount under its tag."""

    tag: str
    folder: Path
    read_only: bool

    def arguments(self) -> list[str]:
        """QEMU's arguments for it."""
        options = "readonly=on,multidevs=remap" if self.read_only else "multidevs=remap"
        folder = str(self.folder).replace(",", ",,")
        return [
            *("-fsdev", f"local,id={self.tag},path={folder},security_model=none,{options}"),
            *("-device", f"virtio-9p-pci,fsdev={self.tag},mount_tag={self.tag}"),
        ]


class Qemu:
    """A running QEMU. It ends with this object's `stop`, and when the launching process dies in any way.

    All connections are socket pairs that it inherits: no socket file, no folder, nothing to clean up.

    Args:
        machine: What to emulate.
        shares: The folders that the guest may mount; their number and order belong to a snapshot, the paths do not.
        snapshot: A state to resume instead of booting.
    """

    def __init__(self, machine: Machine, shares: list[Share], snapshot: Path | None = None) -> None:
        self.console: deque[str] = deque(maxlen=CONSOLE_LINES)
        pairs = {name: socket.socketpair() for name in ("qmp", "control", "out", "err")}
        self._qmp, self.control, self.out, self.err = (
            pairs[name][0] for name in ("qmp", "control", "out", "err")
        )
        theirs = {name: pair[1] for name, pair in pairs.items()}
        words = [*machine.arguments(), *(word for share in shares for word in share.arguments())]
        for name, end in theirs.items():
            words += ["-chardev", f"socket,id={name},fd={end.fileno()}"]
        words += ["-mon", "chardev=qmp,mode=control", "-device", "virtio-serial-pci"]
        for name in ("control", "out", "err"):
            words += ["-device", f"virtserialport,chardev={name},name={name}"]
        if snapshot:
            words += ["-incoming", f"exec:cat {shlex.quote(str(snapshot))}"]
        self._process = subprocess.Popen(
            [*dies_with_us(), str(find_program("qemu-system-x86_64")), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[end.fileno() for end in theirs.values()],
            start_new_session=True,  # Ctrl-C is for us, and we then end it
        )
        for end in theirs.values():
            end.close()
        self._console_reader = threading.Thread(target=self._read_console, daemon=True)
        self._console_reader.start()
        self._answers: BinaryIO = self._qmp.makefile("rb")
        self._qmp.settimeout(QMP_SECONDS)

    def greet(self) -> None:
        """Wait until QEMU takes commands."""
        self._next_answer()
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: object) -> Any:
        """Give QEMU a command and wait for its answer."""
        try:
            self._qmp.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        except OSError as error:
            raise self.failure("QEMU ended") from error
        while True:
            answer = self._next_answer()
            if "error" in answer:
                raise self.failure(f"QEMU refused {name} ({answer['error'].get('desc')})")
            if "return" in answer:
                return answer["return"]

    def resume(self) -> None:
        """Read the snapshot in, and go on where it was taken."""
        limit = time.monotonic() + QMP_SECONDS
        while self.command("query-status")["status"] == "inmigrate":
            if time.monotonic() > limit:
                raise self.failure("QEMU did not read its snapshot in time")
            time.sleep(0.01)
        self.command("cont")

    def save(self, target: Path) -> None:
        """Stop the machine and write its state to a file; `cont` goes on."""
        self.command("migrate-set-parameters", **{"max-bandwidth": 10**10})
        self.command("stop")
        self.command("migrate", uri=f"exec:cat >{shlex.quote(str(target))}")
        while (status := self.command("query-migrate")["status"]) != "completed":
            if status in ("failed", "cancelled"):
                raise self.failure("QEMU could not write its snapshot")
            time.sleep(0.02)

    def failure(self, sentence: str) -> GuestFailed:
        """An error with the console's last lines."""
        self._console_reader.join(0.3)
        return GuestFailed(f"{sentence}.", list(self.console))

    def stop(self) -> None:
        """End the process. What the guest has written stays readable."""
        self._process.kill()
        self._process.wait()
        self._console_reader.join(1)

    def close(self) -> None:
        """End the process and close all connections."""
        self.stop()
        for end in (self._answers, self._qmp, self.control, self.out, self.err):
            end.close()

    def _next_answer(self) -> dict[str, Any]:
        try:
            line = self._answers.readline()
        except (TimeoutError, ConnectionError) as error:
            raise self.failure("QEMU did not answer") from error
        if not line:
            raise self.failure("QEMU ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _read_console(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - asked for above; tells the type checker
        for line in self._process.stdout:
            self.console.append(line.decode(errors="replace").rstrip())


def dies_with_us() -> list[str]:
    """The words before a command that have the kernel kill it when this process ends, even by SIGKILL."""
    setpriv = shutil.which("setpriv", path=os.environ.get("PATH", os.defpath))
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
