"""Secrets print as `***`, wherever they are put, and cannot be taken out by accident."""

from __future__ import annotations

import pickle

import pytest

from hideez_bench.protocol.describe import describe
from hideez_bench.protocol.messages import Link, Reply, SetPin, UnlockDeviceCode, WriteStorage
from hideez_bench.protocol.names import Command, WriteFlag
from hideez_bench.protocol.secret import ActivationCode, ChannelKey, MasterKey, Otp, Pin, Secret, StorageData
from hideez_bench.protocol.values import StorageChunk

CODE = ActivationCode.from_text("735194")
KEY = MasterKey(bytes(range(1, 33)))
SHOWN = ("735194", "373335313934", KEY.reveal().hex(), repr(KEY.reveal()), repr(CODE.reveal()))


@pytest.mark.parametrize(
    "secret", [CODE, KEY, ChannelKey(b"k" * 16), Pin(b"735194"), Otp(b"735194"), StorageData(b"735194")]
)
def test_no_way_of_printing_shows_it(secret: Secret) -> None:
    message = Link(KEY, 3, CODE)
    printed = [
        str(secret), repr(secret), f"{secret}", f"{secret!r}", f"{secret:>10}", f"{secret}", repr([secret]),
        str(message), repr(message), describe(message), describe(UnlockDeviceCode(CODE)),
        describe(SetPin(Pin(b"735194"), None)), describe(Reply(Command.GET_OTP, body=Otp(b"735194"))),
        describe(WriteStorage(34, 1, WriteFlag(0), 0, StorageData(b"735194"))),
        describe(Reply(Command.READ_STORAGE, body=StorageChunk(6, StorageData(b"735194")))),
    ]  # fmt: skip
    assert not any(shown in text for shown in SHOWN for text in printed)
    assert "***" in str(secret)


def test_it_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="must not be pickled"):
        pickle.dumps(CODE)


def test_equality_is_by_value_and_kind() -> None:
    assert ActivationCode.from_text("123456") == ActivationCode(b"123456")
    assert ActivationCode(b"123456") != ActivationCode(b"123457")
    assert ActivationCode(b"1" * 16) != ChannelKey(b"1" * 16)
    assert len({CODE, ActivationCode.from_text("735194")}) == 1


@pytest.mark.parametrize("wrong", [b"", b"1" * 31, b"1" * 33, b"1" * 31 + b"\0"])
def test_a_master_key_is_32_bytes_without_a_zero(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKey(wrong)


@pytest.mark.parametrize("wrong", [b"", b"12345x", "٣".encode()])
def test_a_one_time_password_consists_of_digits(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="digits"):
        Otp(wrong)
