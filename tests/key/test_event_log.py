"""The key's log: what it tells, how long it gets, and that it tells no secret."""

from __future__ import annotations

import re

from hideez_bench.emulator.key.event_log import LOG_SIZE
from hideez_bench.emulator.key.licence_authority import issue_license
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import Condition, ErrorName
from hideez_bench.protocol.secret import MasterKey, Pin, StorageData
from hideez_bench.protocol.values import AccessParams
from tests.key.desk import CODE, IDENTITY, MASTER_KEY, STARTED, WRONG_CODE, WRONG_KEY, Desk, refusal

PIN, WRONG_PIN = Pin.from_text("918273"), Pin.from_text("000000")
NEW_KEY = MasterKey(bytes([9]) * 32)
THREE_TRIES = AccessParams(Condition.PIN_CONNECT, 4, 3, 0, 0, 0)


async def events(device: KeyDevice) -> list[str]:
    """The lines, without their times."""
    return [line.split(" ", 1)[1] for line in (await device.fetch_log()).decode().splitlines()]


async def live_through_much(device: KeyDevice) -> None:
    await device.link(MASTER_KEY, CODE, 3)
    await refusal(device.unlock_device_code(WRONG_CODE))
    await device.unlock_device_code(CODE)
    await refusal(device.check_passphrase(WRONG_KEY))
    await device.access(STARTED, MASTER_KEY, THREE_TRIES)
    await device.load_license(issue_license(IDENTITY.serial, STARTED + 86400))
    await device.set_pin(PIN)
    await device.enter_pin(PIN)
    await device.write_storage(34, 1, StorageData(b"a login and a password"))
    for _ in range(3):
        await refusal(device.enter_pin(WRONG_PIN))
    await device.lock_device_code(MASTER_KEY, CODE, 5)
    await device.unlock(MASTER_KEY)
    await device.change_passphrase(MASTER_KEY, NEW_KEY)


async def test_it_tells_what_happened(desk: Desk) -> None:
    async with desk.device() as device:
        await live_through_much(device)
        told = await events(device)
    assert told == [
        "firmware 3.5.2 started",
        "host connected",
        "linked",
        "locked by code, attempts: 3",
        "code tried, attempts left: 2",
        "code tried, attempts left: 1",
        "unlocked",
        "wrong master key",
        "access profile set",
        "licence loaded into slot 0",
        "PIN set",
        "PIN tried",
        "all PIN tries restored",
        "PIN tried",
        "PIN tried",
        "PIN tried",
        "locked by PIN",
        "locked by code, attempts: 5",
        "all PIN tries restored",
        "no longer locked by PIN",
        "unlocked",
        "master key changed",
    ]


async def test_no_secret_is_in_it(desk: Desk) -> None:
    async with desk.device() as device:
        await live_through_much(device)
        log = await device.fetch_log()
    for secret in (CODE, WRONG_CODE, PIN, WRONG_PIN, MASTER_KEY, WRONG_KEY, NEW_KEY):
        assert secret.reveal() not in log
        assert secret.reveal().hex().encode() not in log
    assert b"password" not in log


async def test_every_line_has_the_time_of_the_key(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, THREE_TRIES)
        desk.now += 60
        await device.load_license(issue_license(IDENTITY.serial, STARTED + 86400))
        lines = (await device.fetch_log()).decode().splitlines()
    assert lines[0].startswith("- ")
    assert lines[-1] == "2027-01-15T08:01:00Z licence loaded into slot 0"
    assert all(re.match(r"(-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) \w", line) for line in lines)


async def test_what_was_written_with_a_change_outlasts_the_power(desk: Desk) -> None:
    async with desk.device() as device:
        await device.link(MASTER_KEY, CODE, 3)
    desk.switch_on()
    async with desk.device() as device:
        told = await events(device)
    assert told == [
        "firmware 3.5.2 started",
        "host connected",
        "linked",
        "locked by code, attempts: 3",
        "firmware 3.5.2 started",
        "host connected",
    ]


async def test_a_wipe_begins_a_new_one(desk: Desk) -> None:
    async with desk.device() as device:
        await device.link(MASTER_KEY, CODE, 3)
        await device.wipe(MASTER_KEY)
        assert await events(device) == ["wiped"]


async def test_clearing_it_needs_what_the_profile_asks(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, THREE_TRIES)
        assert await refusal(device.clear_log()) is ErrorName.ERR_PIN_NOT_SET
        await device.set_pin(PIN)
        await device.clear_log()
        assert await device.fetch_log() == b""
    desk.switch_on()
    async with desk.device() as device:
        assert await events(device) == ["firmware 3.5.2 started", "host connected"]


async def test_the_oldest_lines_go_when_it_is_full(desk: Desk) -> None:
    for _ in range(400):
        async with desk.device() as device:
            log = await device.fetch_log()
    assert LOG_SIZE - 40 < len(log) <= LOG_SIZE
    assert set(log.decode().splitlines()) == {"- host connected", "- host disconnected"}


async def test_beyond_its_end_there_is_nothing_to_fetch(desk: Desk) -> None:
    async with desk.device() as device:
        length = len(await device.fetch_log())
        assert await refusal(device.request(m.FetchLog(length))) is ErrorName.Ok
        assert await refusal(device.request(m.FetchLog(length + 1))) is ErrorName.ERR_INVALID_PARAMETER
