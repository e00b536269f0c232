"""What clients reported over their connections, as REST tells it: events, sessions, and sums of sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.audit import sessions
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.protocol.hes import WorkstationEvent, WorkstationEventType, WorkstationInfo
from hideez_bench.protocol.secret import Password
from tests.hes.bench import NOON, SERIAL
from tests.hes.fake_key import FakeWorkstation
from tests.hes_web.conftest import Site

LOGON, UNLOCK = WorkstationEventType.ComputerLogon, WorkstationEventType.ComputerUnlock
LOCK, CONNECTED = WorkstationEventType.ComputerLock, WorkstationEventType.HESConnected


class Reporter:
    """A client that reports what happens, each event under an id of its own."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._reported = 0

    async def __call__(self, kind: int, minutes: float, session: str = "S-1", **more: str) -> None:
        self._reported += 1
        await self.site.bench.connection.save_client_events(
            [
                WorkstationEvent(
                    f"E-{self._reported}",
                    NOON + timedelta(minutes=minutes),
                    kind,
                    1,
                    workstation_session_id=session,
                    **more,
                )
            ]
        )


@pytest.fixture
async def report(site: Site) -> Reporter:
    """Ann of the sales of Hideez has the key, a mail account, and works at PC-1, which is called Desk."""
    bench = site.bench
    org = bench.hes.org_structure
    sales = org.create_department("Sales", org.create_company("Hideez").id)
    bench.hes.employees.edit(bench.employee.id, EmployeeDetails("Ann", "Smith", department_id=sales.id))
    await bench.assign()
    bench.hes.accounts.create(bench.employee.id, AccountDetails("Mail", "ann", password=Password(b"s3cret")))
    await bench.connection.register_workstation_info(WorkstationInfo("PC-1", "Desk"))
    return Reporter(site)


async def got(site: Site, what: str, **wanted: object) -> list[dict[str, Any]]:
    """The answer of Get…, or of GetFiltered… where something is looked for."""
    if wanted:
        answer = await site.viewer.post(f"/api/Audit/GetFiltered{what}", json=wanted)
    else:
        answer = await site.viewer.get(f"/api/Audit/Get{what.replace('ByEmployees', 'ByEmployee')}")
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def test_events_tell_who_carried_the_key_then(site: Site, report: Reporter) -> None:
    await report(
        UNLOCK, 0, serial=SERIAL, account_name="Mail", account_login="ann", note="RFID", user_session="ann"
    )
    await report(77, 5, session="", note="something else", serial="HK-unknown")
    await site.bench.hes.employees.remove_hardware_vault(SERIAL)
    other, unlock = await got(site, "Events")
    assert (unlock["id"], unlock["eventId"], unlock["hardwareVaultId"]) == ("E-1", UNLOCK, SERIAL)
    assert unlock["employee"] == {"id": site.bench.employee.id, "name": "Ann Smith"}
    assert (unlock["department"]["name"], unlock["company"]["name"]) == ("Sales", "Hideez")
    assert (unlock["workstation"], unlock["workstationId"]) == ({"id": "PC-1", "name": "Desk"}, "PC-1")
    assert [other[name] for name in ("employee", "employeeId", "department", "company", "account")] == [
        None
    ] * 5
    assert "s3cret" not in str(unlock)


async def test_events_are_found(site: Site, report: Reporter) -> None:
    await report(
        UNLOCK, 0, serial=SERIAL, account_name="Mail", account_login="ann", note="RFID", user_session="ann"
    )
    await report(77, 5, session="")
    looked_for: list[tuple[dict[str, object], list[str]]] = [
        ({"event": 77}, ["E-2"]),
        ({"severity": 1}, ["E-2", "E-1"]),
        ({"severity": 2}, []),
        ({"note": "rfid"}, ["E-1"]),
        ({"workstation": "DES"}, ["E-2", "E-1"]),
        ({"userSession": "n"}, ["E-1"]),
        ({"hardwareVault": "hk-1"}, ["E-1"]),
        ({"employee": "ann s"}, ["E-1"]),
        ({"company": "hideez"}, ["E-1"]),
        ({"department": "sales"}, ["E-1"]),
        ({"account": "mai", "accountType": 0}, ["E-1"]),
        ({"accountType": 1}, []),
        ({"startDate": "2026-03-01T12:05:00Z"}, ["E-2"]),
        ({"endDate": "2026-03-01T12:00:00"}, ["E-1"]),
    ]
    for wanted, ids in looked_for:
        assert [one["id"] for one in await got(site, "Events", **wanted)] == ids, wanted


async def test_a_session_lasts_from_unlocking_to_locking(site: Site, report: Reporter) -> None:
    await report(UNLOCK, 0, serial=SERIAL, note="Proximity")
    (session,) = await got(site, "Sessions")
    assert (session["id"], session["unlockedBy"], session["endDate"]) == ("S-1", 3, None)
    assert session["employee"]["name"] == "Ann Smith"
    await report(LOCK, 30)
    await report(LOGON, 60, session="S-2", note="a password")
    later, first = await got(site, "Sessions")
    assert (first["startDate"], first["endDate"]) == ("2026-03-01T12:00:00Z", "2026-03-01T12:30:00Z")
    assert (later["unlockedBy"], later["endDate"], later["employee"]) == (0, None, None)
    assert [one["id"] for one in await got(site, "Sessions", unlockedBy=3, employee="ann")] == ["S-1"]
    assert [one["id"] for one in await got(site, "Sessions", startDate="2026-03-01T12:30:00Z")] == ["S-2"]
    assert [one["id"] for one in await got(site, "Sessions", endDate="2026-03-01T12:30:00Z")] == ["S-1"]


async def test_a_session_ends_with_its_client_and_goes_on_with_it(site: Site, report: Reporter) -> None:
    bench = site.bench
    await report(UNLOCK, 0)
    again = bench.hes.connect(FakeWorkstation("PC-1"))
    bench.client.close()
    assert (await got(site, "Sessions"))[0]["endDate"] is None  # another client runs there
    bench.clock.move(minutes=10)
    again.close()
    again.close()
    assert (await got(site, "Sessions"))[0]["endDate"] == "2026-03-01T12:10:00Z"
    bench.connection = bench.hes.connect(FakeWorkstation("PC-1"))
    await report(CONNECTED, 20)
    (session,) = await got(site, "Sessions")
    assert (session["startDate"], session["endDate"]) == ("2026-03-01T12:00:00Z", None)


async def test_what_comes_twice_or_odd_makes_no_session(site: Site, report: Reporter) -> None:
    await report(UNLOCK, 0)
    await report(LOCK, -5)  # a clock that was set back
    (session,) = await got(site, "Sessions")
    assert session["endDate"] == session["startDate"]
    before = WorkstationEvent("E-1", NOON, UNLOCK, 1, workstation_session_id="S-1")
    await site.bench.connection.save_client_events([before])  # an event that was kept already
    assert (await got(site, "Sessions")) == [session]
    await report(UNLOCK, 9, session="")
    assert (await got(site, "Sessions")) == [session]
    other = site.bench.hes.connect(FakeWorkstation("PC-2"))
    site.bench.hes.workstations.approve("PC-2")
    await other.save_client_events([before])  # the session of another workstation, whatever it is called
    assert [(one["workstationId"], one["endDate"] is None) for one in await got(site, "Sessions")] == [
        ("PC-2", True),
        ("PC-1", False),
    ]


async def test_clocks_of_another_age_do_not_stop_the_sums(site: Site, report: Reporter) -> None:
    await report(UNLOCK, -1_000_000_000, serial=SERIAL)
    (ann,) = await got(site, "SummaryByEmployees")
    assert ann["totalSessionsDuration"] == "36500.00:00:00"


async def test_sessions_are_bounded(site: Site, report: Reporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 2)
    for number in range(4):
        await report(UNLOCK, number, session=f"S-{number}")
    assert [one["id"] for one in await got(site, "Sessions")] == ["S-3", "S-2"]


async def test_who_is_deleted_leaves_events_and_sessions(site: Site, report: Reporter) -> None:
    await report(UNLOCK, 0, serial=SERIAL)
    await site.bench.hes.employees.remove_hardware_vault(SERIAL)
    site.bench.hes.employees.delete(site.bench.employee.id)
    for what in ("Events", "Sessions"):
        (one,) = await got(site, what)
        assert (one["employeeId"], one["hardwareVaultId"]) == (None, SERIAL)


async def test_summaries(site: Site, report: Reporter) -> None:
    day = 24 * 60
    for start, minutes in ((0, 60), (120, 30), (day, 90)):
        await report(UNLOCK, start, session=f"S-{start}", serial=SERIAL)
        await report(LOCK, start + minutes, session=f"S-{start}")
    site.bench.clock.move(days=3, hours=2)
    await report(UNLOCK, day, session="S-open")  # for 50 hours by now, and nobody's
    mine = {"employee": "Ann Smith", "company": "Hideez", "department": "Sales"}
    nobody = dict.fromkeys(mine, "N/A")

    ann_later, nobody_later, ann_first = await got(site, "SummaryByDayAndEmployees")
    assert ann_later.items() >= mine.items()
    assert (
        nobody_later.items() >= (nobody | {"sessionsCount": 1, "totalSessionsDuration": "2.02:00:00"}).items()
    )
    assert ann_first["date"] == "2026-03-01T00:00:00Z"
    assert (ann_first["sessionsCount"], ann_first["workstationsCount"]) == (2, 1)
    assert (ann_first["avgSessionsDuration"], ann_first["totalSessionsDuration"]) == ("00:45:00", "01:30:00")
    on_the_first = {"endDate": "2026-03-01T23:00:00Z", "employee": "ann"}
    assert await got(site, "SummaryByDayAndEmployees", **on_the_first) == [ann_first]
    assert await got(site, "SummaryByDayAndEmployees", startDate="2026-03-02", company="n/a") == [
        nobody_later
    ]

    ann, none = await got(site, "SummaryByEmployees")
    assert (ann.items() >= mine.items(), none.items() >= nobody.items()) == (True, True)
    assert (ann["workingDaysCount"], ann["totalSessionsCount"], ann["avgSessionsCountPerDay"]) == (2, 3, 1.5)
    assert (ann["totalSessionsDuration"], ann["avgWorkingHoursPerDay"]) == ("03:00:00", "01:30:00")
    assert await got(site, "SummaryByEmployees", department="sal") == [ann]

    sales, without = await got(site, "SummaryByDepartments")
    assert (sales["department"], without["department"], without["departmentId"]) == ("Sales", "N/A", None)
    assert (sales["employeesCount"], sales["avgTotalDuartionByEmployee"]) == (1, "03:00:00")
    assert await got(site, "SummaryByDepartments", company="hideez") == [sales]

    (desk,) = await got(site, "SummaryByWorkstations")
    assert (desk["workstation"], desk["employeesCount"], desk["totalSessionsCount"]) == ("Desk", 2, 4)
    assert (desk["totalSessionsDuration"], desk["avgTotalSessionsCountByEmployee"]) == ("2.05:00:00", 2)
    assert await got(site, "SummaryByWorkstations", workstation="esk") == [desk]
    assert await got(site, "SummaryByWorkstations", workstation="other") == []
