"""A key's file, and the process that writes it killed at any moment: it opens, and holds before or after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from hideez_bench.emulator.key.nvram import NvramError
from hideez_bench.emulator.key.sqlite_nvram import SqliteNvram

WRITER = """
import sys
from pathlib import Path
from hideez_bench.emulator.key.sqlite_nvram import SqliteNvram
nvram = SqliteNvram(Path(sys.argv[1]))
count = int(nvram.get("count") or b"0")
while True:
    count += 1
    # More than a page, so that a commit is many writes; an odd count has one value fewer.
    odd = b"%d" % count * 2000 if count % 2 else None
    nvram.commit({"count": b"%d" % count, "copy": b"%d" % count * 3000, "odd": odd})
    print(count, flush=True)
"""
KILLS = 8


def kill_while_it_writes(path: Path, commits: int) -> int:
    """Start a process that writes, and kill it some time after so many commits; the last that it reported."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(commits):
            writer.stdout.readline()
        writer.kill()
        reported = writer.stdout.read().split()
    return int(reported[-1]) if reported else 0


def test_killed_at_any_moment_the_file_holds_a_whole_commit(tmp_path: Path) -> None:
    path = tmp_path / "key.nvram"
    random = Random()  # noqa: S311 - which moment it is is the scheduler's choice anyway
    last = 0
    for _ in range(KILLS):
        reported = kill_while_it_writes(path, random.randint(0, 40))
        nvram = SqliteNvram(path)
        count = nvram.get("count")
        copy, odd = nvram.get("copy"), nvram.get("odd")
        nvram.close()
        number = int(count or b"0")
        # What was reported is safe, and at most the commit that was going on is there besides.
        assert number >= max(reported, last)
        if count is not None:
            assert copy == count * 3000
            assert odd == (count * 2000 if number % 2 else None)
        last = number
    assert last > 0


def test_the_lock_of_a_killed_process_goes_with_it_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "key.nvram"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(NvramError, match="in use by another emulator"):
            SqliteNvram(path)
        writer.kill()
    SqliteNvram(path).close()
