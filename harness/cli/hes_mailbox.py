"""`hes mailbox`: a mailbox for those who have no mail server."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hideez_bench.emulator.hes.mail.message import Received

PORT = click.IntRange(0, 65535)


@click.command()
@click.option(
    "--smtp-port", type=PORT, default=8025, show_default=True, help="Where mail is taken; 0 picks a free one."
)
@click.option(
    "--port", type=PORT, default=8026, show_default=True, help="Where the page is; 0 picks a free one."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print lines for machines: where it is, then each mail."
)
def mailbox(smtp_port: int, port: int, as_json: bool) -> None:
    """Take all mail on this machine and show it on a page, in place of a mail server. Ctrl-C ends it.

    It keeps the last mails in memory and delivers none. Whoever is on this machine can read them, codes included.

    \b
    hideez-bench hes mailbox
    hideez-bench hes serve --smtp 127.0.0.1:8025      in another terminal
    """
    asyncio.run(_mailbox(smtp_port, port, as_json=as_json))


async def _mailbox(smtp_port: int, port: int, *, as_json: bool) -> None:
    # Imported late: the web takes longer to load than all other commands together.
    from hideez_bench.emulator.hes.mail.mailbox import HOST, Mailbox, MailboxServer

    tell = _tell_machine if as_json else _tell_person
    enough = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, enough.set)
    kept = Mailbox(on_arrival=lambda message: tell(message, kept.dropped))
    async with MailboxServer(kept, smtp_port=smtp_port, port=port) as server:
        if as_json:
            click.echo(json.dumps({"smtp": f"{HOST}:{server.smtp_port}", "url": server.url}))
        else:
            click.echo(f"Page  {server.url}\nSMTP  {HOST}:{server.smtp_port}")
            click.echo(
                "Whoever is on this machine can read the codes there. Nothing is delivered. Ctrl-C ends it."
            )
        await enough.wait()


def _tell_person(message: Received, dropped: int) -> None:
    gone = f"  (too much came: {dropped} older mails are gone)" if dropped else ""
    about = f"{', '.join(message.recipients)}: {message.subject}"
    # Anybody on this machine may send it, and a terminal would do what it is told by control characters.
    seen = "".join(character if character.isprintable() else " " for character in about)
    click.echo(f"{message.at:%H:%M:%S}  {seen}{gone}")


def _tell_machine(message: Received, dropped: int) -> None:
    line = {
        "id": message.id,
        "from": message.sender,
        "to": list(message.recipients),
        "subject": message.subject,
        "at": message.at.isoformat(),
        "dropped": dropped,
    }
    click.echo(json.dumps(line))
