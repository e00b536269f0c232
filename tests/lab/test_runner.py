from __future__ import annotations

import io
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.harness.lab.qemu import Machine, Qemu, Share
from hideez_bench.harness.lab.runner import Pump, next_event, snapshot_key


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("vmlinux", "root.cpio", "other.cpio"):
        (tmp_path / name).write_bytes(name.encode())
    return Machine(tmp_path / "vmlinux", tmp_path / "root.cpio", adapters=3)


def test_a_snapshot_fits_every_project_on_its_machine(machine: Machine, tmp_path: Path) -> None:
    here = [Share("project", tmp_path, read_only=True)]
    there = [Share("project", tmp_path / "other", read_only=True)]
    assert snapshot_key(machine, here) == snapshot_key(machine, there)


CHANGES: dict[str, Callable[[Machine], Machine]] = {
    "adapters": lambda machine: replace(machine, adapters=2),
    "root": lambda machine: replace(machine, image=machine.image.with_name("other.cpio")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_another_machine_has_another_snapshot(machine: Machine, change: Callable[[Machine], Machine]) -> None:
    assert snapshot_key(machine, []) != snapshot_key(change(machine), [])


def test_another_place_for_folders_has_another_snapshot(machine: Machine, tmp_path: Path) -> None:
    assert snapshot_key(machine, []) != snapshot_key(machine, [Share("out", tmp_path, read_only=False)])


def test_a_rebuilt_root_has_another_snapshot(machine: Machine) -> None:
    before = snapshot_key(machine, [])
    machine.image.write_bytes(b"rebuilt")
    assert snapshot_key(machine, []) != before


def test_the_memory_holds_the_root_and_what_runs(machine: Machine) -> None:
    assert machine.megabytes >= 800
    assert machine.megabytes % 64 == 0


def test_a_comma_in_a_folder_s_name_is_told_to_qemu_doubled(tmp_path: Path) -> None:
    words = Share("project", tmp_path / "a,b", read_only=True).arguments()
    assert f"path={tmp_path}/a,,b," in words[1]


@given(
    output=st.text(alphabet="mar-", max_size=40).filter(lambda text: "-mark-" not in text + "-mark"),
    pieces=st.lists(st.integers(1, 7)),
    late=st.sampled_from([b"", b"from an orphan"]),
)
def test_output_is_passed_on_up_to_the_mark_however_it_is_cut(
    output: str, pieces: list[int], late: bytes
) -> None:
    here, there = socket.socketpair()
    passed = io.BytesIO()
    pump = Pump(here, passed, b"-mark-")
    pump.start()
    sent = output.encode() + b"-mark-" + late
    for size in pieces:
        there.sendall(sent[:size])
        sent = sent[size:]
    there.sendall(sent)
    assert pump.ended.wait(10)
    assert passed.getvalue() == output.encode()
    here.close()
    there.close()


def test_output_without_a_mark_is_passed_on_whole() -> None:
    here, there = socket.socketpair()
    passed = io.BytesIO()
    pump = Pump(here, passed, b"-mark-")
    pump.start()
    there.sendall(b"the guest died in the middle of -mar")
    there.close()
    assert pump.ended.wait(10)
    assert passed.getvalue() == b"the guest died in the middle of -mar"
    here.close()


def test_words_that_come_together_are_told_apart() -> None:
    """As where the host is slow, and the guest's job quick."""
    here, there = socket.socketpair()
    there.sendall(b'{"event": "started"}\n{"event": "exit", "status": 3}\n')
    qemu = cast(Qemu, SimpleNamespace(control=here))
    assert next_event(qemu, 30) == {"event": "started"}
    assert next_event(qemu, 30) == {"event": "exit", "status": 3}
    here.close()
    there.close()
