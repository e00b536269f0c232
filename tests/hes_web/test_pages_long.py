"""Lists that are longer than a page, and what is answered where there is no page."""

from __future__ import annotations

import re
from html import unescape

import pytest

from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.emulator.hes.records import EmployeeDetails, VaultImport
from hideez_bench.emulator.hes.web.pages import paging
from tests.hes_web.conftest import Site
from tests.hes_web.pages import Page, Visitor

BROWSER = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_ROWS", 3)


def link(page: Page, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]*)"', page.text)
    return unescape(found[1]) if found else ""


async def walk(admin: Visitor, address: str, pattern: str) -> list[list[str]]:
    """What is on each page, from the first by its link to the next."""
    found: list[list[str]] = []
    while address:
        page = await admin.open(address)
        found.append(list(dict.fromkeys(re.findall(pattern, page.words))))
        address = link(page, "next")
    return found


async def test_vaults_by_their_filter(site: Site, admin: Visitor) -> None:
    site.bench.hes.vaults.import_vaults(
        [VaultImport(f"X&Y-{n}", mac=f"m{n}", rfid=f"r{n}") for n in range(7)]
    )
    pages = await walk(admin, "/vaults?search=X%26Y&status=Ready", r"X&Y-\d")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({serial for page in pages for serial in page}) == 7
    second = await admin.open("/vaults?search=X%26Y&status=Ready&page=2")
    assert "4–6 of 7" in second.words
    assert link(second, "prev") == "/vaults?search=X%26Y&status=Ready&page=1"


@pytest.mark.parametrize(("asked", "shown"), [("0", "1–3"), ("99", "4–4"), ("-1", "1–3"), ("x", "1–3")])
async def test_a_page_that_is_not_there(site: Site, admin: Visitor, asked: str, shown: str) -> None:
    for name in ("Bob", "Cid", "Dan"):
        site.bench.hes.employees.create(EmployeeDetails(first_name=name))
    assert f"{shown} of 4" in (await admin.open(f"/employees?page={asked}")).words


async def test_a_short_list_has_no_pages(admin: Visitor) -> None:
    assert "of 1" not in (await admin.open("/employees")).words


async def test_workstations_by_their_filter(site: Site, admin: Visitor) -> None:
    for number in range(5):
        site.bench.hes.workstations.seen(f"desk-{number}")
    pages = await walk(admin, "/workstations?search=DESK&approval=Waiting", r"desk-\d")
    assert [len(page) for page in pages] == [3, 2]


async def test_events(site: Site, admin: Visitor) -> None:
    for number in range(5):
        site.bench.hes.tell(HesEventKind.ADMIN, "", f"does thing {number}")
    pages = await walk(admin, "/audit", r"does thing \d")
    assert pages[:2] == [[f"does thing {n}" for n in (4, 3, 2)], [f"does thing {n}" for n in (1, 0)]]


class TestNoPage:
    async def test_an_unknown_address(self, site: Site, admin: Visitor) -> None:
        page = await site.administrator.get("/nothing", headers=BROWSER)
        assert page.status_code == 404
        assert "There is no such page." in page.text
        assert page.headers["content-type"].startswith("text/html")
        answer = await site.administrator.get("/api/Nothing", headers=BROWSER)
        assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})
        assert (await site.administrator.get("/nothing")).json() == {"error": "Not Found"}

    async def test_a_wrong_method(self, site: Site, admin: Visitor) -> None:
        token = (await admin.open("/vaults")).forms["/logout"]
        page = await site.administrator.post("/vaults", data=token, headers=BROWSER)
        assert page.status_code == 405
        assert "cannot be used in that way" in page.text
        assert page.headers["allow"]

    async def test_a_fault_tells_nothing(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("what only the log may say")

        monkeypatch.setattr(site.bench.hes.profiles, "list", broken)
        page = await site.administrator.get("/profiles", headers=BROWSER)
        assert page.status_code == 500
        assert "The server failed" in page.text
        assert "only the log" not in page.text
        assert page.headers["content-security-policy"]
