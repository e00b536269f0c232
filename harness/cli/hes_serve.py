"""`hes serve`: opens the database and the port, sees to a first administrator, and serves until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType

import click
import uvicorn

from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.mail.settings import MailSettings
from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.app import WebContext, WebSettings, create_app
from hideez_bench.emulator.hes.web.connections import BoundedServer, ConnectionLimits
from hideez_bench.emulator.hes.web.context import LOOPBACK_NAMES
from hideez_bench.emulator.hes.web.hubs.routes import LARGEST_FRAME
from hideez_bench.harness.cli import story
from hideez_bench.harness.cli.hes_mail import MailOrder, mail_settings
from hideez_bench.harness.cli.password_file import read_password
from hideez_bench.harness.cli.state_folder import state_folder
from hideez_bench.harness.cli.terminal import ctrl_c_at_once, is_a_person_there
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import Password

# What still runs this long after Ctrl-C is cut off.
SECONDS_TO_END = 2
# Files that are no connections: the database and its journal, mail, what Python has open.
_OWN_FILES = 64
_OF_STRANGERS = (
    "without completing handshake",
    "Invalid UTF-8 sequence received",
    "Invalid HTTP request received",
    "Unsupported upgrade request",
)
PASSWORD_FILE = "hes-server-admin-password.txt"  # noqa: S105 - a file's name


@dataclass(frozen=True)
class Order:
    """What the command line asks for; see `hes serve --help`."""

    host: str
    port: int
    allowed: frozenset[str]
    store_url: str | None
    admin_email: str
    admin_password_file: Path | None
    code_life: timedelta | None
    strict_compat: bool
    mail: MailOrder
    as_json: bool
    verbose: bool


def run(order: Order) -> None:
    """Serve until Ctrl-C.

    Raises:
        BenchError: it cannot be served so; nothing is left running.
    """
    is_loopback = order.host in LOOPBACK_NAMES
    if not is_loopback and not order.allowed:
        raise BenchError(
            f"{order.host} can be reached from other machines: name by --allow-host how they will call this server."
        )
    mail = mail_settings(order.mail)
    with _listen(order.host, order.port) as listening:
        asyncio.run(_serve(order, listening, mail, is_loopback=is_loopback))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise BenchError(
            f"Port {port} of {host} cannot be had ({reason}); name another with --port, or 0 for a free one."
        ) from None
    return listening


async def _serve(
    order: Order, listening: socket.socket, mail: MailSettings | None, *, is_loopback: bool
) -> None:
    store_url = order.store_url or f"sqlite:///{state_folder('--db') / 'hes-server.db'}"
    observe = partial(_say_event, to_machine=order.as_json) if order.verbose else lambda event: None
    async with Hes(
        store_url, observe=observe, strict_compat=order.strict_compat, code_life=order.code_life
    ) as hes:
        administrator = await _first_administrator(hes, order)
        url = _url(order, listening, is_loopback=is_loopback)
        settings = WebSettings(
            hosts=order.allowed | (LOOPBACK_NAMES if is_loopback else frozenset()),
            url=url,
            strict_compat=order.strict_compat,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)
        logging.getLogger("asyncio").addFilter(_NoMoreConnections())
        limits = ConnectionLimits(most=min(ConnectionLimits.most, _take_all_file_handles() - _OWN_FILES))
        context = WebContext(hes, settings, MailSender(replace(mail, server_url=url)) if mail else None)
        server = _Server(
            uvicorn.Config(
                create_app(context),
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="websockets-sansio",
                ws_max_size=LARGEST_FRAME,
                timeout_graceful_shutdown=SECONDS_TO_END,
            ),
            limits,
            context.stopping.set,
        )
        # uvicorn raises the signal once more when it has ended; by then it has done its work.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, lambda: None)
        _introduce(order, url, administrator, mail, is_loopback=is_loopback)
        await server.serve(sockets=[listening])


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """All but what uvicorn says of requests that are none, and of WebSockets that are refused or bring no UTF-8.

    All are any stranger's to bring about as often as they like, and the last would be a traceback each time.
    """
    return not any(words in record.getMessage() for words in _OF_STRANGERS)


class _NoMoreConnections(logging.Filter):
    """Says once, and in one sentence, what asyncio says thousands of times in a second with a traceback each.

    As often it begins to listen again a second later, and complains where the server has ended meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass all but that."""
        message = record.getMessage()
        if "_start_serving" in message:
            return False
        if "socket.accept() out of system resource" not in message:
            return True
        if self._said:
            return False
        self._said = True
        record.msg, record.args, record.exc_info = (
            "There are more connections than this process may have; others wait.",
            (),
            None,
        )
        return True


def _take_all_file_handles() -> int:
    """Each connection is one, and what is usual is 1024, which anybody on this machine could use up; how many now."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError):  # macOS tells a maximum that it does not take
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    usable, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return usable if usable != resource.RLIM_INFINITY else sys.maxsize


class _Server(BoundedServer):
    """Tells the application that the end is near, before it waits for what the application still sends."""

    def __init__(
        self, config: uvicorn.Config, limits: ConnectionLimits, before_the_end: Callable[[], None]
    ) -> None:
        super().__init__(config, limits)
        self._before_the_end = before_the_end
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C."""
        self._loop.call_soon_threadsafe(self._before_the_end)
        super().handle_exit(sig, frame)


@dataclass(frozen=True)
class _Administrator:
    """The administrator who was entered now; no e-mail where there was one before."""

    email: str | None = None
    password_file: Path | None = None


async def _first_administrator(hes: Hes, order: Order) -> _Administrator:
    """See to it that somebody can log in."""
    if hes.users.any():
        return _Administrator()
    email, path = order.admin_email, order.admin_password_file
    if path:
        password = read_password(path)
    elif is_a_person_there() and not order.as_json:
        with ctrl_c_at_once():
            email = click.prompt("E-mail address of the first administrator", default=email, err=True)
            typed = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        password = Password.from_text(typed)
    else:
        path = state_folder("--admin-password-file") / PASSWORD_FILE
        # The server of another database may have the password that is there, and nobody else knows it.
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(18))
        password = read_password(path)
    await hes.users.create(email, password, Role.ADMINISTRATOR)
    return _Administrator(email, path)


def _write_private(path: Path, text: str) -> None:
    """A file of nobody else's from its first byte on, and never half of one."""
    unfinished = path.with_suffix(".new")
    try:
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise BenchError(
            f"The first administrator's password cannot be written to {path} ({error.strerror}); nobody was entered. "
            "Bring one with --admin-password-file."
        ) from None


def _url(order: Order, listening: socket.socket, *, is_loopback: bool) -> str:
    name = order.host if is_loopback else min(order.allowed)
    port = listening.getsockname()[1]
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _introduce(
    order: Order, url: str, administrator: _Administrator, mail: MailSettings | None, *, is_loopback: bool
) -> None:
    if order.as_json:
        file = administrator.password_file
        facts = {"url": url, "email": administrator.email, "password_file": str(file) if file else None}
        click.echo(json.dumps(facts))
        return
    story.say(f"Hideez Enterprise Server  {url}", bold=True)
    story.say(f"REST, to be tried         {url}/swagger")
    if administrator.email:
        story.say(f"Administrator             {administrator.email}")
    if administrator.password_file:
        story.say(f"Password                  in {administrator.password_file}")
    if mail:
        story.say(f"Mail                      from {mail.sender} by {mail.host}:{mail.port}")
    if not is_loopback:
        story.say("There is no TLS: whoever is on the way can read passwords and codes.", fg="red")
    story.say("Ctrl-C ends it.")


def _say_event(event: HesEvent, *, to_machine: bool) -> None:
    """A line; where a machine reads what we print, beside that."""
    click.echo(f"{event.at:%H:%M:%S}  {event.serial:<16} {event.text}", err=to_machine)
