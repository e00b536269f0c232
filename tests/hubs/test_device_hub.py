"""The server's channel through a deviceHub: opening, drops, time limits, and what a bad relay can do."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.harness.hes.signalr_client import Disconnected
from hideez_bench.protocol.hes import HesError, HesErrorCode, HesKeyRefused
from hideez_bench.protocol.names import Command, ErrorName
from hideez_bench.protocol.signalr import (
    Close,
    Completion,
    HandshakeRequest,
    HandshakeResponse,
    Invocation,
    build,
)
from tests.hes.bench import SERIAL, vault_import
from tests.hes.fake_key import FakeKey, FakeWorkstation
from tests.hubs.rig import HubBench, new_key

pytestmark = pytest.mark.virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


def device_hubs(bench: HubBench) -> int:
    return len(bench.sockets.on("/deviceHub"))


async def reserved(bench: HubBench) -> None:
    """A key that waits to be linked, reported to the server."""
    await bench.assign()
    await bench.arrive()


async def error_of(bench: HubBench) -> HesErrorCode:
    with pytest.raises(HesError) as caught:
        await bench.update()
    return caught.value.code


async def test_the_whole_activation_goes_over_both_hubs(bench: HubBench) -> None:
    await reserved(bench)
    told = await bench.update()
    assert bench.key.commands == [Command.LINK]
    assert bench.vault.is_status_applied
    assert told.vault_serial == SERIAL
    bench.key.take()
    await bench.update()
    assert bench.vault.status is VaultStatus.Active
    # 5.5, 7: the connection of the first contact serves the second too.
    assert [path for path, _ in bench.sockets.opened] == ["/appHub", "/deviceHub"]


async def test_callbacks_and_calls_are_served_while_an_update_waits(bench: HubBench) -> None:
    await reserved(bench)
    bench.key.hold = Command.LINK
    updating = asyncio.ensure_future(bench.update())
    await bench.key.reached.wait()
    bench.hes.vaults.import_vaults([vault_import("HK-2")])
    assert (await bench.hub.get_hw_vault_info_by_serial_no("HK-2")).vault_serial == "HK-2"
    assert not updating.done()
    bench.key.released.set()
    await updating
    assert bench.vault.is_status_applied


async def test_e010_without_a_device_hub_it_ends_after_twenty_seconds(bench: HubBench) -> None:
    await reserved(bench)
    bench.sockets.allow = lambda path: path != "/deviceHub"
    started = now()
    assert await error_of(bench) is HesErrorCode.RemoteConnectionTimedOut
    assert now() - started == pytest.approx(20)
    assert bench.vault.status is VaultStatus.Reserved
    bench.sockets.allow = lambda path: True
    await bench.update()
    assert bench.vault.is_status_applied


async def test_e011_a_key_that_was_not_reported_is_on_no_host(bench: HubBench) -> None:
    await bench.assign()
    assert await error_of(bench) is HesErrorCode.DeviceNotConnectedToAnyHost
    assert device_hubs(bench) == 0


async def test_a_client_that_brings_no_answer_is_given_up_after_thirty_seconds(bench: HubBench) -> None:
    await reserved(bench)
    await bench.update()
    bench.sockets.on("/deviceHub")[0].mute = True
    started = now()
    assert await error_of(bench) is HesErrorCode.HesRequestTimeout
    assert now() - started == pytest.approx(30)


async def test_a_mute_key_is_the_client_s_to_notice(bench: HubBench) -> None:
    await reserved(bench)
    await bench.update()
    bench.key.mute = True
    assert await error_of(bench) is HesErrorCode.HesRequestTimeout
    bench.key.mute = False
    assert (await bench.update()).vault_serial == SERIAL
    assert device_hubs(bench) == 2


async def test_what_the_key_refuses_comes_back_as_its_own_error(bench: HubBench) -> None:
    await reserved(bench)
    bench.key.refuse[Command.LINK] = ErrorName.ERR_NO_LICENSE
    with pytest.raises(HesKeyRefused) as caught:
        await bench.update()
    assert caught.value.error is ErrorName.ERR_NO_LICENSE
    assert not bench.vault.is_status_applied
    bench.key.refuse.clear()
    await bench.update()
    assert device_hubs(bench) == 1


async def test_a_key_that_restarted_is_met_anew(bench: HubBench) -> None:
    """The key itself refuses a message of a channel that it no longer has; the server opens another."""
    await reserved(bench)
    await bench.update()
    bench.key.forget_channel()
    with pytest.raises(HesKeyRefused) as caught:
        await bench.update()
    assert caught.value.error is ErrorName.ERR_ENCRYPTION_REQ
    await bench.update()
    assert device_hubs(bench) == 2


async def test_a_lost_link_to_the_key_ends_the_update(bench: HubBench) -> None:
    await reserved(bench)
    bench.key.lost = True
    assert await error_of(bench) is HesErrorCode.HesDeviceHubDisconnected


# --- drops, at each step of 5.5 ---


async def test_the_device_hub_drops_while_the_channel_opens(bench: HubBench) -> None:
    await reserved(bench)
    bench.sockets.on_text = _drop_on(bench, "VerifyCommandResponse")
    assert await error_of(bench) is HesErrorCode.HesDeviceHubDisconnected
    # 5.5, 7: the entry is gone with it, until the client reports the key once more.
    bench.sockets.on_text = lambda path, text: text
    assert await error_of(bench) is HesErrorCode.DeviceNotConnectedToAnyHost
    await bench.arrive()
    await bench.update()
    assert bench.vault.is_status_applied


async def test_the_device_hub_drops_while_a_command_waits(bench: HubBench) -> None:
    await reserved(bench)
    bench.key.hold = Command.LINK
    updating = asyncio.ensure_future(bench.update())
    await bench.key.reached.wait()
    await bench.sockets.on("/deviceHub")[0].close()
    with pytest.raises(HesError) as caught:
        await updating
    assert caught.value.code is HesErrorCode.HesDeviceHubDisconnected
    assert not bench.vault.is_status_applied
    assert await error_of(bench) is HesErrorCode.DeviceNotConnectedToAnyHost


async def test_the_device_hub_drops_between_two_updates(bench: HubBench) -> None:
    await reserved(bench)
    await bench.update()
    await bench.sockets.on("/deviceHub")[0].close()
    assert await error_of(bench) is HesErrorCode.DeviceNotConnectedToAnyHost


@pytest.mark.parametrize("step", ["asked", "opening", "command"])
async def test_e009_the_app_hub_drops_inside_an_update(bench: HubBench, step: str) -> None:
    await reserved(bench)
    bench.key.hold = Command.LINK
    if step == "asked":
        bench.sockets.allow = lambda path: path != "/deviceHub"
    if step == "opening":
        bench.sockets.on_text = lambda path, text: None if "VerifyCommandResponse" in text else text
    updating = asyncio.ensure_future(bench.update())
    if step == "command":
        await bench.key.reached.wait()
    else:
        await asyncio.sleep(1)
    await bench.sockets.on("/appHub")[0].close()
    with pytest.raises(HesError) as caught:
        await updating
    assert caught.value.code is HesErrorCode.HesNotConnected
    assert not bench.hub.is_connected
    await bench.hes.settled()
    assert (bench.vault.status, bench.vault.is_status_applied) == (VaultStatus.Reserved, False)
    assert not bench.vault.is_online
    # Nothing of it is left: a new connection goes through.
    bench.key.hold = None
    bench.key.forget_channel()
    bench.sockets.allow, bench.sockets.on_text = lambda path: True, lambda path, text: text
    await bench.hub.connect()
    await bench.arrive()
    await bench.update()
    assert bench.vault.is_status_applied


async def test_a_key_reported_offline_ends_its_device_hub(bench: HubBench) -> None:
    await reserved(bench)
    await bench.update()
    await bench.leave()
    (socket,) = bench.sockets.on("/deviceHub")
    await socket.served
    assert not bench.vault.is_online
    await bench.arrive()
    await bench.update()
    assert device_hubs(bench) == 2


# --- a client that lies ---


def _drop_on(bench: HubBench, target: str) -> Callable[[str, str], str | None]:
    def swallow(path: str, text: str) -> str | None:
        if target in text:
            bench.sockets.on(path)[-1].hang_up()
            return None
        return text

    return swallow


def _changed(target: str, change: Callable[[list[Any]], None]) -> Callable[[str, str], str | None]:
    """A relay that changes the arguments of one method."""

    def altered(path: str, text: str) -> str | None:
        message = json.loads(text.removesuffix("\x1e"))
        if message.get("target") != target:
            return text
        change(message["arguments"])
        return json.dumps(message) + "\x1e"

    return altered


def _flip_last_byte(holder: dict[str, Any]) -> None:
    data = bytearray(base64.b64decode(holder["data"]))
    data[-1] ^= 1
    holder["data"] = base64.b64encode(data).decode()


@pytest.mark.parametrize("target", ["VerifyCommandResponse", "RemoteCommandResponse"])
async def test_f014_a_relay_that_alters_bytes_is_found_out(bench: HubBench, target: str) -> None:
    await reserved(bench)
    bench.sockets.on_text = _changed(target, lambda arguments: _flip_last_byte(arguments[0]))
    assert await error_of(bench) is HesErrorCode.HesVerificationFailed
    assert bench.key.commands == []
    assert not bench.vault.is_status_applied


async def test_f014_a_relay_that_alters_a_command_cannot_make_the_key_do_anything(bench: HubBench) -> None:
    await reserved(bench)
    bench.workstation.keys[SERIAL] = _AlteringKey()
    assert await error_of(bench) is HesErrorCode.HesUnknownError
    assert bench.key.commands == []


class _AlteringKey(FakeKey):
    """Stands between the server and a key, and flips a bit of what is sealed."""

    async def encrypted(self, envelope: Any, timeout: float) -> Any:
        sealed = bytearray(envelope.sealed)
        sealed[0] ^= 1
        return await super().encrypted(
            type(envelope)(envelope.channel, envelope.counter, bytes(sealed)), timeout
        )


async def test_an_answer_of_another_channel_ends_it(bench: HubBench) -> None:
    await reserved(bench)

    def change(arguments: list[Any]) -> None:
        data = base64.b64decode(arguments[0]["data"])
        arguments[0] = {"channelNo": 1, "data": base64.b64encode(b"\x01" + data[1:]).decode()}

    bench.sockets.on_text = _changed("RemoteCommandResponse", change)
    assert await error_of(bench) is HesErrorCode.HesVerificationFailed
    closes = [
        message for message in await bench.sockets.on("/deviceHub")[0].heard() if isinstance(message, Close)
    ]
    assert closes
    assert "channel 1" in str(closes[0].error)


async def test_nonsense_in_place_of_an_answer_ends_it(bench: HubBench) -> None:
    await reserved(bench)

    def change(arguments: list[Any]) -> None:
        arguments[:] = [None, None]

    bench.sockets.on_text = _changed("GetRootKeyCommandResponse", change)
    assert await error_of(bench) is HesErrorCode.HesVerificationFailed


async def test_a_client_refuses_a_channel_that_is_not_the_server_s(bench: HubBench) -> None:
    """The workstation refuses, as `RelayingWorkstation` does; the server hears nothing, and its time limit ends it."""
    await reserved(bench)
    opened = device_hubs(bench)
    assert bench.sockets.on("/appHub")
    bench.hub._called("EstablishRemoteHwVaultConnection", ("HK-unknown", 4))
    await asyncio.sleep(1)
    assert device_hubs(bench) == opened
    assert bench.hub.is_connected


async def test_a_device_hub_that_nobody_asked_for_is_refused(bench: HubBench) -> None:
    await reserved(bench)
    socket = bench.socket("/deviceHub", DeviceId=SERIAL)
    with pytest.raises(Disconnected):
        await socket.open()
    assert socket.refusal == (403, "The server has not asked this workstation for that key.")


async def test_a_device_hub_for_another_key_or_workstation_is_refused(bench: HubBench) -> None:
    await reserved(bench)
    bench.sockets.allow = lambda path: path != "/deviceHub"
    updating = asyncio.ensure_future(bench.update())
    await asyncio.sleep(1)
    for workstation, key, device in (
        (bench.workstation.id, bench.workstation_key, "HK-2"),
        ("PC-2", new_key(), SERIAL),
        (bench.workstation.id, new_key(), SERIAL),
    ):
        bench.workstation_key, kept = key, bench.workstation_key
        bench.workstation.id, name = workstation, bench.workstation.id
        socket = bench.socket("/deviceHub", DeviceId=device)
        bench.workstation_key, bench.workstation.id = kept, name
        with pytest.raises(Disconnected):
            await socket.open()
        assert socket.refusal
        assert socket.refusal[0] in (401, 403)
    with pytest.raises(HesError):
        await updating


async def test_an_answer_that_nobody_asked_for_ends_the_connection(bench: HubBench) -> None:
    await reserved(bench)
    await bench.update()
    (socket,) = bench.sockets.on("/deviceHub")
    await socket.say(Invocation("RemoteCommandResponse", (None, "ERR_KEY_WRONG"), "1"))
    await socket.served
    assert await error_of(bench) is HesErrorCode.HesDeviceHubDisconnected or bench.key.handshakes == 2


async def test_of_two_device_hubs_one_is_taken(bench: HubBench) -> None:
    await reserved(bench)
    bench.sockets.allow = lambda path: path != "/deviceHub"
    updating = asyncio.ensure_future(bench.update())
    await asyncio.sleep(1)
    first, second = (bench.socket("/deviceHub", DeviceId=SERIAL) for _ in range(2))
    await first.open()
    await second.open()
    for socket in (first, second):
        await socket.send(build(HandshakeRequest()))
    assert await first.hear_handshake() == HandshakeResponse()
    assert await second.hear_handshake() == HandshakeResponse()
    assert await second.heard() == [Close("The server no longer waits for this key.")]
    assert await first.hear() == Invocation("SendGetRootKeyCommand")
    await first.say(Invocation("GetRootKeyCommandResponse", (None, "ERR_NO_DATA"), "1"))
    completion = await first.hear()
    assert isinstance(completion, Completion)
    with pytest.raises(HesKeyRefused) as caught:
        await updating
    assert caught.value.error is ErrorName.ERR_NO_DATA
    await first.close()


# --- several clients ---


async def test_two_workstations_do_not_disturb_one_another(bench: HubBench) -> None:
    """E-023."""
    await reserved(bench)
    other_key = FakeKey(serial="HK-2")
    other = bench.connect_as(workstation := FakeWorkstation("PC-2", other_key), new_key())
    await other.connect()
    bench.hes.workstations.approve(workstation.id)
    bench.hes.vaults.import_vaults([vault_import("HK-2")])
    bob = bench.hes.employees.create(EmployeeDetails("Bob"))
    await bench.hes.employees.add_hardware_vault(bob.id, "HK-2")
    report = replace(bench.report(), serial="HK-2")
    await other.update_hw_vault_properties(report, return_info=False)
    bench.key.hold = Command.LINK
    updating = asyncio.ensure_future(bench.update())
    await bench.key.reached.wait()
    # The first one waits in the middle of its command; the second goes through.
    await other.update_hw_vault_status(report)
    assert other_key.commands == [Command.LINK]
    # The first one's client dies; the second one's channel is not touched.
    await bench.hub.close()
    with pytest.raises(HesError):
        await updating
    other_key.take()
    await other.update_hw_vault_status(replace(report, is_link_required=False))
    assert bench.hes.vaults.get("HK-2").status is VaultStatus.Active
    await other.close()
