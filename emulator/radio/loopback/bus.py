"""A message bus of one's own: a dbus-daemon that nobody else can reach and that dies with its owner."""

from __future__ import annotations

import asyncio
import ctypes
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

from hideez_bench.protocol.errors import BenchError

START_TIMEOUT = 10.0
"""Seconds; a dbus-daemon is up in some milliseconds."""

# Only this user is let in (EXTERNAL), and only this user can reach the socket (its folder is 0700). The limits
# are far above what a bench uses: those built in would refuse the 129th request that waits for its answer.
_CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_completed_connections">100000</limit>
  <limit name="max_connections_per_user">100000</limit>
  <limit name="max_match_rules_per_connection">50000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"""


class PrivateBus:
    """A dbus-daemon, running inside the context."""

    def __init__(self) -> None:
        self.address = ""
        """What goes into DBUS_SYSTEM_BUS_ADDRESS."""

    async def __aenter__(self) -> Self:
        """Start it, and wait until it can be connected to.

        Raises:
            BenchError: dbus-daemon is not installed, or does not start.
        """
        program = shutil.which("dbus-daemon")
        if program is None or sys.platform != "linux":
            raise BenchError("The loopback radio needs Linux and dbus-daemon: install the package `dbus`.")
        self._folder = Path(tempfile.mkdtemp(prefix="hideez-radio-"))  # mode 0700
        config = self._folder / "bus.conf"
        config.write_text(_CONFIG.format(socket=self._folder / "socket"))
        self._daemon = await asyncio.create_subprocess_exec(
            program,
            f"--config-file={config}",
            "--nofork",
            "--nopidfile",
            "--nosyslog",
            "--print-address=1",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the owner, which then ends the bus in order
            preexec_fn=_die_with_parent(),
        )
        try:
            self.address = await self._read_address()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _read_address(self) -> str:
        """The address, which the daemon prints once it listens."""
        output = self._daemon.stdout
        try:
            async with asyncio.timeout(START_TIMEOUT):
                address = (await output.readline()).decode().strip() if output else ""
        except TimeoutError as error:
            raise BenchError(f"dbus-daemon did not start within {START_TIMEOUT:g} s.") from error
        if not address:
            raise BenchError(
                "dbus-daemon, which carries the loopback radio, ended at once; run it by hand to see."
            )
        return address

    async def __aexit__(self, *exception: object) -> None:
        """End it and remove its folder."""
        if self._daemon.returncode is None:
            self._daemon.kill()  # it keeps nothing that would want an orderly end
        await self._daemon.communicate()
        await asyncio.to_thread(shutil.rmtree, self._folder)

    async def wait_ended(self) -> None:
        """Return when the daemon is gone."""
        await self._daemon.wait()


def _die_with_parent() -> Callable[[], None]:
    """What the child has to do before it becomes the daemon: ask the kernel for a SIGKILL when the owner ends."""
    libc = ctypes.CDLL(None)
    set_parent_death_signal = 1
    return lambda: libc.prctl(set_parent_death_signal, signal.SIGKILL)
