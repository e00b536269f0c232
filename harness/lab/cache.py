"""Where the lab keeps its kernel, root images and snapshots, so that runs at one time do not disturb one another."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from hideez_bench.harness.lab.errors import LabUnavailable

CACHE_VARIABLE = "HIDEEZ_BENCH_LAB_CACHE"
LOCK = "lock"
DRAFT = ".new-"
DRAFT_SECONDS = 3600


def cache_folder() -> Path:
    """The lab's cache: `HIDEEZ_BENCH_LAB_CACHE`, or the user's cache folder. It is made, private to the user."""
    chosen = os.environ.get(CACHE_VARIABLE)
    folder = Path(chosen).absolute() if chosen else platformdirs.user_cache_path("hideez-bench") / "lab"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LabUnavailable(
            f"The lab cannot make its cache folder {folder} ({error.strerror}): "
            f"set {CACHE_VARIABLE} to a folder that you may write to."
        ) from error
    return folder


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the cache's lock: whoever builds something in it does so alone, others wait."""
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remove_old_drafts(folder)
        yield


@contextlib.contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A path to write to, which takes the name `target` when the block ends well, and vanishes when it does not."""
    handle, name = tempfile.mkstemp(prefix=DRAFT, dir=target.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.replace(target)
    except OSError as error:
        raise LabUnavailable(
            f"The lab could not make {target} ({error}): see that there is space."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """As `new_file`, for a folder. What stood at `target` before is replaced."""
    draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=target.parent))
    try:
        yield draft
        if target.exists():
            shutil.rmtree(target)
        draft.rename(target)
    except OSError as error:
        raise LabUnavailable(
            f"The lab could not make {target} ({error}): see that there is space."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def remove_old_drafts(folder: Path) -> None:
    """Delete what processes that were killed have left half written."""
    for draft in folder.glob(f"{DRAFT}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - draft.stat().st_mtime > DRAFT_SECONDS:
                shutil.rmtree(draft) if draft.is_dir() else draft.unlink()


def clean(folder: Path) -> None:
    """Empty the cache; who waits for its lock finds it still there."""
    with locked(folder):
        for entry in folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != LOCK:
                entry.unlink()


def keep_newest(folder: Path, pattern: str, count: int) -> None:
    """Delete all but the newest `count` files of a pattern. A run that still reads one keeps its open file."""
    files = sorted(folder.glob(pattern), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[count:]:
        file.unlink(missing_ok=True)
