"""What keys write down of themselves, kept: one file a key, to which each reading adds what is new."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hideez_bench.protocol.errors import BenchError

SERIAL = re.compile(r"[0-9A-Za-z-]{1,64}")


class DeviceLogs:
    """A folder of logs, for this user's eyes only where it is made here; a `ConnectRequest.take_log`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, serial: str, log: bytes) -> None:
        """Add to a key's file the lines that it does not end with yet.

        A key's log loses its oldest lines; lines may be undated, and rightly repeat. So the file goes on where its end
        and the beginning of the log overlap most.

        Raises:
            BenchError: the file cannot be written, or the serial number makes no name for one.
        """
        if not SERIAL.fullmatch(serial):
            raise BenchError("The key's serial number makes no file name; its log was not kept.")
        path = self._folder / f"{serial}.log"
        read = log.splitlines(keepends=True)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept = path.read_bytes().splitlines(keepends=True) if path.exists() else []
            with open(path, "ab", opener=_for_this_user) as file:
                file.writelines(read[_overlap(kept, read) :])
        except OSError as error:
            raise BenchError(f"The key's log cannot be kept in {path} ({error.strerror}).") from None


def _for_this_user(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _overlap(kept: list[bytes], read: list[bytes]) -> int:
    """How many lines at the end of the one are the first of the other."""
    longest = min(len(kept), len(read))
    return next((count for count in range(longest, 0, -1) if kept[-count:] == read[:count]), 0)
