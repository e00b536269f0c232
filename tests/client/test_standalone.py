"""The flow of a key that belongs to no server. In virtual time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from hideez_bench.harness.client.behaviour import AS_SHIPPED, MEANT, Behaviour
from hideez_bench.harness.client.errors import FlowCancelled, FlowMessage, WorkflowError
from hideez_bench.harness.client.master_password import Derivation
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.standalone import StandaloneFlow
from hideez_bench.harness.people import ScriptedPerson
from hideez_bench.protocol.names import AccessLevel, Condition
from hideez_bench.protocol.secret import ActivationCode, Password
from tests.flow.rig import RIGHT, Rig, last_info

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
