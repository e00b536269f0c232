"""The key's persistent memory: named values that change together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from hideez_bench.protocol.errors import BenchError


class NvramError(BenchError):
    """The memory could not be read or written. What it held before, it still holds."""


class Nvram(Protocol):
    """What a key keeps when its power goes."""

    def get(self, name: str) -> bytes | None:
        """A value; None if there is none of that name.

        Raises:
            NvramError: the memory cannot be read.
        """
        ...

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        """Write all these values, or none of them; None removes one. On return they are safe.

        Raises:
            NvramError: nothing was written.
        """
        ...

    def close(self) -> None:
        """Let go of the memory. It is not used after that; closing twice is harmless."""
        ...


class MemoryNvram:
    """A memory that lasts as long as this object: hand it to the next `Key` for a power cycle."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        """See `Nvram.get`."""
        return self._values.get(name)

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        """See `Nvram.commit`."""
        merged = {**self._values, **changes}
        self._values = {name: value for name, value in merged.items() if value is not None}

    def close(self) -> None:
        """See `Nvram.close`."""
