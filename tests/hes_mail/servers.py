"""Mail servers that the sender meets: well-behaved, refusing, silent, breaking off; with and without TLS."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hideez_bench.emulator.hes.mail.settings import MailSettings, Tls
from hideez_bench.protocol.secret import ActivationCode, Password
from tests.clocks import an_hour_passes

SENDER = "hes@example.org"
USER = "mailer"
PASSWORD = "correct hörse"  # noqa: S105
CODE = ActivationCode.from_text("482913")
LETTERS = ActivationCode.from_text("gkmpqtwx")
"""A code that is in no hex, port or time by chance, for tests that look for it."""
LINES: dict[str, bytes] = {
    "greeting": b"220 odd.example ready\r\n",
    "EHLO": b"250-odd.example\r\n250 SIZE 100000\r\n",
    "MAIL": b"250 OK\r\n",
    "RCPT": b"250 OK\r\n",
    "DATA": b"354 go on\r\n",
    ".": b"250 taken\r\n",
    "QUIT": b"221 bye\r\n",
}


def settings(port: int, tls: Tls = Tls.NONE, *, login: bool = False, timeout: float = 10) -> MailSettings:
    password = Password.from_text(PASSWORD) if login else None
    return MailSettings(
        host="127.0.0.1",
        port=port,
        tls=tls,
        sender=SENDER,
        user=USER if login else "",
        password=password,
        server_url="http://127.0.0.1:8470",
        timeout=timeout,
    )


def parsed(raw: bytes) -> EmailMessage:
    return message_from_string(raw.decode(), policy=policy.default)


def body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    text: str = cast(EmailMessage, part).get_content()
    return text.replace("\r\n", "\n")


@dataclass
class Kept:
    """A handler that keeps what it is sent, and answers to a command as a test wants."""

    answers: dict[str, str] = field(default_factory=dict)
    envelopes: list[Envelope] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        self.was_encrypted.append(session.ssl is not None)
        return self.answers.get("DATA", "250 taken")

    def letter(self) -> EmailMessage:
        (envelope,) = self.envelopes
        return parsed(envelope.original_content or b"")


def knows_password(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth: Any
) -> AuthResult:
    good = isinstance(auth, LoginPassword) and auth == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@asynccontextmanager
async def mail_server(
    handler: Kept, *, implicit_tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """A mail server of aiosmtpd's; gives its port."""
    # aiosmtpd logs each line of a mail; what is tested is that we do not.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    loop = asyncio.get_running_loop()
    made: list[SMTP] = []

    def session() -> SMTP:
        made.append(SMTP(handler, loop=loop, hostname="mail.example", **options))
        return made[-1]

    server = await loop.create_server(session, "127.0.0.1", 0, ssl=implicit_tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        for one in made:
            if one.transport is not None:
                one.transport.close()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def odd_server(talk: Talk) -> AsyncIterator[int]:
    """A server that does whatever the test says; gives its port."""
    at_work: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work)
        await server.wait_closed()


def talk(until: str, last: bytes | None, **other: bytes) -> Talk:
    """Speak SMTP until this command, then say something and hang up; None says nothing, and hours go by."""
    lines = LINES | other

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = "greeting"
        in_mail = False
        while True:
            if command == until:
                if last is None:
                    while True:
                        an_hour_passes()
                        await asyncio.sleep(0.1)  # who was just connected may begin to wait only now
                writer.write(last)
                await writer.drain()
                return
            if command:
                writer.write(lines[command])
                await writer.drain()
            in_mail = command == "DATA" or (in_mail and command == "")
            line = (await reader.readline()).decode(errors="replace").strip()
            if in_mail:
                command = "." if line == "." else ""
            else:
                command = line.split(" ")[0].upper()
                if not command:
                    return

    return speak


@dataclass(frozen=True)
class Tlss:
    """A certificate of our own: what the server shows, and what believes it."""

    server: ssl.SSLContext
    believer: ssl.SSLContext


def own_certificate(folder: Path, name: str = "127.0.0.1") -> Tlss:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "own")])
    alternative: x509.GeneralName = (
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    both = folder / "both.pem"
    both.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(both)
    return Tlss(server, ssl.create_default_context(cafile=str(both)))
