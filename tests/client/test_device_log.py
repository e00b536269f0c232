"""The logs of keys, kept in files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hideez_bench.harness.client.device_log import DeviceLogs
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.session import ConnectRequest
from hideez_bench.protocol.errors import BenchError
from tests.flow.rig import RIGHT, Rig

A, B, C, D = (b"2026-01-01T00:00:01Z a\n", b"- started\n", b"- started\n", b"2026-01-01T00:00:04Z d\n")


@pytest.mark.parametrize(
    ("readings", "kept"),
    [
        ([[A, B]], [A, B]),
        ([[A, B], [A, B, D]], [A, B, D]),
        ([[A, B], [A, B]], [A, B]),
        ([[A, B, C], [B, C, D]], [A, B, C, D]),
        ([[A, B], [A, B, C]], [A, B, C]),
        ([[A, B], [D]], [A, B, D]),
        ([[A, B], []], [A, B]),
    ],
    ids=["first", "new", "duplicate", "the oldest is gone", "undated, twice", "cleared", "empty"],
)
def test_a_log_is_appended_without_duplicates(
    tmp_path: Path, readings: list[list[bytes]], kept: list[bytes]
) -> None:
    logs = DeviceLogs(tmp_path)
    for reading in readings:
        logs("HK1", b"".join(reading))
    assert (tmp_path / "HK1.log").read_bytes() == b"".join(kept)


@pytest.mark.parametrize("serial", ["", "..", "a/b", "../a", "a" * 65, "a\n"])
def test_a_serial_number_is_no_way_out_of_the_folder(tmp_path: Path, serial: str) -> None:
    with pytest.raises(BenchError, match="serial number"):
        DeviceLogs(tmp_path)(serial, A)
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        DeviceLogs(tmp_path / "logs")("HK1", A)
    finally:
        os.umask(before)
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "logs" / "HK1.log").stat().st_mode & 0o777 == 0o600


@pytest.mark.virtual_time
async def test_a_log_that_cannot_be_kept_stops_nothing(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    request = ConnectRequest(take_log=DeviceLogs(tmp_path / "taken"))
    async with rig.client(rig.person(RIGHT), flow_type=ConnectionFlow, request=request) as flow:
        assert (await flow.run()).succeeded
    await rig.told("could not read the key's log")


@pytest.mark.virtual_time
async def test_the_log_of_a_key_grows_with_its_life(rig: Rig, tmp_path: Path) -> None:
    request = ConnectRequest(take_log=DeviceLogs(tmp_path))
    for _ in range(2):
        async with rig.client(rig.person(RIGHT), flow_type=ConnectionFlow, request=request) as flow:
            assert (await flow.run()).succeeded
    lines = (tmp_path / f"{rig.serial}.log").read_text().splitlines()
    assert [line.split(" ", 1)[1].split(",")[0] for line in lines].count("linked") == 1
    assert any("unlocked" in line for line in lines)
