"""The key log: the keys of every channel that opened, for whoever may decode a capture.

One line for each channel, found again by the two nonces of its handshake, which stand in every capture:

    HIDEEZ_CHANNEL <channel> <host_nonce> <key_nonce> <host_to_key> <key_to_host>

The channel is decimal, the rest hexadecimal, 16 bytes each. Other lines are left alone. With the log and a capture,
everything that was said can be read: codes, master keys, passwords.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from hideez_bench.protocol.channel import ChannelKeys
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.messages import EncryptionVerified, VerifyEncryption
from hideez_bench.protocol.secret import ChannelKey

LABEL = "HIDEEZ_CHANNEL"
SIZE = 16
OWNER_ONLY = 0o600

ChannelId = tuple[int, bytes, bytes]
"""A channel's number, and the nonces of the host and the key."""


class KeyLogWriter:
    """Appends keys to a file that only its owner can read. A `KeysMade`, used as a context manager.

    What cannot be written is told once, in a sentence, to `warn`; nothing else comes of it.
    """

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._file: int | None = None

    def __enter__(self) -> Self:
        try:
            # O_APPEND, and a line in one write: several programs may share a log.
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWNER_ONLY)
            if stat.S_ISREG(os.fstat(self._file).st_mode):
                os.fchmod(self._file, OWNER_ONLY)
        except OSError as error:
            self._fail(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __call__(self, request: VerifyEncryption, answer: EncryptionVerified, keys: ChannelKeys) -> None:
        """Append the keys that a handshake ended in."""
        if self._file is None or answer.key_nonce is None:
            return
        parts = (request.host_nonce, answer.key_nonce, keys.host_to_key.reveal(), keys.key_to_host.reveal())
        line = " ".join([LABEL, str(request.channel), *(part.hex() for part in parts)])
        try:
            os.write(self._file, f"{line}\n".encode())
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self._warn(
            f"The key log {self._path} cannot be written ({error.strerror}); the rest goes on without it."
        )
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_key_log(path: Path) -> dict[ChannelId, ChannelKeys]:
    """The keys in a log, by channel and nonces.

    Raises:
        BenchError: the file cannot be read, or a line that names a channel is malformed.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise BenchError(
            f"The key log {path} cannot be read ({error.strerror}); nothing was decoded."
        ) from None
    keys: dict[ChannelId, ChannelKeys] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if words[:1] == [LABEL]:
            try:
                channel, made = _parse(words[1:])
            except ValueError:
                # The line is not quoted: whatever it is, it may hold a key.
                raise BenchError(
                    f"Line {number} of the key log {path} is malformed; nothing was decoded. It should be {LABEL}, the "
                    f"channel's number, and four values of {2 * SIZE} hexadecimal digits; remove the line to go on."
                ) from None
            keys[channel] = made
    return keys


def _parse(words: list[str]) -> tuple[ChannelId, ChannelKeys]:
    number, *parts = words
    host_nonce, key_nonce, host_to_key, key_to_host = (bytes.fromhex(part) for part in parts)
    if any(len(part) != SIZE for part in (host_nonce, key_nonce, host_to_key, key_to_host)):
        raise ValueError("not 16 bytes")
    return (int(number), host_nonce, key_nonce), ChannelKeys(ChannelKey(host_to_key), ChannelKey(key_to_host))
