"""Boot mode: in, a new firmware, and out again, whatever comes between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hideez_bench.emulator.key.bootloader import BATTERY_NEEDED, IMAGE_LIMIT
from hideez_bench.emulator.key.firmware_image import FirmwareImage, vouch_for
from hideez_bench.emulator.key.life import Mode
from hideez_bench.emulator.key.nvram import MemoryNvram, NvramError
from hideez_bench.emulator.key.power_loss import Cut, PowerLossNvram, PowerLost
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import Button, ErrorName
from hideez_bench.protocol.transport import KeyRefused
from hideez_bench.protocol.values import Error, Version
from tests.key.desk import IDENTITY, MASTER_KEY, WIRE, Desk, Host, refusal, until

VERSION = Version(3, 6, 1)
IMAGE = FirmwareImage(IDENTITY.model.code, VERSION, bytes(range(256)) * 5).build()


async def ask(host: Host, request: m.BootRequest) -> Error:
    """The error in the answer to a request of boot mode."""
    try:
        answer = await host.transport.control(request, 1.0)
    except KeyRefused as refused:
        return refused.error
    assert not isinstance(answer, m.Value | m.Info)
    return answer.error


async def send(host: Host, image: bytes = IMAGE, start: int = 0) -> None:
    info = await host.transport.control(m.BootInfo(), 1.0)
    assert isinstance(info, m.BootDescription)
    assert info.data_limit is not None
    for offset in range(start, len(image), info.data_limit):
        request = m.BootWrite(offset, image[offset : offset + info.data_limit])
        assert await ask(host, request) is ErrorName.Ok


async def enter_boot(desk: Desk) -> None:
    async with desk.host() as host:
        await (await host.open()).enter_boot(MASTER_KEY)
        await until(host.transport.lost.is_set)


def in_boot_mode(desk: Desk) -> bool:
    mode = WIRE.info.parse(desk.key.info_characteristic()).mode_byte
    return mode == WIRE.profile.number("mode", "BOOT")


@pytest.fixture
async def booted(desk: Desk) -> Desk:
    """A linked, unlocked key in boot mode."""
    await desk.bring_to("U")
    await enter_boot(desk)
    return desk


@pytest.fixture
async def host(booted: Desk) -> AsyncIterator[Host]:
    async with booted.host() as host:
        yield host


async def test_every_link_drops_after_the_reply(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.host("pc") as host, desk.host("other") as other:
        assert not in_boot_mode(desk)
        await (await host.open()).enter_boot(MASTER_KEY)
        await until(host.transport.lost.is_set)
        await until(other.transport.lost.is_set)
        assert desk.key.view.connections == 0
        assert in_boot_mode(desk)


async def test_boot_mode_has_neither_channels_nor_state(booted: Desk, host: Host) -> None:
    booted.advance(2)
    booted.key.press(Button.SINGLE)
    for request in (m.GetRootKey(), m.ResetEncryption(1), m.ReadInfo()):
        assert await refusal(host.transport.control(request, 1.0)) is ErrorName.ERR_UNSUPPORTED
    assert (
        await refusal(host.transport.encrypted(m.Envelope(1, 1, bytes(12)), 1.0)) is ErrorName.ERR_UNSUPPORTED
    )
    assert host.statuses == []


async def test_boot_info_tells_what_an_image_may_be(host: Host) -> None:
    info = await host.transport.control(m.BootInfo(), 1.0)
    assert info == m.BootDescription(ErrorName.Ok, IDENTITY.bootloader, IMAGE_LIMIT, 507)


async def test_an_update_brings_the_new_version_and_keeps_the_rest(booted: Desk, host: Host) -> None:
    assert await ask(host, m.BootErase()) is ErrorName.Ok
    await send(host)
    assert await ask(host, vouch_for(IMAGE)) is ErrorName.Ok
    assert await ask(host, m.BootRun()) is ErrorName.Ok
    await until(host.transport.lost.is_set)
    assert not in_boot_mode(booted)
    for _ in range(2):
        async with booted.device() as device:
            assert device.info.firmware == VERSION
            await device.check_passphrase(MASTER_KEY)
        assert booted.key.device_information["firmware"] == "3.6.1"
        booted.switch_on()
    async with booted.device() as device:
        await device.wipe(MASTER_KEY)
        assert (await device.refresh_device_info()).firmware == VERSION


async def test_without_an_update_the_old_firmware_runs_again(booted: Desk, host: Host) -> None:
    assert await ask(host, m.BootRun()) is ErrorName.Ok
    await until(host.transport.lost.is_set)
    async with booted.device() as device:
        assert device.info.firmware == IDENTITY.firmware
    assert await booted.state() == "U"


async def test_pieces_may_come_in_any_order_and_each_once(host: Host) -> None:
    assert await ask(host, m.BootWrite(0, b"x")) is ErrorName.BOOT_STATUS_ERASE_REQ
    await ask(host, m.BootErase())
    assert await ask(host, m.BootWrite(4, IMAGE[4:8])) is ErrorName.Ok
    assert await ask(host, m.BootWrite(2, IMAGE[2:5])) is ErrorName.BOOT_STATUS_ALREADY_SET
    assert await ask(host, m.BootWrite(7, IMAGE[7:9])) is ErrorName.BOOT_STATUS_ALREADY_SET
    assert await ask(host, vouch_for(IMAGE)) is ErrorName.BOOT_STATUS_PARTIAL
    assert await ask(host, m.BootWrite(0, IMAGE[:4])) is ErrorName.Ok
    assert await ask(host, vouch_for(IMAGE)) is ErrorName.BOOT_STATUS_PARTIAL
    await send(host, start=8)
    assert await ask(host, vouch_for(IMAGE)) is ErrorName.Ok


async def test_nothing_is_written_beyond_the_end(host: Host) -> None:
    await ask(host, m.BootErase())
    assert await ask(host, m.BootWrite(IMAGE_LIMIT - 1, b"x")) is ErrorName.Ok
    assert await ask(host, m.BootWrite(IMAGE_LIMIT - 2, b"xx")) is ErrorName.BOOT_STATUS_ALREADY_SET
    assert await ask(host, m.BootWrite(IMAGE_LIMIT, b"x")) is ErrorName.BOOT_STATUS_INVALID_ADDR
    assert await ask(host, m.BootWrite(2**32 - 1, b"x")) is ErrorName.BOOT_STATUS_INVALID_ADDR


GOOD = vouch_for(IMAGE)
OTHER_MODEL = FirmwareImage("ST102", VERSION, b"code").build()


@pytest.mark.parametrize(
    ("image", "request_", "error"),
    [
        (IMAGE, replace(GOOD, sha256=bytes(32)), ErrorName.BOOT_STATUS_CRC_ERROR),
        (IMAGE[:-1] + b"!", GOOD, ErrorName.BOOT_STATUS_CRC_ERROR),
        (IMAGE, replace(GOOD, signature=bytes(64)), ErrorName.BOOT_STATUS_BAD_SIGNATURE),
        (IMAGE, replace(GOOD, signature=vouch_for(b"other").signature), ErrorName.BOOT_STATUS_BAD_SIGNATURE),
        (IMAGE, replace(GOOD, length=0), ErrorName.BOOT_STATUS_WRONG_PARAMETER),
        (IMAGE, replace(GOOD, length=len(IMAGE) - 1), ErrorName.BOOT_STATUS_WRONG_PARAMETER),
        (IMAGE, replace(GOOD, length=len(IMAGE) + 1), ErrorName.BOOT_STATUS_PARTIAL),
        (OTHER_MODEL, vouch_for(OTHER_MODEL), ErrorName.BOOT_STATUS_WRONG_PARAMETER),
        (b"no image", vouch_for(b"no image"), ErrorName.BOOT_STATUS_WRONG_PARAMETER),
        (b"HKFW\xff", vouch_for(b"HKFW\xff"), ErrorName.BOOT_STATUS_WRONG_PARAMETER),
    ],
)
async def test_an_image_that_is_not_right_is_not_run(
    booted: Desk, host: Host, image: bytes, request_: m.BootVerify, error: ErrorName
) -> None:
    await ask(host, m.BootErase())
    await send(host, image)
    assert await ask(host, request_) is error
    assert await ask(host, m.BootRun()) is ErrorName.BOOT_STATUS_PARTIAL
    assert in_boot_mode(booted)


async def test_a_battery_that_is_low_keeps_the_old_firmware(booted: Desk, host: Host) -> None:
    booted.key.battery = BATTERY_NEEDED - 1
    assert await ask(host, m.BootErase()) is ErrorName.BOOT_STATUS_LOW_BATTERY
    assert await ask(host, m.BootRun()) is ErrorName.Ok


@pytest.mark.parametrize("pieces_sent", [False, True])
async def test_an_update_that_was_cut_off_stays_in_boot_mode_and_starts_over(
    booted: Desk, pieces_sent: bool
) -> None:
    async with booted.host() as host:
        await ask(host, m.BootErase())
        if pieces_sent:
            await send(host)
    booted.switch_on()
    assert in_boot_mode(booted)
    async with booted.host() as host:
        assert await ask(host, m.BootRun()) is ErrorName.BOOT_STATUS_PARTIAL
        assert await ask(host, vouch_for(IMAGE)) is ErrorName.BOOT_STATUS_ERASE_REQ
        assert await ask(host, m.BootErase()) is ErrorName.Ok
        await send(host)
        assert await ask(host, vouch_for(IMAGE)) is ErrorName.Ok
    booted.switch_on()
    async with booted.host() as host:
        assert await ask(host, m.BootRun()) is ErrorName.Ok
        await until(host.transport.lost.is_set)
    async with booted.device() as device:
        assert device.info.firmware == VERSION


@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_the_power_may_go_at_every_commit_of_an_update(at: int, cut: Cut) -> None:
    """Entering, erasing, checking, running: afterwards the key is in boot mode, or runs a whole firmware."""
    memory = MemoryNvram()
    desk = Desk(memory)
    await desk.bring_to("U")
    desk.nvram = PowerLossNvram(memory, at, cut)
    desk.switch_on()
    with pytest.raises(PowerLost):
        await update(desk)
    desk.nvram = memory
    desk.switch_on()
    if in_boot_mode(desk):
        async with desk.host() as host:
            if await ask(host, m.BootRun()) is ErrorName.BOOT_STATUS_PARTIAL:
                await ask(host, m.BootErase())
                await send(host)
                assert await ask(host, vouch_for(IMAGE)) is ErrorName.Ok
                assert await ask(host, m.BootRun()) is ErrorName.Ok
    assert not in_boot_mode(desk)
    async with desk.device() as device:
        assert device.info.firmware in (IDENTITY.firmware, VERSION)
    assert await desk.state() == "U"


async def update(desk: Desk) -> None:
    await enter_boot(desk)
    async with desk.host() as host:
        await ask(host, m.BootErase())
        await send(host)
        await ask(host, vouch_for(IMAGE))
        await ask(host, m.BootRun())


async def test_a_memory_that_fails_is_a_write_error(
    booted: Desk, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit(changes: object) -> None:
        raise NvramError("the memory is full")

    monkeypatch.setattr(booted.nvram, "commit", commit)
    assert await ask(host, m.BootErase()) is ErrorName.BOOT_STATUS_WRITE_ERROR
    assert [str(fault) for fault in booted.faults] == ["the memory is full"]


def test_a_version_that_means_nothing_is_damage(desk: Desk) -> None:
    desk.nvram.commit({"boot.firmware": b"?"})
    with pytest.raises(NvramError, match="damaged"):
        desk.switch_on()


async def test_the_key_shows_boot_mode_until_it_leaves_it(booted: Desk) -> None:
    assert booted.key.view.mode is Mode.BOOT
    booted.switch_on()
    assert booted.key.view.mode is Mode.BOOT
    async with booted.host() as host:
        booted.key.press(Button.SINGLE)
        await ask(host, m.BootRun())
        await until(host.transport.lost.is_set)
    assert booted.key.view.mode is not Mode.BOOT
