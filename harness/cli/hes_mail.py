"""The mail options of `hes serve`: which mail server sends the activation codes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hideez_bench.harness.cli.password_file import read_password
from hideez_bench.protocol.errors import BenchError

if TYPE_CHECKING:
    from hideez_bench.emulator.hes.mail.settings import MailSettings

F = TypeVar("F", bound=Callable[..., Any])
SERVER = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]\s]+))(?::(?P<port>[0-9]{1,5}))?")
LOCAL_SENDER = "hideez-bench@localhost"


@dataclass(frozen=True)
class MailOrder:
    """What the command line asks for; see `hes serve --help`."""

    smtp: str | None
    tls: str | None
    user: str | None
    password_file: Path | None
    sender: str | None


def mail_options(command: F) -> F:
    """`--smtp` and what belongs to it; the command takes `mail`, a `MailOrder`."""

    @wraps(command)
    def with_order(**values: Any) -> Any:
        order = MailOrder(
            smtp=values.pop("smtp"),
            tls=values.pop("smtp_tls"),
            user=values.pop("smtp_user"),
            password_file=values.pop("smtp_password_file"),
            sender=values.pop("mail_from"),
        )
        return command(mail=order, **values)

    options = (
        click.option("--smtp", metavar="HOST[:PORT]", help="The mail server that sends activation codes. "
                     "[default: the variables EMAIL_HOST, EMAIL_PORT, …; else no mail]"),
        click.option("--smtp-tls", type=click.Choice(["none", "starttls", "tls"]),
                     help="How the way there is encrypted. [default: none on this machine, else starttls]"),
        click.option("--smtp-user", metavar="NAME", help="Log in there, with the password of the variable "
                     "EMAIL_PASSWORD or of --smtp-password-file."),
        click.option("--smtp-password-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                     help="Take that password from this file."),
        click.option("--mail-from", metavar="ADDRESS", help="Whom the mail comes from. [default: the variable "
                     "EMAIL_FROM, else the user]"),
    )  # fmt: skip
    for option in reversed(options):
        with_order = option(with_order)
    return with_order  # type: ignore[return-value]  # click wraps it, and calls it by what it declares


def mail_settings(order: MailOrder, environment: Mapping[str, str] = os.environ) -> MailSettings | None:
    """The settings that options and environment ask for; None is no mail.

    Raises:
        BenchError: they ask for what cannot be.
    """
    # Imported late, as all that belongs to the server.
    from hideez_bench.emulator.hes.mail.settings import LOOPBACK, MailSettings

    if order.smtp is None:
        if order.tls or order.user or order.password_file or order.sender:
            raise BenchError(
                "The options of the mail server need --smtp, which names it; the server was not started."
            )
        return MailSettings.from_environment(environment)
    server = SERVER.fullmatch(order.smtp)
    if server is None:
        raise BenchError(f"{order.smtp!r} is no mail server; --smtp takes HOST or HOST:PORT.")
    host = server["v6"] or server["name"]
    is_local = host in LOOPBACK
    # With --smtp the environment's own server does not count, and a password only where a user is named for it.
    wanted = {
        "EMAIL_HOST": host,
        "EMAIL_PORT": server["port"] or "",
        "EMAIL_TLS": order.tls or ("none" if is_local else "starttls"),
        "EMAIL_FROM": order.sender or environment.get("EMAIL_FROM", "") or (LOCAL_SENDER if is_local else ""),
    }
    if order.user:
        wanted |= {"EMAIL_USERNAME": order.user, "EMAIL_PASSWORD": _password(order, environment)}
    return MailSettings.from_environment(wanted)


def _password(order: MailOrder, environment: Mapping[str, str]) -> str:
    if order.password_file:
        return read_password(order.password_file).reveal().decode()
    if password := environment.get("EMAIL_PASSWORD", ""):
        return password
    raise BenchError(
        "There is no password for the mail server in the variable EMAIL_PASSWORD; the server was not started."
    )
