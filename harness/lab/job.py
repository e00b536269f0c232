"""What runs in the guest: a command, its environment, and the folders it sees."""

from __future__ import annotations

import compileall
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hideez_bench.harness.lab.errors import LabUnavailable
from hideez_bench.harness.lab.qemu import Share

# Settings of the caller that mean something in the guest as well.
PASSED_ON = ("CI", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHONPATH", "PYTEST_ADDOPTS", "TZ")
PASSED_ON_PREFIX = "HIDEEZ_BENCH_"
# The project folder is read-only in the guest.
WITHOUT_PYTEST_CACHE = "-p no:cacheprovider"
IN_LAB_VARIABLE = "HIDEEZ_BENCH_IN_LAB"
# Mounting over one of these would hide the guest's own system.
SYSTEM_FOLDERS = [
    *(
        "/",
        "/bin",
        "/dev",
        "/etc",
        "/home",
        "/lab",
        "/lib",
        "/lib64",
        "/out",
        "/proc",
        "/run",
        "/sbin",
        "/sys",
    ),
    *("/tmp", "/usr", "/var"),  # noqa: S108 - not used as a place to write
]
OUT = Path("/out")


@dataclass(frozen=True)
class Job:
    """A command for the guest.

    Args:
        argv: The command and its arguments; python, pytest and hideez-bench are those of this environment.
        project: The folder to see at its own path, read-only; the command starts in it.
        out: A folder to see as /out, writable; None for one that is forgotten with the guest.
        environment: Settings beyond those that are passed on anyway.
    """

    argv: list[str]
    project: Path
    out: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if str(self.project) in SYSTEM_FOLDERS:
            raise LabUnavailable(
                f"The lab cannot show {self.project} to its guest: start it in a project's folder."
            )

    def folders(self, cache: Path) -> list[tuple[Share, bool]]:
        """All folders that a guest's machine has a place for, and which of them this job mounts.

        The source that an editable install points to is mounted too, where it lies outside of the project.
        """
        source = source_folder()
        outside = source is not None and not source.is_relative_to(self.project)
        return [
            (Share("project", self.project, read_only=True), True),
            (Share("source", source if outside and source else cache, read_only=True), outside),
            (Share("out", self.out or cache, read_only=False), self.out is not None),
        ]

    def shares(self, cache: Path) -> list[Share]:
        """The folders of the guest's machine."""
        return [share for share, _ in self.folders(cache)]

    def message(self, cache: Path) -> dict[str, Any]:
        """What the guest is told."""
        mounted = [share for share, wanted in self.folders(cache) if wanted]
        return {
            "argv": self.argv,
            "cwd": str(self.project),
            "env": self.guest_environment(),
            "out": self.out is not None,
            "folders": [
                {
                    "tag": share.tag,
                    "path": str(OUT if share.tag == "out" else share.folder),
                    "read_only": share.read_only,
                    "keep": hidden_below(share.folder) if share.read_only else [],
                }
                for share in mounted
            ],
        }

    def guest_environment(self) -> dict[str, str]:
        """The settings that the command gets on top of the guest's own."""
        passed = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED_ON or name.startswith(PASSED_ON_PREFIX)
        }
        pytest_words = f"{WITHOUT_PYTEST_CACHE} {passed.get('PYTEST_ADDOPTS', '')}".strip()
        fixed = {
            "PYTEST_ADDOPTS": pytest_words,
            "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis",  # noqa: S108 - the guest's own
            IN_LAB_VARIABLE: "1",
        }
        return passed | fixed | self.environment


def source_folder() -> Path | None:
    """Where this project's rooms lie when it is installed editable, None when it is installed as a plain package."""
    room = Path(__file__).parents[1]
    return None if "site-packages" in room.parts or "dist-packages" in room.parts else room.parent


def compile_source() -> None:
    """Compile the project's own source here: in the guest that is ten times as slow, and done by each process anew."""
    source = source_folder()
    if source and not sys.dont_write_bytecode:
        for room in source.glob("*/__init__.py"):
            compileall.compile_dir(str(room.parent), quiet=2)


def hidden_below(folder: Path) -> list[str]:
    """The parts of the guest's root that a mount here would hide: a virtual environment in the project, say."""
    packed = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]}
    return sorted(str(path) for path in packed if path.is_relative_to(folder) and path != folder)
