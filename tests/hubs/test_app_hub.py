"""Every call and notice over the hubs says what it says in one process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hideez_bench.emulator.hes.records import LicenseImport
from hideez_bench.harness.hes.hub_connection import HubConnection
from hideez_bench.protocol.hes import (
    HesConnection,
    HesError,
    HesErrorCode,
    ProximitySettings,
    WorkstationEvent,
    WorkstationInfo,
)
from hideez_bench.protocol.hub import APP_CALLS, NOTICES
from tests.hes.bench import NOON, SERIAL, vault_import
from tests.hubs.rig import HubBench
from tests.hubs.test_device_hub import reserved

pytestmark = pytest.mark.virtual_time

LICENCE = LicenseImport("L-1", NOON + timedelta(days=30), bytes(range(256)))
EVENT = WorkstationEvent(
    "E-1", datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), 5, 1, "noted", serial=SERIAL
)


async def everything(connection: HesConnection, bench: HubBench) -> list[object]:
    """What each call answers that has an answer."""
    report = bench.report()
    return [
        await connection.get_hw_vault_info_by_rfid(f"rfid {SERIAL}"),
        await connection.get_hw_vault_info_by_mac(f"mac {SERIAL}"),
        await connection.get_hw_vault_info_by_serial_no(SERIAL),
        await connection.update_hw_vault_properties(report, return_info=True),
        await connection.update_hw_vault_properties(report, return_info=False),
        await connection.get_hw_vault_licenses(SERIAL),
        await connection.get_new_hw_vault_licenses(SERIAL),
    ]


async def test_every_call_answers_as_in_one_process(bench: HubBench) -> None:
    assert vars(HubConnection).keys() >= APP_CALLS.keys()
    await bench.assign()
    bench.hes.vaults.import_licenses(SERIAL, [LICENCE])
    over_hubs = await everything(bench.hub, bench)
    assert over_hubs == await everything(bench.client, bench)
    (licences,) = over_hubs[-1:]
    assert isinstance(licences, list)
    assert {licence.id: licence.data for licence in licences} == {"L-1": LICENCE.data}


async def test_what_has_no_answer_is_done(bench: HubBench) -> None:
    await bench.assign()
    bench.hes.vaults.import_licenses(SERIAL, [LICENCE])
    await bench.hub.hw_vault_license_applied(SERIAL, "L-1")
    assert await bench.hub.get_new_hw_vault_licenses(SERIAL) == []
    await bench.hub.register_workstation_info(
        WorkstationInfo(bench.workstation.id, "pc", "home", "os", "1", "::1")
    )
    await bench.hub.save_client_events([EVENT])
    assert [event.event_id for event in bench.hes.reports.events()] == [EVENT.event_id]
    with pytest.raises(HesError, match="Active only"):
        await bench.hub.update_hw_vault_accounts(SERIAL, only_os_accounts=True)


async def test_a_refusal_has_the_code_and_the_sentence_of_the_server(bench: HubBench) -> None:
    for connection in (bench.hub, bench.client):
        with pytest.raises(HesError) as caught:
            await connection.get_hw_vault_info_by_serial_no("HK-404")
        assert caught.value.code is HesErrorCode.HesDeviceNotFound
        assert "HK-404" in str(caught.value)


async def test_the_master_key_confirms_the_host_over_the_hubs(bench: HubBench) -> None:
    await reserved(bench)
    await bench.update()
    bench.key.take()
    await bench.update()
    await bench.hub.auth_hw_vault(SERIAL)
    assert bench.key.commands[-1] == "CHECK_PASSPHRASE"


async def test_notices_reach_the_workstation(bench: HubBench) -> None:
    await bench.arrive()
    server_side = bench.hes._remotes._hosts[SERIAL][bench.workstation.id].workstation
    settings = [ProximitySettings(SERIAL, "mac", 1, 2, 3)]
    given: dict[str, tuple[object, ...]] = {
        "set_alarm_state": (True,),
        "workstation_approved": (),
        "workstation_unapproved": (),
        "update_proximity_settings": (settings,),
        "update_rfid_indicator_state": (False,),
        "lock_hw_vault_storage": (SERIAL,),
        "lift_hw_vault_storage_lock": (SERIAL,),
    }
    assert given.keys() == NOTICES.keys()
    bench.workstation.notices.clear()
    for name, values in given.items():
        getattr(server_side, name)(*values)
    # A call's answer comes after every notice that was sent before it.
    await bench.hub.get_hw_vault_info_by_serial_no(SERIAL)
    assert bench.workstation.notices == [
        (name, values[0] if values else None) for name, values in given.items()
    ]


async def test_a_client_that_was_never_connected_says_so(bench: HubBench) -> None:
    stranger = bench.connect_as(bench.workstation, bench.workstation_key)
    assert not stranger.is_connected
    with pytest.raises(HesError) as caught:
        await stranger.auth_hw_vault(SERIAL)
    assert caught.value.code is HesErrorCode.HesNotConnected


async def test_a_client_connects_again_after_the_server_went_away(bench: HubBench) -> None:
    await bench.sockets.on("/appHub")[0].close()
    with pytest.raises(HesError) as caught:
        await bench.hub.get_hw_vault_info_by_serial_no(SERIAL)
    assert caught.value.code is HesErrorCode.HesNotConnected
    bench.sockets.allow = lambda path: False
    with pytest.raises(HesError):
        await bench.hub.connect()
    bench.sockets.allow = lambda path: True
    await bench.hub.connect()
    await bench.hub.connect()
    assert bench.hub.is_connected
    assert len(bench.sockets.on("/appHub")) == 2
    bench.hes.vaults.import_vaults([vault_import("HK-2")])
    assert (await bench.hub.get_hw_vault_info_by_mac("mac HK-2")).vault_serial == "HK-2"


async def test_a_fault_in_a_notice_ends_the_connection_and_is_not_hidden(
    bench: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(on: bool) -> None:
        raise RuntimeError("a fault of ours")

    await bench.arrive()
    monkeypatch.setattr(bench.workstation, "update_rfid_indicator_state", fail)
    bench.hes._remotes._hosts[SERIAL][bench.workstation.id].workstation.update_rfid_indicator_state(True)
    with pytest.raises(HesError):
        await bench.hub.get_hw_vault_info_by_serial_no(SERIAL)
    with pytest.raises(RuntimeError):
        await bench.hub.close()
