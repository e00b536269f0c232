"""Every row of the table of ends, in a whole flow. In virtual time."""

from __future__ import annotations

import pytest

from hideez_bench.harness.client.behaviour import AS_SHIPPED
from hideez_bench.harness.client.errors import (
    TEXTS,
    ClientError,
    ClientErrorCode,
    ConnectTimeout,
    FlowCancelled,
    FlowMessage,
    VaultFailedToAuthorize,
    WorkflowError,
    WorkstationUnlockFailed,
)
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.initialization import initialize
from hideez_bench.harness.client.outcome import (
    ANYTHING_ELSE,
    OTHER_HIDEEZ_ERROR,
    ROWS,
    WITHOUT_SERVER,
    Bond,
    Row,
    Told,
    end_state,
    row_of,
    text_of,
    vendor_name,
)
from hideez_bench.harness.client.registration import register
from hideez_bench.harness.client.session import ConnectRequest, Session
from hideez_bench.harness.client.standalone import StandaloneFlow
from hideez_bench.harness.client.user_interface import Notice, NoticeKind
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.protocol.channel import ChannelError
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesErrorCode, HesKeyRefused, HesNetworkError
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.transport import KeyRefused, NoAnswer
from tests.flow.rig import Rig

BY_CLASS = {
    "VaultFailedToAuthorizeException": VaultFailedToAuthorize(),
    "WorkstationUnlockFailedException": WorkstationUnlockFailed(),
    "OperationCanceledException": FlowCancelled("It was cancelled."),
    "TimeoutException": ConnectTimeout(),
    "WebSocketException": HesNetworkError(10054, "The connection was reset."),
    "WorkflowException": WorkflowError(FlowMessage.VAULT_IS_LOCKED),
    OTHER_HIDEEZ_ERROR: HesError(HesErrorCode.HesDeviceLocked, "The vault is Locked."),
    ANYTHING_ELSE: BenchError("Something else."),
}


def made(name: str) -> BenchError:
    """The error of a name."""
    if name in BY_CLASS:
        return BY_CLASS[name]
    if name in HesErrorCode.__members__:
        return HesError(HesErrorCode(name), f"The server says {name}.")
    return ClientError(ClientErrorCode(name))


CASES = [(row, name) for row in ROWS for name in row.errors]


class Fails(ConnectionFlow):
    """A flow that ends with an error once the server knows that the key is here."""

    error: BenchError

    async def steps(self, session: Session) -> None:
        await self.connect(session)
        await initialize(session)
        await register(session)
        raise self.error


class FailsAtOnce(Fails):
    """One that ends before there is a device."""

    async def steps(self, session: Session) -> None:
        raise self.error


@pytest.mark.virtual_time
@pytest.mark.parametrize("stack", list(Stack), ids=lambda stack: stack.name.lower())
@pytest.mark.parametrize(("row", "name"), CASES, ids=[name for _, name in CASES])
async def test_a_row_of_the_table(rig: Rig, row: Row, name: str, stack: Stack) -> None:
    await rig.bond()
    person = rig.person()
    flow = rig.client(person, flow_type=Fails, request=ConnectRequest(stack))
    flow.error = made(name)
    person.show(Notice(NoticeKind.PROGRESS, "from before"))
    async with flow:
        result = await flow.run()
        assert flow.session.connected.transport.lost.is_set()
    assert result.error is flow.error
    assert result.end.row is row
    assert not rig.vault().is_online
    deleted = row.bond is Bond.DELETED or (row.bond is Bond.DELETED_ON_DONGLE and stack is Stack.DONGLE)
    assert await rig.host_knows_the_key() is not deleted
    match row.told:
        case Told.CLEARED:
            assert (result.message, person.shown) == ("", None)
        case Told.NOTHING:
            assert result.message == ""
            assert person.shown is not None
            assert person.shown.kind is NoticeKind.PROGRESS
        case _:
            assert person.shown is not None
            assert person.shown.text == result.message
            assert person.shown.kind is NoticeKind.ERROR
            assert rig.serial in result.message
            assert ("From the server" in result.message) is (
                isinstance(flow.error, HesError) and row.told is Told.ERROR
            )


@pytest.mark.virtual_time
@pytest.mark.parametrize("name", [name for row in ROWS for name in row.errors])
async def test_without_a_device_neither_link_nor_bond_is_touched(rig: Rig, name: str) -> None:
    await rig.bond()
    flow = rig.client(rig.person(), flow_type=FailsAtOnce, request=ConnectRequest(Stack.DONGLE))
    flow.error = made(name)
    async with flow:
        result = await flow.run()
    assert result.error is flow.error
    assert rig.serial not in result.message
    assert await rig.host_knows_the_key()
    assert not any(event.to == "Key" for event in rig.timeline.events)


@pytest.mark.parametrize(
    ("by_server", "by_device"),
    [
        (HesErrorCode.HesDeviceLocked, ClientErrorCode.DeviceIsLocked),
        (HesErrorCode.HesDeviceNotAssignedToAnyUser, ClientErrorCode.DeviceNotAssignedToUser),
    ],
)
def test_the_servers_word_keeps_the_bond_and_the_devices_does_not(
    by_server: HesErrorCode, by_device: ClientErrorCode
) -> None:
    assert not end_state(HesError(by_server, "no"), Stack.DONGLE).delete_bond
    assert end_state(ClientError(by_device), Stack.DONGLE).delete_bond
    assert not end_state(ClientError(by_device), Stack.SYSTEM).delete_bond


@pytest.mark.parametrize("code", WITHOUT_SERVER.errors)
@pytest.mark.parametrize("stack", list(Stack), ids=lambda stack: stack.name.lower())
def test_without_a_server_the_devices_word_deletes_the_bond_on_every_stack(code: str, stack: Stack) -> None:
    assert end_state(ClientError(ClientErrorCode(code)), stack, StandaloneFlow.rows).delete_bond


@pytest.mark.parametrize(
    "error",
    [
        HesError(HesErrorCode.HesDeviceNotAssignedToAnyUser, "x"),
        HesError(HesErrorCode.HesVaultWasManuallyWiped, "x"),
        HesError(HesErrorCode.HesWorkstationNotApproved, "x"),
        HesError(HesErrorCode.HesRequestTimeout, "x"),
        HesError(HesErrorCode.RemoteConnectionTimedOut, "x"),
        HesKeyRefused(ErrorName.ERR_KEY_WRONG, "x"),
        KeyRefused("PING", ErrorName.ERR_DEVICE_BUSY),
        NoAnswer("the key did not answer within 5 s"),
        ChannelError("the channel is not open"),
        ClientError(ClientErrorCode.HesAlarm),
        ClientError(ClientErrorCode.NoConnectedUI),
    ],
    ids=vendor_name,
)
def test_any_other_error_of_the_vendors_is_shown_and_keeps_the_bond(error: BenchError) -> None:
    row = row_of(error)
    assert row.errors == (OTHER_HIDEEZ_ERROR,)
    assert text_of(error, row, "HK-1").endswith("(Serial number HK-1.)")


def test_errors_of_the_bench_have_the_vendors_names() -> None:
    assert vendor_name(LinkLost("gone")) == "OperationCanceledException"
    assert vendor_name(NoAnswer("nothing")) == "BleResponseTimeout"
    assert vendor_name(ChannelError("closed")) == "ChannelVerificationFailed"


def test_a_network_error_shows_its_number() -> None:
    error = HesNetworkError(10054, "reset")
    assert "10054" in text_of(error, row_of(error), "")


def test_as_shipped_an_error_is_told_by_its_name_alone() -> None:
    error = HesKeyRefused(ErrorName.ERR_KEY_WRONG, "On the server's channel the key answered ACCESS so.")
    assert text_of(error, row_of(error), "", AS_SHIPPED) == "From the server: ERR_KEY_WRONG."
    assert "ACCESS" in text_of(error, row_of(error), "")


def test_every_message_has_a_text() -> None:
    assert TEXTS.keys() == set(FlowMessage)
