"""The flow of a key that belongs to no server. In virtual time."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import pytest

from hideez_bench.harness.client.behaviour import AS_SHIPPED, MEANT, Behaviour
from hideez_bench.harness.client.errors import (
    ClientError,
    ClientErrorCode,
    FlowCancelled,
    FlowMessage,
    FlowNotStarted,
    WorkflowError,
)
from hideez_bench.harness.client.master_password import Derivation
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.session import ConnectRequest, Mode, Session
from hideez_bench.harness.client.standalone import StandaloneFlow
from hideez_bench.harness.client.user_interface import Notice, NoticeKind, PasswordPrompt
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.people import ScriptedPerson
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.hes import ConnectionState
from hideez_bench.protocol.names import AccessLevel, Condition, ErrorName
from hideez_bench.protocol.secret import ActivationCode, MasterKey, Password
from hideez_bench.protocol.transport import KeyRefused
from tests.client.other_hes import OtherHes
from tests.flow.rig import RIGHT, Rig, last_info, over_dongle

pytestmark = pytest.mark.virtual_time

FAST = Derivation(iterations=10)
RIGHT_PASSWORD = Password.from_text("correct horse")
WRONG_PASSWORD = Password.from_text("battery staple")
SHORT = Password.from_text("horse!!")
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=3)))


class Fast(StandaloneFlow):
    """Without the long work of deriving a key."""

    derivation = FAST
    now = staticmethod(lambda: NOW)


async def connect(rig: Rig, person: ScriptedPerson, behaviour: Behaviour = MEANT) -> FlowResult:
    async with rig.client(person, flow_type=Fast, behaviour=behaviour) as flow:
        return await flow.run()


async def test_a_new_key_is_linked_with_a_password_of_the_persons_own(rig: Rig) -> None:
    person = rig.person(passwords=[SHORT, RIGHT_PASSWORD])
    result = await connect(rig, person)
    assert result.succeeded, result.error
    assert [prompt.is_new for prompt in person.password_prompts] == [True, True]
    assert [notice.message for notice in person.notices].count(FlowMessage.PASSWORD_TOO_SHORT) == 1
    assert last_info(result).access_level == AccessLevel(0)
    assert last_info(result).license_info == 0
    order = [name for name in rig.commands() if name != "GET_INFO"]
    assert order == ["LINK", "UNLOCK_DEVICE_CODE", "ACCESS", "CHECK_PASSPHRASE"]
    assert rig.commands(4) == []
    assert not rig.vault().is_online
    async with rig.open_device() as device:
        assert (await device.get_access_profile()).conditions == Condition.MASTER_KEY_BOND


@pytest.mark.parametrize(
    "text", ["ключ", "\N{KEY}" * 7], ids=["4 characters, 8 bytes", "7 characters, 28 bytes"]
)
async def test_a_password_has_eight_characters_whatever_its_bytes(rig: Rig, text: str) -> None:
    person = rig.person(passwords=[Password.from_text(text), Password.from_text("ключ")])
    result = await connect(rig, person)
    assert isinstance(result.error, FlowCancelled)
    assert rig.count("LINK") == 0
    assert [notice.message for notice in person.notices].count(FlowMessage.PASSWORD_TOO_SHORT) == 2


async def test_the_server_is_never_called(rig: Rig) -> None:
    hes = OtherHes(rig)
    person = rig.person(passwords=[RIGHT_PASSWORD])
    async with rig.client(person, flow_type=Fast, hes=hes) as flow:
        assert (await flow.run()).succeeded
        assert flow.session.connected.finished
        assert flow.session.connected.state is ConnectionState.ONLINE
    assert hes.calls == []


async def test_messages_of_before_are_taken_away_at_the_beginning(rig: Rig) -> None:
    person = rig.person(passwords=[RIGHT_PASSWORD])
    person.show(Notice(NoticeKind.ERROR, "from before"))
    shown: list[Notice | None] = []
    rig.listeners.append(lambda event: shown.append(person.shown))
    assert (await connect(rig, person)).succeeded
    assert shown[0] is None


async def test_e019_a_key_that_is_online_is_left_alone(rig: Rig) -> None:
    first = rig.client(rig.person(passwords=[RIGHT_PASSWORD]), flow_type=Fast)
    second = rig.client(rig.person(), flow_type=Fast)
    async with first, second:
        assert (await first.run()).succeeded
        assert isinstance((await second.run()).error, FlowNotStarted)
        assert not first.session.connected.transport.lost.is_set()


async def test_a_key_in_boot_mode_is_refused(rig: Rig) -> None:
    readable = rig.application._readable
    info = rig.key.info_characteristic()
    readable[next(uuid for uuid, read in readable.items() if read() == info)] = lambda: b"\x01" + info[1:]
    result = await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.VAULT_IN_BOOTLOADER_MODE
    assert rig.commands() == []


async def test_the_same_key_over_the_other_stack_is_refused(rig: Rig) -> None:
    first = rig.client(rig.person(passwords=[RIGHT_PASSWORD]), flow_type=Fast)
    second = rig.client(
        rig.person(),
        flow_type=Fast,
        request=ConnectRequest(Stack.DONGLE),
        open_link=lambda seconds: over_dongle(rig, seconds),
    )
    async with first, second:
        assert (await first.run()).succeeded
        result = await second.run()
        assert isinstance(result.error, WorkflowError)
        assert result.error.message is FlowMessage.VAULT_ALREADY_CONNECTED
        assert not first.session.connected.transport.lost.is_set()


async def test_the_log_is_read_and_a_locked_computer_unlocked(rig: Rig) -> None:
    class Screen:
        def __init__(self) -> None:
            self.unlocked_by: list[str] = []

        async def raise_and_wait(self) -> None:
            pass

        async def unlock(self, serial: str) -> bool:
            self.unlocked_by.append(serial)
            return True

    state = rig.bench.workstation.state
    state.lock_screen = screen = Screen()
    state.session_locked = True
    logs: dict[str, bytes] = {}
    request = ConnectRequest(mode=Mode.CONNECT_AND_UNLOCK, take_log=logs.__setitem__)
    person = rig.person(passwords=[RIGHT_PASSWORD])
    async with rig.client(person, flow_type=Fast, request=request) as flow:
        assert (await flow.run()).succeeded
    assert b"firmware" in logs[rig.serial]
    assert screen.unlocked_by == [rig.serial]


@pytest.mark.parametrize("stack", list(Stack), ids=lambda stack: stack.name)
@pytest.mark.parametrize("code", [ClientErrorCode.DeviceIsLocked, ClientErrorCode.DeviceNotAssignedToUser])
async def test_the_devices_word_ends_the_bond_on_either_stack(
    rig: Rig, stack: Stack, code: ClientErrorCode
) -> None:
    class Fails(Fast):
        async def steps(self, session: Session) -> None:
            await self.connect(session)
            raise ClientError(code)

    await rig.bond()
    async with rig.client(rig.person(), flow_type=Fails, request=ConnectRequest(stack)) as flow:
        assert (await flow.run()).end.delete_bond
    assert not await rig.host_knows_the_key()


async def test_nobody_enters_a_password_for_two_minutes(rig: Rig) -> None:
    class Away(ScriptedPerson):
        async def get_master_password(self, prompt: PasswordPrompt) -> Password | None:
            assert prompt.seconds == 120
            await asyncio.Event().wait()
            return None

    started = asyncio.get_running_loop().time()
    result = await connect(rig, Away([], rig.code))
    assert 120 <= asyncio.get_running_loop().time() - started < 125
    assert isinstance(result.error, FlowCancelled)
    assert result.end.silent


async def test_any_other_answer_to_a_password_ends_the_flow(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))).succeeded
    rig.key._firmware.change(master_key_given={})

    async def refuses(device: KeyDevice, key: MasterKey) -> None:
        raise KeyRefused("CHECK_PASSPHRASE", ErrorName.ERR_DEVICE_LOCKED)

    monkeypatch.setattr(KeyDevice, "check_passphrase", refuses)
    person = rig.person(passwords=[RIGHT_PASSWORD, RIGHT_PASSWORD])
    result = await connect(rig, person)
    assert isinstance(result.error, KeyRefused)
    assert len(person.password_prompts) == 1


async def test_a_key_that_still_asks_for_the_master_key_is_not_used(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def does_nothing(device: KeyDevice, key: MasterKey) -> None:
        pass

    monkeypatch.setattr(KeyDevice, "check_passphrase", does_nothing)
    result = await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.AUTH_FAILED


async def test_a_key_that_link_does_not_lock_is_tolerated(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    link = KeyDevice.link

    async def unlocked(device: KeyDevice, key: MasterKey, code: ActivationCode, attempts: int) -> None:
        assert (code, attempts) == (ActivationCode(b"123456"), 3)
        await link(device, key, code, attempts)
        await device.unlock_device_code(code)

    monkeypatch.setattr(KeyDevice, "link", unlocked)
    result = await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))
    assert result.succeeded, result.error
    assert rig.count("UNLOCK_DEVICE_CODE") == 1


async def test_at_its_next_connection_nobody_is_asked(rig: Rig) -> None:
    assert (await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))).succeeded
    person = rig.person()
    assert (await connect(rig, person)).succeeded
    assert person.password_prompts == []


async def test_a_locked_key_is_unlocked_with_the_password_and_asked_for_again_where_it_is_wrong(
    rig: Rig,
) -> None:
    assert (await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))).succeeded
    async with rig.open_device() as device:
        key = FAST.master_key(RIGHT_PASSWORD, rig.serial)
        await device.lock_device_code(key, ActivationCode.from_text("999999"), 3)
    person = rig.person(passwords=[WRONG_PASSWORD, RIGHT_PASSWORD])
    result = await connect(rig, person)
    assert result.succeeded, result.error
    assert [prompt.is_new for prompt in person.password_prompts] == [False, False]
    assert FlowMessage.INVALID_PASSWORD in [notice.message for notice in person.notices]
    assert rig.count("UNLOCK") == 2


async def test_a_new_bond_asks_for_the_password(rig: Rig) -> None:
    assert (await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))).succeeded
    rig.key._firmware.change(master_key_given={})
    person = rig.person(passwords=[WRONG_PASSWORD, RIGHT_PASSWORD])
    result = await connect(rig, person)
    assert result.succeeded, result.error
    assert len(person.password_prompts) == 2
    assert rig.count("CHECK_PASSPHRASE") == 3


async def test_a_person_who_gives_no_password_changes_nothing(rig: Rig) -> None:
    result = await connect(rig, rig.person())
    assert isinstance(result.error, FlowCancelled)
    assert last_info(result).link_required


async def test_e016_a_key_of_a_server_is_refused(rig: Rig) -> None:
    assert (await rig.connect(RIGHT)).succeeded
    result = await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.VAULT_IN_ENTERPRISE_MODE


async def test_e015_the_enterprise_flow_refuses_a_key_without_a_server(rig: Rig) -> None:
    assert (await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))).succeeded
    result = await rig.connect(RIGHT)
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.VAULT_IN_STANDALONE_MODE


@pytest.mark.parametrize(
    ("behaviour", "ahead"), [(MEANT, 0), (AS_SHIPPED, 3 * 3600)], ids=["meant", "shipped"]
)
async def test_the_clock_of_the_key(rig: Rig, behaviour: Behaviour, ahead: int) -> None:
    result = await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]), behaviour)
    assert last_info(result).time - NOW.timestamp() == pytest.approx(ahead, abs=5)


async def test_no_server_no_permission_is_needed(rig: Rig) -> None:
    rig.bench.workstation.workstation_unapproved()
    rig.bench.workstation.set_alarm_state(True)
    await rig.bench.workstation.state.settled()
    assert (await connect(rig, rig.person(passwords=[RIGHT_PASSWORD]))).succeeded


def test_a_master_key_has_no_zero_byte_and_depends_on_key_and_password() -> None:
    keys = [FAST.master_key(Password.from_text(f"password {n}"), "HK-1") for n in range(100)]
    assert all(0 not in key.reveal() for key in keys)
    assert len({key.reveal() for key in keys}) == 100
    assert FAST.master_key(RIGHT_PASSWORD, "HK-1") == FAST.master_key(RIGHT_PASSWORD, "HK-1")
    assert FAST.master_key(RIGHT_PASSWORD, "HK-1") != FAST.master_key(RIGHT_PASSWORD, "HK-2")
