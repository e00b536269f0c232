"""The key log: written by whoever opens a channel, found again by the nonces."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest

from hideez_bench.harness.capture.keylog import KeyLogWriter, read_key_log
from hideez_bench.protocol.channel import (
    ChannelKeys,
    HostHandshake,
    answer_handshake,
    private_key,
    public_bytes,
)
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.messages import EncryptionVerified, VerifyEncryption


def handshake(channel: int) -> tuple[VerifyEncryption, EncryptionVerified, ChannelKeys]:
    root = private_key(secrets.token_bytes)
    host = HostHandshake(channel, secrets.token_bytes)
    answer, _ = answer_handshake(host.request, root, secrets.token_bytes)
    return host.request, answer, host.finish(answer, public_bytes(root))


@pytest.fixture
def warnings() -> list[str]:
    return []


def test_what_is_written_is_read(tmp_path: Path, warnings: list[str]) -> None:
    path = tmp_path / "keys"
    made = [handshake(1), handshake(4)]
    for each in made:  # twice, as two programs would: a log is added to
        with KeyLogWriter(path, warnings.append) as log:
            log(*each)
    known = read_key_log(path)
    assert known == {
        (request.channel, request.host_nonce, answer.key_nonce): keys for request, answer, keys in made
    }
    assert warnings == []


@pytest.mark.parametrize("before", [None, 0o644])
def test_only_the_owner_can_read_it(tmp_path: Path, warnings: list[str], before: int | None) -> None:
    path = tmp_path / "keys"
    if before:
        path.touch(mode=before)
    with KeyLogWriter(path, warnings.append):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/dev/full"])
def test_what_cannot_be_written_is_told_once(path: str, warnings: list[str]) -> None:
    with KeyLogWriter(Path(path), warnings.append) as log:
        log(*handshake(1))
        log(*handshake(1))
    assert len(warnings) == 1
    assert path in warnings[0]


def test_other_lines_are_left_alone(tmp_path: Path, warnings: list[str]) -> None:
    path = tmp_path / "keys"
    path.write_text("# a comment\n\nCLIENT_RANDOM 00 11\n")
    made = handshake(1)
    with KeyLogWriter(path, warnings.append) as log:
        log(*made)
    assert list(read_key_log(path).values()) == [made[2]]


@pytest.mark.parametrize(
    "rest", ["", "1", "1 00 00 00 00", "x " + " ".join(["00" * 16] * 4), "1 zz zz zz zz"]
)
def test_a_malformed_line_is_named_and_not_quoted(tmp_path: Path, rest: str) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# one\nHIDEEZ_CHANNEL {rest}\n")
    with pytest.raises(BenchError, match="Line 2") as refused:
        read_key_log(path)
    assert not rest or f"HIDEEZ_CHANNEL {rest}" not in str(refused.value)


def test_a_log_that_is_not_there() -> None:
    with pytest.raises(BenchError, match="cannot be read"):
        read_key_log(Path("/nowhere/at/all"))
