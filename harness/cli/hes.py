"""`hes`: the server as a program of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from hideez_bench.harness.cli.hes_mail import MailOrder, mail_options
from hideez_bench.harness.cli.hes_mailbox import mailbox
from hideez_bench.harness.cli.options import Amount


@click.group()
def hes() -> None:
    """Hideez Enterprise Server as a program of its own, for administrators, clients and other programs.

    \b
    hideez-bench hes serve
    hideez-bench hes mailbox
    """


hes.add_command(mailbox)


@hes.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8470, show_default=True, help="0 picks a free one."
)
@click.option("--allow-host", "allowed", multiple=True, metavar="NAME", help="A name or address by which the server "
              "may be asked for. Repeat it for several. Needed with any --host but this machine's own.")  # fmt: skip
@click.option("--db", "store_url", metavar="URL", help="The database, as SQLAlchemy names it. "
              "[default: the file hes-server.db in your state folder]")  # fmt: skip
@click.option("--admin-email", default="admin@hideez.com", show_default=True, metavar="ADDRESS",
              help="Who the first administrator is.")  # fmt: skip
@click.option("--admin-password-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Take the first administrator's password from this file. "
              "[default: ask at a terminal, else make one into a file]")  # fmt: skip
@click.option("--code-hours", type=Amount(0, 24 * 365, min_open=True), metavar="HOURS",
              help="How old an activation code may be when a key is unlocked by it. An older one does not help: the "
              "key is locked again, with a new code. [default: any age, as with the vendor]")  # fmt: skip
@click.option("--strict-compat", is_flag=True, help="Behave as the vendor's server even where that is worse: quirks "
              "Q4, Q8 and Q11 to Q13 of docs/hes.md, every refusal is status 500, and workstations are admitted by "
              "name alone.")  # fmt: skip
@mail_options
@click.option("--json", "as_json", is_flag=True, help="Print one line for machines, and ask nothing.")
@click.option("-v", "--verbose", is_flag=True, help="Show what happens on the server.")
def serve(
    host: str,
    port: int,
    allowed: tuple[str, ...],
    store_url: str | None,
    admin_email: str,
    admin_password_file: Path | None,
    code_hours: float | None,
    strict_compat: bool,
    mail: MailOrder,
    as_json: bool,
    verbose: bool,
) -> None:
    """Start the server: pages for the administrator, REST for programs, hubs for clients. Ctrl-C ends it.

    It speaks HTTP without TLS, and so listens on this machine alone unless --host says otherwise.

    \b
    hideez-bench hes serve
    hideez-bench hes serve --db postgresql+psycopg://user@localhost/hes
    hideez-bench hes serve --host 192.0.2.7 --allow-host hes.example.org
    hideez-bench hes serve --smtp 127.0.0.1:8025    (hideez-bench hes mailbox takes that mail)
    """
    # Imported late: the web takes longer to load than all other commands together.
    from hideez_bench.harness.cli.hes_serve import Order, run

    run(
        Order(
            host=host,
            port=port,
            allowed=frozenset(name.lower() for name in allowed),
            store_url=store_url,
            admin_email=admin_email,
            admin_password_file=admin_password_file,
            code_life=timedelta(hours=code_hours) if code_hours else None,
            strict_compat=strict_compat,
            mail=mail,
            as_json=as_json,
            verbose=verbose,
        )
    )
