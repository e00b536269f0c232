from __future__ import annotations

import io
import shutil
import stat
import subprocess
from dataclasses import dataclass

import pytest

from hideez_bench.harness.lab.cpio import CpioWriter


@dataclass
class Entry:
    mode: int
    owner: int
    mtime: int
    device: tuple[int, int]
    data: bytes


def parse(archive: bytes) -> dict[str, Entry]:
    """Read a newc archive as the kernel's documentation (buffer-format) describes it."""
    entries: dict[str, Entry] = {}
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        numbers = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        name = archive[at + 110 : at + 110 + numbers[11] - 1].decode()
        start = -(-(at + 110 + numbers[11]) // 4) * 4
        data = archive[start : start + numbers[6]]
        if name == "TRAILER!!!":
            return entries
        assert name not in entries
        entries[name] = Entry(numbers[1], numbers[2], numbers[5], (numbers[9], numbers[10]), data)
        at = -(-(start + numbers[6]) // 4) * 4


def written() -> bytes:
    file = io.BytesIO()
    archive = CpioWriter(file)
    archive.file("/usr/lib/odd", b"12345", 0o644, mtime=1_700_000_000)
    archive.file("/init", b"#!/bin/sh\n", 0o755)
    archive.link("/bin", "usr/bin")
    archive.character_device("/dev/console", 5, 1)
    archive.file("/init", b"another")
    archive.close()
    return file.getvalue()


def test_entries_come_back_as_they_were_added() -> None:
    entries = parse(written())
    assert entries["usr/lib/odd"] == Entry(stat.S_IFREG | 0o644, 0, 1_700_000_000, (0, 0), b"12345")
    assert entries["bin"] == Entry(stat.S_IFLNK | 0o777, 0, 0, (0, 0), b"usr/bin")
    assert entries["dev/console"] == Entry(stat.S_IFCHR | 0o600, 0, 0, (5, 1), b"")


def test_parents_come_before_their_children() -> None:
    names = list(parse(written()))
    assert names.index("usr") < names.index("usr/lib") < names.index("usr/lib/odd")


def test_the_first_of_two_files_at_one_path_stays() -> None:
    assert parse(written())["init"].data == b"#!/bin/sh\n"


@pytest.mark.skipif(shutil.which("busybox") is None and shutil.which("cpio") is None, reason="no cpio here")
def test_cpio_itself_reads_it() -> None:
    command = ["cpio", "-t"] if shutil.which("cpio") else ["busybox", "cpio", "-t"]
    listed = subprocess.run(command, input=written(), capture_output=True, check=True).stdout
    assert listed.decode().split() == ["usr", "usr/lib", "usr/lib/odd", "init", "bin", "dev", "dev/console"]
