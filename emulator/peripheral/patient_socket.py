"""A socket that waits its turn."""

from __future__ import annotations

import socket
from typing import Any


class PatientSocket:
    """A non-blocking socket whose `send` says "0 bytes" when the buffer is full, instead of raising.

    dbus_next and dbus_fast both take the BlockingIOError of a full buffer for a broken connection and drop it
    without a word: a burst of some hundred notifications is enough. Told "0 bytes", they wait and go on.
    """

    def __init__(self, wrapped: socket.socket) -> None:
        self._wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def send(self, data: bytes | memoryview) -> int:
        """Send what the buffer takes now, and say how many bytes that was."""
        try:
            return self._wrapped.send(data)
        except BlockingIOError:
            return 0
