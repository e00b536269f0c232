"""The figures of the dashboard are those of the server as it is."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.records import EmployeeDetails, LicenseImport
from hideez_bench.protocol.hes import WorkstationEvent, WorkstationEventType
from hideez_bench.protocol.secret import Password
from tests.hes.bench import NOON, SERIAL, vault_import
from tests.hes.fake_key import FakeWorkstation
from tests.hes_web.conftest import Site

ROOT = Path(__file__).parents[2]


async def told(site: Site, what: str) -> Any:
    answer = await site.viewer.get(f"/api/Dashboard/{what}")
    assert answer.status_code == 200
    return answer.json()


async def test_the_version_is_the_benchs(site: Site) -> None:
    answer = await site.viewer.get("/api/Dashboard/GetServerVersion")
    assert answer.text == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert answer.headers["content-type"].startswith("text/plain")


async def test_everything_is_counted(site: Site) -> None:
    hes = site.bench.hes
    hes.employees.create(EmployeeDetails("Bob"))
    hes.vaults.import_vaults([vault_import("HK-2"), vault_import("HK-3")])
    hes.connect(FakeWorkstation("PC-2"))
    hes.connect(FakeWorkstation("PC-3")).close()
    await site.bench.assign()
    assert await told(site, "GetEmployeesCount") == 2
    assert (await told(site, "GetDevicesCount"), await told(site, "GetFreeDevicesCount")) == (3, 2)
    assert await told(site, "GetWorkstationsCount") == 3
    assert await told(site, "GetWorkstationsOnlineCount") == 2
    waiting = {"message": "Waiting for approval", "count": 2, "page": "/workstations"}
    assert await told(site, "GetWorkstationsNotify") == [waiting]


async def test_tasks_are_what_keys_have_yet_to_be_told(site: Site) -> None:
    bench = site.bench
    assert (await told(site, "GetDeviceTasksCount"), await told(site, "GetDeviceTasks")) == (0, [])
    await bench.assign()
    account = bench.hes.accounts.create(
        bench.employee.id, AccountDetails("Mail", "ann", password=Password(b"s3cret"))
    )
    assert await told(site, "GetDeviceTasksCount") == 1
    (task,) = await told(site, "GetDeviceTasks")
    assert (task["operation"], task["hardwareVaultId"], task["accountId"]) == (1, SERIAL, account.id)
    assert task["timestamp"] == int(bench.clock.now.timestamp())
    assert set(task) == {"id", "operation", "createdAt", "timestamp", "hardwareVaultId", "accountId"}
    assert await told(site, "GetServerNotify") == []
    bench.clock.move(days=1)
    assert [one["count"] for one in await told(site, "GetServerNotify")] == [1]


async def test_what_should_be_looked_at(site: Site) -> None:
    bench = site.bench
    assert await told(site, "GetDevicesNotify") == []
    await bench.go("Locked")
    with bench.hes._core.store.transaction() as rows:
        vault = rows.vault(SERIAL)
        assert vault
        vault.battery = 30
    licence = LicenseImport("L-1", NOON + timedelta(days=40), b"x")
    bench.hes.vaults.import_vaults([vault_import("HK-2", (licence,))])
    await bench.connection.hw_vault_license_applied("HK-2", "L-1")
    notices = {one["message"]: one["count"] for one in await told(site, "GetDevicesNotify")}
    assert notices == {"Low battery": 1, "Locked": 1, "Licence: warning": 1}
    unlocked = WorkstationEvent(
        "E-1", bench.clock.now, WorkstationEventType.ComputerUnlock, 1, workstation_session_id="S-1"
    )
    assert await told(site, "GetEmployeesOpenedSessionsCount") == 0
    await bench.connection.save_client_events([unlocked])
    assert await told(site, "GetEmployeesOpenedSessionsCount") == 1
    (one,) = await told(site, "GetEmployeesNotify")
    assert (one["count"], "without a key" in one["message"]) == (1, True)
    bench.clock.move(hours=25)
    (one,) = await told(site, "GetEmployeesNotify")
    assert (one["count"], "12 hours" in one["message"]) == (1, True)
