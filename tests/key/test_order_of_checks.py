"""What is checked before a command is carried out, and in which order: body, link, master key, locks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import MasterKey, Pin, StorageData
from tests.key.desk import MASTER_KEY, WRONG_KEY, Desk, refusal

PIN = Pin.from_text("1234")
NEW_KEY = MasterKey(bytes([9]) * 32)
Call = Callable[[KeyDevice], Awaitable[object]]

NEEDS_LINK: dict[str, Call] = {
    "SET_PIN": lambda device: device.set_pin(PIN),
    "ENTER_PIN": lambda device: device.enter_pin(PIN),
    "READ_STORAGE": lambda device: device.read_storage(34, 1),
    "WRITE_STORAGE": lambda device: device.write_storage(34, 1, StorageData(b"secret")),
    "DELETE_STORAGE": lambda device: device.delete_storage(34, 1),
    "ENUM_STORAGE": lambda device: device.enum_records(34),
    "GET_OTP": lambda device: device.get_otp(4, 1),
    "CHANGE_PASSPHRASE": lambda device: device.change_passphrase(MASTER_KEY, NEW_KEY),
    "FORCE_SET_PIN": lambda device: device.force_set_pin(PIN, MASTER_KEY),
    "ENTER_BOOT": lambda device: device.enter_boot(MASTER_KEY),
}
NEEDS_UNLOCKED: dict[str, Call] = {
    "CONFIRM": lambda device: device.confirm(15),
    "CLEAR_LOG": lambda device: device.clear_log(),
}
ALWAYS: dict[str, Call] = {
    "GET_ACCESS_PROFILE": lambda device: device.get_access_profile(),
    "QUERY_ACTIVE_LICENSE": lambda device: device.query_active_license(),
    "FETCH_LOG": lambda device: device.fetch_log(),
}
BY_WRONG_KEY: dict[str, Call] = {
    "CHANGE_PASSPHRASE": lambda device: device.change_passphrase(WRONG_KEY, NEW_KEY),
    "FORCE_SET_PIN": lambda device: device.force_set_pin(PIN, WRONG_KEY),
    "ENTER_BOOT": lambda device: device.enter_boot(WRONG_KEY),
}
LOCKED = {
    "W": ErrorName.ERR_DEVICE_LOCKED_BY_CODE,
    "X": ErrorName.ERR_DEVICE_LOCKED_BY_CODE,
    "P": ErrorName.ERR_DEVICE_LOCKED_BY_PIN,
}


async def answers(state: str, calls: dict[str, Call]) -> dict[str, object]:
    desk = Desk()
    await desk.bring_to(state)
    async with desk.device() as device:
        return {name: await refusal(call(device)) for name, call in calls.items()}


async def test_a_factory_key_wants_to_be_linked_first() -> None:
    assert await answers("F", NEEDS_LINK) == dict.fromkeys(NEEDS_LINK, ErrorName.ERR_NOT_INITIALIZED)


@pytest.mark.parametrize("state", LOCKED)
async def test_a_locked_key_says_by_what(state: str) -> None:
    refused = NEEDS_LINK | NEEDS_UNLOCKED
    assert await answers(state, refused) == dict.fromkeys(refused, LOCKED[state])
    assert LOCKED[state] not in (await answers(state, ALWAYS)).values()


@pytest.mark.parametrize("state", "WXUP")
async def test_a_wrong_master_key_is_noticed_first(state: str) -> None:
    assert await answers(state, BY_WRONG_KEY) == dict.fromkeys(BY_WRONG_KEY, ErrorName.ERR_KEY_WRONG)


async def test_a_malformed_body_is_noticed_before_all() -> None:
    desk = Desk()
    async with desk.device() as device:
        for command, body in ((0x08, bytes(64)), (0x0B, b"\x05123"), (0x10, b"\x22"), (0x19, b"x")):
            reply = await device.request_raw(bytes([command]) + body)
            assert reply.error is ErrorName.ERR_INVALID_PARAMETER


@pytest.mark.parametrize(
    "request_",
    [
        m.BootInfo(),
        m.BootErase(),
        m.BootWrite(0, b"x"),
        m.BootVerify(1, bytes(32), bytes(64)),
        m.BootRun(),
        m.ReadInfo(),
        m.ReadValue(0x2A19),
    ],
    ids=lambda request: str(request.command),
)
async def test_control_messages_of_boot_mode_and_the_serial_line_are_refused(
    request_: m.ControlRequest,
) -> None:
    desk = Desk()
    async with desk.host() as host:
        assert await refusal(host.transport.control(request_, 1.0)) is ErrorName.ERR_UNSUPPORTED
        assert m.ControlError(ErrorName.ERR_UNSUPPORTED) in host.controls
        await host.open()
