"""The key that tells a server which workstation speaks to it: made once, kept for this user's eyes only."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import WorkstationKey


def workstation_key(path: Path) -> WorkstationKey:
    """The key in a file; one is made where there is no file.

    Raises:
        BenchError: the file cannot be read or made, holds something else, or others may read it.
    """
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise BenchError(
                f"Others can read the workstation's key {path}; make its mode 0600, or delete it."
            )
        return WorkstationKey.from_text(path.read_text().strip())
    except ValueError:
        raise BenchError(
            f"The file {path} holds no workstation's key; delete it, and have the new one approved on the server."
        ) from None
    except OSError as error:
        raise BenchError(f"The workstation's key {path} cannot be used ({error.strerror}).") from None


def workstation_name(key: WorkstationKey) -> str:
    """What the workstation with this key is called: no two have the same, and it tells nothing of the key."""
    return f"bench-{hashlib.sha256(b'name' + key.reveal()).hexdigest()[:12]}"


def _make(path: Path) -> None:
    # Whole or not at all, also where two programs do so at once: the first link wins.
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
