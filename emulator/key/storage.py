"""The storage of the key: how much fits, and what is being written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol.messages import WriteStorage
from hideez_bench.protocol.names import ErrorName, WriteFlag
from hideez_bench.protocol.secret import StorageData

LONGEST_RECORD = 4096
"""Bytes."""

RECORD_OVERHEAD = 8
"""Bytes that a record takes besides what it holds."""

Place = tuple[int, int]
"""Table and record."""


def space_taken(records: Mapping[Place, StorageData]) -> int:
    """Bytes of the storage that these records take up."""
    return sum(RECORD_OVERHEAD + len(data.reveal()) for data in records.values())


@dataclass(frozen=True)
class Draft:
    """The pieces of a record that have come so far."""

    place: Place
    data: StorageData


class Drafts:
    """Records that are being written in pieces, one on each channel. They go with the channel and with the power."""

    def __init__(self) -> None:
        self._drafts: dict[Caller, Draft] = {}

    def add(self, caller: Caller, piece: WriteStorage) -> StorageData | None:
        """Add a piece; the whole record, if no more follows.

        Raises:
            Refused: the piece does not follow on what came before, or the record gets too long. The draft is gone.
        """
        place = (piece.table, piece.record)
        draft = self._drafts.pop(caller, None)
        before = b""
        if piece.offset:
            if draft is None or draft.place != place or len(draft.data.reveal()) != piece.offset:
                raise Refused(ErrorName.ERR_INVALID_PARAMETER)
            before = draft.data.reveal()
        data = StorageData(before + piece.data.reveal())
        if len(data.reveal()) > LONGEST_RECORD:
            raise Refused(ErrorName.ERR_MESSAGE_TOO_LONG)
        if WriteFlag.MORE_FOLLOWS not in piece.flags:
            return data
        self._drafts[caller] = Draft(place, data)
        return None

    def forget_channel(self, caller: Caller) -> None:
        """The channel was closed, or opened anew."""
        self._drafts.pop(caller, None)

    def forget_link(self, link: int) -> None:
        """The link is gone."""
        self._drafts = {caller: draft for caller, draft in self._drafts.items() if caller.link != link}

    def forget_everything(self) -> None:
        """The key was wiped."""
        self._drafts.clear()
