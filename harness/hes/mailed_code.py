"""An activation code out of the mail that the server sent, by way of the mailbox's page."""

from __future__ import annotations

import re
from typing import Any

import httpx

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import ActivationCode

_CODE = re.compile(r"(?<![\w-])[0-9]{6}(?![\w-])")


async def mailed_code(http: httpx.AsyncClient, url: str, serial: str) -> ActivationCode | None:
    """The code in the latest mail about a key, None where no such mail has come.

    Raises:
        BenchError: the mailbox cannot be reached, or is none.
    """
    listing = await _get(http, f"{url.rstrip('/')}/api/messages")
    if not isinstance(listing, list):
        raise BenchError(f"There is no mailbox at {url}; start one with hideez-bench hes mailbox.")
    for summary in sorted(listing, key=lambda mail: str(mail.get("at")), reverse=True):
        mail = await _get(http, f"{url.rstrip('/')}/api/messages/{summary['id']}")
        text = str(mail.get("text") or mail.get("html"))
        codes = set(_CODE.findall(text))
        if serial in text and len(codes) == 1:
            return ActivationCode.from_text(codes.pop())
    return None


async def _get(http: httpx.AsyncClient, url: str) -> Any:
    try:
        answer = await http.get(url)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        raise BenchError(
            f"The mailbox at {url} gives no mail; start it with hideez-bench hes mailbox, or leave out --mailbox."
        ) from None
