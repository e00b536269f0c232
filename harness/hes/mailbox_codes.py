"""Reads activation codes out of the mailbox (`hideez-bench hes mailbox`), as the person reads their mail."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime

import httpx

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import ActivationCode

EVERY = 0.25
"""Seconds between two looks."""
PATIENCE = 15.0
"""Seconds that one answer of the mailbox may take."""
_KEY = re.compile(r"^\s*Key: (\S+)\s*$", re.MULTILINE)
_CODE = re.compile(r"^\s*Activation code: (\S{6,8})\s*$", re.MULTILINE)


class MailboxError(BenchError):
    """The mailbox cannot be read, or the mail did not come."""


async def code_from_mailbox(
    url: str,
    vault_id: str,
    after: datetime,
    timeout: float,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> ActivationCode:
    """The code in the newest mail about this key, waited for.

    Args:
        url: of the mailbox's page.
        vault_id: the key's serial number.
        after: mails that arrived before this moment do not count; timezone-aware.
        timeout: how long to wait for the mail, in seconds.
        transport: what carries the requests, where that is not the network.

    Raises:
        MailboxError: the mailbox does not answer as one, or no such mail came in time.
    """
    # No proxy of the environment: the mailbox is on this machine.
    async with httpx.AsyncClient(
        base_url=url, timeout=PATIENCE, trust_env=False, transport=transport
    ) as client:
        try:
            async with asyncio.timeout(timeout):
                reader = _Reader(client, vault_id, after)
                while (code := await reader.look()) is None:  # noqa: ASYNC110  # what is awaited is elsewhere
                    await asyncio.sleep(EVERY)
                return code
        except TimeoutError:
            raise MailboxError(
                f"No mail with a code for key {vault_id} came to {url} within {timeout:g} s; "
                "see whether the server sends its mail there."
            ) from None
        except httpx.HTTPError as error:
            raise MailboxError(
                f"The mailbox at {url} cannot be read ({type(error).__name__}); see whether it is running."
            ) from None
        except (httpx.InvalidURL, ValueError, KeyError, TypeError):
            raise MailboxError(f"What answers at {url} is no mailbox of hideez-bench.") from None


class _Reader:
    """Looks through the mailbox, at each mail once."""

    def __init__(self, client: httpx.AsyncClient, vault_id: str, after: datetime) -> None:
        self._client = client
        self._vault_id = vault_id
        self._after = after
        self._others: set[str] = set()

    async def look(self) -> ActivationCode | None:
        """The code of the newest mail about the key, None where there is none yet."""
        answer = await self._client.get("/api/messages")
        messages = answer.raise_for_status().json()
        if not isinstance(messages, list):
            raise TypeError
        for message in messages:  # newest first
            if datetime.fromisoformat(message["at"]) < self._after:
                return None
            if message["id"] in self._others:
                continue
            code = await self._code(message["id"])
            if code is not None:
                return code
            self._others.add(message["id"])
        return None

    async def _code(self, message_id: str) -> ActivationCode | None:
        answer = await self._client.get(f"/api/messages/{message_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:  # thrown away meanwhile
            return None
        return _code(answer.raise_for_status().json()["text"], self._vault_id)


def _code(text: str, vault_id: str) -> ActivationCode | None:
    """The code in a mail about this key. Both stand on lines of their own, which no name in the mail can imitate."""
    key, code = _KEY.search(text), _CODE.search(text)
    if key is None or code is None or key[1] != vault_id:
        return None
    return ActivationCode.from_text(code[1])
