"""`--capture` and `--keylog`: what commands that talk to a key can leave behind for whoever looks into it later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from hideez_bench.emulator.peripheral.gatt import GattApplication, GattServer
from hideez_bench.emulator.peripheral.recorded import RecordedApplication, RecordedServer
from hideez_bench.harness.capture.btsnoop import BtsnoopWriter
from hideez_bench.harness.capture.keylog import KeyLogWriter
from hideez_bench.harness.capture.recording import Recording
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.protocol.channel import KeysMade
from hideez_bench.protocol.profile import Profile

Command = TypeVar("Command", bound=Callable[..., object])


def evidence_options(command: Command) -> Command:
    """The two options, for a command that takes `capture` and `keylog`."""
    file = click.Path(dir_okay=False, path_type=Path)
    keylog = click.option("--keylog", type=file, metavar="FILE", help="Append the keys of each encrypted channel to "
                          "this file. Whoever has it and a capture reads every code and master key: for throwaway "
                          "keys only.")  # fmt: skip
    capture = click.option("--capture", type=file, metavar="FILE", help="Record what is exchanged into this file, for "
                           "Wireshark and `hideez-bench decode`.")  # fmt: skip
    return capture(keylog(command))


@dataclass(frozen=True)
class Evidence:
    """What is left behind, where anything is.

    Attributes:
        on_keys: told the keys of each channel that opens.
    """

    on_keys: KeysMade = lambda request, answer, keys: None
    recording: Recording | None = None

    def link(self, open_link: OpenLink) -> OpenLink:
        """The way to a key, recorded if a recording is wanted."""
        return self.recording.link(open_link) if self.recording else open_link

    def server(
        self, make_server: Callable[[GattApplication], GattServer], application: GattApplication
    ) -> GattServer:
        """A server for an application, both recorded if a recording is wanted."""
        if self.recording is None:
            return make_server(application)
        recorded = RecordedApplication(application, self.recording.central)
        return RecordedServer(make_server(recorded), recorded)


@contextmanager
def leave_evidence(capture: Path | None, keylog: Path | None, profile: Profile) -> Iterator[Evidence]:
    """Open the files that are wanted. What cannot be written is said on standard error, and no more comes of it."""
    with ExitStack() as stack:
        recording = None
        if capture:
            recording = Recording(stack.enter_context(closing(BtsnoopWriter(capture, _warn))), profile)
        if keylog:
            yield Evidence(stack.enter_context(KeyLogWriter(keylog, _warn)), recording)
        else:
            yield Evidence(recording=recording)


def _warn(sentence: str) -> None:
    click.echo(f"hideez-bench: {sentence}", err=True)
