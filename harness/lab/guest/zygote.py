"""The guest's first process: imports everything before the snapshot, then forks each Python program from itself.

Boot: `init.sh` becomes this. It imports what programs need (in a first pytest session, so that pytest too is warm),
waits until bluetoothd shows the adapters, and says "ready"; the host takes the snapshot then. Later the host sends one
job. Programs that the job starts as `python`, `pytest` or `hideez-bench` come through `launcher.py` and are forked
here as well.

Never imports the project itself: that is mounted after the snapshot, so that editing it needs no new one.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import importlib.util
import json
import marshal
import os
import random
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from .program import LAUNCHERS, Program, become
from .warm_up import warm_up

SOCKET = "/run/lab.sock"
LOGS = Path("/var/log/lab")
BUSYBOX = "/lab/busybox"
RESEED_RANDOM = 0x5207  # ioctl RNDRESEEDCRNG
ADAPTERS_SECONDS = 60
POWERED = re.compile(r'"Powered"\s+variant\s+boolean true')
MOUNT_OPTIONS = "trans=virtio,version=9p2000.L,msize=512000"


def note(text: str) -> None:
    """Write to the console, with the seconds since boot."""
    uptime = Path("/proc/uptime").read_text().split()[0]
    print(f"[{uptime}] {text}", flush=True)  # noqa: T201 - the console is where the host looks


def powered_adapters() -> int:
    """How many adapters bluetoothd shows as switched on.

    Asked by a program of its own: a connection of this process would live on in all that it forks.
    """
    question = "org.freedesktop.DBus.ObjectManager.GetManagedObjects"
    command = ["dbus-send", "--system", "--print-reply", "--dest=org.bluez", "/", question]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return len(POWERED.findall(answer))


def wait_for_adapters(count: int) -> None:
    """Return when all adapters are there and switched on; end the guest when they do not come."""
    limit = time.monotonic() + ADAPTERS_SECONDS
    while (found := powered_adapters()) < count:
        if time.monotonic() > limit:
            for log in sorted(LOGS.iterdir()):
                note(f"{log.name}: {log.read_text()[-2000:]}")
            raise SystemExit(f"Only {found} of {count} adapters came up.")
        time.sleep(0.05)


def port(name: str, flags: int) -> int:
    """Open the line to the host that has this name."""
    for folder in Path("/sys/class/virtio-ports").iterdir():
        if (folder / "name").read_text().strip() == name:
            return os.open(f"/dev/{folder.name}", flags | os.O_CLOEXEC)
    raise SystemExit(f"The guest has no line named {name}.")


class Zygote:
    """Takes one job from the host and any number of requests from launchers, and forks a process for each."""

    def __init__(self) -> None:
        self.host = port("control", os.O_RDWR)
        self.heard = b""
        self.job: int | None = None
        self.out = False
        self.mark = b""
        self.lines: list[int] = []
        self.launchers: dict[int, socket.socket] = {}  # by process
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(SOCKET)
        self.listener.listen(64)
        self.wakes, wake = socket.socketpair()
        wake.setblocking(False)
        self.wake = wake
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno())
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.host, selectors.EVENT_READ, self.hear_host)
        self.selector.register(self.listener, selectors.EVENT_READ, self.welcome_launcher)
        self.selector.register(self.wakes, selectors.EVENT_READ, self.reap)

    def tell_host(self, **event: object) -> None:
        """One line of JSON to the host."""
        os.write(self.host, json.dumps(event).encode() + b"\n")

    def serve(self) -> Program:
        """Serve for ever in the parent; return once in each forked child, with what it is to become."""
        self.tell_host(event="ready")
        while True:
            for key, _ in self.selector.select():
                program: Program | None = key.data()
                if program is not None:
                    return program

    def hear_host(self) -> Program | None:
        """The host has sent (part of) the job."""
        data = os.read(self.host, 65536)
        if not data:
            time.sleep(0.02)  # nobody on the other end yet
        self.heard += data
        if not self.heard.endswith(b"\n"):
            return None
        job = json.loads(self.heard)
        self.heard = b""
        try:
            prepare(job)
        except (OSError, subprocess.SubprocessError) as error:
            self.tell_host(event="failed", reason=str(error))
            return None
        self.out = job["out"]
        self.mark = job["mark"].encode()
        self.lines = [port("out", os.O_WRONLY), port("err", os.O_WRONLY)]
        nothing = os.open(os.devnull, os.O_RDONLY)
        # The job gets copies: a line can be opened only once, and the mark is written when the job is gone.
        files = list(enumerate([nothing, *map(os.dup, self.lines)]))
        program = Program(job["argv"], job["cwd"], os.environ | job["env"], files)
        self.tell_host(event="started")
        self.job = self.fork(program)
        return program if self.job == 0 else None

    def welcome_launcher(self) -> Program | None:
        """A launcher has come: fork what it asks for, and tell it the process number."""
        launcher, _ = self.listener.accept()
        room = socket.CMSG_SPACE(4 * 250)
        request, rights, _, _ = launcher.recvmsg(1 << 20, room)
        if not request:
            launcher.close()
            return None
        numbers = array.array("i", b"".join(data for _, _, data in rights))
        argv, folder, environment, wanted = marshal.loads(request)  # noqa: S302 - from the guest's own root
        program = Program(argv, folder, environment, list(zip(wanted, numbers, strict=False)))
        process = self.fork(program)
        if process == 0:
            launcher.close()
            return program
        self.launchers[process] = launcher
        self.selector.register(launcher, selectors.EVENT_READ, lambda: self.lose_launcher(process))
        with contextlib.suppress(OSError):
            launcher.send(b"%d" % process)
        return None

    def lose_launcher(self, process: int) -> None:
        """A launcher was killed before its process ended: the process goes with it."""
        if process in self.launchers:  # else the process ended in the same moment
            self.drop_launcher(process)
            os.kill(process, signal.SIGKILL)

    def drop_launcher(self, process: int) -> None:
        """Forget a launcher."""
        launcher = self.launchers.pop(process)
        self.selector.unregister(launcher)
        launcher.close()

    def reap(self) -> None:
        """Some processes ended, ours or orphans: tell those who wait for them."""
        self.wakes.recv(4096)
        while True:
            try:
                process, ended = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            status = os.waitstatus_to_exitcode(ended)
            if process in self.launchers:
                with contextlib.suppress(OSError):
                    self.launchers[process].send(b"%d" % status)
                self.drop_launcher(process)
            elif process == self.job:
                self.end(status)

    def end(self, status: int) -> None:
        """The job has ended: keep the logs, mark the end of its output, and tell the host, which stops the guest."""
        if self.out:
            shutil.copytree(LOGS, "/out/guest", dirs_exist_ok=True, copy_function=shutil.copyfile)
        for line in self.lines:
            os.write(line, self.mark)
        self.tell_host(event="exit", status=status)

    def close(self) -> None:
        """Close everything now: what the garbage collector closes later may by then be another file."""
        self.selector.close()
        for end in (self.listener, self.wakes, self.wake, *self.launchers.values()):
            end.close()
        os.close(self.host)

    def fork(self, program: Program) -> int:
        """Fork; the parent closes the program's files.

        Returns:
            The child's number in the parent, 0 in the child.
        """
        process = os.fork()
        if process == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.close()
        else:
            for _, number in program.files:
                os.close(number)
        return process


def prepare(job: dict[str, Any]) -> None:
    """Set the clock, draw new randomness (or each run from a snapshot draws the same keys), and mount the folders."""
    time.clock_settime(time.CLOCK_REALTIME, job["time"])
    with Path("/dev/urandom").open("wb", buffering=0) as pool:
        pool.write(bytes.fromhex(job["seed"]))
        fcntl.ioctl(pool, RESEED_RANDOM)
    random.seed(job["seed"])
    for folder in job["folders"]:
        mount(folder["tag"], Path(folder["path"]), read_only=folder["read_only"], keep=folder["keep"])


def mount(tag: str, path: Path, *, read_only: bool, keep: list[str]) -> None:
    """Mount a folder of the host; what lies in memory below it and in `keep` stays visible, as it is far quicker."""
    kept = []
    for number, inner in enumerate(keep):
        aside = f"/run/kept/{tag}{number}"
        Path(aside).mkdir(parents=True)
        busybox("mount", "--bind", inner, aside)
        kept.append((aside, inner))
    path.mkdir(parents=True, exist_ok=True)
    kind = "ro,cache=loose" if read_only else "cache=none"
    busybox("mount", "-t", "9p", "-o", f"{MOUNT_OPTIONS},{kind}", tag, str(path))
    for aside, inner in kept:
        busybox("mount", "--bind", aside, inner)


def busybox(*words: str) -> None:
    """Run a command of busybox; raises with its message."""
    done = subprocess.run([BUSYBOX, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")


def main() -> None:
    """Get ready, serve, and in a forked child become the program."""
    note("Python runs.")
    if importlib.util.find_spec("pytest"):
        warm_up()
    note("Everything is imported.")
    wait_for_adapters(int(os.environ["LAB_ADAPTERS"]))
    note("The adapters are there.")
    sys.executable = f"{LAUNCHERS}/python"
    become(Zygote().serve())


if __name__ == "__main__":
    main()
