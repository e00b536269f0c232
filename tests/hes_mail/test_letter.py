"""The mail itself: what is in it, how it is built, and that no name can change its shape."""

from __future__ import annotations

import re
from email import policy
from email.message import EmailMessage
from html import unescape
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.emulator.hes.mail.letter import LOGO_ID, activation_letter, one_line
from hideez_bench.protocol.secret import ActivationCode
from tests.hes_mail.servers import CODE, SENDER, body, parsed

TO = "ann@example.org"
URL = "https://hes.example.org"


def letter(name: str = "Ann Smith", url: str = URL, vault_id: str = "ST1032026000203") -> EmailMessage:
    return activation_letter(SENDER, TO, name, vault_id, CODE, url)


def over_the_wire(made: EmailMessage) -> EmailMessage:
    raw = made.as_bytes(policy=policy.SMTP)
    assert raw.isascii()
    return parsed(raw)


def shape(part: EmailMessage) -> object:
    if part.is_multipart():
        parts = cast(list[EmailMessage], part.get_payload())
        return (part.get_content_type(), [shape(below) for below in parts])
    return part.get_content_type()


def test_is_built_as_mail_programs_expect() -> None:
    mail = over_the_wire(letter())
    related = ("multipart/related", ["text/html", "image/png"])
    assert shape(mail) == ("multipart/alternative", ["text/plain", related])
    assert mail["From"] == f"Hideez Enterprise Server <{SENDER}>"
    assert mail["To"] == f"Ann Smith <{TO}>"
    assert mail["Auto-Submitted"] == "auto-generated"
    picture = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == f"<{LOGO_ID}>"
    assert f'src="cid:{LOGO_ID}"' in body(mail, "html")
    assert picture.get_payload(decode=True)[:4] == b"\x89PNG"  # type: ignore[index]


def test_says_what_the_person_needs() -> None:
    mail = over_the_wire(letter())
    text = body(mail, "plain")
    assert text.startswith("Hello Ann Smith,\n")
    assert "    Activation code: 482913\n" in text
    assert "Key: ST1032026000203\n" in text
    assert "three wrong codes lock the key" in text
    assert URL in text
    html = body(mail, "html")
    assert "Hello Ann Smith," in html
    assert "Three wrong codes lock the key." in html
    assert f'<a href="{URL}"' in html


def test_code_is_copied_as_it_is_typed() -> None:
    """The gap in its middle is drawn: taking the tags away leaves the code."""
    box = re.search(r"<div[^>]*>(.*?)</div>", body(over_the_wire(letter()), "html"), re.DOTALL)
    assert box is not None
    assert re.sub(r"<[^>]*>", "", box[1]) == "482913"


def test_code_is_in_no_header() -> None:
    mail = over_the_wire(letter())
    assert not [name for name, value in mail.items() if "482913" in value]


def test_loads_nothing_from_elsewhere() -> None:
    html = body(over_the_wire(letter()), "html")
    assert not re.search(r"""(src|srcset|background|@import|url\()\s*=?\s*["']?\s*(https?:)?//""", html)
    assert "<script" not in html


def test_only_web_addresses_become_links() -> None:
    html = body(over_the_wire(letter(url="javascript:alert(1)")), "html")
    assert "<a " not in html
    assert "javascript:alert(1)" in html


@given(
    name=st.text(max_size=60)
    | st.sampled_from(
        [
            "Eve\r\nBcc: eve@example.org",
            "<script>alert(1)</script>",
            '"> <img src=x>',
            "Activation code: 111111",
        ]
    ),
    vault_id=st.text(min_size=1, max_size=20),
    url=st.text(max_size=40),
)
def test_no_name_changes_the_shape(name: str, vault_id: str, url: str) -> None:
    plain = over_the_wire(letter())
    mail = over_the_wire(letter(name, url, vault_id))
    assert sorted(mail.keys()) == sorted(plain.keys())
    assert shape(mail) == shape(plain)
    assert [address.addr_spec for address in mail["To"].addresses] == [TO]
    tags = re.findall(r"<\w+", body(mail, "html"))
    allowed = re.findall(r"<\w+", body(plain, "html"))
    assert tags in (allowed, [tag for tag in allowed if tag != "<a"])
    text = body(mail, "plain")
    assert re.findall(r"^\s*Activation code: (\S{6,8})\s*$", text, re.MULTILINE) == ["482913"]


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
    assert one_line(one_line(text)) == one_line(text)


def test_name_is_shown_in_full_in_any_script() -> None:
    for name in ("Zoë Müller", "李小龍", "علی‌رضا", "O'Brien & Söhne"):
        mail = over_the_wire(letter(name))
        assert body(mail, "plain").startswith(f"Hello {name},")
        assert f"Hello {name}," in unescape(body(mail, "html"))
        assert mail["To"].addresses[0].display_name == name


def test_longer_codes_are_as_readable() -> None:
    made = activation_letter(SENDER, TO, "Ann", "HK-1", ActivationCode.from_text("12345678"), "")
    assert "Activation code: 12345678\n" in body(over_the_wire(made), "plain")
