"""The power goes at any commit of any command: the key is as before or as after, and no attempt is ever regained."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace

import pytest

from hideez_bench.emulator.key.licence_authority import issue_license
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.power_loss import Cut, PowerLossNvram, PowerLost
from hideez_bench.emulator.key.state import SecretDigest, State, load_state
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import Button, Condition, ErrorName
from hideez_bench.protocol.secret import ActivationCode, Pin, Secret, StorageData
from tests.key.desk import (
    CODE,
    IDENTITY,
    MASTER_KEY,
    STARTED,
    WRONG_CODE,
    Desk,
    asked_to_wipe,
    profile_of,
    refusal,
)

LICENCE = issue_license(IDENTITY.serial, 2_000_000_000)
PIN, NEW_PIN = Pin.from_text("1234"), Pin.from_text("98765")
Action = Callable[[Desk, KeyDevice], Awaitable[object]]


async def wiped_by_hand(desk: Desk, device: KeyDevice) -> None:
    answer = await asked_to_wipe(desk, device)
    try:
        desk.key.press(Button.SUPER_LONG)
    except PowerLost:
        answer.cancel()
        raise
    assert await answer is ErrorName.Ok


# Action, the state in which it begins, and how many commits it takes. "A" is an unlocked key with an access profile, a
# PIN and a record.
ACTIONS: dict[str, tuple[Action, str, int]] = {
    "PING": (lambda desk, key: key.ping("x"), "W", 0),
    "GET_INFO": (lambda desk, key: key.refresh_device_info(), "W", 0),
    "LINK": (lambda desk, key: key.link(MASTER_KEY, CODE, 3), "F", 1),
    "ACCESS": (
        lambda desk, key: key.access(STARTED, MASTER_KEY, profile_of(Condition.MASTER_KEY_BOND)),
        "U",
        1,
    ),
    "LOCK_DEVICE_CODE": (
        lambda desk, key: key.lock_device_code(MASTER_KEY, ActivationCode(b"777777"), 5),
        "U",
        1,
    ),
    "LOCK_DEVICE_CODE while locked by PIN": (
        lambda desk, key: key.lock_device_code(MASTER_KEY, CODE, 5),
        "P",
        1,
    ),
    "UNLOCK": (lambda desk, key: key.unlock(MASTER_KEY), "X", 1),
    "CHECK_PASSPHRASE": (lambda desk, key: key.check_passphrase(MASTER_KEY), "U", 1),
    "CHANGE_PASSPHRASE": (lambda desk, key: key.change_passphrase(MASTER_KEY, MASTER_KEY), "U", 1),
    "WIPE": (lambda desk, key: key.wipe(MASTER_KEY), "W", 1),
    "WIPE by hand": (wiped_by_hand, "W", 1),
    "LOAD_LICENSE": (lambda desk, key: key.load_license(LICENCE), "U", 1),
    "QUERY_LICENSE": (lambda desk, key: refusal(key.query_license(0)), "U", 0),
    "right code": (lambda desk, key: key.unlock_device_code(CODE), "W", 2),
    "wrong code": (lambda desk, key: refusal(key.unlock_device_code(WRONG_CODE)), "W", 1),
    "last wrong code": (lambda desk, key: refusal(key.unlock_device_code(WRONG_CODE)), "W1", 1),
    "SET_PIN": (lambda desk, key: key.set_pin(NEW_PIN, PIN), "A", 2),
    "FORCE_SET_PIN": (lambda desk, key: key.force_set_pin(NEW_PIN, MASTER_KEY), "A", 1),
    "right PIN": (lambda desk, key: key.enter_pin(PIN), "A", 2),
    "wrong PIN": (lambda desk, key: refusal(key.enter_pin(NEW_PIN)), "A", 1),
    "GET_ACCESS_PROFILE": (lambda desk, key: key.get_access_profile(), "A", 0),
    "READ_STORAGE": (lambda desk, key: key.read_storage(34, 1), "A", 0),
    "WRITE_STORAGE": (lambda desk, key: key.write_storage(34, 1, StorageData(b"y" * 1000)), "A", 1),
    "DELETE_STORAGE": (lambda desk, key: key.delete_storage(34, 1), "A", 1),
    "ENUM_STORAGE": (lambda desk, key: key.enum_records(34), "A", 0),
    "GET_OTP": (lambda desk, key: key.get_otp(34, 1), "A", 0),
    "QUERY_ACTIVE_LICENSE": (lambda desk, key: refusal(key.query_active_license()), "A", 0),
    "FETCH_LOG": (lambda desk, key: key.fetch_log(), "A", 0),
}

# Those that take two commits: what is counted in the first, before anything is compared.
COUNTED: dict[str, Callable[[State], State]] = {
    "right code": lambda state: replace(state, attempts=state.attempts - 1),
    "SET_PIN": lambda state: replace(state, pin_failures=state.pin_failures + 1),
    "right PIN": lambda state: replace(state, pin_failures=state.pin_failures + 1),
}


async def begin(desk: Desk, state: str) -> None:
    """Bring a factory key to where an action begins."""
    await desk.bring_to("U" if state == "A" else state[0])
    async with desk.device() as device:
        if state == "W1":
            for _ in range(2):
                await refusal(device.unlock_device_code(WRONG_CODE))
        if state == "A":
            await device.access(STARTED, MASTER_KEY, profile_of())
            await device.set_pin(PIN)
            await device.write_storage(34, 1, StorageData(b"x" * 1000))


async def run(
    name: str, at: int, cut: Cut, memory: MemoryNvram | None = None
) -> tuple[State, State, int, bool]:
    """Run an action with a power cut: the states before it and after the restart, the commits, whether it answered."""
    action, begins, _ = ACTIONS[name]
    memory = memory or MemoryNvram()
    desk = Desk(memory)
    await begin(desk, begins)
    before = load_state(memory)
    faulty = PowerLossNvram(memory, at, cut)
    desk.nvram = faulty
    desk.switch_on()
    answered = True
    async with desk.device() as device:
        try:
            await action(desk, device)
        except PowerLost:
            answered = False
    desk.nvram = memory
    desk.switch_on()
    return before, load_state(memory), faulty.commits, answered


@pytest.mark.parametrize("name", ACTIONS)
async def test_every_command_takes_its_commits_and_no_more(name: str) -> None:
    before, after, commits, answered = await run(name, 0, Cut.BEFORE)
    assert (commits, answered) == (ACTIONS[name][2], True)
    assert commits or after == before


CUTS = [
    pytest.param(name, at, cut, id=f"{name}, {cut.name.lower()} commit {at}")
    for name, (_, _, commits) in ACTIONS.items()
    for at in range(1, commits + 1)
    for cut in Cut
]


@pytest.mark.parametrize(("name", "at", "cut"), CUTS)
async def test_after_a_power_cut_the_key_is_as_before_or_as_after(name: str, at: int, cut: Cut) -> None:
    before, after, _, _ = await run(name, 0, Cut.BEFORE)
    began, restarted, _, answered = await run(name, at, cut)
    assert began == before  # the same randomness, and so the same salts
    assert not answered
    history = [before, COUNTED[name](before), after] if name in COUNTED else [before, after]
    assert restarted == history[at - (cut is Cut.BEFORE)]


@pytest.mark.parametrize("name", ["wrong code", "last wrong code", "wrong PIN"])
async def test_a_wrong_secret_never_costs_nothing(name: str) -> None:
    before, after, _, _ = await run(name, 0, Cut.BEFORE)
    assert (after.attempts, after.pin_failures) in (
        (before.attempts - 1, before.pin_failures),
        (before.attempts, before.pin_failures + 1),
    )


async def in_hand(desk: Desk) -> None:
    """Make sure that the administrator can get into the key, or start over with it."""
    for way in (unlock_as_administrator, wipe_by_key, wipe_by_hand):
        copy = Desk(deepcopy(desk.nvram))
        async with copy.device("administrator") as device:
            await way(copy, device)


async def unlock_as_administrator(desk: Desk, device: KeyDevice) -> None:
    """Lock a linked key with a code of one's own, and unlock it by that."""
    if device.info.link_required:
        await device.link(MASTER_KEY, CODE, 3)
    else:
        await device.lock_device_code(MASTER_KEY, CODE, 3)
    await device.unlock_device_code(CODE)
    assert not (await device.refresh_device_info()).locked


async def wipe_by_key(desk: Desk, device: KeyDevice) -> None:
    if not device.info.link_required:
        await device.wipe(MASTER_KEY)
    assert await desk.state() == "F"


async def wipe_by_hand(desk: Desk, device: KeyDevice) -> None:
    await wiped_by_hand(desk, device)
    assert await desk.state() == "F"


@pytest.mark.parametrize(("name", "at", "cut"), CUTS)
async def test_no_power_cut_leaves_a_key_that_nobody_can_help(name: str, at: int, cut: Cut) -> None:
    memory = MemoryNvram()
    await run(name, at, cut, memory)
    await in_hand(Desk(memory))


@pytest.mark.parametrize("cut", Cut)
async def test_a_key_that_is_off_does_nothing_more(cut: Cut) -> None:
    memory = MemoryNvram()
    desk = Desk(memory)
    await desk.bring_to("W")
    desk.nvram = PowerLossNvram(memory, lose_at=1, cut=cut)
    desk.switch_on()
    async with desk.device() as device:
        with pytest.raises(PowerLost, match=f"{cut.name.lower()} commit 1"):
            await device.unlock_device_code(WRONG_CODE)
        with pytest.raises(PowerLost):
            await device.unlock_device_code(CODE)
    assert desk.nvram.commits == 1
    with pytest.raises(PowerLost):
        desk.nvram.get("serial")
    assert load_state(memory).attempts == (3 if cut is Cut.BEFORE else 2)


async def test_no_code_is_compared_that_was_not_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cuts the power at the commit, again and again, learns nothing and never regains an attempt."""
    compared: list[Secret] = []

    def matches(digest: SecretDigest, secret: Secret) -> bool:
        compared.append(secret)
        return False

    monkeypatch.setattr(SecretDigest, "matches", matches)
    for cut, left in ((Cut.BEFORE, [3, 3, 3, 3, 3]), (Cut.AFTER, [2, 1, 0, 0, 0])):
        memory = MemoryNvram()
        desk = Desk(memory)
        async with desk.device() as device:
            await device.link(MASTER_KEY, CODE, 3)
        attempts = []
        for _ in range(5):
            desk.nvram = PowerLossNvram(memory, lose_at=1, cut=cut)
            desk.switch_on()
            async with desk.device() as device:
                with suppress(PowerLost):
                    assert (
                        await refusal(device.unlock_device_code(CODE)) is ErrorName.ERR_DEVICE_LOCKED_BY_CODE
                    )
            attempts.append(load_state(memory).attempts)
        assert attempts == left
    assert compared == []


@pytest.mark.parametrize("cut", Cut)
def test_the_first_power_on_may_be_cut_off_too(cut: Cut) -> None:
    memory = MemoryNvram()
    with pytest.raises(PowerLost):
        Desk(PowerLossNvram(memory, lose_at=1, cut=cut))
    assert Desk(memory).key.local_name == "HK-00203"
