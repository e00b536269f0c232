"""Sending, in real conversations with mail servers that behave, refuse, stall and break off."""

from __future__ import annotations

import logging
import socket
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.mail.settings import MailError, MailSettings, Tls, is_address
from hideez_bench.protocol.secret import ActivationCode, Password
from tests.hes_mail.servers import (
    CODE,
    LETTERS,
    PASSWORD,
    SENDER,
    Kept,
    Tlss,
    body,
    knows_password,
    mail_server,
    odd_server,
    own_certificate,
    settings,
    talk,
)

TO = "ann@example.org"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tlss:
    return own_certificate(tmp_path_factory.mktemp("tls"))


async def send(
    sender: MailSender, to: str = TO, name: str = "Ann Smith", code: ActivationCode = CODE
) -> None:
    await sender.send_activation_code(to, name, "ST1032026000203", code)


async def failure(sender: MailSender, to: str = TO) -> str:
    """The sentence of a sending that fails; nothing around it holds a secret either."""
    with pytest.raises(MailError) as raised:
        await send(sender, to)
    for secret in ("482913", PASSWORD):
        assert secret not in "".join(traceback.format_exception(raised.value))
    assert str(raised.value).endswith(".")
    return str(raised.value)


async def test_mail_arrives() -> None:
    """A-016."""
    kept = Kept()
    async with mail_server(kept) as port:
        await send(MailSender(settings(port)))
    (envelope,) = kept.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [TO])
    text = body(kept.letter(), "plain")
    assert "Hello Ann Smith," in text
    assert "Activation code: 482913" in text
    assert "http://127.0.0.1:8470" in text


async def test_lines_that_begin_with_a_dot_arrive_whole() -> None:
    kept = Kept()
    async with mail_server(kept) as port:
        await send(MailSender(replace(settings(port), server_url=".\n.hidden")))
    assert "Server, . .hidden" in body(kept.letter(), "plain")


async def test_starttls_with_login(tls: Tlss) -> None:
    kept = Kept()
    options: dict[str, Any] = {"auth_required": True, "authenticator": knows_password}
    async with mail_server(kept, tls_context=tls.server, require_starttls=True, **options) as port:
        await send(MailSender(settings(port, Tls.STARTTLS, login=True), tls.believer))
    assert kept.was_encrypted == [True]


async def test_tls_from_the_first_byte(tls: Tlss) -> None:
    kept = Kept()
    async with mail_server(kept, implicit_tls=tls.server) as port:
        await send(MailSender(settings(port, Tls.TLS), tls.believer))
    assert len(kept.envelopes) == 1


@pytest.mark.parametrize("way", [Tls.STARTTLS, Tls.TLS])
@pytest.mark.parametrize("fault", ["stranger", "other name"])
async def test_certificate_that_is_not_believed(tls: Tlss, tmp_path: Path, way: Tls, fault: str) -> None:
    shown = own_certificate(tmp_path, "other.example") if fault == "other name" else tls
    believer = shown.believer if fault == "other name" else None
    kept = Kept()
    options: dict[str, Any] = (
        {"implicit_tls": shown.server} if way is Tls.TLS else {"tls_context": shown.server}
    )
    async with mail_server(kept, **options) as port:
        sentence = await failure(MailSender(settings(port, way), believer))
    assert "its certificate is not believed" in sentence
    assert "was not sent" in sentence
    assert kept.envelopes == []


async def test_starttls_that_is_not_offered_is_not_done_without() -> None:
    kept = Kept()
    async with mail_server(kept) as port:
        sentence = await failure(MailSender(settings(port, Tls.STARTTLS, login=True)))
    assert "offers no STARTTLS" in sentence
    assert kept.envelopes == []


async def test_tls_spoken_to_a_server_that_does_not() -> None:
    async with mail_server(Kept()) as port:
        sentence = await failure(MailSender(settings(port, Tls.TLS)))
    assert "could not be spoken to over TLS" in sentence


async def test_login_refused(tls: Tlss) -> None:
    kept = Kept()
    async with mail_server(kept, tls_context=tls.server, auth_required=True) as port:
        sentence = await failure(MailSender(settings(port, Tls.STARTTLS, login=True), tls.believer))
    assert "refused the login of mailer with 535" in sentence


async def test_login_not_offered() -> None:
    async with mail_server(Kept(), auth_require_tls=True) as port:
        sentence = await failure(MailSender(settings(port, login=True)))
    assert "offers no way to log in" in sentence


@pytest.mark.parametrize(
    ("command", "answer", "expected"),
    [
        ("MAIL", "553 not from you", f"refused the sender {SENDER}: 553 not from you; the mail was not sent"),
        (
            "RCPT",
            "550 no such person",
            f"refused the recipient {TO}: 550 no such person; the mail was not sent",
        ),
        ("RCPT", "450 482913 later", f"refused the recipient {TO}: 450 *** later; the mail was not sent"),
        ("DATA", "554 no: 482913", "refused the mail with 554; the mail was not sent"),
    ],
)
async def test_refusals(command: str, answer: str, expected: str) -> None:
    async with mail_server(Kept(answers={command: answer})) as port:
        assert expected in await failure(MailSender(settings(port)))


async def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        sentence = await failure(MailSender(settings(port)))
    assert sentence == f"The mail server 127.0.0.1:{port} could not be reached; the mail was not sent."


async def test_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*question: object, **more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    sentence = await failure(MailSender(MailSettings("mail.example", SENDER)))
    assert sentence == "The mail server mail.example:587 is not known by that name; the mail was not sent."


NOT_SENT = "the mail was not sent"
NOT_KNOWN = "it is not known whether the mail went out"


@pytest.mark.parametrize(
    ("until", "last", "expected"),
    [
        ("greeting", b"554 go away\r\n", "turned us away: 554 go away; the mail was not sent"),
        ("greeting", b"", f"could not be reached; {NOT_SENT}"),
        ("EHLO", b"502 what\r\n", f"refused with 502; {NOT_SENT}"),
        ("EHLO", b"", f"broke the conversation off; {NOT_SENT}"),
        ("MAIL", b"", f"broke the conversation off; {NOT_SENT}"),
        ("RCPT", b"", f"broke the conversation off; {NOT_SENT}"),
        ("DATA", b"451 later\r\n", f"refused the mail with 451; {NOT_SENT}"),
        (".", b"", f"broke the conversation off; {NOT_KNOWN}"),
        (".", b"no number\r\n", NOT_KNOWN),
        ("greeting", b"\xff\xfe\0 nonsense\r\n", NOT_SENT),
    ],
)
async def test_conversation_breaks_off(until: str, last: bytes, expected: str) -> None:
    async with odd_server(talk(until, last)) as port:
        assert expected in await failure(MailSender(settings(port)))


@pytest.mark.parametrize(("until", "end"), [("greeting", NOT_SENT), ("RCPT", NOT_SENT), (".", NOT_KNOWN)])
async def test_silence(until: str, end: str) -> None:
    async with odd_server(talk(until, None)) as port:
        sentence = await failure(MailSender(settings(port)))
    assert f"did not answer within 10 s; {end}" in sentence


async def test_a_rude_farewell_changes_nothing() -> None:
    async with odd_server(talk("QUIT", b"")) as port:
        await send(MailSender(settings(port)))


async def test_international_address_where_the_server_takes_it() -> None:
    kept = Kept()
    async with mail_server(kept, enable_SMTPUTF8=True) as port:
        await send(MailSender(settings(port)), "jörg@exämple.org", "Jörg")
    assert kept.envelopes[0].rcpt_tos == ["jörg@exämple.org"]
    assert kept.letter()["To"].addresses[0].addr_spec == "jörg@exämple.org"


async def test_international_address_where_it_does_not() -> None:
    async with mail_server(Kept()) as port:
        sentence = await failure(MailSender(settings(port)), "jörg@example.org")
    assert "takes no international addresses such as jörg@example.org" in sentence


@pytest.mark.parametrize(
    "address",
    [
        "", "ann", "@example.org", "ann@", "a@b@c", "ann@example.org\r\nRCPT TO:<eve@example.org>",
        "ann smith@example.org", "<ann@example.org>", "ann@example.org,eve@example.org", "ann@example.org>",
        '"ann"@example.org', "ann@a..b", ".ann@example.org", "ann@example.org.", "ann\0@example.org",
        "ann@[127.0.0.1]", "\u202eann@example.org", "a" * 65 + "@example.org", "ann@" + "a" * 255,
        "\ud800@example.org",
    ],
)  # fmt: skip
async def test_odd_addresses_never_reach_the_server(address: str) -> None:
    sender = MailSender(settings(1))
    assert "is no e-mail address" in await failure(sender, address)


@given(st.text(max_size=80) | st.emails())
def test_an_address_fits_one_command(text: str) -> None:
    if is_address(text):
        assert not set(text) & set(' \t\r\n<>,;:"()[]\\\0')
        assert text.count("@") == 1


async def test_secrets_are_in_no_log(caplog: pytest.LogCaptureFixture, tls: Tlss) -> None:
    caplog.set_level(logging.DEBUG)
    kept = Kept()
    options: dict[str, Any] = {"auth_required": True, "authenticator": knows_password}
    made = settings(0, Tls.STARTTLS, login=True)
    async with mail_server(kept, tls_context=tls.server, **options) as port:
        await send(MailSender(settings(port, Tls.STARTTLS, login=True), tls.believer), code=LETTERS)
    for secret in (LETTERS.reveal().decode(), PASSWORD):
        assert secret not in caplog.text
        assert secret not in repr(made) + str(made) + repr(made.password)


ENVIRONMENT = {"EMAIL_HOST": "mail.example", "EMAIL_USERNAME": SENDER, "EMAIL_PASSWORD": PASSWORD}


@pytest.mark.parametrize(
    ("changes", "tls", "port"),
    [
        ({}, Tls.STARTTLS, 587),
        ({"EMAIL_PORT": "2525"}, Tls.STARTTLS, 2525),
        ({"EMAIL_PORT": "465"}, Tls.TLS, 465),
        ({"EMAIL_ENABLE_SSL": "True"}, Tls.STARTTLS, 587),
        ({"EMAIL_TLS": "tls"}, Tls.TLS, 465),
        ({"EMAIL_PASSWORD": "", "EMAIL_ENABLE_SSL": "false"}, Tls.NONE, 25),
        ({"EMAIL_HOST": "127.0.0.1", "EMAIL_ENABLE_SSL": "false"}, Tls.NONE, 25),
    ],
)
def test_settings_from_the_environment(changes: dict[str, str], tls: Tls, port: int) -> None:
    made = MailSettings.from_environment(ENVIRONMENT | changes)
    assert made is not None
    assert (made.tls, made.port, made.sender) == (tls, port, SENDER)
    assert (made.password == Password.from_text(PASSWORD)) == (made.user == SENDER)


def test_no_host_no_mail() -> None:
    assert MailSettings.from_environment({"EMAIL_PORT": "25"}) is None


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"EMAIL_HOST": "mail example"}, "no name of a mail server"),
        ({"EMAIL_PORT": "x"}, "EMAIL_PORT"),
        ({"EMAIL_PORT": "70000"}, "70000"),
        ({"EMAIL_ENABLE_SSL": "perhaps"}, "EMAIL_ENABLE_SSL"),
        ({"EMAIL_TLS": "ssl3"}, "EMAIL_TLS"),
        ({"EMAIL_ENABLE_SSL": "false"}, "in the clear"),
        ({"EMAIL_USERNAME": "mailer"}, "no address that mail could come from"),
        ({"EMAIL_USERNAME": "", "EMAIL_FROM": SENDER}, "come together"),
        ({"EMAIL_FROM": "a\r\nBcc: eve@example.org"}, "no address that mail could come from"),
    ],
)
def test_settings_that_cannot_work(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(MailError, match=complaint) as raised:
        MailSettings.from_environment(ENVIRONMENT | changes)
    assert PASSWORD not in str(raised.value)
