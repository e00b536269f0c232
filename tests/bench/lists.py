"""Long lists, and reports of a thousand events: how long each takes, and how long the loop stands still.

In the processor's time of this process, in which nothing waits for anything else.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median

import httpx

from hideez_bench.emulator.hes.audit.log import MOST_AT_ONCE, MOST_EVENTS
from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.records import EmployeeDetails, VaultImport
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.app import WebContext, WebSettings, create_app
from hideez_bench.protocol.hes import SESSION_COOKIE, WorkstationEvent
from hideez_bench.protocol.secret import Password

KEYS = 5000
ROUNDS = 5
LISTS = (
    "/api/Audit/GetEvents",
    "/api/HardwareVaults/GetHardwareVaults",
    "/api/Employees/GetEmployees",
    "/audit?kind=admin",
    "/audit/clients?from=2026-03-01",
    "/vaults/HK-00000",
)
_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _reported(call: int) -> list[WorkstationEvent]:
    """What a client reports in one call: all it can, each event in a session of a key's owner."""
    return [
        WorkstationEvent(
            f"{call}-{number}",
            _NOON + timedelta(seconds=call * MOST_AT_ONCE + number),
            2,
            0,
            note="Dongle",
            workstation_id="PC-1",
            user_session="HOME\\ann",
            serial=f"HK-{number:05}",
            workstation_session_id=f"s{number // 10}",
        )
        for number in range(MOST_AT_ONCE)
    ]


async def _watched(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Seconds that something takes, and the longest time of it in which nobody else had a turn."""
    longest = 0.0

    async def others() -> None:
        nonlocal longest
        before = time.process_time()
        while True:
            await asyncio.sleep(0)
            now = time.process_time()
            longest, before = max(longest, now - before), now

    beside = asyncio.create_task(others())
    await asyncio.sleep(0)
    started = time.process_time()
    await work()
    seconds = time.process_time() - started
    await asyncio.sleep(0)
    beside.cancel()
    return seconds, longest


async def _fill(hes: Hes) -> None:
    serials = [f"HK-{number:05}" for number in range(KEYS)]
    hes.vaults.import_vaults([VaultImport(serial, f"mac {serial}", f"rfid {serial}") for serial in serials])
    department = hes.org_structure.create_department("Sales", hes.org_structure.create_company("Acme").id)
    for number, serial in enumerate(serials):
        who = EmployeeDetails("Ann", serial, f"{serial}@example.org", department_id=department.id)
        employee = hes.employees.create(who)
        if number % 5 == 0:
            await hes.employees.add_hardware_vault(employee.id, serial)
    hes.workstations.seen("PC-1")
    for call in range(MOST_EVENTS // MOST_AT_ONCE):
        hes.audit.save_client_events("PC-1", _reported(call))


async def measure() -> dict[str, tuple[float, float]]:
    """Of each request, the median of the seconds that it takes, and of those in which the loop stands still."""
    found = {}
    async with Hes("sqlite://", observe=lambda event: None) as hes:
        await _fill(hes)
        user = await hes.users.create("a@example.org", Password(secrets.token_bytes(20)), Role.VIEWER)
        cookies = {SESSION_COOKIE: hes.users.open_session(user).reveal().decode()}
        app = create_app(WebContext(hes, WebSettings(hosts=frozenset({"bench"}))))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench", cookies=cookies) as http:
            for path in LISTS:
                rounds = [await _watched(lambda path=path: _get(http, path)) for _ in range(ROUNDS)]  # type: ignore[misc]
                found[path] = median(one for one, _ in rounds), median(one for _, one in rounds)
        rounds = [await _watched(lambda call=call: _save(hes, call)) for call in range(10, 10 + ROUNDS)]  # type: ignore[misc]
        found["SaveClientEvents"] = median(one for one, _ in rounds), median(one for _, one in rounds)
    return found


async def _get(http: httpx.AsyncClient, path: str) -> None:
    (await http.get(path)).raise_for_status()


async def _save(hes: Hes, call: int) -> None:
    hes.audit.save_client_events("PC-1", _reported(call))


def main() -> None:
    """Print the figures."""
    print(f"\n{MOST_EVENTS} events, {KEYS} vaults and employees; a report of {MOST_AT_ONCE} events")
    for name, (seconds, still) in asyncio.run(measure()).items():
        print(
            f"{name:36} {seconds * 1000:8.0f} ms   the loop stands still for {still * 1000:6.0f} ms",
            flush=True,
        )
