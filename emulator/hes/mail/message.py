"""A mail that arrived, taken apart for showing. It may come from anybody, so nothing in it is believed."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

LONGEST_HEADER = 1000
MOST_PICTURES = 20  # a small mail may not grow into a large page
# What Python's parser takes minutes for, although it is small: many mails within mails, many parts, many parameters.
MOST_NESTED = 10
MOST_PARTS = 1000
_CONTENT_TYPE = re.compile(rb"^content-type:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
"""Of these a browser makes pixels and nothing else."""
_CONTENT_ID = re.compile(r"cid:([^\s\"'<>)]{1,200})", re.IGNORECASE)


@dataclass(frozen=True)
class Received:
    """A mail that arrived. It holds what it brought, codes included, so it prints as its id alone.

    Attributes:
        recipients: whom the envelope names.
        text: its plain text, empty where it has none.
        html: its HTML with its own pictures in it as `data:` URLs, empty where it has none.
        raw: as it came.
    """

    id: str
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    raw: bytes

    def __repr__(self) -> str:
        return f"Received({self.id})"


def received(message_id: str, at: datetime, sender: str, recipients: list[str], raw: bytes) -> Received:
    """Take a mail apart. One that nobody can, or that takes too long, is shown by its source alone."""
    unread = Received(message_id, at, sender, tuple(recipients), "", "", "", raw)
    if not _is_soon_read(raw):
        return unread
    try:
        # compat32 reads any header; the newer policies raise all sorts of errors on hostile ones.
        mail = message_from_bytes(raw, policy=policy.compat32)
        parts = [part for part in mail.walk() if not part.is_multipart()]
        return Received(
            id=message_id,
            at=at,
            sender=_header(mail, "From") or sender,
            recipients=tuple(recipients),
            subject=_header(mail, "Subject"),
            text=_text(parts, "text/plain"),
            html=_with_pictures(_text(parts, "text/html"), parts),
            raw=raw,
        )
    except RecursionError:  # parts within parts, a thousand deep
        return unread


def _is_soon_read(raw: bytes) -> bool:
    return (
        raw.lower().count(b"boundary") <= MOST_NESTED
        and raw.count(b"\n--") <= MOST_PARTS
        and all(len(found[0]) <= LONGEST_HEADER for found in _CONTENT_TYPE.finditer(raw))
    )


def _header(mail: Message, name: str) -> str:
    raw = str(mail.get(name, ""))[:LONGEST_HEADER]
    try:
        value = str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        value = raw
    # A browser and JSON take no lone surrogates, which stand for bytes that are no text.
    return " ".join(value.encode("utf-8", "replace").decode().split())


def _text(parts: list[Message], kind: str) -> str:
    for part in parts:
        if part.get_content_type() == kind:
            data = _content(part)
            charset = part.get_content_charset("utf-8")
            try:
                return data.decode(charset, "replace")
            except (LookupError, ValueError):  # no such charset, or none of text
                return data.decode("utf-8", "replace")
    return ""


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _with_pictures(html: str, parts: list[Message]) -> str:
    """Put the mail's own pictures where the HTML points to them by Content-ID."""
    pictures = {
        str(part["Content-ID"]).strip(" <>"): part
        for part in parts
        if part["Content-ID"] and part.get_content_type() in PICTURES
    }
    room = [MOST_PICTURES]

    def picture(found: re.Match[str]) -> str:
        part = pictures.get(found[1])
        if part is None or not room[0]:
            return found[0]
        room[0] -= 1
        return f"data:{part.get_content_type()};base64,{base64.b64encode(_content(part)).decode()}"

    return _CONTENT_ID.sub(picture, html)
