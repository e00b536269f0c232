"""Stands in the guest for python, pytest and hideez-bench: has the zygote fork a process that has everything imported.

Starting Python and importing bleak, bless and the rest takes seconds on the emulated processor; this takes a few
tenths. The new process gets this one's arguments, environment, folder and open files; signals and the exit status are
passed on. It is packed with a first line that names the Python to use, and imports as little as it can.
"""

from __future__ import annotations

import marshal
import os
import sys
from _signal import (  # type: ignore[import-not-found]  # `signal` takes a tenth of a second to import
    SIG_DFL,
    SIGHUP,
    SIGINT,
    SIGQUIT,
    SIGTERM,
    SIGUSR1,
    SIGUSR2,
    signal,
)
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_SEQPACKET, SOL_SOCKET, socket

SOCKET = "/run/lab.sock"
PASSED_ON = (SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2)


def main() -> None:
    """Ask, wait, and end as the new process ended."""
    files = sorted(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208 - pathlib is slow to import
    zygote = socket(AF_UNIX, SOCK_SEQPACKET)
    passed = [number for number in files if number != zygote.fileno()]
    zygote.connect(SOCKET)
    request = marshal.dumps((sys.argv, os.getcwd(), dict(os.environ), passed))  # noqa: PTH109 - as above
    rights = b"".join(number.to_bytes(4, sys.byteorder) for number in passed)
    zygote.sendmsg([request], [(SOL_SOCKET, SCM_RIGHTS, rights)])
    child = int(zygote.recv(64))
    for number in PASSED_ON:
        signal(number, lambda received, _frame: os.kill(child, received))
    status = int(zygote.recv(64))
    if status < 0:
        if -status in PASSED_ON:
            signal(-status, SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


main()
