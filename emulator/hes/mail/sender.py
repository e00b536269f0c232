"""Sends mail: one conversation with a mail server, and a sentence for each way in which it fails.

A mail is sent once and its result is told; nothing is queued and nothing is tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from email import policy
from email.message import EmailMessage

import aiosmtplib

from hideez_bench.emulator.hes.mail.letter import activation_letter, one_line
from hideez_bench.emulator.hes.mail.settings import MailError, MailSettings, Tls, is_address
from hideez_bench.protocol.secret import ActivationCode, Password

LONGEST_REPLY = 200


class MailSender:
    """Sends mail by the settings, each over a connection of its own.

    Args:
        tls_context: what certificates are believed; by default those that the system believes (the variable
            SSL_CERT_FILE names others).
    """

    def __init__(self, settings: MailSettings, tls_context: ssl.SSLContext | None = None) -> None:
        self.settings = settings
        self._tls_context = tls_context

    async def send_activation_code(
        self,
        to_address: str,
        employee_name: str,
        vault_id: str,
        code: ActivationCode,
    ) -> None:
        """Send somebody the code for a key. Returns when the mail server has taken it over.

        Raises:
            MailError: it has not, or is not known to have.
        """
        if not is_address(to_address):
            raise MailError(
                f"{one_line(to_address)!r} is no e-mail address; the code of key {vault_id} was not sent."
            )
        letter = activation_letter(
            self.settings.sender, to_address, employee_name, vault_id, code, self.settings.server_url
        )
        await _Conversation(self.settings, self._tls_context, code).send(letter, to_address)


class _Conversation:
    """One conversation with the mail server, step by step, so that a failure can be told as what it was.

    What the server says is shown where it has been given nothing secret in answer to which it says it. After a login or
    a mail only its number is: an odd server may quote what it was given.
    """

    def __init__(
        self, settings: MailSettings, tls_context: ssl.SSLContext | None, code: ActivationCode
    ) -> None:
        self._settings = settings
        self._code = code
        self._server = f"The mail server {settings.host}:{settings.port}"
        self._client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeout,
            use_tls=settings.tls is Tls.TLS,
            start_tls=False,
            tls_context=tls_context,
            local_hostname=_own_name(),
        )
        self._handed_over = False

    async def send(self, letter: EmailMessage, to_address: str) -> None:
        """The whole of it; the connection is closed in any case.

        Raises:
            MailError: the mail did not go out, or is not known to have.
        """
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._converse(letter, to_address)
            # The mail is the server's now; how it says farewell changes nothing.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=1)
        except TimeoutError:
            raise self._failed(f"did not answer within {self._settings.timeout:g} s") from None
        except ssl.SSLError as error:
            raise self._failed(f"could not be spoken to over TLS ({_reason(error)})") from None
        except (OSError, aiosmtplib.SMTPException) as error:
            # aiosmtplib's own are ConnectionErrors too where the connection broke.
            if isinstance(error, aiosmtplib.SMTPResponseException):
                raise self._failed(f"refused with {error.code}") from None
            raise self._failed("broke the conversation off") from None
        finally:
            self._client.close()

    async def _converse(self, letter: EmailMessage, to_address: str) -> None:
        await self._connect()
        if self._settings.tls is Tls.STARTTLS:
            await self._encrypt()
        if self._settings.password is not None:
            await self._log_in(self._settings.password)
        utf8 = not (to_address.isascii() and self._settings.sender.isascii())
        if utf8 and not self._client.supports_extension("smtputf8"):
            raise self._failed(f"takes no international addresses such as {to_address}")
        await self._address(to_address, utf8=utf8)
        try:
            self._handed_over = True
            await self._client.data(letter.as_bytes(policy=policy.SMTPUTF8 if utf8 else policy.SMTP))
        except aiosmtplib.SMTPResponseException as error:
            if error.code < 400:  # which is no answer to that
                raise self._failed("answered what nobody understands") from None
            self._handed_over = False  # it has said that it does not take the mail
            raise self._failed(f"refused the mail with {error.code}") from None

    async def _connect(self) -> None:
        try:
            await self._client.connect()
        except TimeoutError:
            raise
        except aiosmtplib.SMTPConnectResponseError as error:
            raise self._failed(f"turned us away: {self._said(error)}") from None
        except aiosmtplib.SMTPConnectError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise error.__cause__ from None
            unknown = isinstance(error.__cause__, socket.gaierror)
            raise self._failed("is not known by that name" if unknown else "could not be reached") from None
        await self._client.ehlo()

    async def _encrypt(self) -> None:
        if not self._client.supports_extension("starttls"):
            raise self._failed("offers no STARTTLS, and the code must not travel in the clear")
        await self._client.starttls()
        await self._client.ehlo()

    async def _log_in(self, password: Password) -> None:
        try:
            await self._client.login(self._settings.user.encode(), password.reveal())
        except aiosmtplib.SMTPResponseException as error:
            raise self._failed(
                f"refused the login of {one_line(self._settings.user)} with {error.code}"
            ) from None
        except (ConnectionError, TimeoutError):
            raise
        except aiosmtplib.SMTPException:
            raise self._failed("offers no way to log in that we know") from None

    async def _address(self, to_address: str, *, utf8: bool) -> None:
        encoding = "utf-8" if utf8 else "ascii"
        options = ["SMTPUTF8"] if utf8 else []
        try:
            await self._client.mail(self._settings.sender, options=options, encoding=encoding)
        except aiosmtplib.SMTPSenderRefused as error:
            raise self._failed(f"refused the sender {self._settings.sender}: {self._said(error)}") from None
        try:
            await self._client.rcpt(to_address, encoding=encoding)
        except aiosmtplib.SMTPRecipientRefused as error:
            raise self._failed(f"refused the recipient {to_address}: {self._said(error)}") from None

    def _said(self, error: aiosmtplib.SMTPResponseException) -> str:
        """The server's number and words, on one line. A server that saw the code in an earlier mail may not show it."""
        words = one_line(error.message)[:LONGEST_REPLY].replace(self._code.reveal().decode(), "***")
        return f"{error.code} {words}".strip()

    def _failed(self, what: str) -> MailError:
        end = "it is not known whether the mail went out" if self._handed_over else "the mail was not sent"
        return MailError(f"{self._server} {what}; {end}.")


def _own_name() -> str:
    """How we introduce ourselves; looked up without asking the network."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]+", name) else "localhost"


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not believed: {error.verify_message}"
    return one_line(error.reason or "the handshake failed")
