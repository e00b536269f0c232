"""Which mail server sends, and how it is spoken to: given by options, or by the vendor's variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from hideez_bench.emulator.hes.mail.letter import one_line
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import Password

LONGEST_ADDRESS = 254
"""In bytes: what SMTP's path of 256 leaves beside its brackets."""
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# A local part that would need quotes is lawful and in no real use; every header and command is safe without.
_ADDRESS = re.compile(r"""[^\s@<>()\[\]\\,;:"]{1,64}@[^\s@<>()\[\]\\,;:"]+""")


class MailError(BenchError):
    """A mail that did not go out, or is not known to have; the sentence says which, and never holds the code."""


class Tls(StrEnum):
    """How the way to the mail server is encrypted: not, after a plain greeting, or from the first byte."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


PORTS = {Tls.NONE: 25, Tls.STARTTLS: 587, Tls.TLS: 465}


@dataclass(frozen=True)
class MailSettings:
    """Which mail server, and how it is spoken to.

    Attributes:
        sender: the address that mail comes from.
        port: 0 is the usual one of `tls`.
        password: goes with `user`; without a user there is no login.
        server_url: where people reach Hideez Enterprise Server; it stands in the mail.
        timeout: for the whole conversation, in seconds.

    Raises:
        MailError: settings that cannot work, or that would send the password in the clear over a network.
    """

    host: str
    sender: str
    port: int = 0
    tls: Tls = Tls.STARTTLS
    user: str = ""
    password: Password | None = field(default=None, repr=False)
    server_url: str = ""
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.:-]+", self.host):
            raise MailError(f"{one_line(self.host)!r} is no name of a mail server; no mail can be sent.")
        if not 0 <= self.port <= 65535:
            raise MailError(f"{self.port} is no port of a mail server; no mail can be sent.")
        if not is_address(self.sender):
            raise MailError(
                f"{one_line(self.sender)!r} is no address that mail could come from; "
                "name one with --mail-from or EMAIL_FROM."
            )
        if bool(self.user) != bool(self.password):
            raise MailError("A user at the mail server and its password come together; give both or neither.")
        if self.user and self.tls is Tls.NONE and self.host not in LOOPBACK:
            raise MailError(
                f"The password for {self.host} would travel in the clear; use STARTTLS or TLS, or no login."
            )
        if self.port == 0:
            object.__setattr__(self, "port", PORTS[self.tls])

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self | None:
        """The settings under the vendor's names, None where no `EMAIL_HOST` is named.

        `EMAIL_HOST`, `EMAIL_PORT`, `EMAIL_ENABLE_SSL` (true or false), `EMAIL_USERNAME` (also the sender, as with the
        vendor), `EMAIL_PASSWORD`; beside them our `EMAIL_FROM` and `EMAIL_TLS` (none, starttls, tls), which go first.

        Raises:
            MailError: as the class, and for values that are none.
        """
        host = environment.get("EMAIL_HOST", "")
        if not host:
            return None
        user = environment.get("EMAIL_USERNAME", "")
        password = environment.get("EMAIL_PASSWORD", "")
        port = _port(environment.get("EMAIL_PORT", ""))
        return cls(
            host=host,
            sender=environment.get("EMAIL_FROM", "") or user,
            port=port,
            tls=_tls(environment, port),
            user=user if password else "",
            password=Password.from_text(password) if password else None,
        )


def is_address(text: str) -> bool:
    """Whether mail can go there: one @ with something on both sides, and nothing that could end a header or command."""
    return (
        _ADDRESS.fullmatch(text) is not None
        and text.isprintable()
        and len(text.encode()) <= LONGEST_ADDRESS
        and ".." not in text
        and not any(part.startswith(".") or part.endswith(".") for part in text.split("@"))
    )


def _port(text: str) -> int:
    if text and not re.fullmatch(r"[0-9]{1,5}", text):
        raise MailError(f"EMAIL_PORT is {one_line(text)!r}, which is no port; no mail can be sent.")
    return int(text or 0)


def _tls(environment: Mapping[str, str], port: int) -> Tls:
    """What encryption the variables ask for; the vendor's switch says only whether."""
    named = environment.get("EMAIL_TLS", "").lower()
    switch = environment.get("EMAIL_ENABLE_SSL", "true").lower()
    if named:
        if named not in set(Tls):
            raise MailError(f"EMAIL_TLS is {one_line(named)!r}; it can be none, starttls or tls.")
        return Tls(named)
    if switch not in {"true", "false"}:
        raise MailError(f"EMAIL_ENABLE_SSL is {one_line(switch)!r}; it can be true or false.")
    if switch == "false":
        return Tls.NONE
    return Tls.TLS if port == PORTS[Tls.TLS] else Tls.STARTTLS
