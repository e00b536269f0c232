"""docs/wire.md says what the code does: every table of numbers, every layout, every example in bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hideez_bench.emulator.key.commands.rules import RULES, Linked
from hideez_bench.protocol import messages as m
from hideez_bench.protocol import serial_framing
from hideez_bench.protocol.layout import Layout
from hideez_bench.protocol.names import Command, ErrorName, PacketKind
from hideez_bench.protocol.packets import fragment
from hideez_bench.protocol.profile import Item, default_profile
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.services import key_services
from hideez_bench.protocol.value_layouts import LOG_CHUNK, STORAGE_CHUNK, STORAGE_RECORDS
from hideez_bench.protocol.values import InfoCharacteristic
from hideez_bench.protocol.wire import default_wire
from tests.docs.layouts import described, word
from tests.docs.page import Table, code, examples, tables
from tests.protocol.golden import load, read

WIRE = default_wire()
PROFILE = default_profile()
TABLES = tables("wire.md")
SMALL_PACKET = PROFILE.size("packet_min")

LAYOUTS: dict[str, Iterable[Any]] = {
    layout.value.__name__: layout.fields
    for layout in (
        WIRE.info, WIRE.envelope, WIRE.device_state, WIRE.device_info, WIRE.access_params,
        WIRE.license, WIRE.account, WIRE.reply, STORAGE_CHUNK, STORAGE_RECORDS, LOG_CHUNK,
    )
}  # fmt: skip
# The header's bits are a structure within the packet's first field.
LAYOUTS["Header"] = WIRE.packet.fields[0].subcon.subcon.subcon.subcons

ON_A_KEY_THAT_IS = {Linked.ANY: "any", Linked.YES: "linked", Linked.NO: "factory"}
NOT_NUMBERS = {"uuid", "size", "timing", "control", "command"}
"""Sections of the profile with tables of another shape."""


def marked(kind: str) -> list[Table]:
    return [table for table in TABLES if table.kind == kind]


def rows_of(kind: str, subject: str) -> list[dict[str, str]]:
    return [row for table in marked(kind) if table.subject == subject for row in table.rows]


def section(name: str) -> list[Item]:
    return [item for item in PROFILE.items.values() if item.section == name]


def fields(layout: Layout[Any] | None) -> str:
    """A cell of a table of messages."""
    if layout is None:
        return "—"
    return " ".join(f"`{field}`" for field in described(layout.fields)) or "empty"


# --- tables ---


@pytest.mark.parametrize("name", sorted({key[0] for key in PROFILE.items} - NOT_NUMBERS))
def test_numbers(name: str) -> None:
    said = [
        (int(row.get("number") or row["bit"], 0), *code(row["name"]), row["tag"])
        for row in rows_of("numbers", name)
    ]
    assert said == [(item.value, item.name, item.tag) for item in section(name)]


@pytest.mark.parametrize("name", ["size", "timing"])
def test_sizes_and_times(name: str) -> None:
    said = [(*code(row["name"]), int(row["value"]), row["tag"]) for row in rows_of("sizes", name)]
    assert said == [(item.name, item.value, item.tag) for item in section(name)]


def test_uuids_and_their_properties() -> None:
    properties = {
        characteristic.uuid: ", ".join(str(each.name) for each in characteristic.properties)
        for service in key_services(PROFILE)
        for characteristic in service.characteristics
    }
    said = [
        (*code(row["item"]), *code(row["UUID"]), row["properties"], row["tag"])
        for row in rows_of("uuids", "all")
    ]
    assert [(name, uuid, set(shown.split(", ")), tag) for name, uuid, shown, tag in said] == [
        (item.name, item.value, set(properties.get(str(item.value), "").split(", ")), item.tag)
        for item in section("uuid")
    ]


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str) -> None:
    said = [(*code(row["field"]), *code(row["type"])) for row in rows_of("layout", name)]
    assert [" ".join(pair) for pair in said] == described(LAYOUTS[name])


def test_control_messages() -> None:
    said = [
        (int(row["number"], 0), *code(row["command"]), row["host to key"], row["key to host"], row["tag"])
        for row in rows_of("control", "messages")
    ]
    to_key, from_key = WIRE.to_key.layouts, WIRE.from_key.layouts
    assert said == [
        (
            item.value,
            item.name,
            fields(to_key.get(int(item.value))),
            fields(from_key.get(int(item.value))),
            item.tag,
        )
        for item in section("control")
    ]


def test_requests_and_replies() -> None:
    said = [
        (int(row["number"], 0), *code(row["command"]), row["request"], row["reply"], row["tag"])
        for row in rows_of("commands", "requests")
    ]
    bodies = WIRE.reply.fields[-1].subcon.thensubcon.cases
    replies = {command: f"`{word(body)}`" for command, body in bodies.items()}
    assert said == [
        (item.value, item.name, fields(WIRE.request.layouts[int(item.value)]),
         replies.get(Command(item.name), "empty"), item.tag)
        for item in section("command")
    ]  # fmt: skip


def test_when_commands_are_taken() -> None:
    said = [
        (*code(row["command"]), row["on a key that is"], row["while locked"],
         row["proves itself by the master key"])
        for row in rows_of("rules", "commands")
    ]  # fmt: skip
    yes_or_no = {True: "yes", False: "no"}
    assert said == [
        (command, ON_A_KEY_THAT_IS[rule.linked], yes_or_no[rule.while_locked], yes_or_no[rule.proves_key])
        for command, rule in RULES.items()
    ]


def test_no_marked_table_goes_unchecked() -> None:
    assert {table.kind for table in TABLES} == {
        "numbers", "sizes", "uuids", "layout", "control", "commands", "rules",
    }  # fmt: skip
    assert {table.subject for table in marked("numbers")} == {key[0] for key in PROFILE.items} - NOT_NUMBERS
    assert {table.subject for table in marked("layout")} == set(LAYOUTS)


# --- examples ---


def expected() -> dict[str, bytes]:
    """What the code makes of each example."""
    raw = read("golden_handshake.toml")
    shake = {name: bytes.fromhex(value) for name, value in raw.items() if isinstance(value, str)}
    first_request, first_reply = (bytes.fromhex(raw["envelope"][place]["sealed"]) for place in (0, 2))
    channel = raw["channel"]
    verify = WIRE.to_key.build(m.VerifyEncryption(channel, shake["host_public"], shake["host_nonce"]))
    verified = m.EncryptionVerified(
        ErrorName.Ok, channel, shake["key_public"], shake["key_nonce"], shake["proof"]
    )
    status = next(golden for golden in load() if isinstance(golden.value, m.Status))
    level = PROFILE.uuid("battery_level")
    battery = int(level[:8], 16)
    head = bytes([channel]) + (1).to_bytes(4, "little")
    found = {
        "info of a key in application mode": WIRE.info.build(
            InfoCharacteristic(
                PROFILE.number("mode", "APPLICATION"),
                PROFILE.size("wire_major"),
                PROFILE.size("max_message"),
                PROFILE.size("channels"),
            )
        ),
        "the first write": packets(PacketKind.CONTROL, WIRE.to_key.build(m.Cancel()))[0],
        "STATUS in its packet": packets(PacketKind.CONTROL, status.data)[0],
        **{name: shake[name] for name in ("host_private", "key_private", "root_private", "signed")},
        "GET_ROOT_KEY in its packet": packets(PacketKind.CONTROL, WIRE.to_key.build(m.GetRootKey()))[0],
        "GET_ROOT_KEY answered": WIRE.from_key.build(m.RootKey(ErrorName.Ok, shake["root_public"])),
        "VERIFY_ENCRYPTION": verify,
        "VERIFY_ENCRYPTION answered": WIRE.from_key.build(verified),
        "shared secret": shake["shared"],
        "HKDF salt": shake["host_nonce"] + shake["key_nonce"],
        "HKDF info": b"hideez channel" + bytes([channel]),
        "key from host to key": shake["host_to_key"],
        "key from key to host": shake["key_to_host"],
        "UNLOCK_DEVICE_CODE": WIRE.request.build(m.UnlockDeviceCode(ActivationCode.from_text("123456"))),
        "nonce of the first request": bytes([0]) + head + bytes(7),
        "associated data of the first request": head,
        "envelope of the first request": first_request,
        "UNLOCK_DEVICE_CODE refused": WIRE.reply.build(
            m.Reply(Command.UNLOCK_DEVICE_CODE, ErrorName.ERR_PIN_WRONG)
        ),
        "envelope of the first reply": first_reply,
        "BOOT_WRITE": WIRE.to_key.build(m.BootWrite(384, bytes.fromhex("deadbeef"))),
        "serial frame of the first write": serial_framing.encode(b"\x02\x01"),
        "serial frame with an escape": serial_framing.encode(b"\x02\xc0"),
        "READ of the battery level": WIRE.to_key.build(m.ReadValue(battery)),
        "READ of the battery level, answered": WIRE.from_key.build(m.Value(battery, bytes([100]))),
    }
    for name, kind, message in (
        ("long message", PacketKind.CONTROL, verify),
        ("first request", PacketKind.ENCRYPTED, first_request),
    ):
        for number, packet in enumerate(packets(kind, message), start=1):
            found[f"{name}, packet {number}"] = packet
    return found


def packets(kind: PacketKind, message: bytes) -> list[bytes]:
    return list(fragment(WIRE, kind, message, SMALL_PACKET))


def test_examples() -> None:
    said = examples("wire.md")
    made = expected()
    assert set(said) == set(made)
    for name, data in made.items():
        assert said[name].hex(" ") == data.hex(" "), name


def test_the_steps_of_the_page_lead_from_its_private_keys_to_its_request() -> None:
    """With nothing but the page and a library of cryptography."""
    said = examples("wire.md")
    host, key, root = (
        ec.derive_private_key(int.from_bytes(said[name], "big"), ec.SECP256R1())
        for name in ("host_private", "key_private", "root_private")
    )
    assert compressed(host) in said["VERIFY_ENCRYPTION"]
    assert compressed(key) in said["VERIFY_ENCRYPTION answered"]
    assert said["GET_ROOT_KEY answered"].endswith(compressed(root))
    r, s = (int.from_bytes(said["VERIFY_ENCRYPTION answered"][place:][:32], "big") for place in (-64, -32))
    root.public_key().verify(encode_dss_signature(r, s), said["signed"], ec.ECDSA(hashes.SHA256()))
    assert host.exchange(ec.ECDH(), key.public_key()) == said["shared secret"]
    derived = HKDF(hashes.SHA256(), 32, said["HKDF salt"], said["HKDF info"]).derive(said["shared secret"])
    assert derived == said["key from host to key"] + said["key from key to host"]
    associated = said["associated data of the first request"]
    request = AESCCM(derived[:16], 8).encrypt(
        said["nonce of the first request"], said["UNLOCK_DEVICE_CODE"], associated
    )
    assert associated + request == said["envelope of the first request"]


def compressed(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def test_rssi_is_byte_3_of_the_packet() -> None:
    packet = examples("wire.md")["STATUS in its packet"]
    status = WIRE.from_key.parse(packet[1:])
    assert isinstance(status, m.Status)
    assert packet[3] == status.state.rssi % 256
