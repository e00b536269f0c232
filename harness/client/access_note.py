"""What the client knows of its workstation before it has reached the server: whether it was let in, and the alarm.

The vendor's client keeps both where a restart finds them: an access key in the registry, and a flag in its settings.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hideez_bench.harness.client.workstation import WorkstationState


class AccessNote:
    """A file for one workstation of one server. It grants nothing: what the server says counts, once it is reached."""

    def __init__(self, folder: Path, server: str, workstation: str) -> None:
        about = hashlib.sha256(f"{server}\n{workstation}".encode()).hexdigest()
        self._path = folder / f"access-{about[:16]}.json"
        self._kept: dict[str, bool] | None = None

    def tell(self, state: WorkstationState) -> None:
        """Put it into a state. A workstation of which nothing is known was never let in."""
        try:
            known = json.loads(self._path.read_text())
            state.approved, state.alarm = known["approved"] is True, known["alarm"] is True
        except (OSError, ValueError, KeyError, TypeError):
            state.approved = False

    def take(self, state: WorkstationState) -> None:
        """Keep what the server has said since; raises OSError."""
        known = {"approved": state.approved, "alarm": state.alarm}
        if known != self._kept:
            unfinished = self._path.with_suffix(".unfinished")
            unfinished.write_text(json.dumps(known))
            unfinished.replace(self._path)
            self._kept = known
