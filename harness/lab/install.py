"""What the lab needs on the host, and how it gets there on Debian and Ubuntu."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from hideez_bench.harness.lab.cache import cache_folder, locked
from hideez_bench.harness.lab.errors import LabUnavailable
from hideez_bench.harness.lab.kernel import METAPACKAGES, installed_kernel, kernel_packages, unpack_kernel

# A program that the lab needs -> the package that brings it.
PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "bluetoothd": "bluez",
    "bluetoothctl": "bluez",
    "btmon": "bluez",
    "dbus-daemon": "dbus-daemon",
    "busybox": "busybox-static",
    "modprobe": "kmod",
    "zstd": "zstd",
}
# Where programs lie that are not in everybody's PATH.
FOLDERS = ("/usr/sbin", "/sbin", "/usr/libexec/bluetooth", "/usr/lib/bluetooth")

Say = Callable[[str], None]

_APT = ("apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Use-Pty=0")
_APT_SECONDS = 1800


def find_program(name: str) -> Path | None:
    """Where a program lies, or None."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *FOLDERS]))
    return Path(found) if found else None


def missing_programs() -> list[str]:
    """The names of the programs that the lab needs and this machine lacks."""
    return [name for name in PROGRAMS if find_program(name) is None]


def require_machine() -> None:
    """Raise LabUnavailable where the lab can never run."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise LabUnavailable(
            f"The lab needs Linux on x86-64, and this machine is {sys.platform} on {platform.machine()}: "
            "use the loopback or memory radio here."
        )


def require_installed(cache: Path) -> Path:
    """Check that all is there to start the guest, without installing anything.

    Returns:
        The folder of the guest's kernel.

    Raises:
        LabUnavailable: with what lacks and how to get it.
    """
    require_machine()
    require_bumble()
    if missing := missing_programs():
        raise LabUnavailable(f"The lab lacks {', '.join(missing)}: run 'hideez-bench lab install' as root.")
    kernel = installed_kernel(cache)
    if kernel is None:
        raise LabUnavailable("The lab has no kernel for its guest yet: run 'hideez-bench lab install'.")
    return kernel


def require_bumble() -> None:
    """The guest's radio is Bumble, from the Python environment that starts the lab."""
    if importlib.util.find_spec("bumble") is None:
        raise LabUnavailable(
            "The lab lacks the Python package bumble: install hideez-bench with its extra 'lab'."
        )


def install(say: Say) -> Path:
    """Install what lacks: packages through apt (as root), and the guest's kernel into the cache.

    Args:
        say: Is called with a sentence before each thing that takes time.

    Returns:
        The folder of the guest's kernel.

    Raises:
        LabUnavailable: when something lacks that cannot be installed here.
    """
    require_machine()
    require_bumble()
    install_packages(say)
    cache = cache_folder()
    with locked(cache):
        return installed_kernel(cache) or download_kernel(cache, say)


def install_packages(say: Say) -> None:
    """Have apt install the packages of all missing programs."""
    missing = missing_programs()
    if not missing:
        return
    packages = sorted({PROGRAMS[name] for name in missing})
    wanted = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise LabUnavailable(
            f"The lab lacks {', '.join(missing)}, and this machine has no apt: "
            f"install by hand what Debian calls {wanted}."
        )
    if os.geteuid() != 0:
        raise LabUnavailable(
            f"The lab lacks {', '.join(missing)}: as root, run 'apt-get install --no-install-recommends {wanted}'."
        )
    say(f"Installing {', '.join(packages)} with apt (about 35 MB) …")
    order = [*_APT, "install", "--no-install-recommends", *packages]
    refusal = run_apt(order)
    if refusal:
        say("Renewing apt's lists of packages …")
        refusal = run_apt([*_APT, "update"]) or run_apt(order)
    if refusal or (missing := missing_programs()):
        raise LabUnavailable(f"apt could not install {wanted}: {refusal or 'no ' + ', '.join(missing)}.")


def download_kernel(cache: Path, say: Say) -> Path:
    """Download the distribution's newest kernel package and unpack what the guest needs of it."""
    if shutil.which("apt-get") is None:
        raise LabUnavailable(
            "The lab has no kernel for its guest, and this machine has no apt to get Debian's from."
        )
    with tempfile.TemporaryDirectory(prefix=".kernel-", dir=cache) as name:
        scratch = Path(name)
        packages = resolve_kernel()
        if not packages and os.geteuid() == 0:
            say("Renewing apt's lists of packages …")
            run_apt([*_APT, "update"])
            packages = resolve_kernel()
        if not packages:
            raise LabUnavailable(
                f"apt knows none of the kernels {', '.join(METAPACKAGES)}: run 'apt-get update' as root."
            )
        say(f"Downloading {', '.join(packages)} (about 70 MB; it is unpacked for the guest, not installed) …")
        order = [*_APT, "-o", "APT::Sandbox::User=root", "download", *packages]
        refusal = run_apt(order, scratch)
        if refusal and os.geteuid() == 0:
            say("Renewing apt's lists of packages …")
            refusal = run_apt([*_APT, "update"]) or run_apt(order, scratch)
        if refusal:
            raise LabUnavailable(f"apt could not download the guest's kernel {packages[0]}: {refusal}.")
        say("Unpacking the kernel …")
        try:
            return unpack_kernel(sorted(scratch.glob("*.deb")), scratch, cache)
        except subprocess.CalledProcessError as error:
            raise LabUnavailable(
                f"The guest's kernel {packages[0]} could not be unpacked ({error})."
            ) from error


def resolve_kernel() -> list[str]:
    """The kernel packages that the first known metapackage stands for."""
    for metapackage in METAPACKAGES:
        answer = subprocess.run(
            ["apt-cache", "depends", "--no-recommends", "--no-suggests", metapackage],
            capture_output=True,
            text=True,
            check=False,
        )
        if packages := kernel_packages(answer.stdout):
            return packages
    return []


def run_apt(command: list[str], folder: Path | None = None) -> str | None:
    """Run apt without a question to the user.

    Returns:
        None when it went well, else apt's last words.
    """
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_APT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_APT_SECONDS // 60} minutes"
    lines = (
        [line for line in done.stdout.splitlines() if line.startswith("E:")]
        or done.stdout.splitlines()
        or ["no word"]
    )
    return lines[0].removeprefix("E: ").rstrip(".") if done.returncode else None
