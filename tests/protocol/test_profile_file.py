"""A profile file replaces what it gives and nothing else; one that cannot be is refused with file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.profile import Tag, default_profile
from hideez_bench.protocol.profile_file import ProfileError, load_profile
from hideez_bench.protocol.profile_rules import item_fault, longest_needed
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.wire import Wire
from tests.protocol.golden import load

SHIPPED = default_profile()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def refusal(file: Path, text: str | bytes) -> ProfileError:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ProfileError) as caught:
        load_profile(file)
    assert str(file) in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    return caught.value


def test_an_empty_file_replaces_nothing(file: Path) -> None:
    file.write_text("")
    profile = load_profile(file)
    assert profile == SHIPPED
    assert not profile.replaced


def test_what_is_given_is_replaced_and_the_rest_stays(file: Path) -> None:
    file.write_text(
        """
        [command]
        LINK = 0x33
        WIPE = { value = 0x44, tag = "P", source = "seen on the air" }
        [uuid]
        tag = "I"
        source = "a guess"
        main = "59AC0002-0F4A-CA95-0849-A66708295580"
        """
    )
    profile = load_profile(file)
    assert profile.replaced == {("command", "LINK"), ("command", "WIPE"), ("uuid", "main")}
    link, wipe, main = (
        profile.items[key] for key in (("command", "LINK"), ("command", "WIPE"), ("uuid", "main"))
    )
    assert (link.value, link.tag, link.source) == (0x33, Tag.MODELLED, "the profile mine.toml")
    assert (wipe.value, wipe.tag, wipe.source) == (0x44, Tag.PUBLISHED, "seen on the air")
    assert (main.value, main.tag, main.source) == (
        "59ac0002-0f4a-ca95-0849-a66708295580", Tag.INFERRED, "a guess",
    )  # fmt: skip
    kept = {key: item for key, item in profile.items.items() if key not in profile.replaced}
    assert kept == {key: item for key, item in SHIPPED.items.items() if key not in profile.replaced}
    assert list(profile.items) == list(SHIPPED.items)


def test_two_items_can_change_places(file: Path) -> None:
    file.write_text("[command]\nLINK = 0x04\nACCESS = 0x03\n")
    numbers = load_profile(file).numbers("command")
    assert (numbers["LINK"], numbers["ACCESS"]) == (4, 3)


WRONG = {
    "unknown section": ("# mine\n[commands]\nLINK = 3\n", 2, "perhaps command is meant"),
    "outside of any section": ("LINK = 3\n", 1, "LINK is no section"),
    "a section that is a value": ("command = 3\n", 1, "no section"),
    "unknown item": ("[command]\nPING = 1\nLINQ = 3\n", 3, "perhaps LINK is meant"),
    "unknown part": ("[command]\nLINK = { value = 3, tagg = 'P' }\n", 2, "perhaps tag is meant"),
    "no value": ("[command]\nLINK = { tag = 'P' }\n", 2, "has no value"),
    "wrong tag": ("[command]\nLINK = { value = 3, tag = 'X' }\n", 2, "tag of [command] LINK"),
    "wrong tag of a section": ("[command]\ntag = ['P']\nLINK = 3\n", 3, "tag of [command] LINK"),
    "wrong source": ("[command]\nLINK = { value = 3, source = 7 }\n", 2, "source of [command] LINK"),
    "text for a number": ("[command]\nLINK = '3'\n", 2, "not a whole number"),
    "boolean for a number": ("[command]\nLINK = true\n", 2, "not a whole number"),
    "fraction for a number": ("[timing]\nstatus_interval = 0.5\n", 2, "not a whole number"),
    "opcode of two bytes": ("[command]\nLINK = 0x100\n", 2, "from 0 to 255"),
    "negative": ("[error]\nERR_KEY_WRONG = -1\n", 2, "from 0 to 65535"),
    "kind of three bits": ("[packet_kind]\nCONTROL = 4\n", 2, "from 0 to 3"),
    "no time at all": ("[timing]\nstatus_interval = 0\n", 2, "from 1 to"),
    "bit out of its field": ("[access_level]\n\nLOCKED = 8\n", 3, "bits 0 to 7"),
    "bit out of the wider field": ("[condition]\nPIN_BOND = 16\n", 2, "bits 0 to 15"),
    "no UUID": ("[uuid]\nmain = '59ac0002'\n", 2, "no UUID"),
    "a number for a UUID": ("[uuid]\nmain = 2\n", 2, "no UUID"),
    "same UUID as another given": (
        "[uuid]\nmain = '59ac0009-0f4a-ca95-0849-a6670829557f'\ninfo = '59AC0009-0f4a-ca95-0849-a6670829557f'\n", 3,
        "info and main are both",
    ),
    "same UUID as one that stays": (
        "[uuid]\nmain = '59ac0003-0f4a-ca95-0849-a6670829557f'\n", 2, "info and main are both",
    ),
    "same opcode as another given": ("[command]\nLINK = 0x77\nWIPE = 0x77\n", 3, "WIPE and LINK are both"),
    "same opcode as one that stays": ("[command]\nLINK = 0x01\n", 2, "LINK and PING are both 1 (0x01)"),
    "same error number": ("[error]\nERR_KEY_WRONG = 0\n", 2, "ERR_KEY_WRONG and Ok are both"),
    "same bit": ("[lock]\nBY_PIN = 0\n", 2, "BY_PIN and BY_CODE are both"),
    "same control number": ("[control]\nERROR = 1\n", 2, "ERROR and CANCEL are both"),
    "code lengths": ("[size]\ncode_min = 9\n", 2, "more than code_max, 8"),
    "attempts": ("[size]\nattempts_max = 2\n", 2, "attempts_min is 3, which is more than attempts_max, 2"),
    "packets too short": ("[size]\npacket_min = 19\n", 2, "from 20 to 244"),
    "messages too short": ("[size]\nmax_message = 100\n", 2, "needs messages of 144 bytes"),
    "licence too long": ("[size]\nlicense = 497\n", 2, "needs messages of 513 bytes"),
    "no such channel": ("[channel]\nHES = 8\n", 2, "channels 0 to 7"),
    "too few channels": ("[size]\nchannels = 4\n", 2, "HES is 4"),
    "any slot is a slot": ("[size]\nlicense_any_slot = 7\n", 2, "one of the 8 slots"),
    "busy beyond its limit": ("[timing]\nbusy_limit = 4000\n", 2, "busy_interval is 5000"),
    "an item as a table of its own": ("[command]\n[command.LINK]\nvalue = 1\n", 2, "LINK and PING are both"),
    "a quoted item": ("['command']\n\"LINK\" = 1\n", 2, "LINK and PING are both"),
    "a dotted item": ("\ncommand.LINK = 1\n", 2, "LINK and PING are both"),
    "malformed": ("[command]\nLINK 3\n", 2, "not TOML"),
    "malformed at the end": ("[command]\nLINK = ", 2, "not TOML"),
    "given twice": ("[command]\nLINK = 0x30\nLINK = 0x31\n", 3, "not TOML"),
    "a number without end": ("[command]\nLINK = " + "1" * 5000, 2, "not TOML"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_with_line_and_reason(file: Path, text: str, line: int, reason: str) -> None:
    error = refusal(file, text)
    assert reason in str(error)
    assert error.line == line
    assert f"line {line}: " in str(error)


def test_a_file_that_is_no_text_or_not_there_is_refused(file: Path) -> None:
    assert refusal(file, b"[command]\n# \xff\n").line == 2
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(file.parent / "missing.toml")
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(file.parent)


def test_the_shipped_profile_is_a_profile_by_its_own_rules(file: Path) -> None:
    assert not [item for item in SHIPPED.items.values() if item_fault(item)]
    # Given as a whole, it is checked as a whole.
    sections: dict[str, list[str]] = {}
    for item in SHIPPED.items.values():
        sections.setdefault(item.section, []).append(f"{item.name} = {item.value!r}")
    file.write_text("".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items()))
    assert {key: item.value for key, item in load_profile(file).items.items()} == {
        key: item.value for key, item in SHIPPED.items.items()
    }


def test_the_longest_needed_message_is_what_the_layouts_build() -> None:
    wire = Wire(SHIPPED)
    licence = next(golden for golden in load() if golden.name == "QUERY_LICENSE replied")
    link = m.Link(MasterKey(bytes([1]) * 32), 3, ActivationCode(b"1" * 8))
    tag = bytes(8)
    encrypted = [wire.reply.build(licence.value), wire.request.build(link)]
    messages = [wire.envelope.build(m.Envelope(1, 1, plain + tag)) for plain in encrypted]
    handshake = next(golden.data for golden in load() if golden.name == "VERIFY_ENCRYPTION answered")
    assert longest_needed(SHIPPED) == max(map(len, [*messages, handshake])) == 144


def test_replaced_sizes_are_what_the_layouts_hold_to(file: Path) -> None:
    file.write_text("[size]\ncode_max = 12\nlicense = 100\nstorage_counter = 200\n")
    wire = Wire(load_profile(file))
    request = m.UnlockDeviceCode(ActivationCode(b"1" * 12))
    assert wire.request.parse(wire.request.build(request)) == request
    assert wire.request.build(m.LoadLicense(1, bytes(100)))
