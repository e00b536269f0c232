"""Wrong use and wrong surroundings end in one clear sentence and status 2."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from hideez_bench.emulator.key.sqlite_nvram import SqliteNvram
from tests.processes.conftest import Surroundings
from tests.processes.programs import Finished, Here, hideez_bench, run, running

NOWHERE = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}


def refused(finished: Finished, *words: str) -> None:
    """One sentence on standard error, and nothing of Python's."""
    assert finished.status == 2, finished.everything
    assert "Traceback" not in finished.everything
    assert finished.errors.startswith("hideez-bench: ")
    assert len(finished.errors.splitlines()) == 1
    for word in words:
        assert word in finished.errors


async def bench(*arguments: str, env: dict[str, str] | None = None) -> Finished:
    return await run([hideez_bench(), *arguments], {**os.environ, **(env or {})})


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(monkeypatch, capsys)


@pytest.mark.parametrize("target", ["foo", "ble:", "ble:HK-1", "emulator:air", "ble:AA:BB", ""])
def test_unknown_target(here: Here, target: str) -> None:
    refused(here("activate", "--target", target), "is no target", "ble:HK-00203")


@pytest.mark.parametrize("code", ["12345a", "", "six", "１２３４５６"])
def test_a_code_that_is_none_is_not_repeated(here: Here, code: str) -> None:
    finished = here("activate", "--target", "emulator:memory", "--code", code)
    refused(finished, "digits")
    assert not code or code not in finished.everything.replace("six to eight", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("activate", "--timeout", "nan"),
        ("activate", "--timeout", "inf"),
        ("hes", "serve", "--code-hours", "nan"),
        ("lab", "run", "--timeout", "nan", "--", "true"),
        ("activate", "--hes", "ftp://127.0.0.1:8470"),
        ("fleet", "--hes", "postgresql://127.0.0.1/hes"),
    ],
    ids=" ".join,
)
def test_what_is_in_no_range_and_leads_nowhere(here: Here, arguments: tuple[str, ...]) -> None:
    finished = here(*arguments)
    assert finished.status == 2
    assert finished.errors.splitlines()[-1].startswith("Error: Invalid value for '--")


def test_an_address_is_one_in_capitals_too(here: Here) -> None:
    refused(here("activate", "--hes", "HTTP://127.0.0.1:1", env={"HIDEEZ_HES_PASSWORD": ""}), "no password")


async def test_ctrl_c_while_the_program_is_still_being_loaded(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    finished = await bench("activate", env={"PYTHONPATH": str(tmp_path)})
    assert (finished.status, finished.everything) == (130, "Interrupted; nothing was sent.\n")


def test_no_message_bus(here: Here) -> None:
    found = here("activate", "--target", "ble:HK-00203", "--timeout", "1", env=NOWHERE)
    refused(found, "message bus", "--target emulator")
    refused(here("emulate", env=NOWHERE), "radio")


@pytest.mark.bluez
async def test_no_such_adapter(surroundings: Surroundings) -> None:
    env = dict(surroundings.env)
    arguments = ("--target", "ble:HK-00203", "--adapter", "hci9", "--timeout", "5")
    refused(await bench("activate", *arguments, env=env), "hci9")
    refused(await bench("emulate", "--adapter", "hci9", env=env), "hci9")


@pytest.mark.bluez
async def test_a_key_that_is_not_there(surroundings: Surroundings) -> None:
    finished = await surroundings.activate("--timeout", "2", name="HK-09999")
    refused(finished, "HK-09999", "within 2 s")


async def test_a_bus_without_bluetoothd() -> None:
    async with running(["dbus-daemon", "--session", "--nofork", "--print-address"], os.environ) as bus:
        env = {"DBUS_SYSTEM_BUS_ADDRESS": (await bus.expect(r"(unix:\S+)\n"))[1]}
        arguments = ("--target", "ble:HK-00203", "--timeout", "5")
        refused(await bench("activate", *arguments, env=env), "bluetoothd")
        refused(await bench("emulate", env=env), "bluetoothd")


@pytest.mark.parametrize("name", ["HK-1", "AB-00203", "HK-002030", ""])
def test_no_name_of_a_key(here: Here, name: str) -> None:
    refused(here("emulate", "--name", name), "no name of a key")


@pytest.mark.parametrize("option", ["--state", "--hes"])
def test_a_damaged_file(here: Here, option: str, tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    path.write_bytes(b"this is no database, but it is long enough to be looked at" * 100)
    before = path.read_bytes()
    refused(with_file(here, option, path), "memory.db")
    assert path.read_bytes() == before


@pytest.mark.parametrize("option", ["--state", "--hes"])
def test_a_file_out_of_reach(here: Here, option: str, tmp_path: Path) -> None:
    refused(with_file(here, option, tmp_path / "nowhere" / "memory.db"), "memory.db")


def test_a_key_memory_of_another_version(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "key.db"
    SqliteNvram(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    refused(with_file(here, "--state", path), "version")


def test_a_server_memory_of_another_version(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "hes.db"
    assert (here("activate", "--target", "emulator:memory", "--hes", str(path))).status == 0
    with sqlite3.connect(path) as database:
        database.execute("UPDATE app_settings SET value = '999' WHERE id LIKE '%schema%'")
    database.close()
    refused(with_file(here, "--hes", path), "version")


def with_file(here: Here, option: str, path: Path) -> Finished:
    """A command that opens a memory file before it needs any Bluetooth."""
    if option == "--state":
        return here("emulate", "--state", str(path), env=NOWHERE)
    return here("activate", "--target", "emulator:memory", "--hes", str(path))
