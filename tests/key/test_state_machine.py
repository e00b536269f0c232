"""Every command in every state: F factory, W waiting for its code, X out of attempts, U unlocked, P locked by PIN."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from hideez_bench.emulator.key.licence_authority import issue_license
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import Button, ErrorName
from hideez_bench.protocol.secret import ActivationCode, Pin, StorageData
from tests.key.desk import (
    CODE,
    IDENTITY,
    MASTER_KEY,
    WRONG_CODE,
    WRONG_KEY,
    Desk,
    asked_to_wipe,
    profile_of,
    refusal,
)

Action = Callable[[KeyDevice], Awaitable[object]]
LICENCE = issue_license(IDENTITY.serial, 2_000_000_000)
PIN = Pin.from_text("1234")
NEW_CODE = ActivationCode(b"98765432")

ACTIONS: dict[str, Action] = {
    "PING": lambda key: key.ping("hello"),
    "GET_INFO": lambda key: key.refresh_device_info(),
    "LINK": lambda key: key.link(MASTER_KEY, CODE, 5),
    "right code": lambda key: key.unlock_device_code(CODE),
    "wrong code": lambda key: key.unlock_device_code(WRONG_CODE),
    "LOCK_DEVICE_CODE": lambda key: key.lock_device_code(MASTER_KEY, NEW_CODE, 4),
    "ACCESS": lambda key: key.access(1_800_000_000, MASTER_KEY, profile_of()),
    "CHECK_PASSPHRASE": lambda key: key.check_passphrase(MASTER_KEY),
    "UNLOCK": lambda key: key.unlock(MASTER_KEY),
    "WIPE": lambda key: key.wipe(MASTER_KEY),
    "LOAD_LICENSE": lambda key: key.load_license(LICENCE),
    "LOAD_LICENSE into a slot": lambda key: key.load_license(LICENCE, 3),
    "QUERY_LICENSE": lambda key: key.query_license(0),
    "CHANGE_PASSPHRASE": lambda key: key.change_passphrase(MASTER_KEY, WRONG_KEY),
    "SET_PIN": lambda key: key.set_pin(PIN),
    "FORCE_SET_PIN": lambda key: key.force_set_pin(PIN, MASTER_KEY),
    "ENTER_PIN": lambda key: key.enter_pin(PIN),
    "GET_ACCESS_PROFILE": lambda key: key.get_access_profile(),
    "READ_STORAGE": lambda key: key.read_storage(34, 1),
    "WRITE_STORAGE": lambda key: key.write_storage(34, 1, StorageData(b"x")),
    "DELETE_STORAGE": lambda key: key.delete_storage(34, 1),
    "ENUM_STORAGE": lambda key: key.enum_records(34),
    "GET_OTP": lambda key: key.get_otp(34, 1),
    "QUERY_ACTIVE_LICENSE": lambda key: key.query_active_license(),
    "FETCH_LOG": lambda key: key.fetch_log(),
    "CLEAR_LOG": lambda key: key.clear_log(),
    "LOCK_DEVICE_CODE, wrong key": lambda key: key.lock_device_code(WRONG_KEY, NEW_CODE, 4),
    "ACCESS, wrong key": lambda key: key.access(1_800_000_000, WRONG_KEY, profile_of()),
    "CHECK_PASSPHRASE, wrong key": lambda key: key.check_passphrase(WRONG_KEY),
    "UNLOCK, wrong key": lambda key: key.unlock(WRONG_KEY),
    "WIPE, wrong key": lambda key: key.wipe(WRONG_KEY),
}

# The answer in F, W, X, U and P. "-> S" after Ok: the key is then in state S; otherwise it stays where it is.
TABLE = {
    "PING": "Ok | Ok | Ok | Ok | Ok",
    "GET_INFO": "Ok | Ok | Ok | Ok | Ok",
    "LINK": "Ok -> W | ALREADY_INITIALIZED | ALREADY_INITIALIZED | ALREADY_INITIALIZED | ALREADY_INITIALIZED",
    "right code": "NOT_INITIALIZED | Ok -> U | DEVICE_LOCKED_BY_CODE | UNSUPPORTED | DEVICE_LOCKED_BY_PIN",
    "wrong code": "NOT_INITIALIZED | PIN_WRONG | DEVICE_LOCKED_BY_CODE | UNSUPPORTED | DEVICE_LOCKED_BY_PIN",
    "LOCK_DEVICE_CODE": "NOT_INITIALIZED | Ok -> W | Ok -> W | Ok -> W | Ok -> W",
    "ACCESS": "NOT_INITIALIZED | DEVICE_LOCKED_BY_CODE | DEVICE_LOCKED_BY_CODE | Ok | DEVICE_LOCKED_BY_PIN",
    "CHECK_PASSPHRASE": "NOT_INITIALIZED | DEVICE_LOCKED_BY_CODE | DEVICE_LOCKED_BY_CODE | Ok | DEVICE_LOCKED_BY_PIN",
    "UNLOCK": "NOT_INITIALIZED | Ok -> U | Ok -> U | Ok -> U | Ok -> U",
    "WIPE": "NOT_INITIALIZED | Ok -> F | Ok -> F | Ok -> F | Ok -> F",
    "LOAD_LICENSE": "Ok | DEVICE_LOCKED_BY_CODE | DEVICE_LOCKED_BY_CODE | Ok | DEVICE_LOCKED_BY_PIN",
    "LOAD_LICENSE into a slot": "Ok | Ok | Ok | Ok | Ok",
    "QUERY_LICENSE": "NO_LICENSE | NO_LICENSE | NO_LICENSE | NO_LICENSE | NO_LICENSE",
    **{
        command: f"NOT_INITIALIZED | DEVICE_LOCKED_BY_CODE | DEVICE_LOCKED_BY_CODE | {unlocked} | DEVICE_LOCKED_BY_PIN"
        for command, unlocked in (
            ("CHANGE_PASSPHRASE", "Ok"),
            ("SET_PIN", "NOT_INITIALIZED"),
            ("FORCE_SET_PIN", "NOT_INITIALIZED"),
            ("ENTER_PIN", "PIN_NOT_SET"),
            ("READ_STORAGE", "NO_DATA"),
            ("WRITE_STORAGE", "Ok"),
            ("DELETE_STORAGE", "NO_DATA"),
            ("ENUM_STORAGE", "Ok"),
            ("GET_OTP", "NO_DATA"),
        )
    },
    "GET_ACCESS_PROFILE": "NO_DATA | NO_DATA | NO_DATA | NO_DATA | NO_DATA",
    "QUERY_ACTIVE_LICENSE": "NO_LICENSE | NO_LICENSE | NO_LICENSE | NO_LICENSE | NO_LICENSE",
    "FETCH_LOG": "Ok | Ok | Ok | Ok | Ok",
    "CLEAR_LOG": "Ok | DEVICE_LOCKED_BY_CODE | DEVICE_LOCKED_BY_CODE | Ok | DEVICE_LOCKED_BY_PIN",
    **{
        f"{command}, wrong key": "NOT_INITIALIZED | KEY_WRONG | KEY_WRONG | KEY_WRONG | KEY_WRONG"
        for command in ("LOCK_DEVICE_CODE", "ACCESS", "CHECK_PASSPHRASE", "UNLOCK", "WIPE")
    },
}
CASES = [
    pytest.param(action, state, *cell.strip().partition(" -> ")[::2], id=f"{action} in {state}")
    for action, row in TABLE.items()
    for state, cell in zip("FWXUP", row.split("|"), strict=True)
]


def test_every_action_has_its_row() -> None:
    assert TABLE.keys() == ACTIONS.keys()


@pytest.mark.parametrize(("action", "state", "answer", "becomes"), CASES)
async def test_the_state_machine(desk: Desk, action: str, state: str, answer: str, becomes: str) -> None:
    await desk.bring_to(state)
    async with desk.device() as device:
        error = await refusal(ACTIONS[action](device))
    assert error is ErrorName("Ok" if answer == "Ok" else f"ERR_{answer}")
    assert await desk.state() == (becomes or state)


@pytest.mark.parametrize("state", "FWXUP")
async def test_wipe_without_key_and_a_hold_makes_any_key_a_factory_key(desk: Desk, state: str) -> None:
    await desk.bring_to(state)
    async with desk.device() as device:
        answer = await asked_to_wipe(desk, device)
        desk.key.press(Button.SUPER_LONG)
        assert await answer is ErrorName.Ok
    assert await desk.state() == "F"


async def test_the_last_wrong_code_exhausts_the_key(desk: Desk) -> None:
    await desk.bring_to("W")
    async with desk.device() as device:
        answers = [await refusal(device.unlock_device_code(WRONG_CODE)) for _ in range(3)]
    assert answers == [ErrorName.ERR_PIN_WRONG, ErrorName.ERR_PIN_WRONG, ErrorName.ERR_DEVICE_LOCKED_BY_CODE]
    assert await desk.state() == "X"


async def test_wiped_keeps_serial_and_root_key_and_loses_the_rest(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.load_license(LICENCE)
        await device.access(1_800_000_000, MASTER_KEY, profile_of())
        before = await device.refresh_device_info()
        root = device.root_key
        assert (before.license_info, before.pin_min_length) == (1, 4)
        await device.wipe(MASTER_KEY)
    desk.switch_on()
    async with desk.device() as device:
        after = device.info
        assert device.root_key == root
    assert after.serial == before.serial
    assert (after.link_required, after.license_info, after.pin_min_length, after.time) == (True, 0, 0, 0)
    assert after.unlock_attempts == 0
