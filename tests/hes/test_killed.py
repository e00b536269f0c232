"""A server that is killed in the middle of a move leaves a database as it was before the move, or after it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_killed_at_any_moment(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.hes.killed", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert len(found) == 14
    for move in found:
        assert move["ended"], move
        assert move["kills"] >= 3, move
        assert move["strange"] == [], move
        assert move["pending"] <= 1, move
    assert sum(move["torn"] for move in found) >= 50, "many kills leave something that SQLite must undo"
