"""`hes mailbox`, and the mail options of `hes serve`."""

from __future__ import annotations

import json
import os
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from hideez_bench.emulator.hes.mail.message import received
from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.mail.settings import MailError, Tls
from hideez_bench.harness.cli.hes_mail import LOCAL_SENDER, MailOrder, mail_settings
from hideez_bench.harness.cli.hes_mailbox import _tell_person
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import Password
from tests.hes_mail.servers import LETTERS, PASSWORD, SENDER, settings
from tests.processes.programs import hideez_bench, run, running


def order(
    smtp: str | None = None,
    tls: str | None = None,
    user: str | None = None,
    password_file: Path | None = None,
    sender: str | None = None,
) -> MailOrder:
    return MailOrder(smtp, tls, user, password_file, sender)


async def test_mailbox_as_a_program() -> None:
    command = [hideez_bench(), "hes", "mailbox", "--smtp-port", "0", "--port", "0", "--json"]
    async with running(command, os.environ) as program:
        where = json.loads((await program.expect(r"\{.*?\}\n"))[0])
        port = int(where["smtp"].rpartition(":")[2])
        await MailSender(settings(port)).send_activation_code("ann@example.org", "Ann", "HK-1", LETTERS)
        told = json.loads((await program.expect(r"\{.*?\}\n"))[0])
        assert told["to"] == ["ann@example.org"]
        async with httpx.AsyncClient(base_url=where["url"], trust_env=False, timeout=60) as page:
            (summary,) = (await page.get("/api/messages")).json()
            assert summary | {"dropped": 0} == told
            program.process.send_signal(signal.SIGINT)
            assert await program.process.wait() == 0
        assert LETTERS.reveal().decode() not in program.seen


async def test_mailbox_on_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [hideez_bench(), "hes", "mailbox", "--smtp-port", "0", "--port", port]
        finished = await run(command, dict(os.environ))
    assert finished.status == 2
    assert finished.errors == (
        f"hideez-bench: Port {port} for the mailbox's page is taken; choose another with --port, 0 for any.\n"
    )


@pytest.mark.parametrize(
    ("smtp", "tls", "host", "expected", "port"),
    [
        ("127.0.0.1:8025", None, "127.0.0.1", Tls.NONE, 8025),
        ("[::1]:8025", None, "::1", Tls.NONE, 8025),
        ("mail.example", None, "mail.example", Tls.STARTTLS, 587),
        ("mail.example:2525", "tls", "mail.example", Tls.TLS, 2525),
        ("mail.example", "none", "mail.example", Tls.NONE, 25),
    ],
)
def test_options_name_the_server(smtp: str, tls: str | None, host: str, expected: Tls, port: int) -> None:
    made = mail_settings(order(smtp, tls, sender=SENDER), {})
    assert made is not None
    assert (made.host, made.tls, made.port, made.sender) == (host, expected, port, SENDER)
    assert made.password is None


def test_a_mailbox_needs_nothing_more() -> None:
    made = mail_settings(order("127.0.0.1:8025"), {})
    assert made is not None
    assert made.sender == LOCAL_SENDER


def test_without_options_the_environment_counts() -> None:
    made = mail_settings(order(), {"EMAIL_HOST": "mail.example", "EMAIL_FROM": SENDER})
    assert made is not None
    assert made.host == "mail.example"
    assert mail_settings(order(), {}) is None


def test_password_of_the_environment_goes_to_nobody_else() -> None:
    environment = {"EMAIL_HOST": "mail.example", "EMAIL_USERNAME": SENDER, "EMAIL_PASSWORD": PASSWORD}
    made = mail_settings(order("other.example", sender=SENDER), environment)
    assert made is not None
    assert (made.user, made.password) == ("", None)


def test_password_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    for made in (
        mail_settings(order("mail.example", user=SENDER), {"EMAIL_PASSWORD": PASSWORD}),
        mail_settings(order("mail.example", user=SENDER, password_file=file), {}),
    ):
        assert made is not None
        assert (made.user, made.sender) == (SENDER, SENDER)
        assert made.password == Password.from_text(PASSWORD)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (order("mail example"), "is no mail server"),
        (order("http://mail.example"), "is no mail server"),
        (order("mail.example:x"), "is no mail server"),
        (order("mail.example"), "no address that mail could come from"),
        (order("mail.example", "none", SENDER), "in the clear"),
        (order("mail.example", user=SENDER, password_file=Path("nowhere")), "cannot be read"),
        (order(user=SENDER), "need --smtp"),
        (order(tls="none"), "need --smtp"),
    ],
)
def test_options_that_cannot_be(wrong: MailOrder, complaint: str) -> None:
    with pytest.raises(BenchError, match=complaint):
        mail_settings(wrong, {"EMAIL_PASSWORD": PASSWORD})


def test_no_password_at_all() -> None:
    with pytest.raises(BenchError, match="no password for the mail server in the variable EMAIL_PASSWORD"):
        mail_settings(order("mail.example", user=SENDER), {})


def test_an_odd_sender() -> None:
    with pytest.raises(MailError):
        mail_settings(order("mail.example", sender="a b@example.org"), {})


def test_a_mail_gives_the_terminal_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    raw = b"Subject: =?utf-8?q?a=1B]0;owned=07=1B[2Jb=C2=9B31m?=\r\n\r\nx"
    message = received("1", datetime(2026, 3, 1, 12, tzinfo=UTC), "a@b.c", ["ann\x1b[1m@example.org"], raw)
    _tell_person(message, 3)
    assert capsys.readouterr().out == (
        "12:00:00  ann [1m@example.org: a ]0;owned  [2Jb 31m  (too much came: 3 older mails are gone)\n"
    )
