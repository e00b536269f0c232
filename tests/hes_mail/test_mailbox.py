"""The mailbox: real SMTP in, JSON and a page out, bounded, and closed to strangers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.emulator.hes.mail.mailbox import (
    KEPT,
    LARGEST,
    MOST_BYTES,
    MOST_CONNECTIONS,
    MOST_RECIPIENTS,
    Mailbox,
    MailboxServer,
    SenderLimits,
)
from hideez_bench.emulator.hes.mail.message import received
from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import ActivationCode
from tests.hes_mail.servers import CODE, LETTERS, settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PICTURE = b"\x89PNG and so on"


def hostile(html: str = "<p>hello</p>") -> bytes:
    letter = EmailMessage()
    letter["From"] = "eve@example.org"
    letter["Subject"] = "=?utf-8?q?Gr=C3=BC=C3=9Fe?="
    letter.set_content("text")
    letter.add_alternative(html, subtype="html")
    return letter.as_bytes()


@pytest.fixture
async def server() -> AsyncIterator[MailboxServer]:
    async with MailboxServer(Mailbox(lambda: NOON), smtp_port=0, port=0) as opened:
        yield opened


@pytest.fixture
async def page(server: MailboxServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
        yield client


async def deliver(
    server: MailboxServer, name: str = "Ann Smith", to: str = "ann@example.org", code: ActivationCode = CODE
) -> None:
    sender = MailSender(settings(server.smtp_port))
    await sender.send_activation_code(to, name, "ST1032026000203", code)


async def raw_mail(server: MailboxServer, raw: bytes) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=server.smtp_port, start_tls=False) as client:
        await client.sendmail("eve@example.org", ["ann@example.org"], raw)


async def test_mail_arrives_and_is_shown(server: MailboxServer, page: httpx.AsyncClient) -> None:
    await deliver(server)
    await deliver(server, "Bob", "bob@example.org")
    listing = (await page.get("/api/messages")).json()
    assert [message["to"] for message in listing] == [["bob@example.org"], ["ann@example.org"]]
    assert set(listing[0]) == {"id", "from", "to", "subject", "at"}
    assert listing[0]["from"] == "Hideez Enterprise Server <hes@example.org>"
    assert listing[0]["at"] == NOON.isoformat()
    whole = (await page.get(f"/api/messages/{listing[1]['id']}")).json()
    assert "Activation code: 482913" in whole["text"]
    assert "Hello Ann Smith," in whole["html"]
    assert 'src="data:image/png;base64,' in whole["html"]
    html = await page.get(f"/api/messages/{listing[1]['id']}/html")
    assert html.text == whole["html"]
    source = await page.get(f"/api/messages/{listing[1]['id']}/source")
    assert source.text.startswith("From: Hideez Enterprise Server")
    assert source.headers["content-type"].startswith("text/plain")


async def test_international_mail(server: MailboxServer, page: httpx.AsyncClient) -> None:
    await deliver(server, "李小龍", "jörg@exämple.org")
    (summary,) = (await page.get("/api/messages")).json()
    assert summary["to"] == ["jörg@exämple.org"]
    assert "李小龍" in (await page.get(f"/api/messages/{summary['id']}")).json()["text"]


async def test_delete_all(server: MailboxServer, page: httpx.AsyncClient) -> None:
    await deliver(server)
    (summary,) = (await page.get("/api/messages")).json()
    assert (await page.delete("/api/messages")).status_code == 204
    assert (await page.get("/api/messages")).json() == []
    for below in ("", "/html", "/source"):
        assert (await page.get(f"/api/messages/{summary['id']}{below}")).status_code == 404


async def test_keeps_the_last() -> None:
    mailbox = Mailbox(lambda: NOON)
    for number in range(KEPT + 5):
        mailbox.take("a@b.c", [f"{number}@example.org"], b"")
    kept = mailbox.messages()
    assert len(kept) == KEPT
    assert kept[0].recipients == (f"{KEPT + 4}@example.org",)
    assert kept[-1].recipients == ("5@example.org",)


async def test_too_large_a_mail_is_refused(server: MailboxServer, page: httpx.AsyncClient) -> None:
    with pytest.raises(aiosmtplib.SMTPResponseException) as raised:
        await raw_mail(server, b"Subject: big\r\n\r\n" + b"x" * 70 + (b"\r\n" + b"x" * 70) * (LARGEST // 70))
    assert raised.value.code == 552
    assert (await page.get("/api/messages")).json() == []


async def test_a_browser_cannot_be_made_to_send_mail(server: MailboxServer, page: httpx.AsyncClient) -> None:
    """A page elsewhere can have a browser POST anything to a port of loopback."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.smtp_port)
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 5
    writer.write(head + b"\r\nHELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nx\r\n.\r\n")
    said = await reader.read()
    writer.close()
    assert b"502 5.5.1 Too many" in said
    assert (await page.get("/api/messages")).json() == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:1", "localhost", ""])
async def test_other_names_get_no_answer(page: httpx.AsyncClient, host: str) -> None:
    """A name of a stranger's that points to loopback (DNS rebinding)."""
    for path in ("/", "/mailbox.js", "/api/messages"):
        answer = await page.get(path, headers={"host": host})
        assert answer.status_code in (400, 403)
        assert "Mailbox" not in answer.text


async def test_localhost_is_answered(server: MailboxServer, page: httpx.AsyncClient) -> None:
    assert (await page.get("/", headers={"host": f"localhost:{server.port}"})).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
async def test_other_pages_can_neither_read_nor_delete(
    server: MailboxServer, page: httpx.AsyncClient, origin: str
) -> None:
    await deliver(server)
    for method in ("GET", "DELETE", "OPTIONS"):
        answer = await page.request(method, "/api/messages", headers={"origin": origin})
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert len((await page.get("/api/messages")).json()) == 1
    own = {"origin": server.url}
    assert (await page.delete("/api/messages", headers=own)).status_code == 204


async def test_headers_of_every_answer(server: MailboxServer, page: httpx.AsyncClient) -> None:
    await raw_mail(server, hostile())
    (summary,) = (await page.get("/api/messages")).json()
    for path in ("/", "/mailbox.js", "/nowhere", "/api/messages", f"/api/messages/{summary['id']}/source"):
        headers = (await page.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
    html = await page.get(f"/api/messages/{summary['id']}/html")
    assert html.headers["content-security-policy"].startswith("sandbox; default-src 'none'; img-src data:;")
    assert html.headers["x-content-type-options"] == "nosniff"


async def test_says_who_can_read(page: httpx.AsyncClient) -> None:
    assert "Whoever reaches this page can read the activation codes." in (await page.get("/")).text


async def test_listens_on_loopback_alone(server: MailboxServer) -> None:
    for socket in (server._smtp_socket, server._page_socket):
        assert socket.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("which", ["smtp_port", "port"])
async def test_port_that_is_taken(server: MailboxServer, which: str) -> None:
    taken = getattr(server, which)
    with pytest.raises(
        BenchError, match=rf"^Port {taken} .* is taken; choose another with --\S+, 0 for any\.$"
    ):
        MailboxServer(Mailbox(), **({"smtp_port": 0, "port": 0} | {which: taken}))


async def test_code_is_in_no_log(server: MailboxServer, caplog: pytest.LogCaptureFixture) -> None:
    """A-018: aiosmtpd would log every line."""
    caplog.set_level(logging.DEBUG)
    await deliver(server, code=LETTERS)
    secret = LETTERS.reveal().decode()
    assert secret not in caplog.text
    (message,) = server._mailbox.messages()
    assert secret in message.text
    assert secret not in repr(message) + str(message)


async def test_ends_while_somebody_is_connected() -> None:
    async with MailboxServer(Mailbox(), smtp_port=0, port=0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.smtp_port)
        await reader.readline()
        _, idle = await asyncio.open_connection("127.0.0.1", server.port)
    assert await reader.read() == b""
    writer.close()
    idle.close()


def take_apart(raw: bytes) -> str:
    message = received("1", NOON, "a@b.c", ["a@b.c"], raw)
    return f"{message.sender}{message.subject}{message.text}{message.html}"


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda name, value, body: name + b": " + value + b"\r\n\r\n" + body,
        st.sampled_from([b"Subject", b"From", b"Content-Type", b"Content-Transfer-Encoding", b"Content-ID"]),
        st.binary(max_size=80)
        | st.sampled_from(
            [
                b"=?utf-8?b?!!?=",
                b"=?nonsense?q?x?=",
                b"text/html; charset=rot13",
                b"text/plain; charset=utf-7",
                b"text/plain; charset*=x'y'z",
                b"multipart/mixed; boundary=x",
                b"base64",
                b"x-uuencode",
            ]
        ),
        st.binary(max_size=80),
    )
)
def test_nothing_that_arrives_breaks_it(raw: bytes) -> None:
    take_apart(raw).encode()


def test_parts_in_parts_in_parts() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)
    )
    message = received("1", NOON, "a@b.c", ["a@b.c"], deep)
    assert (message.raw, message.html) == (deep, "")


def test_a_small_mail_does_not_grow_into_a_large_page() -> None:
    html = '<img src="cid:x">' * 1000
    letter = EmailMessage()
    letter.set_content(html, subtype="html")
    letter.add_related(b"\x89PNG" * 1000, "image", "png", cid="<x>")
    assert take_apart(letter.as_bytes()).count("data:image/png") == 20


def test_only_pixels_become_pictures() -> None:
    letter = EmailMessage()
    letter.set_content('<img src="cid:x">', subtype="html")
    letter.add_related(b"<svg onload='alert(1)'/>", "image", "svg+xml", cid="<x>")
    assert 'src="cid:x"' in take_apart(letter.as_bytes())


async def test_drops_the_oldest_when_all_together_are_too_large(
    server: MailboxServer, page: httpx.AsyncClient
) -> None:
    mailbox = server._mailbox
    large = MOST_BYTES // LARGEST
    for _ in range(large):
        mailbox.take("a@b.c", ["a@b.c"], bytes(LARGEST))
    assert (await page.get("/api/messages")).headers["x-dropped"] == "0"
    mailbox.take("a@b.c", ["last@example.org"], b"x")
    listing = await page.get("/api/messages")
    assert (len(listing.json()), listing.headers["x-dropped"]) == (large, "1")
    await page.delete("/api/messages")
    assert (await page.get("/api/messages")).headers["x-dropped"] == "0"
    for _ in range(large):
        mailbox.take("a@b.c", ["a@b.c"], bytes(LARGEST))
    assert mailbox.dropped == 0


async def test_a_mail_to_everybody_is_kept_for_a_hundred(
    server: MailboxServer, page: httpx.AsyncClient
) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=server.smtp_port, start_tls=False) as client:
        everybody = [f"{number}@example.org" for number in range(MOST_RECIPIENTS + 1)]
        refused, _ = await client.sendmail("eve@example.org", everybody, hostile())
    assert [(name, said.code) for name, said in refused.items()] == [(everybody[-1], 452)]
    (summary,) = (await page.get("/api/messages")).json()
    assert summary["to"] == everybody[:-1]


@pytest.mark.parametrize(
    "limits", [SenderLimits(seconds=0.01), SenderLimits(most_bytes=1000)], ids=["time", "bytes"]
)
async def test_a_sender_that_does_not_end_is_ended(limits: SenderLimits) -> None:
    """Within a mail, in a line without an end: aiosmtpd keeps all of it, and looks at its size when it ends."""
    async with MailboxServer(Mailbox(), smtp_port=0, port=0, limits=limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.smtp_port)
        writer.write(b"HELO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n" + b"x" * 2000)
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        writer.close()
    assert server._mailbox.messages() == []


async def test_a_sender_too_many_is_told_so(server: MailboxServer) -> None:
    opened = []
    for _ in range(MOST_CONNECTIONS):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.smtp_port)
        assert (await reader.readline()).startswith(b"220 ")
        opened.append(writer)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.smtp_port)
    assert (await reader.read()).startswith(b"421 ")
    writer.close()
    for other in opened:
        other.close()


NEST = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(300))


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: text/plain" + b";a=b" * 500_000 + b"\r\n\r\nx",
        b"X: y\r\nCONTENT-TYPE: multipart/mixed;\r\n" + b" ;a=b;a=b\r\n" * 150_000 + b"\r\nx",
        NEST + b"Content-Type: text/plain\r\n\r\n" + b"\r\n" * 900_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 200_000,
    ],
    ids=["parameters", "folded parameters", "nested", "parts"],
)
def test_a_mail_that_would_take_minutes_is_shown_by_its_source(raw: bytes) -> None:
    """By how much work the parser is given, which is none: its time depends on the machine."""
    message = received("1", NOON, "a@b.c", ["a@b.c"], raw)
    assert (message.sender, message.subject, message.text, message.raw) == ("a@b.c", "", "", raw)
