"""Writes cpio archives in the "newc" form, which the kernel unpacks as its root file system.

Own code because it must make device nodes and chosen owners without being root, which cpio and tar cannot.
"""

from __future__ import annotations

import posixpath
import stat
from typing import BinaryIO

MAGIC = b"070701"
TRAILER = "TRAILER!!!"


class CpioWriter:
    """Adds entries to an archive; everything belongs to root, and parent folders are made as needed.

    A path that is already there is left as it is: the first to come stays.

    Args:
        file: Where the archive goes, open for writing bytes.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._names: set[str] = set()
        self._written = 0

    def __contains__(self, path: str) -> bool:
        return path.strip("/") in self._names

    def folder(self, path: str) -> None:
        """A folder that all may read."""
        self._add(path, stat.S_IFDIR | 0o755)

    def file(self, path: str, data: bytes, permissions: int = 0o644, mtime: int = 0) -> None:
        """A plain file; `mtime` is in seconds since 1970 and matters for Python's bytecode files."""
        self._add(path, stat.S_IFREG | permissions, data, mtime=mtime)

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, path: str, major: int, minor: int) -> None:
        """A device node that only root may use."""
        self._add(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def close(self) -> None:
        """Write the end mark; the file stays open."""
        self._entry(TRAILER, 0, b"", 0, (0, 0))

    def _add(
        self, path: str, mode: int, data: bytes = b"", *, mtime: int = 0, device: tuple[int, int] = (0, 0)
    ) -> None:
        name = path.strip("/")
        if not name or name in self._names:
            return
        self.folder(posixpath.dirname(name))
        self._names.add(name)
        self._entry(name, mode, data, mtime, device)

    def _entry(self, name: str, mode: int, data: bytes, mtime: int, device: tuple[int, int]) -> None:
        text = name.encode() + b"\0"
        inode, owner, group, links, checksum = len(self._names), 0, 0, 1, 0
        numbers = (inode, mode, owner, group, links, mtime, len(data), 0, 0, *device, len(text), checksum)
        self._write(MAGIC + b"".join(b"%08X" % number for number in numbers) + text)
        self._write(data)

    def _write(self, data: bytes) -> None:
        """Write, and fill up to a multiple of four bytes."""
        self._written += self._file.write(data)
        self._written += self._file.write(b"\0" * (-self._written % 4))
