"""The organisation on pages: its tree, and where departments and positions are chosen and looked for."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.hes.records import EmployeeDetails, WorkstationSettings
from hideez_bench.protocol.hes import WorkstationInfo
from tests.hes.bench import SERIAL
from tests.hes_web.conftest import Site
from tests.hes_web.pages import Visitor

PAGE = "/org-structure"


@pytest.fixture
def department(site: Site) -> str:
    """Research, of Example, with the id as it is."""
    org = site.bench.hes.org_structure
    return org.create_department("Research", org.create_company("Example").id).id


@pytest.fixture
def position(site: Site) -> str:
    return site.bench.hes.org_structure.create_position("Engineer").id


async def test_the_tree_from_creation_to_deletion(site: Site, admin: Visitor) -> None:
    org = site.bench.hes.org_structure
    empty = await admin.open(PAGE)
    assert "There are no companies yet." in empty.words
    assert "There are no positions yet." in empty.words
    page = await admin.send(f"{PAGE}/companies/new", name="Example")
    assert "The company Example was created." in page.words
    (company,) = org.companies()
    at = f"{PAGE}/companies/{company.id}"
    await admin.send(f"{at}/department", name="Research")
    await admin.send(f"{at}/edit", name="Example {Ltd}")
    await admin.send(f"{PAGE}/companies/new", name="Other")
    (research,) = org.departments()
    other = next(one for one in org.companies() if one.name == "Other")
    page = await admin.send(f"{PAGE}/departments/{research.id}/edit", name="Sales", company_id=other.id)
    assert "The department Sales was changed." in page.words
    (sales,) = org.departments()
    assert (sales.name, sales.company_name) == ("Sales", "Other")
    assert "with its department" in (await admin.open(f"{PAGE}/companies/{other.id}/delete")).words
    await admin.send(f"{PAGE}/companies/{other.id}/delete")
    assert org.departments() == []
    assert [one.name for one in org.companies()] == ["Example {Ltd}"]

    await admin.send(f"{PAGE}/positions/new", name="Engineer")
    (engineer,) = org.positions()
    await admin.send(f"{PAGE}/positions/{engineer.id}/edit", name="Head")
    assert [one.name for one in org.positions()] == ["Head"]
    await admin.send(f"{PAGE}/positions/{engineer.id}/delete")
    assert org.positions() == []


async def test_a_name_that_is_taken_is_refused_in_the_form(
    site: Site, admin: Visitor, department: str
) -> None:
    at = f"{PAGE}/companies/new"
    page = await admin.send(at, name="Example")
    assert "There is a company Example already" in page.refusal
    assert page.forms[at]["name"] == "Example"
    assert (await admin.send(at, name=" ")).status == 409
    assert (await admin.open(f"{PAGE}/departments/none/edit")).status == 404


async def test_an_employee_is_given_both_and_found_by_them(
    site: Site, admin: Visitor, department: str, position: str
) -> None:
    hes, ann = site.bench.hes, site.bench.employee
    hes.employees.create(EmployeeDetails("Bob"))
    await site.bench.assign()
    at = f"/employees/{ann.id}/edit"
    await admin.send(at, department_id=department, position_id=position)
    form = (await admin.open(at)).forms[at]
    assert (form["department_id"], form["position_id"]) == (department, position)
    words = (await admin.open(f"/employees/{ann.id}")).words
    assert "Research of Example" in words
    assert "Engineer" in words

    company = hes.org_structure.department(department).company_id
    for query in (f"department={department}", f"department={company}", f"position={position}"):
        words = (await admin.open(f"/employees?{query}")).words
        assert "Ann Smith" in words
        assert "Bob" not in words
    assert f'id="vault-{SERIAL}"' in (await admin.open(f"/vaults?department={company}")).text
    assert "No vault fits." in (await admin.open("/vaults?department=none")).words
    asked = (await admin.open(f"{PAGE}/departments/{department}/delete")).words
    assert "1 employee will belong to none." in asked
    await admin.send(f"{PAGE}/departments/{department}/delete")
    assert hes.employees.get(ann.id).department is None


async def test_the_wizard_asks_for_them(site: Site, admin: Visitor, department: str, position: str) -> None:
    page = await admin.open("/employees/new")
    at = page.response.url.path
    values = page.forms[at] | {
        "first_name": "Ada",
        "department_id": department,
        "position_id": position,
        "go": "next",
    }
    await admin.client.post(at, data=values)
    base = at.rpartition("/")[0]
    assert (await admin.open(at)).forms[at]["department_id"] == department
    overview = await admin.open(f"{base}/overview")
    assert "Research of Example" in overview.words
    await admin.client.post(f"{base}/overview", data=overview.forms[f"{base}/overview"] | {"go": "next"})
    ada = next(one for one in site.bench.hes.employees.list() if one.first_name == "Ada")
    assert (ada.department_id, ada.position_id) == (department, position)


async def test_a_workstation_is_approved_with_its_department_and_changed(
    site: Site, admin: Visitor, department: str
) -> None:
    workstations = site.bench.hes.workstations
    workstations.seen("PC 7")
    at = "/workstations/approve"
    asked = f"{at}?id=PC%207&back=/workstations%3Fapproval%3DWaiting"
    refused = await admin.send(asked, department_id="none", rfid_enabled="on")
    assert refused.status == 409
    assert not workstations.get("PC 7").approved
    page = await admin.send(asked, department_id=department, rfid_enabled="on")
    assert str(page.response.url).endswith("/workstations?approval=Waiting")
    view = workstations.get("PC 7")
    assert (view.approved, view.rfid_enabled, view.department_id) == (True, True, department)
    form = (await admin.open("/workstations/edit?id=PC%207")).forms["/workstations/edit"]
    assert (form["department_id"], form["rfid_enabled"]) == (department, "on")
    await admin.send("/workstations/edit?id=PC%207", department_id="")
    assert workstations.get("PC 7").department is None


async def test_workstations_are_found_by_what_is_known_of_them(
    site: Site, admin: Visitor, department: str
) -> None:
    workstations = site.bench.hes.workstations
    workstations.seen("PC-9")
    info = WorkstationInfo("PC-1", machine_name="Front desk", domain="CORP")
    workstations.register(site.bench.workstation, info)
    assert "Front desk" in (await admin.open("/workstations?search=corp")).words
    workstations.approve("PC-9")
    workstations.edit("PC-9", WorkstationSettings(department))
    for query, is_there in (
        ("search=pc-9", True),
        ("search=nowhere", False),
        ("approval=Approved", True),
        ("approval=Waiting", False),
        (f"department={department}", True),
        ("department=none", False),
    ):
        assert ("PC-9" in (await admin.open(f"/workstations?{query}")).words) is is_there


async def test_a_viewer_sees_the_tree_and_no_buttons(viewer: Visitor, department: str) -> None:
    page = await viewer.open(PAGE)
    assert "Research" in page.words
    assert not [to for to in page.forms if to.startswith(PAGE)]
    assert (await viewer.open(f"{PAGE}/departments/{department}/edit")).status == 403
