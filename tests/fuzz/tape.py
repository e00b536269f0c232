"""Turns the bytes that a fuzzer invents into numbers and pieces; it ends where they end."""

from __future__ import annotations

from collections.abc import Iterable


class Tape:
    """Bytes to read from the front; what is past the end reads as zeros and empty pieces."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def __bool__(self) -> bool:
        return self._position < len(self._data)

    def byte(self) -> int:
        """The next byte."""
        piece = self._take(1)
        return piece[0] if piece else 0

    def piece(self) -> bytes:
        """Bytes behind their length in two bytes, or as many of them as are left."""
        return self._take(self.byte() | self.byte() << 8)

    def rest(self) -> bytes:
        """All that is left."""
        return self._take(len(self._data))

    def _take(self, count: int) -> bytes:
        piece = self._data[self._position : self._position + count]
        self._position += len(piece)
        return piece


def recorded(pieces: Iterable[bytes | int]) -> bytes:
    """The tape that plays these: a number as one byte, bytes as a piece."""
    return b"".join(
        bytes([piece]) if isinstance(piece, int) else len(piece).to_bytes(2, "little") + piece
        for piece in pieces
    )
