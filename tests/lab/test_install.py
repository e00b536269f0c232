from __future__ import annotations

from pathlib import Path

import pytest

from hideez_bench.harness.lab import install
from hideez_bench.harness.lab.errors import LabUnavailable

APT = """#!/bin/sh
echo "$*" >>"$LOG"
for word in "$@"; do
    case "$word" in
        update) touch "$LOG.updated"; exit 0 ;;
        install) [ -e "$LOG.updated" ] || [ -n "$FRESH" ] || { echo "E: Unable to locate package bluez."; exit 100; } ;;
    esac
done
[ -z "$BROKEN" ] || { echo "reading"; echo "E: No network."; exit 100; }
for program in qemu-system-x86_64 bluetoothd bluetoothctl btmon dbus-daemon busybox modprobe zstd; do
    printf '#!/bin/sh\\n' >"$BIN/$program"; chmod +x "$BIN/$program"
done
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it but what the shell needs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "touch", "chmod"):
        (folder / name).symlink_to(Path("/bin", name))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("BIN", str(folder))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setattr(install, "FOLDERS", ())
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return folder


@pytest.fixture
def apt(programs: Path, tmp_path: Path) -> Path:
    """A stand-in for apt-get, and the log of its calls."""
    (programs / "apt-get").write_text(APT)
    (programs / "apt-get").chmod(0o755)
    return tmp_path / "log"


def test_without_apt_the_packages_are_named(programs: Path) -> None:
    with pytest.raises(LabUnavailable, match=r"has no apt: install by hand .* bluez .* qemu-system-x86"):
        install.install_packages(print)


def test_a_plain_user_is_told_what_root_has_to_run(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabUnavailable, match=r"as root, run 'apt-get install --no-install-recommends bluez"):
        install.install_packages(print)
    assert not apt.exists()


def test_apt_installs_what_lacks_and_asks_nothing(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESH", "1")
    said: list[str] = []
    install.install_packages(said.append)
    (call,) = apt.read_text().splitlines()
    assert call.startswith("-y ")
    assert call.endswith("--no-install-recommends bluez busybox-static dbus-daemon kmod qemu-system-x86 zstd")
    assert len(said) == 1


def test_old_lists_of_packages_are_renewed(apt: Path) -> None:
    install.install_packages(print)
    assert ["update" in call for call in apt.read_text().splitlines()] == [False, True, False]


def test_apt_s_reason_is_passed_on(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(LabUnavailable, match=r"^apt could not install .*: No network\.$"):
        install.install_packages(print)


def test_nothing_is_done_when_all_is_there(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install.install_packages(print)
    apt.unlink()
    install.install_packages(print)
    assert not apt.exists()


def test_a_run_without_programs_says_how_to_install_them(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(
        LabUnavailable, match=r"^The lab lacks qemu-system-x86_64, .*: run 'hideez-bench lab install'"
    ):
        install.require_installed(tmp_path)


def test_a_run_without_a_kernel_says_how_to_install_it(apt: Path, tmp_path: Path) -> None:
    install.install_packages(print)
    with pytest.raises(LabUnavailable, match="no kernel"):
        install.require_installed(tmp_path)


def test_another_kind_of_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(LabUnavailable, match="x86-64"):
        install.require_machine()
