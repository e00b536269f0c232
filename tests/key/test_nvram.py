"""The persistent memory: what it promises, and what its file does when something is wrong with it."""

from __future__ import annotations

import hmac
import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.nvram import MemoryNvram, Nvram, NvramError
from hideez_bench.emulator.key.sqlite_nvram import SqliteNvram
from hideez_bench.protocol.names import AccessLevel, ErrorName
from hideez_bench.protocol.secret import ActivationCode
from tests.key.desk import CODE, IDENTITY, MASTER_KEY, WRONG_CODE, Desk, refusal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "key.nvram"


@pytest.fixture(params=["memory", "file"])
def nvram(request: pytest.FixtureRequest, path: Path) -> Iterator[Nvram]:
    made: Nvram = MemoryNvram() if request.param == "memory" else SqliteNvram(path)
    yield made
    made.close()


def test_values_are_kept_replaced_and_removed(nvram: Nvram) -> None:
    assert nvram.get("a") is None
    nvram.commit({"a": b"1", "b": b"\0\xff"})
    nvram.commit({"a": b"2", "b": None, "c": b""})
    assert [nvram.get(name) for name in "abc"] == [b"2", None, b""]


def test_closing_twice_is_harmless(nvram: Nvram) -> None:
    nvram.close()
    nvram.close()


def test_a_file_keeps_its_values_and_is_its_owner_s_alone(path: Path) -> None:
    first = SqliteNvram(path)
    first.commit({"a": b"1"})
    first.close()
    path.chmod(0o644)
    second = SqliteNvram(path)
    assert second.get("a") == b"1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second.close()


async def test_a_key_survives_in_its_file(path: Path) -> None:
    desk = Desk(SqliteNvram(path))
    await desk.bring_to("W")
    async with desk.device() as device:
        await refusal(device.unlock_device_code(WRONG_CODE))
        root = device.root_key
    desk.nvram.close()
    desk = Desk(SqliteNvram(path), seed=1)
    async with desk.device() as device:
        assert (device.root_key, device.info.unlock_attempts) == (root, 2)
        await device.unlock_device_code(CODE)
        await device.check_passphrase(MASTER_KEY)
    desk.nvram.close()


async def test_neither_code_nor_master_key_is_in_the_file(path: Path) -> None:
    desk = Desk(SqliteNvram(path))
    await desk.bring_to("W")
    desk.nvram.close()
    content = path.read_bytes()  # noqa: ASYNC240 - nothing else runs meanwhile
    assert CODE.reveal() not in content
    assert MASTER_KEY.reveal() not in content
    assert MASTER_KEY.reveal().hex().encode() not in content


async def test_what_was_wiped_is_not_left_in_the_file(path: Path) -> None:
    desk = Desk(SqliteNvram(path))
    await desk.bring_to("W")
    digest = desk.nvram.get("state.master_key")
    async with desk.device() as device:
        await device.wipe(MASTER_KEY)
    desk.nvram.close()
    assert digest is not None
    assert digest not in path.read_bytes()  # noqa: ASYNC240 - nothing else runs meanwhile


def refused(path: Path) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(NvramError) as caught:
        SqliteNvram(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def test_a_file_in_use_is_refused_until_it_is_free(path: Path) -> None:
    first = SqliteNvram(path)
    assert "in use by another emulator" in refused(path)
    assert "in use by another emulator" in refused(path)
    first.commit({"a": b"1"})
    first.close()
    SqliteNvram(path).close()


def test_another_version_is_left_as_it_is(path: Path) -> None:
    SqliteNvram(path).close()
    _alter(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    assert "layout 99" in refused(path)
    assert path.read_bytes() == before


LAYOUT_1 = """
CREATE TABLE nvram (name TEXT PRIMARY KEY, value BLOB NOT NULL);
INSERT INTO nvram VALUES
    ('serial', 'ST1032026000203'),
    ('root_key', X'0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20'),
    ('state.master_key', X'000102030405060708090a0b0c0d0e0f{master_key}'),
    ('state.attempts', '3'),
    ('state.attempts_granted', '3'),
    ('state.access', '{{"conditions": 1, "pin_min_length": 4, "pin_max_tries": 10, "pin_expiration": 86400,
        "button_expiration": 0, "master_key_expiration": 0}}'),
    ('state.clock_offset', '0'),
    ('state.confirmed_hosts', '{hosts}'),
    ('state.licenses', '{{}}');
PRAGMA application_id = 0x485A4B59;
PRAGMA user_version = 1;
"""


def write_layout_1(path: Path, hosts: str = '["pc"]') -> None:
    digest = hmac.digest(bytes(range(16)), MASTER_KEY.reveal(), "sha256")
    database = sqlite3.connect(path)
    database.executescript(LAYOUT_1.format(master_key=digest.hex(), hosts=hosts))
    database.execute("UPDATE nvram SET value = CAST(value AS BLOB)")
    database.commit()
    database.close()


async def test_a_memory_of_layout_1_is_upgraded(path: Path) -> None:
    write_layout_1(path)
    for _ in range(2):
        desk = Desk(SqliteNvram(path))
        async with desk.device("pc") as device, desk.device("another") as other:
            assert device.info.access_level == AccessLevel(0)
            assert other.info.access_level == AccessLevel.MASTER_KEY_REQUIRED
            assert (device.info.unlock_attempts, device.info.pin_min_length) == (3, 4)
            await device.check_passphrase(MASTER_KEY)
        desk.nvram.close()


def test_a_memory_of_layout_1_that_means_nothing_is_left_as_it_is(path: Path) -> None:
    write_layout_1(path, hosts="?")
    before = path.read_bytes()
    assert "damaged" in refused(path)
    assert path.read_bytes() == before


def test_a_foreign_database_is_left_as_it_is(path: Path) -> None:
    _alter(path, "CREATE TABLE contacts (name TEXT)")
    before = path.read_bytes()
    assert "a database of something else" in refused(path)
    assert path.read_bytes() == before


def test_a_file_of_something_else_is_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 100)
    assert "is no key's memory" in refused(path)
    assert path.read_bytes() == b"Dear diary, " * 100


def test_a_damaged_file_is_named_as_such(path: Path) -> None:
    nvram = SqliteNvram(path)
    nvram.commit({f"value {number}": bytes(4000) for number in range(20)})
    nvram.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * 8192)
    assert "damaged" in refused(path)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert "is a directory" in refused(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "cannot be opened" in refused(tmp_path / "nowhere" / "key.nvram")


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """Not root for a while, who may open everything, and in a folder that is not one's own."""
    was = os.geteuid()
    tmp_path.chmod(0o000)
    if was == 0:
        os.seteuid(65534)
    yield
    os.seteuid(was)
    tmp_path.chmod(0o700)


@pytest.mark.usefixtures("unprivileged")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    assert "cannot be opened" in refused(tmp_path / "key.nvram")


def test_an_empty_file_that_a_cut_off_start_left_is_taken(path: Path) -> None:
    path.touch()
    nvram = SqliteNvram(path)
    nvram.commit({"a": b"1"})
    nvram.close()


def fill_up(nvram: SqliteNvram) -> None:
    """Leave no room: what sqlite does when the disk is full, it does at its page limit."""
    (pages,) = nvram._database.execute("PRAGMA page_count").fetchone()
    nvram._database.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_changes_nothing(path: Path) -> None:
    nvram = SqliteNvram(path)
    nvram.commit({"a": b"1"})
    fill_up(nvram)
    with pytest.raises(NvramError, match="full"):
        nvram.commit({"a": b"2", "b": bytes(100_000)})
    assert (nvram.get("a"), nvram.get("b")) == (b"1", None)
    nvram.commit({"a": b"3"})
    nvram.close()


class FullNvram(MemoryNvram):
    """A memory that takes nothing more once it is full."""

    full = False

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        if self.full:
            raise NvramError("the memory is full")
        super().commit(changes)


@pytest.mark.parametrize("code", [CODE, WRONG_CODE])
async def test_a_key_that_cannot_write_reports_a_fault_and_does_not_look_at_the_code(
    code: ActivationCode,
) -> None:
    nvram = FullNvram()
    desk = Desk(nvram)
    await desk.bring_to("W")
    nvram.full = True
    async with desk.device() as device:
        assert await refusal(device.unlock_device_code(code)) is ErrorName.ERR_HARDWARE_FAULT
        assert (await device.refresh_device_info()).unlock_attempts == 3
    assert [str(fault) for fault in desk.faults] == ["the memory is full"]
    assert await desk.state() == "W"


def test_a_memory_serves_the_key_that_it_belongs_to(desk: Desk) -> None:
    with pytest.raises(NvramError, match=f"belongs to the key {IDENTITY.serial}"):
        Key(
            desk.nvram,
            identity=Identity.numbered(204),
            clock=lambda: 0.0,
            utc=lambda: 0,
            random=desk.random.randbytes,
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [("state.attempts", b"?"), ("state.access", b"{}"), ("state.licenses", b"[1]"), ("root_key", b"")],
)
def test_values_that_mean_nothing_are_damage(desk: Desk, name: str, value: bytes) -> None:
    desk.nvram.commit({name: value})
    with pytest.raises(NvramError, match="damaged"):
        desk.switch_on()


def _alter(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()
