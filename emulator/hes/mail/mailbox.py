"""A mailbox for those who have no mail server: takes all mail on loopback, keeps the last of it, delivers none."""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from hideez_bench.emulator.hes.mail.mailbox_page import mailbox_app
from hideez_bench.emulator.hes.mail.message import Received, received
from hideez_bench.emulator.hes.web.connections import BoundedServer, ConnectionLimits
from hideez_bench.protocol.errors import BenchError

HOST = "127.0.0.1"
KEPT = 200
LARGEST = 2 * 1024 * 1024
MOST_BYTES = 32 * 1024 * 1024
"""Of all that are kept, as they came."""
MOST_RECIPIENTS = 100
MOST_CONNECTIONS = 50
SLOWEST = 60.0
"""Seconds that a sender may be silent; a mail itself must come in that time."""


@dataclass(frozen=True)
class SenderLimits:
    """What one connection may bring, whatever it says.

    Attributes:
        seconds: from its beginning to its end.
        most_bytes: commands and mails together. Of a line without an end aiosmtpd would keep all.
    """

    seconds: float = 600.0
    most_bytes: int = 10 * LARGEST


class Mailbox:
    """The mail that arrived, newest first; the oldest goes when there is too much.

    Args:
        utc: the clock, timezone-aware.
        on_arrival: is told each mail, called from the event loop.

    Attributes:
        dropped: how many have gone because there was too much, since all were thrown away.
    """

    def __init__(
        self,
        utc: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_arrival: Callable[[Received], None] = lambda message: None,
    ) -> None:
        self._utc = utc
        self._on_arrival = on_arrival
        self._messages: deque[Received] = deque()
        self._bytes = 0
        self.dropped = 0

    def messages(self) -> list[Received]:
        """All that are kept, newest first."""
        return list(self._messages)

    def message(self, message_id: str) -> Received | None:
        """One of them."""
        return next((message for message in self._messages if message.id == message_id), None)

    def clear(self) -> None:
        """Throw all of them away."""
        self._messages.clear()
        self._bytes = self.dropped = 0

    def take(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """A mail arrives."""
        message = received(secrets.token_hex(8), self._utc(), sender, recipients, raw)
        self._messages.appendleft(message)
        self._bytes += len(raw)
        while len(self._messages) > KEPT or self._bytes > MOST_BYTES:
            self._bytes -= len(self._messages.pop().raw)
            self.dropped += 1
        self._on_arrival(message)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """What aiosmtpd calls for each recipient."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return f"452 4.5.3 A mail may have {MOST_RECIPIENTS} recipients at the most"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """What aiosmtpd calls when a mail is complete."""
        raw = envelope.original_content or b""
        self.take(envelope.mail_from or "", list(envelope.rcpt_tos), raw)
        return "250 kept in the mailbox, and delivered to nobody"


class MailboxServer:
    """The mailbox on the air: SMTP and a page, both on loopback. Use as `async with MailboxServer(...) as server`.

    Args:
        smtp_port: 0 takes a free one.
        port: the page's; 0 takes a free one.
        limits: what one sender may bring.

    Attributes:
        smtp_port: where mail is taken.
        port: where the page is.

    Raises:
        BenchError: a port is taken.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        smtp_port: int = 8025,
        port: int = 8026,
        limits: SenderLimits | None = None,
    ) -> None:
        # At the level DEBUG aiosmtpd logs every line of a mail, and with it the code.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._mailbox = mailbox
        self._limits = limits or SenderLimits()
        self._sessions: set[_Session] = set()
        self._smtp_socket = _listen(smtp_port, "SMTP", "--smtp-port")
        try:
            self._page_socket = _listen(port, "page", "--port")
        except BenchError:
            self._smtp_socket.close()
            raise
        self.smtp_port: int = self._smtp_socket.getsockname()[1]
        self.port: int = self._page_socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._smtp = await loop.create_server(self._session, sock=self._smtp_socket)
        config = uvicorn.Config(
            mailbox_app(self._mailbox, self.port),
            access_log=False,
            lifespan="off",
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=1,
            ws="none",
        )
        self._web = _WebServer(config, ConnectionLimits(most=MOST_CONNECTIONS))
        self._web_runs = loop.create_task(self._web.serve([self._page_socket]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._smtp.close()
        for session in list(self._sessions):
            session.hang_up()
        await self._smtp.wait_closed()
        self._web.should_exit = True
        await self._web_runs

    def _session(self) -> asyncio.BaseProtocol:
        return _Session(self._mailbox, self._sessions, self._limits)


class _WebServer(BoundedServer):
    """Leaves the signals of the process to whoever owns that."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None of them."""
        yield


class _Session(SMTP):
    """One conversation of a sender; known to the server, so that it can be ended with it."""

    def __init__(self, mailbox: Mailbox, sessions: set[_Session], limits: SenderLimits) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            mailbox,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname="mailbox.invalid",
            ident="hideez-bench mailbox",
            timeout=SLOWEST,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=loop,
        )
        self._sessions = sessions
        self._limits = limits
        self._bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A sender connects."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP has no other
        if len(self._sessions) >= MOST_CONNECTIONS:
            transport.write(b"421 4.7.0 mailbox.invalid has too many connections\r\n")
            transport.close()
            return
        self._sessions.add(self)
        super().connection_made(transport)
        self._end = asyncio.get_running_loop().call_later(self._limits.seconds, transport.abort)

    def data_received(self, data: bytes) -> None:
        """It says something."""
        if self not in self._sessions:
            return
        self._bytes += len(data)
        if self._bytes > self._limits.most_bytes:
            if self.transport is not None and not self.transport.is_closing():
                self._writer.write(b"421 4.7.0 Too much came over one connection\r\n")
                self.hang_up()
            return
        super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        """It went, or was sent away."""
        if self in self._sessions:
            self._sessions.discard(self)
            self._end.cancel()
            super().connection_lost(error)

    def hang_up(self) -> None:
        """End the conversation now."""
        if self.transport is not None:
            self.transport.close()


def _listen(port: int, what: str, option: str) -> socket.socket:
    """Take a port of loopback; senders queue up from now on."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise BenchError(
            f"Port {port} for the mailbox's {what} {why}; choose another with {option}, 0 for any."
        ) from error
    listening.setblocking(False)
    return listening
