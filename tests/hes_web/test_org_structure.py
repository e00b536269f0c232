"""Companies, departments and positions over REST, and what is answered of those who belong to them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hes.bench import SERIAL
from tests.hes_web.conftest import Site

ORG = "/api/OrgStructure"


async def made(site: Site, kind: str, **body: str) -> dict[str, Any]:
    answer = await site.administrator.post(f"{ORG}/Create{kind}", json=body)
    assert answer.status_code == 201
    shown = await site.viewer.get(answer.headers["location"])
    assert shown.json() == answer.json()
    return dict(answer.json())


async def listed(site: Site, kind: str) -> list[str]:
    answer = await site.viewer.get(f"{ORG}/Get{kind}")
    return [one["name"] for one in answer.json()]


@pytest.mark.parametrize(
    ("kind", "kinds"), [("Company", "Companies"), ("Department", "Departments"), ("Position", "Positions")]
)
async def test_one_is_entered_changed_and_deleted(site: Site, kind: str, kinds: str) -> None:
    more = {"companyId": (await made(site, "Company", name="Owner"))["id"]} if kind == "Department" else {}
    before = await listed(site, kinds)
    one = await made(site, kind, name="Zeta", **more)
    assert await listed(site, kinds) == [*before, "Zeta"]
    other = await made(site, kind, name="Alpha", **more)
    assert await listed(site, kinds) == ["Alpha", *before, "Zeta"]
    at = f"{ORG}/Edit{kind}/{one['id']}"
    put = site.administrator.put
    assert (
        await put(at, json={"id": one["id"], "name": "Zeta", **more})
    ).status_code == 204  # its own name is free
    assert (await put(at, json={"id": one["id"], "name": "Omega", **more})).status_code == 204
    taken = await put(at, json={"id": one["id"], "name": "Alpha", **more})
    assert (taken.status_code, taken.json()["code"]) == (409, f"{kind}NameInUse")
    taken = await site.administrator.post(f"{ORG}/Create{kind}", json={"name": "Omega", **more})
    assert (taken.status_code, taken.json()["code"]) == (409, f"{kind}NameInUse")
    blank = await put(at, json={"id": one["id"], "name": " ", **more})
    assert (blank.status_code, "code" in blank.json()) == (409, True)
    assert (await put(at, json={"id": other["id"], "name": "x", **more})).status_code == 400
    deleted = await site.administrator.delete(f"{ORG}/Delete{kind}/{one['id']}")
    assert (deleted.status_code, deleted.json()["name"]) == (200, "Omega")
    for answer in (
        await site.administrator.delete(f"{ORG}/Delete{kind}/{one['id']}"),
        await site.viewer.get(f"{ORG}/Get{kind}ById/{one['id']}"),
        await put(at, json={"id": one["id"], "name": "New", **more}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, f"{kind}NotFound")
    assert await listed(site, kinds) == ["Alpha", *before]


async def test_departments_belong_to_a_company(site: Site) -> None:
    company, other = await made(site, "Company", name="Hideez"), await made(site, "Company", name="Other")
    sales = await made(site, "Department", name="Sales", companyId=company["id"])
    assert sales["company"] == {"id": company["id"], "name": "Hideez"}
    at = f"{ORG}/GetDepartmentByCompanyId"
    assert (await site.viewer.get(f"{at}/{company['id']}")).json() == [sales]
    assert (await site.viewer.get(f"{at}/nowhere")).json() == []
    nowhere = {"name": "Lost", "companyId": "nowhere"}
    lost = await site.administrator.post(f"{ORG}/CreateDepartment", json=nowhere)
    assert (lost.status_code, lost.json()["code"]) == (404, "CompanyNotFound")
    body = {"id": sales["id"], "name": "Sales", "companyId": other["id"]}
    assert (await site.administrator.put(f"{ORG}/EditDepartment/{sales['id']}", json=body)).status_code == 204
    shown = {one["name"]: one["departments"] for one in (await site.viewer.get(f"{ORG}/GetCompanies")).json()}
    assert shown == {"Hideez": [], "Other": [{"id": sales["id"], "name": "Sales", "companyId": other["id"]}]}


async def test_lists_are_filtered_by_the_vendors_names(site: Site) -> None:
    await site.bench.be_active()
    (ann,) = (await site.viewer.get("/api/Employees/GetEmployees")).json()
    site.bench.hes.workstations.seen("PC-2")
    seen, later = "2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z"
    for kind, wanted, found in (
        ("Employees", {"employee": "ann", "lastSeenStartDate": seen, "vaultsCount": 1}, [ann["id"]]),
        ("Employees", {"employee": "bob"}, []),
        ("Employees", {"lastSeenEndDate": seen}, [ann["id"]]),
        ("Employees", {"lastSeenStartDate": later}, []),
        ("Workstations", {"online": True, "approved": True, "rfid": False}, ["PC-1"]),
        ("Workstations", {"online": False, "LastSeenEndDate": seen}, ["PC-2"]),
        ("Workstations", {"lastSeenStartDate": later}, []),
        ("Workstations", {"rfid": True}, []),
    ):
        answer = await site.viewer.post(f"/api/{kind}/GetFiltered{kind}", json=wanted)
        assert [one["id"] for one in answer.json()] == found, wanted


async def test_who_belonged_to_what_is_deleted_belongs_to_nothing(site: Site) -> None:
    await site.bench.assign()
    company = await made(site, "Company", name="Hideez")
    sales = await made(site, "Department", name="Sales", companyId=company["id"])
    clerk = await made(site, "Position", name="Clerk")
    (ann,) = (await site.viewer.get("/api/Employees/GetEmployees")).json()
    body = ann | {"departmentId": sales["id"], "positionId": clerk["id"]}
    at = f"/api/Employees/EditEmployee/{ann['id']}"
    assert (await site.administrator.put(at, json=body)).status_code == 204
    for field, code in (("departmentId", "DepartmentNotFound"), ("positionId", "PositionNotFound")):
        refused = await site.administrator.put(at, json=body | {field: "nowhere"})
        assert (refused.status_code, refused.json()["code"]) == (404, code)
    pc = {"id": "PC-1", "departmentId": sales["id"], "rfidEnabled": False}
    assert (
        await site.administrator.put("/api/Workstations/EditWorkstation/PC-1", json=pc)
    ).status_code == 204
    wanted = {"company": "hid", "department": "SALES"}
    for path, found in (
        ("/api/Employees/GetFilteredEmployees", ann["id"]),
        ("/api/HardwareVaults/GetFilteredHardwareVaults", SERIAL),
        ("/api/Workstations/GetFilteredWorkstations", "PC-1"),
    ):
        assert [one["id"] for one in (await site.viewer.post(path, json=wanted)).json()] == [found]
        assert (await site.viewer.post(path, json={"department": "engines"})).json() == []
    (ann,) = (await site.viewer.get("/api/Employees/GetEmployees")).json()
    assert (ann["department"], ann["position"]) == (sales, clerk)
    for path in (f"{ORG}/DeletePosition/{clerk['id']}", f"{ORG}/DeleteCompany/{company['id']}"):
        assert (await site.administrator.delete(path)).status_code == 200
    assert await listed(site, "Departments") == []
    (ann,) = (await site.viewer.get("/api/Employees/GetEmployees")).json()
    (workstation,) = (await site.viewer.get("/api/Workstations/GetWorkstations")).json()
    for gone in (ann["departmentId"], ann["department"], ann["positionId"], ann["position"]):
        assert gone is None
    assert (workstation["departmentId"], workstation["department"]) == (None, None)
