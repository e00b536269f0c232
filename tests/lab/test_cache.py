from __future__ import annotations

import os
from pathlib import Path

import pytest

from hideez_bench.harness.lab.cache import cache_folder, clean, keep_newest, locked, new_file
from hideez_bench.harness.lab.errors import LabUnavailable


def test_the_cache_is_where_the_variable_says_and_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDEEZ_BENCH_LAB_CACHE", str(tmp_path / "a" / "b"))
    assert cache_folder() == tmp_path / "a" / "b"
    assert cache_folder().stat().st_mode & 0o777 == 0o700


def test_a_cache_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HIDEEZ_BENCH_LAB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(LabUnavailable, match="HIDEEZ_BENCH_LAB_CACHE"):
        cache_folder()


def test_a_half_written_file_never_takes_its_name(tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_file(tmp_path / "state") as draft:
            draft.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    for age in range(4):
        (tmp_path / f"root-{age}.cpio").write_text("")
        os.utime(tmp_path / f"root-{age}.cpio", (1000 - age, 1000 - age))
    keep_newest(tmp_path, "root-*.cpio", 2)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["root-0.cpio", "root-1.cpio"]


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / ".new-old").write_text("")
    (tmp_path / ".new-young").write_text("")
    os.utime(tmp_path / ".new-old", (1000, 1000))
    with locked(tmp_path):
        pass
    assert not (tmp_path / ".new-old").exists()
    assert (tmp_path / ".new-young").exists()


def test_cleaning_empties_the_cache(tmp_path: Path) -> None:
    (tmp_path / "kernel-6.1" / "modules").mkdir(parents=True)
    (tmp_path / "root-1.cpio").write_text("")
    clean(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["lock"]
