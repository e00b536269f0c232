"""How the firmware says no, from wherever it finds out to where the answer is made."""

from __future__ import annotations

from hideez_bench.protocol.names import ErrorName


class Refused(Exception):
    """The request is answered with `error`, and nothing was changed."""

    def __init__(self, error: ErrorName) -> None:
        super().__init__(error)
        self.error = error
