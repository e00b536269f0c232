"""A channel opens between the two who spoke, and to nobody else; nothing is taken altered, twice or out of turn."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.protocol import channel as ch
from hideez_bench.protocol.messages import EncryptionVerified
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import ChannelKey

ROOT = ch.private_key(secrets.token_bytes)


def shake(channel: int = 1) -> tuple[ch.ChannelKeys, ch.ChannelKeys]:
    host = ch.HostHandshake(channel, secrets.token_bytes)
    answer, key_side = ch.answer_handshake(host.request, ROOT, secrets.token_bytes)
    return host.finish(answer, ch.public_bytes(ROOT)), key_side


def pair() -> tuple[ch.Sealer, ch.Opener]:
    key = ChannelKey(secrets.token_bytes(16))
    return ch.Sealer(1, ch.HOST_TO_KEY, key), ch.Opener(1, ch.HOST_TO_KEY, key)


def test_both_sides_hold_the_same_keys_and_the_directions_differ() -> None:
    host, key = shake()
    assert host == key
    assert host.host_to_key != host.key_to_host


def test_two_handshakes_share_nothing() -> None:
    assert shake()[0].host_to_key != shake()[0].host_to_key


@pytest.mark.parametrize("field", ["channel", "key_public", "key_nonce", "proof"])
def test_an_answer_altered_in_any_field_is_refused(field: str) -> None:
    host = ch.HostHandshake(1, secrets.token_bytes)
    answer, _ = ch.answer_handshake(host.request, ROOT, secrets.token_bytes)
    other, _ = ch.answer_handshake(
        ch.HostHandshake(2, secrets.token_bytes).request, ROOT, secrets.token_bytes
    )
    with pytest.raises(ch.ChannelError):
        host.finish(replace(answer, **{field: getattr(other, field)}), ch.public_bytes(ROOT))


def test_another_root_key_is_refused() -> None:
    host = ch.HostHandshake(1, secrets.token_bytes)
    answer, _ = ch.answer_handshake(host.request, ch.private_key(secrets.token_bytes), secrets.token_bytes)
    with pytest.raises(ch.ChannelError, match="did not prove"):
        host.finish(answer, ch.public_bytes(ROOT))


def test_a_refusal_and_a_half_answer_end_the_handshake() -> None:
    host = ch.HostHandshake(0, secrets.token_bytes)
    with pytest.raises(ch.ChannelError, match="ERR_INVALID_PARAMETER"):
        host.finish(EncryptionVerified(ErrorName.ERR_INVALID_PARAMETER), ch.public_bytes(ROOT))
    with pytest.raises(ch.ChannelError, match="incomplete"):
        host.finish(EncryptionVerified(ErrorName.Ok, 0), ch.public_bytes(ROOT))


def test_bytes_that_are_no_point_are_refused() -> None:
    request = replace(ch.HostHandshake(1, secrets.token_bytes).request, host_public=b"\x02" + b"\xff" * 32)
    with pytest.raises(ch.ChannelError, match="no point"):
        ch.answer_handshake(request, ROOT, secrets.token_bytes)


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=5))
def test_envelopes_open_in_order(plain: list[bytes]) -> None:
    sealer, opener = pair()
    assert [opener.open(sealer.seal(one)) for one in plain] == plain


@given(st.binary(min_size=1, max_size=60), st.data())
def test_an_altered_envelope_is_refused(plain: bytes, data: st.DataObject) -> None:
    sealer, opener = pair()
    envelope = sealer.seal(plain)
    sealed = bytearray(envelope.sealed)
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    for forged in (
        replace(envelope, sealed=bytes(sealed)),
        replace(envelope, counter=envelope.counter + 1),
        replace(envelope, channel=2),
        replace(envelope, sealed=envelope.sealed[:8]),
    ):
        with pytest.raises(ch.ChannelError):
            opener.open(forged)
    assert opener.open(envelope) == plain


def test_an_envelope_is_taken_once_and_never_after_a_later_one() -> None:
    sealer, opener = pair()
    first, second = sealer.seal(b"1"), sealer.seal(b"2")
    assert opener.open(second) == b"2"
    for old in (first, second):
        with pytest.raises(ch.ChannelError, match="second time"):
            opener.open(old)


def test_what_one_side_sent_cannot_be_sent_back_to_it() -> None:
    key = ChannelKey(bytes(16))
    envelope = ch.Sealer(1, ch.HOST_TO_KEY, key).seal(b"hello")
    with pytest.raises(ch.ChannelError):
        ch.Opener(1, ch.KEY_TO_HOST, key).open(envelope)


@given(st.binary(min_size=64, max_size=64))
def test_any_64_bytes_are_a_signature_or_not(noise: bytes) -> None:
    assert not ch.is_signed(ch.public_bytes(ROOT), noise, b"data")


def test_private_keys_of_extreme_randomness_are_valid() -> None:
    for extreme in (lambda count: bytes(count), lambda count: b"\xff" * count):
        assert len(ch.public_bytes(ch.private_key(extreme))) == 33
