"""Faults on the guest's air, for tests that run in the guest: cut links, change signal strength, silence an adapter.

    with RadioControl() as radio:
        radio.mute("hci0")
        radio.cut()

The radio itself (`guest/radio.py`) connects the virtual adapters with one another. This module is light to import.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hideez_bench.protocol.errors import BenchError

SOCKET = "/run/radio.sock"


class RadioControl:
    """A line to the guest's radio.

    Args:
        path: The radio's socket.
        timeout: The longest wait for an answer, in seconds.
    """

    def __init__(self, path: str = SOCKET, timeout: float = 10.0) -> None:
        if not Path(path).exists():
            raise BenchError("There is no radio to control here: this works in the lab's guest only.")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._socket.connect(path)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. Faults stay as they were set."""
        self._lines.close()
        self._socket.close()

    def cut(self) -> int:
        """Lose all links at once, on both ends, as when the key is carried out of range (supervision timeout).

        Returns:
            How many links were lost.
        """
        return int(self._ask("cut"))

    def rssi(self, level: int, adapter: str | None = None) -> None:
        """Set how strongly an adapter is heard by all others, in dBm (-127 to 20); without a name, every adapter."""
        self._ask("rssi", level=level, adapter=adapter)

    def mute(self, adapter: str, *, muted: bool = True) -> None:
        """Let nobody hear an adapter's advertisements any more, or let them be heard again."""
        self._ask("mute", adapter=adapter, muted=muted)

    def delay(self, seconds: float) -> None:
        """Hold back each packet of a link for so long, in each direction; order is kept."""
        self._ask("delay", seconds=seconds)

    def links(self) -> dict[str, int]:
        """How many links each adapter has."""
        return dict(self._ask("links"))

    def _ask(self, operation: str, **arguments: object) -> Any:
        self._socket.sendall(json.dumps({"operation": operation, **arguments}).encode() + b"\n")
        answer = json.loads(self._lines.readline() or b'{"error": "the radio has ended"}')
        if "error" in answer:
            raise BenchError(f"The radio refused '{operation}': {answer['error']}.")
        return answer["result"]
