"""Unlocking a locked computer: the lock screen, button, PIN, button, and the accounts. In virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.client.errors import (
    ClientError,
    ClientErrorCode,
    FlowCancelled,
    FlowMessage,
    VaultFailedToAuthorize,
    WorkflowError,
    WorkstationUnlockFailed,
)
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.session import ConnectRequest, Mode
from hideez_bench.harness.client.user_interface import NoticeKind, PinPrompt
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.people import ScriptedPerson
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.hes import (
    ConnectionState,
    HesError,
    HesErrorCode,
    HesKeyRefused,
    HwVaultInfoFromClient,
    HwVaultInfoFromHes,
)
from hideez_bench.protocol.names import AccessLevel, Button, ErrorName
from hideez_bench.protocol.secret import Pin
from hideez_bench.protocol.transport import KeyRefused
from hideez_bench.protocol.values import DeviceInfo
from tests.client.other_hes import OtherHes
from tests.flow.rig import RIGHT, Rig, last_info

pytestmark = pytest.mark.virtual_time
UNLOCK = ConnectRequest(mode=Mode.CONNECT_AND_UNLOCK)
PIN, OTHER_PIN, SHORT_PIN = Pin(b"2468"), Pin(b"1357"), Pin(b"1")


class Screen:
    """A lock screen that comes up after so many seconds."""

    def __init__(self, *, delay: float = 0, works: bool = True, slow: float = 0) -> None:
        self.unlocked_by: list[str] = []
        self._delay = delay
        self._works = works
        self._slow = slow

    async def raise_and_wait(self) -> None:
        await asyncio.sleep(self._delay)

    async def unlock(self, serial: str) -> bool:
        await asyncio.sleep(self._slow)
        self.unlocked_by.append(serial)
        return self._works


def ask(rig: Rig, *conditions: str) -> None:
    """Have the access profile ask for these at each connection."""
    with rig.bench.hes._core.store.transaction() as rows:
        vault = rows.vault(rig.serial)
        assert vault is not None
        for condition in conditions:
            setattr(vault.profile, f"{condition}_connection", True)


def lock(rig: Rig, screen: Screen | None = None) -> Screen:
    state = rig.bench.workstation.state
    state.lock_screen = screen = screen or Screen()
    state.session_locked = True
    return screen


def presser(rig: Rig, *pins: Pin) -> ScriptedPerson:
    return rig.person(RIGHT, pins=pins, press=lambda: rig.application.press(Button.SINGLE))


async def unlock(rig: Rig, person: ScriptedPerson, request: ConnectRequest = UNLOCK) -> FlowResult:
    async with rig.client(person, flow_type=ConnectionFlow, request=request) as flow:
        return await flow.run()


async def test_a_key_that_asks_for_nothing_unlocks_the_computer(rig: Rig) -> None:
    screen = lock(rig)
    assert (await unlock(rig, presser(rig))).succeeded
    assert screen.unlocked_by == [rig.serial]
    assert not rig.bench.workstation.state.session_locked


@pytest.mark.parametrize("request_", [ConnectRequest(), ConnectRequest(mode=Mode.CONNECT)])
async def test_without_being_asked_to_nothing_is_unlocked(rig: Rig, request_: ConnectRequest) -> None:
    ask(rig, "pin", "button")
    screen = lock(rig)
    person = presser(rig)
    assert (await unlock(rig, person, request_)).succeeded
    assert (screen.unlocked_by, person.pin_prompts) == ([], [])
    assert rig.bench.workstation.state.session_locked


async def test_of_an_open_computer_nobody_is_asked_for_a_pin(rig: Rig) -> None:
    ask(rig, "pin", "button")
    person = presser(rig)
    assert (await unlock(rig, person)).succeeded
    assert person.pin_prompts == []


async def test_a_lock_screen_that_does_not_come_up_in_5_seconds_is_left_alone(rig: Rig) -> None:
    screen = lock(rig, Screen(delay=6))
    started = asyncio.get_running_loop().time()
    assert (await unlock(rig, presser(rig))).succeeded
    assert asyncio.get_running_loop().time() - started >= 5
    assert screen.unlocked_by == []


async def test_a_computer_that_stays_locked_ends_the_flow_without_a_word(rig: Rig) -> None:
    lock(rig, Screen(works=False))
    result = await unlock(rig, presser(rig))
    assert isinstance(result.error, WorkstationUnlockFailed)
    assert result.end.silent
    assert rig.bench.workstation.state.session_locked


@pytest.mark.parametrize(("slow", "unlocked"), [(4.9, True), (5.1, False)])
async def test_a_lock_screen_has_5_seconds_to_let_the_person_in(
    rig: Rig, slow: float, unlocked: bool
) -> None:
    lock(rig, Screen(slow=slow))
    result = await unlock(rig, presser(rig))
    assert result.succeeded is unlocked
    assert isinstance(result.error, WorkstationUnlockFailed) is not unlocked
    assert rig.bench.workstation.state.session_locked is not unlocked
    assert not rig.bench.workstation.state.flow_runs


@pytest.mark.parametrize("is_new", [True, False], ids=["new PIN", "PIN"])
@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (ErrorName.ERR_PIN_WRONG, FlowMessage.INVALID_PIN),
        (ErrorName.ERR_PIN_TOO_SHORT, FlowMessage.PIN_TOO_SHORT),
        (ErrorName.ERR_UNSUPPORTED, None),
    ],
)
async def test_what_the_key_has_against_a_pin(
    rig: Rig,
    monkeypatch: pytest.MonkeyPatch,
    is_new: bool,
    refusal: ErrorName,
    message: FlowMessage | None,
) -> None:
    ask(rig, "pin")
    if not is_new:
        lock(rig)
        assert (await unlock(rig, presser(rig, PIN))).succeeded
    lock(rig)
    name = "set_pin" if is_new else "enter_pin"
    honest = getattr(KeyDevice, name)

    async def refuses(device: KeyDevice, pin: Pin) -> None:
        if pin == PIN:
            await honest(device, pin)
        else:
            raise KeyRefused(name, refusal)

    monkeypatch.setattr(KeyDevice, name, refuses)
    person = presser(rig, OTHER_PIN, PIN)
    result = await unlock(rig, person)
    if message is None:
        assert isinstance(result.error, KeyRefused)
        return
    assert result.succeeded, result.error
    shown = message if is_new else FlowMessage.INVALID_PIN  # the length of a PIN that is set does not show
    errors = [notice.message for notice in person.notices if notice.kind is NoticeKind.ERROR]
    assert errors == [shown]
    assert person.notices[-1].message is FlowMessage.UNLOCKING


async def test_a_pin_that_is_taken_takes_its_message_away(rig: Rig) -> None:
    ask(rig, "pin")
    looks: list[object] = []

    class Looks(Screen):
        async def unlock(self, serial: str) -> bool:
            looks.extend(cleared)
            return await super().unlock(serial)

    lock(rig, Looks())
    person = presser(rig, SHORT_PIN, PIN)
    cleared: list[FlowMessage | None] = []
    honest = person.clear

    def clear() -> None:
        cleared.append(person.shown.message if person.shown else None)
        honest()

    person.clear = clear  # type: ignore[method-assign]
    assert (await unlock(rig, person)).succeeded
    assert FlowMessage.PIN_TOO_SHORT in looks


async def test_a_press_and_a_new_pin_and_then_the_same_pin(rig: Rig) -> None:
    ask(rig, "pin", "button")
    lock(rig)
    first = presser(rig, SHORT_PIN, PIN)
    result = await unlock(rig, first)
    assert result.succeeded, result.error
    assert [prompt.is_new for prompt in first.pin_prompts] == [True, True]
    messages = [notice.message for notice in first.notices]
    assert messages.count(FlowMessage.PRESS_BUTTON) == 1
    assert FlowMessage.PIN_TOO_SHORT in messages
    lock(rig)
    second = presser(rig, OTHER_PIN, SHORT_PIN, PIN)
    result = await unlock(rig, second)
    assert result.succeeded, result.error
    assert [prompt.is_new for prompt in second.pin_prompts] == [False] * 3
    texts = [notice.text for notice in second.notices if notice.message is FlowMessage.INVALID_PIN]
    before = second.pin_prompts[0].attempts_remaining
    # Wrong and too short are shown alike: with what was left before, less one; too short costs nothing on the key.
    assert texts == [
        f"That is not the PIN. {before - 1} attempts left.",
        f"That is not the PIN. {before - 2} attempts left.",
    ]
    assert second.pin_prompts[2].attempts_remaining == before - 1


async def test_wrong_pins_lock_the_key_and_then_the_vault(rig: Rig) -> None:
    ask(rig, "pin")
    lock(rig)
    assert (await unlock(rig, presser(rig, PIN))).succeeded
    lock(rig)
    person = presser(rig, *[OTHER_PIN] * 20)
    result = await unlock(rig, person)
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.LOCKED_BY_INVALID_PINS
    assert person.pin_prompts[-1].attempts_remaining == 1
    assert rig.vault().status is VaultStatus.Active
    lock(rig)
    result = await unlock(rig, person)
    assert isinstance(result.error, HesError)
    assert result.error.code is HesErrorCode.HesDeviceLocked
    assert rig.vault().status is VaultStatus.Locked


async def test_a_person_who_does_not_press_for_two_minutes(rig: Rig) -> None:
    ask(rig, "button")
    lock(rig)
    started = asyncio.get_running_loop().time()
    result = await unlock(rig, rig.person(RIGHT))
    assert 120 <= asyncio.get_running_loop().time() - started < 125
    assert isinstance(result.error, ClientError)
    assert result.error.code is ClientErrorCode.ButtonConfirmationTimeout
    assert result.end.silent


async def test_a_person_who_enters_no_pin_for_two_minutes(rig: Rig) -> None:
    ask(rig, "pin")
    lock(rig)

    class Away(ScriptedPerson):
        async def get_pin(self, prompt: PinPrompt) -> Pin | None:
            assert prompt.seconds == 120
            await asyncio.Event().wait()
            return None

    result = await unlock(rig, Away([RIGHT], rig.code))
    assert isinstance(result.error, ClientError)
    assert result.error.code is ClientErrorCode.GetPinTimeout
    assert result.end.silent


async def test_a_person_who_gives_up_at_the_pin(rig: Rig) -> None:
    ask(rig, "pin")
    lock(rig)
    result = await unlock(rig, presser(rig))
    assert isinstance(result.error, FlowCancelled)
    assert last_info(result).license_info


async def test_a_key_that_still_asks_after_a_press_a_pin_and_a_press(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(rig, "button")
    lock(rig)
    person = presser(rig)
    flow = rig.client(person, flow_type=ConnectionFlow, request=UNLOCK)
    honest = KeyDevice.refresh_device_info

    async def asks_for_ever(device: KeyDevice) -> DeviceInfo:
        info = await honest(device)
        if person.shown and person.shown.message is FlowMessage.PRESS_BUTTON:
            info = device._info = replace(info, access_level=info.access_level | AccessLevel.BUTTON_REQUIRED)
        return info

    monkeypatch.setattr(KeyDevice, "refresh_device_info", asks_for_ever)
    async with flow:
        result = await flow.run()
    assert isinstance(result.error, VaultFailedToAuthorize)
    assert result.message


async def test_a_key_that_asks_for_a_press_after_its_pin_gets_one(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(rig, "pin")
    lock(rig)
    refresh, set_pin = KeyDevice.refresh_device_info, KeyDevice.set_pin
    asks = iter([AccessLevel.BUTTON_REQUIRED])
    story: list[str] = []

    async def then_asks(device: KeyDevice) -> DeviceInfo:
        info = await refresh(device)
        if "PIN" in story:
            device._info = replace(info, access_level=info.access_level | next(asks, AccessLevel(0)))
        return device.info

    async def sets(device: KeyDevice, new: Pin) -> None:
        await set_pin(device, new)
        story.append("PIN")

    monkeypatch.setattr(KeyDevice, "refresh_device_info", then_asks)
    monkeypatch.setattr(KeyDevice, "set_pin", sets)
    person = rig.person(RIGHT, pins=[PIN], press=lambda: story.append("press"))
    result = await unlock(rig, person)
    assert result.succeeded, result.error
    assert story == ["PIN", "press"]


async def test_to_reconnect_a_key_unlocks_nothing(rig: Rig) -> None:
    ask(rig, "pin", "button")
    assert (await rig.connect(RIGHT)).succeeded
    screen = lock(rig)
    person = presser(rig)
    assert (await unlock(rig, person, ConnectRequest(Stack.DONGLE, Mode.RECONNECT))).succeeded
    assert (screen.unlocked_by, person.pin_prompts) == ([], [])


# --- accounts ---


class AccountsHes(OtherHes):
    """A server that has accounts for the key, or says so."""

    wants = HwVaultInfoFromHes()
    error: HesError | None = None

    async def update_hw_vault_properties(
        self, info: HwVaultInfoFromClient, return_info: bool
    ) -> HwVaultInfoFromHes | None:
        told = await super().update_hw_vault_properties(info, return_info)
        return self._with_wants(told) if told else None

    async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        return self._with_wants(await super().update_hw_vault_status(info))

    async def update_hw_vault_accounts(self, serial: str, only_os_accounts: bool) -> None:
        self.calls.append(f"accounts {'os' if only_os_accounts else 'other'}")
        if self.error:
            raise self.error

    def _with_wants(self, told: HwVaultInfoFromHes) -> HwVaultInfoFromHes:
        return replace(
            told,
            need_update_os_accounts=self.wants.need_update_os_accounts,
            need_update_non_os_accounts=self.wants.need_update_non_os_accounts,
        )


@pytest.mark.parametrize(
    ("os", "other", "calls"),
    [
        (True, False, ["accounts os"]),
        (False, True, ["accounts other"]),
        (True, True, ["accounts os", "accounts other"]),
        (False, False, []),
    ],
    ids=["UpdateAccounts_Os", "UpdateAccounts_NonOs", "both", "neither"],
)
async def test_the_server_is_asked_for_the_accounts_that_it_has(
    rig: Rig, os: bool, other: bool, calls: list[str]
) -> None:
    hes = AccountsHes(rig)
    hes.wants = HwVaultInfoFromHes(need_update_os_accounts=os, need_update_non_os_accounts=other)
    async with rig.client(rig.person(RIGHT), flow_type=ConnectionFlow, hes=hes) as flow:
        result = await flow.run()
        assert result.succeeded, result.error
    assert [call for call in hes.calls if call.startswith("accounts")] == calls


async def test_what_the_server_wants_after_its_update_is_what_counts(rig: Rig) -> None:
    assert (await rig.connect(RIGHT)).succeeded

    class ChangesItsMind(AccountsHes):
        async def update_hw_vault_properties(
            self, info: HwVaultInfoFromClient, return_info: bool
        ) -> HwVaultInfoFromHes | None:
            told = await super().update_hw_vault_properties(info, return_info)
            return replace(told, need_state_update=True, need_update_os_accounts=True) if told else None

        async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
            return HwVaultInfoFromHes(need_update_non_os_accounts=True)

    hes = ChangesItsMind(rig)
    async with rig.client(rig.person(), flow_type=ConnectionFlow, hes=hes) as flow:
        assert (await flow.run()).succeeded
    assert [call for call in hes.calls if call.startswith("accounts")] == ["accounts other"]


async def test_the_key_is_finalizing_from_the_other_accounts_on(rig: Rig) -> None:
    states: list[ConnectionState] = []

    class Looks(AccountsHes):
        wants = HwVaultInfoFromHes(need_update_os_accounts=True, need_update_non_os_accounts=True)

        async def update_hw_vault_accounts(self, serial: str, only_os_accounts: bool) -> None:
            states.append(flow.session.connected.state)

    flow = rig.client(rig.person(RIGHT), flow_type=ConnectionFlow, hes=Looks(rig))
    async with flow:
        assert (await flow.run()).succeeded
        states.append(flow.session.connected.state)
    assert states == [ConnectionState.INITIALIZING, ConnectionState.FINALIZING, ConnectionState.ONLINE]


async def test_update_accounts_without_a_server_nothing_is_called_nor_read_anew(rig: Rig) -> None:
    hes = AccountsHes(rig)
    hes.wants = HwVaultInfoFromHes(need_update_os_accounts=True, need_update_non_os_accounts=True)
    assert (await rig.connect(RIGHT)).succeeded

    class GoesAway(AccountsHes):
        async def update_hw_vault_properties(
            self, info: HwVaultInfoFromClient, return_info: bool
        ) -> HwVaultInfoFromHes | None:
            told = await super().update_hw_vault_properties(info, return_info)
            self.is_up = False
            return told

    away = GoesAway(rig)
    away.wants = hes.wants
    reads = []
    for server in (hes, away):
        before = rig.count("GET_INFO")
        async with rig.client(rig.person(), flow_type=ConnectionFlow, hes=server) as flow:
            assert (await flow.run()).succeeded
        reads.append(rig.count("GET_INFO") - before)
    assert [call for call in hes.calls if call.startswith("accounts")] == ["accounts os", "accounts other"]
    assert away.calls == ["properties INITIALIZING"]
    assert reads[0] - reads[1] == 2  # after either kind of accounts the key is read anew


class SlowAccountsHes(AccountsHes):
    """Its accounts take 20 s; how that ended is written down."""

    wants = HwVaultInfoFromHes(need_update_os_accounts=True)

    async def update_hw_vault_accounts(self, serial: str, only_os_accounts: bool) -> None:
        self.calls.append("accounts begin")
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            self.calls.append("accounts cancelled")
            raise
        self.calls.append("accounts end")


async def test_the_accounts_come_while_the_person_proves_themselves(rig: Rig) -> None:
    ask(rig, "pin")
    lock(rig)
    hes = SlowAccountsHes(rig)

    class Types(ScriptedPerson):
        async def get_pin(self, prompt: PinPrompt) -> Pin | None:
            await asyncio.sleep(1)
            hes.calls.append("PIN")
            return await super().get_pin(prompt)

    person = Types([RIGHT], rig.code, pins=[PIN])
    async with rig.client(person, flow_type=ConnectionFlow, hes=hes, request=UNLOCK) as flow:
        result = await flow.run()
    assert result.succeeded, result.error
    begin = hes.calls.index("accounts begin")
    assert hes.calls[begin : begin + 3] == ["accounts begin", "PIN", "accounts end"]


async def test_accounts_that_are_under_way_when_the_person_gives_up_are_given_up_too(rig: Rig) -> None:
    ask(rig, "pin")
    lock(rig)
    hes = SlowAccountsHes(rig)

    class GivesUp(ScriptedPerson):
        async def get_pin(self, prompt: PinPrompt) -> Pin | None:
            await asyncio.sleep(1)
            return None

    person = GivesUp([RIGHT], rig.code)
    async with rig.client(person, flow_type=ConnectionFlow, hes=hes, request=UNLOCK) as flow:
        result = await flow.run()
    assert isinstance(result.error, FlowCancelled)
    assert hes.calls[-2:] == ["accounts cancelled", "properties OFFLINE"]


@pytest.mark.parametrize("os", [True, False], ids=["os", "other"])
@pytest.mark.parametrize(
    ("error", "tolerated"),
    [
        (HesKeyRefused(ErrorName.ERR_LICENSE_EXPIRED, "It has expired."), True),
        (HesKeyRefused(ErrorName.ERR_NO_LICENSE, "There is none."), False),
        (HesError(HesErrorCode.HesRequestTimeout, "It took too long."), False),
    ],
    ids=["expired licence", "no licence", "timeout"],
)
async def test_that_the_licence_has_expired_is_tolerated_at_the_accounts(
    rig: Rig, os: bool, error: HesError, tolerated: bool
) -> None:
    hes = AccountsHes(rig)
    hes.wants = HwVaultInfoFromHes(need_update_os_accounts=os, need_update_non_os_accounts=not os)
    hes.error = error
    async with rig.client(rig.person(RIGHT), flow_type=ConnectionFlow, hes=hes) as flow:
        result = await flow.run()
    assert result.succeeded is tolerated
    assert tolerated or result.error is error
