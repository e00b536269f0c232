"""What the mail with an activation code says: text, HTML, and the picture in it."""

from __future__ import annotations

from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from hideez_bench.protocol.secret import ActivationCode

FOLDER = Path(__file__).parent / "templates"
LOGO = FOLDER / "logo.png"
LOGO_ID = "mail_logo@hideez-bench"
"""The picture's Content-ID; the vendor calls it `mail_logo`."""
LONGEST_NAME = 100
JOINERS = "\u200c\u200d"
"""Unseen characters that some scripts need inside a word."""

_templates = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def activation_letter(
    sender: str, to_address: str, employee_name: str, vault_id: str, code: ActivationCode, server_url: str
) -> EmailMessage:
    """The mail that brings somebody the code of a key. Both addresses have been looked at."""
    name = one_line(employee_name)[:LONGEST_NAME].strip()
    url = one_line(server_url)
    facts = {
        "name": name,
        "vault_id": one_line(vault_id),
        "code": code.reveal().decode(),
        "halves": _halves(code.reveal().decode()),
        "server_url": url,
        "server_link": url if url.startswith(("http://", "https://")) else "",
        "logo": LOGO_ID,
    }
    letter = EmailMessage(policy=policy.SMTPUTF8)
    letter["From"] = _address("Hideez Enterprise Server", sender)
    letter["To"] = _address(name, to_address)
    letter["Subject"] = "Your activation code for Hideez Key"
    letter["Date"] = formatdate()
    domain = sender.rpartition("@")[2]
    letter["Message-ID"] = make_msgid(domain=domain if domain.isascii() else "localhost")
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(_templates.get_template("activation_code.txt").render(facts), cte="quoted-printable")
    html = _templates.get_template("activation_code.html").render(facts)
    letter.add_alternative(html, subtype="html", cte="quoted-printable")
    # The picture belongs to the HTML part alone, so it is put beside that and not beside both.
    part = cast(EmailMessage, letter.get_payload(1))
    logo = LOGO.read_bytes()
    part.add_related(logo, "image", "png", cid=f"<{LOGO_ID}>", disposition="inline", filename="logo.png")
    return letter


def one_line(text: str) -> str:
    """A text without line ends, control characters and unseen direction marks, on one line."""
    seen = (character if character.isprintable() or character in JOINERS else " " for character in text)
    return " ".join("".join(seen).split())


def _halves(code: str) -> tuple[str, str]:
    """For the eye; the HTML draws a gap between them and has no character there, so that the code can be copied."""
    middle = (len(code) + 1) // 2
    return code[:middle], code[middle:]


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
