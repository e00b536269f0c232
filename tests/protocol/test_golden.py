"""The layouts agree, both ways, with bytes that were written by hand and by another implementation."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hideez_bench.protocol import channel as ch
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import Command, ErrorName
from hideez_bench.protocol.secret import ChannelKey
from hideez_bench.protocol.wire import Packet, default_wire
from tests.protocol.golden import Golden, load, read

GOLDEN = load()
WIRE = default_wire()


def layout(golden: Golden) -> Any:
    return getattr(WIRE, golden.layer)


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_bytes_mean_the_value(golden: Golden) -> None:
    assert layout(golden).parse(golden.data) == golden.value


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_the_value_has_the_bytes(golden: Golden) -> None:
    assert layout(golden).build(golden.value).hex() == golden.data.hex()


def is_open_ended(golden: Golden) -> bool:
    """Whether the last field goes on to the end of the message, whatever is there."""
    if golden.layer == "reply":
        open_ended = {Command.PING, Command.READ_STORAGE, Command.FETCH_LOG}
        return golden.value.command in open_ended and golden.value.error is ErrorName.Ok
    return isinstance(golden.value, Packet | m.Envelope | m.Ping | m.WriteStorage | m.BootWrite | m.Value)


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_a_byte_more_is_refused_where_the_message_has_an_end(golden: Golden) -> None:
    if is_open_ended(golden):
        assert layout(golden).parse(golden.data + b"x") != golden.value
    else:
        with pytest.raises(WireError):
            layout(golden).parse(golden.data + b"x")


def test_every_message_type_has_golden_bytes() -> None:
    covered = {type(golden.value) for golden in GOLDEN}
    wanted = {*m.ToKey.__args__, *m.FromKey.__args__, *m.Request.__args__, m.Reply, m.Envelope}
    assert wanted <= covered
    bodies = {golden.value.command for golden in GOLDEN if golden.layer == "reply" and golden.value.body}
    assert bodies == {
        Command.PING,
        Command.GET_INFO,
        Command.GET_ACCESS_PROFILE,
        Command.READ_STORAGE,
        Command.ENUM_STORAGE,
        Command.GET_OTP,
        Command.QUERY_LICENSE,
        Command.QUERY_ACTIVE_LICENSE,
        Command.FETCH_LOG,
    }


def handshake() -> dict[str, Any]:
    raw = read("golden_handshake.toml")
    return {k: bytes.fromhex(v) if isinstance(v, str) else v for k, v in raw.items()}


def private(raw: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(raw, "big"), ch.CURVE)


def fixed_random(private_raw: bytes, nonce: bytes) -> ch.Random:
    """Randomness that leads to a wanted private key and nonce."""
    given = {40: (int.from_bytes(private_raw, "big") - 1).to_bytes(40, "big"), 16: nonce}
    return lambda count: given[count]


def test_the_host_agrees_with_the_other_implementation() -> None:
    g = handshake()
    host = ch.HostHandshake(g["channel"], fixed_random(g["host_private"], g["host_nonce"]))
    assert host.request == m.VerifyEncryption(g["channel"], g["host_public"], g["host_nonce"])
    answer = m.EncryptionVerified(ErrorName.Ok, g["channel"], g["key_public"], g["key_nonce"], g["proof"])
    keys = host.finish(answer, g["root_public"])
    assert keys.host_to_key.reveal() == g["host_to_key"]
    assert keys.key_to_host.reveal() == g["key_to_host"]


def test_the_key_agrees_with_the_other_implementation() -> None:
    g = handshake()
    request = m.VerifyEncryption(g["channel"], g["host_public"], g["host_nonce"])
    answer, keys = ch.answer_handshake(
        request, private(g["root_private"]), fixed_random(g["key_private"], g["key_nonce"])
    )
    assert (answer.key_public, answer.key_nonce) == (g["key_public"], g["key_nonce"])
    assert answer.proof is not None
    assert ch.is_signed(g["root_public"], answer.proof, g["signed"])
    assert keys.host_to_key.reveal() == g["host_to_key"]
    assert keys.key_to_host.reveal() == g["key_to_host"]


def test_envelopes_agree_with_the_other_implementation() -> None:
    g = handshake()
    for direction, name in ((ch.HOST_TO_KEY, "host to key"), (ch.KEY_TO_HOST, "key to host")):
        key = ChannelKey(g["host_to_key" if direction == ch.HOST_TO_KEY else "key_to_host"])
        sealer, opener = ch.Sealer(1, direction, key), ch.Opener(1, direction, key)
        for envelope in (e for e in g["envelope"] if e["direction"] == name):
            assert (
                WIRE.envelope.build(sealer.seal(bytes.fromhex(envelope["plain"]))).hex() == envelope["sealed"]
            )
            opened = opener.open(WIRE.envelope.parse(bytes.fromhex(envelope["sealed"])))
            assert opened.hex() == envelope["plain"]
