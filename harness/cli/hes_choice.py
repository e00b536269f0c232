"""Which server a command speaks to: one in this process on a file, or one at a URL, and how to log in there."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hideez_bench.harness.cli.password_file import read_password
from hideez_bench.harness.cli.state_folder import state_folder
from hideez_bench.harness.cli.terminal import ask_hidden, ctrl_c_at_once, is_a_person_there
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import ActivationCode, LoginCode, Password
from hideez_bench.protocol.wire import Wire

if TYPE_CHECKING:
    from hideez_bench.harness.hes.network import NetworkServer, PatientServer

F = TypeVar("F", bound=Callable[..., Any])
S = TypeVar("S", bound="NetworkServer")

PASSWORD_VARIABLE = "HIDEEZ_HES_PASSWORD"  # noqa: S105 - a variable's name
KEY_FILE = "workstation.key"


@dataclass(frozen=True)
class HesChoice:
    """A server: at `url`, else in this process on `path`, else wherever the command keeps it."""

    url: str | None = None
    path: Path | None = None
    user: str = ""
    password_file: Path | None = None
    mailbox: str | None = None

    async def open_network_server(
        self, wire: Wire, timeline: Timeline, *, may_ask_code: bool = True
    ) -> NetworkServer | None:
        """The server at the URL, logged in; None where it is to be one of our own.

        `may_ask_code` lets it ask at the terminal for a code that the server does not give.

        Raises:
            BenchError: there is no password, no workstation's key, or no server that lets us in.
        """
        if self.url is None:
            return None
        from hideez_bench.harness.hes.network import NetworkServer

        ask_code = _ask_code if may_ask_code and is_a_person_there() else None
        server = self._network_server(NetworkServer, wire, timeline, ask_code)
        async with AsyncExitStack() as failed:
            failed.push_async_callback(server.close)
            await server.open()
            failed.pop_all()
        return server

    def patient_server(self, wire: Wire, timeline: Timeline) -> PatientServer:
        """The server at the URL, which need not be there yet.

        Raises:
            BenchError: there is no password, or no workstation's key.
        """
        from hideez_bench.harness.hes.network import PatientServer

        return self._network_server(PatientServer, wire, timeline, None)

    def store_url(self, *, kept: bool) -> str:
        """Where a server of our own remembers, as SQLAlchemy's URL; `kept` keeps it where no file was named."""
        if self.path is None and not kept:
            return "sqlite://"
        # The master key of a linked key is in it: without it, that key can only be wiped by hand.
        return f"sqlite:///{self.path or state_folder('--hes') / 'hes.db'}"

    def _network_server(
        self,
        server_type: type[S],
        wire: Wire,
        timeline: Timeline,
        ask_code: Callable[[str], Awaitable[ActivationCode | None]] | None,
    ) -> S:
        # Imported late: the server in this process needs neither HTTP nor WebSockets.
        from hideez_bench.harness.hes.network import Login
        from hideez_bench.harness.hes.workstation_key import workstation_key

        ask_otp = _ask_otp if is_a_person_there() else None
        login = Login(self.user, self._password(), self.mailbox, ask_code, ask_otp)
        key = workstation_key(state_folder("XDG_STATE_HOME") / KEY_FILE)
        tell = partial(timeline.tell, Actor.ADMINISTRATOR, to=Actor.HES)
        return server_type(self.url or "", login, key, wire, tell=tell, warn=partial(tell, kind=Kind.WARNING))

    def _password(self) -> Password:
        if self.password_file:
            return read_password(self.password_file)
        if text := os.environ.get(PASSWORD_VARIABLE):
            return Password.from_text(text)
        if is_a_person_there():
            with ctrl_c_at_once():
                typed: str = click.prompt(f"Password of {self.user} on the server", hide_input=True, err=True)
            return Password.from_text(typed)
        raise BenchError(
            f"There is no password for {self.user} on the server; name a file with --hes-password-file, "
            f"or set {PASSWORD_VARIABLE}."
        )


def hes_options(command: F) -> F:
    """`--hes` and what a server at a URL needs besides: the command takes `hes`, a `HesChoice`."""

    @functools.wraps(command)
    def with_choice(
        hes: str | None,
        hes_user: str | None,
        hes_password_file: Path | None,
        mailbox: str | None,
        **others: Any,
    ) -> Any:
        return command(hes=_choice(hes, hes_user, hes_password_file, mailbox), **others)

    options = (
        click.option("--hes", metavar="FILE|URL", help="The server: the file that one of our own remembers in (master "
                     "keys and codes, for your eyes only), or the address of one that runs, as http://127.0.0.1:8470. "
                     "[default for ble: hes.db in your state folder; for emulator: none]"),
        click.option("--hes-user", metavar="EMAIL", help="Who logs in at the server's address. "
                     "[default: admin@hideez.com]"),
        click.option("--hes-password-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                     help=f"The password for it. [default: {PASSWORD_VARIABLE} in the environment, else asked for]"),
        click.option("--mailbox", metavar="URL", help="Take the activation code from the mail there, as "
                     "http://127.0.0.1:8026. [default: the server's own answer, where it gives one]"),
    )  # fmt: skip
    for option in reversed(options):
        with_choice = option(with_choice)
    return with_choice  # type: ignore[return-value]  # click wraps it, and calls it by what it declares


def _choice(hes: str | None, user: str | None, password_file: Path | None, mailbox: str | None) -> HesChoice:
    scheme, is_url, _ = (hes or "").partition("://")
    if is_url and scheme.lower() in ("http", "https"):
        return HesChoice(hes, None, user or "admin@hideez.com", password_file, mailbox)
    if is_url:
        raise click.BadParameter(
            f"{scheme}:// leads to no server; name one as http://127.0.0.1:8470, or a file.",
            param_hint="'--hes'",
        )
    if user or password_file or mailbox:
        raise click.UsageError("--hes-user, --hes-password-file and --mailbox go with an address in --hes.")
    if hes and Path(hes).is_dir():
        raise click.BadParameter(f"File '{hes}' is a directory.", param_hint="'--hes'")
    return HesChoice(path=Path(hes) if hes else None)


async def _ask_code(serial: str) -> ActivationCode | None:
    typed = await ask_hidden(f"The server does not tell the activation code of {serial}; type it: ")
    return ActivationCode.from_text(typed) if typed else None


async def _ask_otp() -> LoginCode | None:
    typed = await ask_hidden("The server wants the code of your authenticator app; type it: ")
    return LoginCode.from_text(typed) if typed else None
