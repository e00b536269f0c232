from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hideez_bench.harness.lab.cpio import CpioWriter
from hideez_bench.harness.lab.image import Recipe, add_bytecode, add_path, tree_files
from tests.lab.test_cpio import parse


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "site-packages"
    for name in (
        *("bleak/__init__.py", "bleak/tests/test_it.py", "bleak/types.pyi"),
        *("mypy/__init__.py", "schemathesis-4.1.dist-info/entry_points.txt"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("VALUE = 1\n")
    return folder


@pytest.fixture
def key(tmp_path: Path, packages: Path) -> Callable[[], str]:
    kernel, cache = tmp_path / "kernel-6.1", tmp_path / "cache"
    (kernel / "modules").mkdir(parents=True)
    (kernel / "vmlinux").write_bytes(b"kernel")
    cache.mkdir()

    def compute() -> str:
        recipe = Recipe(kernel, cache)
        recipe.package_folders = [packages]
        recipe.libraries = []
        return recipe.key()

    return compute


def test_the_key_stays_while_nothing_changes(key: Callable[[], str]) -> None:
    assert key() == key()


def test_a_changed_dependency_changes_the_key(key: Callable[[], str], packages: Path) -> None:
    before = key()
    (packages / "bleak" / "__init__.py").write_text("VALUE = 22\n")
    assert key() != before


def test_a_touched_dependency_changes_the_key(key: Callable[[], str], packages: Path) -> None:
    before = key()
    os.utime(packages / "bleak" / "__init__.py", (1, 1))
    assert key() != before


def test_a_new_dependency_changes_the_key(key: Callable[[], str], packages: Path) -> None:
    before = key()
    (packages / "new.py").write_text("")
    assert key() != before


def test_another_kernel_changes_the_key(key: Callable[[], str], tmp_path: Path) -> None:
    before = key()
    (tmp_path / "kernel-6.1" / "vmlinux").write_bytes(b"another kernel")
    assert key() != before


def test_what_the_guest_never_imports_is_left_out(packages: Path) -> None:
    assert list(tree_files(packages, packages=True)) == [f"{packages}/bleak/__init__.py"]


def test_links_are_kept_and_what_they_lead_to_is_packed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "program").write_bytes(b"program")
    (tmp_path / "link").symlink_to("real")
    with (tmp_path / "archive").open("wb") as file:
        archive = CpioWriter(file)
        add_path(archive, tmp_path / "link" / "program")
        archive.close()
    entries = parse((tmp_path / "archive").read_bytes())
    inside = str(tmp_path).strip("/")
    assert entries[f"{inside}/link"].data == b"real"
    assert entries[f"{inside}/real/program"].data == b"program"


def test_bytecode_that_lacks_is_compiled_and_fits_its_source(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text("VALUE = 1\n")
    os.utime(source, (1_700_000_000, 1_700_000_000.5))
    with (tmp_path / "archive").open("wb") as file:
        archive = CpioWriter(file)
        add_path(archive, source)
        add_bytecode(archive, source, tmp_path)
        archive.close()
    entries = parse((tmp_path / "archive").read_bytes())
    packed_source = entries[str(source).strip("/")]
    bytecode = next(entry for name, entry in entries.items() if name.endswith(".pyc"))
    assert int.from_bytes(bytecode.data[8:12], "little") == packed_source.mtime == 1_700_000_000
    assert int.from_bytes(bytecode.data[12:16], "little") == len(packed_source.data)
