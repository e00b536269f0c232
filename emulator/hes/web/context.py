"""What the web part of one server shares."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.server import Hes

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class WebSettings:
    """How the server is reached.

    Attributes:
        hosts: the names that it answers to, without a port; a request for another name is a stranger's.
        url: its address as people type it, without a slash at the end; mails name it.
        strict_compat: behave as the vendor where this server is better on purpose: a refusal by the rules is 500,
            and a workstation is admitted by its name alone. Never the master key in an answer (Q10).
    """

    hosts: frozenset[str] = LOOPBACK_NAMES
    url: str = "http://127.0.0.1:8470"
    strict_compat: bool = False


@dataclass(frozen=True)
class WebContext:
    """One server and how it is reached.

    Attributes:
        mail: what sends activation codes; None where there is no mail server.
        stopping: set when the server is about to end; a stream that would last for ever ends then.
    """

    hes: Hes
    settings: WebSettings = field(default_factory=WebSettings)
    mail: MailSender | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
