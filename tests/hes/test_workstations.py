"""Workstations: what is kept of them, and what their clients are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from hideez_bench.emulator.hes.administration.filters import WorkstationFilter
from hideez_bench.emulator.hes.errors import HesRuleError, StoreError
from hideez_bench.emulator.hes.names import HesCode
from hideez_bench.emulator.hes.records import WorkstationSettings
from hideez_bench.protocol.hes import HesError, HesErrorCode, ProximitySettings, WorkstationInfo
from tests.hes.bench import SERIAL, Bench, vault_import
from tests.hes.fake_key import FakeWorkstation
from tests.hes.faults import dump, failing_at

INFO = WorkstationInfo("PC-1", "desk", "HOME", "Windows 11", "3.8.18", "10.0.0.1")


async def test_who_calls_is_kept_before_anything_is_refused(bench: Bench) -> None:
    stranger = bench.hes.connect(FakeWorkstation("PC-2"))
    with pytest.raises(HesError) as raised:
        await stranger.register_workstation_info(INFO)
    assert raised.value.code is HesErrorCode.HesWorkstationNotApproved
    view = bench.hes.workstations.get("PC-2")  # whatever id it tells
    assert (view.name, view.domain, view.os) == ("desk", "HOME", "Windows 11")
    assert (view.client_version, view.ip, view.approved) == ("3.8.18", "10.0.0.1", False)
    assert view.is_online
    stranger.close()
    assert not bench.hes.workstations.get("PC-2").is_online
    with pytest.raises(HesError) as raised:
        await stranger.register_workstation_info(WorkstationInfo("PC-2", "another"))
    assert raised.value.code is HesErrorCode.HesNotConnected
    assert bench.hes.workstations.get("PC-2").name == "desk"


async def test_long_texts_are_cut(bench: Bench) -> None:
    await bench.connection.register_workstation_info(WorkstationInfo("PC-1", "x" * 100_000))
    assert len(bench.hes.workstations.get("PC-1").name) == 255


async def test_registration_is_answered_with_the_settings(bench: Bench) -> None:
    bench.hes.workstations.edit("PC-1", WorkstationSettings(rfid_enabled=True))
    bench.hes.workstations.add_proximity_vault("PC-1", SERIAL)
    bench.workstation.notices.clear()
    await bench.connection.register_workstation_info(WorkstationInfo("PC-1", is_alarm_turn_on=True))
    assert bench.workstation.notices == [
        ("set_alarm_state", False),  # it was stale
        ("update_rfid_indicator_state", True),
        ("update_proximity_settings", [ProximitySettings(SERIAL, f"mac {SERIAL}", 30, 70, 5)]),
    ]


async def test_approval_is_told(bench: Bench) -> None:
    newcomer = FakeWorkstation("PC-2")
    bench.hes.connect(newcomer)
    bench.hes.workstations.approve("PC-2")
    assert [name for name, _ in newcomer.notices] == [
        "workstation_approved",
        "set_alarm_state",
        "update_rfid_indicator_state",
        "update_proximity_settings",
    ]
    bench.hes.workstations.unapprove("PC-2")
    assert newcomer.notices[-1] == ("workstation_unapproved", None)
    newcomer.notices.clear()
    bench.hes.workstations.approve("PC-2", push=False)  # as by the vendor's REST
    assert newcomer.notices == []
    assert bench.hes.workstations.get("PC-2").approved


async def test_approval_with_settings_is_both_or_neither(bench: Bench) -> None:
    newcomer = FakeWorkstation("PC-2")
    bench.hes.connect(newcomer)
    sales = bench.hes.org_structure.create_department(
        "Sales", bench.hes.org_structure.create_company("Hideez").id
    )
    before = dump(bench)
    bench.events.clear()
    with pytest.raises(HesRuleError) as raised:
        bench.hes.workstations.approve("PC-2", WorkstationSettings("nowhere", rfid_enabled=True))
    assert raised.value.code is HesCode.DepartmentNotFound
    for number in (1, 2, 3):  # two writes, and their commit
        with failing_at(bench, number), pytest.raises(StoreError):
            bench.hes.workstations.approve("PC-2", WorkstationSettings(sales.id, rfid_enabled=True))
        assert (dump(bench), bench.events, newcomer.notices) == (before, [], [])
    bench.hes.workstations.approve("PC-2", WorkstationSettings(sales.id, rfid_enabled=True), push=False)
    assert bench.texts() == ["approves workstation PC-2", "changes workstation PC-2"]
    assert newcomer.notices == [("update_rfid_indicator_state", True)]
    view = bench.hes.workstations.get("PC-2")
    assert (view.approved, view.department, view.rfid_enabled) == (True, sales, True)


async def test_edit(bench: Bench) -> None:
    org = bench.hes.org_structure
    sales = org.create_department("Sales", org.create_company("Hideez").id)
    bench.hes.workstations.edit("PC-1", WorkstationSettings(sales.id, rfid_enabled=True))
    view = bench.hes.workstations.get("PC-1")
    assert (view.department, view.rfid_enabled) == (sales, True)
    with pytest.raises(HesRuleError) as raised:
        bench.hes.workstations.edit("PC-1", WorkstationSettings("nowhere", rfid_enabled=False))
    assert raised.value.code is HesCode.DepartmentNotFound
    assert bench.hes.workstations.get("PC-1") == view
    assert bench.hes.workstations.list(WorkstationFilter(company="hideez", department="sal")) == [view]
    assert bench.workstation.notices[-1] == ("update_rfid_indicator_state", True)
    bench.hes.connect(FakeWorkstation("PC-2"))
    with pytest.raises(HesRuleError, match="not approved"):
        bench.hes.workstations.edit("PC-2", WorkstationSettings(rfid_enabled=True))
    assert not bench.hes.workstations.get("PC-2").rfid_enabled
    for call in (
        lambda: bench.hes.workstations.get("PC-9"),
        lambda: bench.hes.workstations.edit("PC-9", WorkstationSettings(rfid_enabled=True)),
        lambda: bench.hes.workstations.approve("PC-9"),
        lambda: bench.hes.workstations.unapprove("PC-9"),
        lambda: bench.hes.workstations.proximity_vaults("PC-9"),
        lambda: bench.hes.workstations.add_proximity_vault("PC-9", SERIAL),
    ):
        with pytest.raises(HesRuleError) as raised:
            call()
        assert raised.value.code is HesCode.WorkstationNotFound


async def test_keys_that_unlock_by_coming_near(bench: Bench) -> None:
    workstations = bench.hes.workstations
    bench.hes.vaults.import_vaults([vault_import("HK-2")])
    second = workstations.add_proximity_vault("PC-1", "HK-2")
    first = workstations.add_proximity_vault("PC-1", SERIAL)
    assert (first.lock_proximity, first.unlock_proximity, first.lock_timeout) == (30, 70, 5)
    assert workstations.proximity_vaults("PC-1") == [first, second]
    assert workstations.proximity_vault(first.id) == first
    name, settings = bench.workstation.notices[-1]
    assert name == "update_proximity_settings"
    assert [each.serial for each in settings] == [SERIAL, "HK-2"]  # type: ignore[attr-defined]
    calls: list[tuple[Callable[[], object], HesCode]] = [
        (
            lambda: workstations.add_proximity_vault("PC-1", SERIAL),
            HesCode.WorkstationHardwareVaultPairAlreadyExist,
        ),
        (lambda: workstations.add_proximity_vault("PC-1", "HK-9"), HesCode.HardwareVaultNotFound),
        (lambda: workstations.proximity_vault("none"), HesCode.WorkstationHardwareVaultPairNotFound),
        (lambda: workstations.delete_proximity_vault("none"), HesCode.WorkstationHardwareVaultPairNotFound),
    ]
    for call, code in calls:
        with pytest.raises(HesRuleError) as raised:
            call()
        assert raised.value.code is code
    workstations.delete_proximity_vault(second.id)
    assert bench.workstation.notices[-1] == (
        "update_proximity_settings",
        [ProximitySettings(SERIAL, f"mac {SERIAL}")],
    )


async def test_a_key_that_is_taken_away_unlocks_nothing(bench: Bench) -> None:
    await bench.go("Active")
    bench.hes.workstations.add_proximity_vault("PC-1", SERIAL)
    await bench.hes.employees.remove_hardware_vault(SERIAL)
    assert bench.hes.workstations.proximity_vaults("PC-1") == []
    assert bench.workstation.notices[-1] == ("update_proximity_settings", [])


async def test_a_stranger_hears_nothing(bench: Bench) -> None:
    stranger = FakeWorkstation("PC-2")
    bench.hes.connect(stranger)
    bench.hes.workstations.add_proximity_vault("PC-2", SERIAL)
    bench.hes.set_alarm(True)
    assert stranger.notices == []


async def test_alarm_is_told(bench: Bench) -> None:
    second = FakeWorkstation("PC-2")
    bench.hes.connect(second)
    bench.hes.workstations.approve("PC-2", push=False)
    bench.hes.set_alarm(True)
    assert bench.hes.alarm
    for workstation in (bench.workstation, second):
        assert workstation.notices[-1] == ("set_alarm_state", True)
    with pytest.raises(HesError) as raised:
        await bench.connection.register_workstation_info(INFO)
    assert raised.value.code is HesErrorCode.HesAlarm
    assert bench.workstation.notices[-1] == ("set_alarm_state", True)
    assert bench.hes.workstations.get("PC-1").name == "desk"
    bench.hes.set_alarm(False)
    assert second.notices[-1] == ("set_alarm_state", False)
    assert not bench.hes.alarm


@pytest.mark.parametrize("ends", [True, False])
async def test_approval_tells_of_the_alarm_that_was_not_heard_of(bench: Bench, ends: bool) -> None:
    bench.hes.set_alarm(ends)
    bench.hes.workstations.unapprove("PC-1")
    bench.hes.set_alarm(not ends)
    assert bench.workstation.notices[-1] == ("workstation_unapproved", None)
    bench.workstation.notices.clear()
    bench.hes.workstations.approve("PC-1")
    assert bench.workstation.notices[:2] == [("workstation_approved", None), ("set_alarm_state", not ends)]


async def test_strangers_do_not_fill_the_list(bench: Bench) -> None:
    for number in range(150):
        bench.clock.move(seconds=1)
        connection = bench.hes.connect(FakeWorkstation(f"evil-{number:03}"))
        connection.close()
    waiting = bench.hes.workstations.list(WorkstationFilter(approved=False))
    assert [view.id for view in waiting] == [f"evil-{number:03}" for number in range(50, 150)]
    assert bench.hes.workstations.get("PC-1").approved


async def test_filter(bench: Bench) -> None:
    await bench.connection.register_workstation_info(INFO)
    start = bench.clock.now
    bench.clock.move(hours=1)
    bench.hes.connect(FakeWorkstation("PC-2"))

    def found(which: WorkstationFilter) -> list[str]:
        return [view.id for view in bench.hes.workstations.list(which)]

    assert found(WorkstationFilter()) == ["PC-1", "PC-2"]
    assert found(WorkstationFilter(name="DESK", os="windows", ip="10.", client_version="3.8")) == ["PC-1"]
    assert found(WorkstationFilter(domain="home")) == ["PC-1"]
    assert found(WorkstationFilter(approved=False, rfid_enabled=False)) == ["PC-2"]
    assert found(WorkstationFilter(department="sales")) == []
    assert found(WorkstationFilter(online=False)) == []
    assert found(WorkstationFilter(last_seen_end=start)) == ["PC-1"]
    assert found(WorkstationFilter(last_seen_start=start + timedelta(minutes=1))) == ["PC-2"]
