"""The persistent memory in a file: an SQLite database of one table, which one emulator at a time holds."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from hideez_bench.emulator.key.nvram import NvramError
from hideez_bench.emulator.key.state import upgrade_from_1

APPLICATION_ID = 0x485A4B59  # "HZKY"
LAYOUT_VERSION = 2
UPGRADES = {1: upgrade_from_1}
"""For each earlier layout: what changes in the values of such a memory to make them one of the next."""

SCHEMA = f"""
BEGIN;
CREATE TABLE nvram (name TEXT PRIMARY KEY, value BLOB NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {LAYOUT_VERSION};
COMMIT;
"""


class SqliteNvram:
    """A key's memory in the file `path`, created if it is not there, readable by its owner alone.

    Raises:
        NvramError: the file is not a key's memory, is damaged, of another version, in use, or out of reach.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if path.is_dir():
                raise NvramError(f"{path} is a directory; name a file for the key's memory")
            is_new = _create(path)
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise NvramError(
                f"the key's memory {path} cannot be opened ({_cause(error)}); "
                "name a file in a folder that you may write to"
            ) from None
        try:
            self._open(is_new)
        except (sqlite3.Error, NvramError) as error:
            self._database.close()
            raise error if isinstance(error, NvramError) else self._opening_failed(error) from None

    def get(self, name: str) -> bytes | None:
        """See `Nvram.get`."""
        try:
            row = self._database.execute("SELECT value FROM nvram WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            raise NvramError(f"the key's memory {self._path} cannot be read ({_cause(error)})") from None
        return bytes(row[0]) if row else None

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        """See `Nvram.commit`."""
        try:
            self._database.execute("BEGIN")
            self._write(changes)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise NvramError(
                f"the key's memory {self._path} cannot be written ({_cause(error)}); "
                "it holds what it held before. Make room for it, then start the key again"
            ) from None

    def close(self) -> None:
        """See `Nvram.close`."""
        self._database.close()

    def _write(self, changes: Mapping[str, bytes | None]) -> None:
        removed = [(name,) for name, value in changes.items() if value is None]
        written = [(name, value) for name, value in changes.items() if value is not None]
        self._database.executemany("DELETE FROM nvram WHERE name = ?", removed)
        self._database.executemany("INSERT OR REPLACE INTO nvram VALUES (?, ?)", written)

    def _open(self, is_new: bool) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")  # the lock that the next line takes is held until close
        run("BEGIN EXCLUSIVE")
        run("COMMIT")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA secure_delete = ON")  # a wiped secret is not left behind in free pages
        if is_new:
            self._database.executescript(SCHEMA)
        (application,) = run("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            raise NvramError(
                f"{self._path} is no key's memory but a database of something else; it was left as it is"
            )
        (version,) = run("PRAGMA user_version").fetchone()
        if version != LAYOUT_VERSION and version not in UPGRADES:
            raise NvramError(
                f"the key's memory {self._path} has layout {version}, and this version of hideez-bench knows only "
                f"1 to {LAYOUT_VERSION}; it was left as it is. Use the version that wrote it, or name another file"
            )
        (verdict,) = run("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise NvramError(
                f"the key's memory {self._path} is damaged; delete it to start with a factory key"
            )
        self._upgrade(version)
        self._path.chmod(0o600)

    def _upgrade(self, version: int) -> None:
        """Bring the memory from an earlier layout to this one, all of it or nothing."""
        run = self._database.execute
        run("BEGIN")
        for layout in range(version, LAYOUT_VERSION):
            try:
                self._write(UPGRADES[layout](dict(run("SELECT name, value FROM nvram"))))
            except (ValueError, TypeError, AttributeError):
                raise NvramError(
                    f"the key's memory {self._path} is damaged; delete it to start with a factory key"
                ) from None
        run(f"PRAGMA user_version = {LAYOUT_VERSION}")
        run("COMMIT")

    def _opening_failed(self, error: sqlite3.Error) -> NvramError:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return NvramError(
                f"the key's memory {self._path} is in use by another emulator; stop that one first"
            )
        if isinstance(error, sqlite3.OperationalError):
            return NvramError(f"the key's memory {self._path} cannot be opened for writing ({_cause(error)})")
        return NvramError(
            f"{self._path} is no key's memory, or is damaged ({_cause(error)}); delete it to start with a factory key"
        )


def _create(path: Path) -> bool:
    """Make the file, private from its first moment; whether it is new, or empty as a cut-off start left it.

    A file that exists is not opened here: closing it would take away the lock that this process may hold on it.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return path.stat().st_size == 0
    return True


def _cause(error: OSError | sqlite3.Error) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
