"""What of the lab is there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hideez_bench.harness.lab.errors import LabUnavailable
from hideez_bench.harness.lab.install import PROGRAMS, find_program, require_installed
from hideez_bench.harness.lab.kernel import installed_kernel


@dataclass(frozen=True)
class Facts:
    """The state of the lab on this machine; sizes in bytes."""

    cache: str
    programs: dict[str, str | None]
    kernel: str | None
    images: dict[str, int]
    snapshots: dict[str, int]
    size: int
    lacks: str | None

    def as_json(self) -> dict[str, Any]:
        """For programs; `ready` says whether a guest can be started now."""
        return {"ready": self.lacks is None, **asdict(self)}

    def as_text(self) -> str:
        """For people."""
        lines = [
            f"{name:20} {place or 'missing (package ' + PROGRAMS[name] + ')'}"
            for name, place in self.programs.items()
        ]
        lines.append(f"{'kernel':20} {self.kernel or 'missing'}")
        for kind, files in (("root image", self.images), ("snapshot", self.snapshots)):
            lines += [f"{kind:20} {name}, {megabytes(size)}" for name, size in files.items()] or [
                f"{kind:20} none yet; the next run makes it"
            ]
        lines.append(f"{'cache':20} {self.cache}, {megabytes(self.size)}")
        lines.append(self.lacks or "The lab is ready.")
        return "\n".join(lines)


def facts(cache: Path) -> Facts:
    """Look at the machine and the cache."""
    kernel = installed_kernel(cache)
    try:
        require_installed(cache)
        lacks = None
    except LabUnavailable as error:
        lacks = str(error)
    return Facts(
        cache=str(cache),
        programs={name: str(place) if (place := find_program(name)) else None for name in PROGRAMS},
        kernel=kernel.name.removeprefix("kernel-") if kernel else None,
        images=sizes(cache, "root-*.cpio"),
        snapshots=sizes(cache, "snapshot-*.state"),
        size=sum(file.stat().st_size for file in cache.rglob("*") if file.is_file()),
        lacks=lacks,
    )


def sizes(folder: Path, pattern: str) -> dict[str, int]:
    """Name and size of the files of a pattern."""
    return {file.name: file.stat().st_size for file in sorted(folder.glob(pattern))}


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:.0f} MB"
