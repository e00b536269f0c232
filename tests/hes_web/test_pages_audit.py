"""What happened, on pages: looked for, filtered, page by page."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.emulator.hes.web.pages import paging
from hideez_bench.protocol.hes import WorkstationEvent, WorkstationEventType, WorkstationInfo
from tests.hes.bench import NOON, SERIAL
from tests.hes_web.conftest import Site
from tests.hes_web.pages import Page, Visitor

LOGON, LOCK = WorkstationEventType.ComputerLogon, WorkstationEventType.ComputerLock
DAY = NOON.date().isoformat()
NEXT_DAY = (NOON + timedelta(days=1)).date().isoformat()


@pytest.fixture
async def company(site: Site) -> None:
    """Ann works at PC-1, called Desk, with her key, today; at night somebody without a key does, until now."""
    bench = site.bench
    await bench.assign()
    await bench.connection.register_workstation_info(WorkstationInfo("PC-1", "Desk"))
    reported = [
        (NOON, LOGON, 1, "WinBle", SERIAL, "S-1"),
        (NOON + timedelta(hours=1), LOCK, 1, "", SERIAL, "S-1"),
        (NOON + timedelta(hours=20), 77, 3, "odd <i>Thing</i>", "", ""),
        (NOON + timedelta(hours=21), LOGON, 1, "", "", "S-2"),
    ]
    await bench.connection.save_client_events(
        [
            WorkstationEvent(
                f"E-{n}", at, event, severity, note, "PC-1", "", serial, workstation_session_id=s
            )
            for n, (at, event, severity, note, serial, s) in enumerate(reported)
        ]
    )


def rows(page: Page) -> list[str]:
    """The rows of the page's table, as they are read."""
    found = re.findall(r"<tr><td.*?</tr>", page.text, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]*>", " ", row)).split()) for row in found]


@pytest.mark.parametrize(
    ("asked", "texts"),
    [
        ("", ["does B", "does a"]),
        ("search=DOES+a", ["does a"]),
        ("search=hk-9", ["does B"]),
        ("kind=failed", ["does B"]),
        ("kind=failed&search=a", []),
        ("kind=odd&from=odd&to=2026-13-01", ["does B", "does a"]),
    ],
)
async def test_server_events(site: Site, admin: Visitor, asked: str, texts: list[str]) -> None:
    site.bench.hes.tell(HesEventKind.ADMIN, "", "does a")
    site.bench.hes.tell(HesEventKind.FAILED, "HK-9", "does B")
    page = await admin.open(f"/audit?{asked}")
    assert re.findall(r"does \w", page.text) == texts
    assert ("Nothing fits." in page.words) is (not texts)


async def test_server_events_by_day(site: Site, admin: Visitor) -> None:
    """Both days are part of it, to their last moment."""
    bench = site.bench
    bench.hes.tell(HesEventKind.ADMIN, "", "does one")
    bench.clock.move(hours=11, minutes=59, seconds=59)
    bench.hes.tell(HesEventKind.ADMIN, "", "does two")
    bench.clock.move(seconds=1)
    bench.hes.tell(HesEventKind.ADMIN, "", "does three")
    for asked, texts in (
        (f"from={DAY}&to={DAY}", ["does two", "does one"]),
        (f"from={NEXT_DAY}", ["does three"]),
        (f"to={DAY}", ["does two", "does one"]),
        (f"from={NEXT_DAY}&to={DAY}", []),
        ("to=9999-12-31&from=0001-01-01", ["does three", "does two", "does one"]),
    ):
        assert re.findall(r"does \w+", (await admin.open(f"/audit?{asked}")).text) == texts


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", [3, 2, 1, 0]),
        ("search=ann+smith", [1, 0]),
        ("search=desk", [3, 2, 1, 0]),
        ("search=thing", [2]),
        (f"search={SERIAL}&event={LOGON:d}", [0]),
        ("severity=3", [2]),
        ("event=77", [2]),
        ("event=5", []),
        (f"to={DAY}", [1, 0]),
        (f"from={NEXT_DAY}", [3, 2]),
        (f"event={'9' * 30}&severity=--1", [3, 2, 1, 0]),
        (
            "event=2147483648",
            [3, 2, 1, 0],
        ),  # no client can report this number, and some databases have no room for it
    ],
)
@pytest.mark.usefixtures("company")
async def test_events_of_clients(viewer: Visitor, asked: str, found: list[int]) -> None:
    page = await viewer.open(f"/audit/clients?{asked}")
    names = ["ComputerLogon (6), 1", "ComputerLock (3), 1", "Event (77), 3", "ComputerLogon (6), 1"]
    shown = rows(page)
    assert len(shown) == len(found)
    for row, number in zip(shown, found, strict=True):
        assert names[number] in row
        assert ("Ann Smith" in row) is (number < 2)
    assert "<i>Thing" not in page.text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["lasts", "13:00:00"]),
        ("search=ANN", ["13:00:00"]),
        ("search=pc-1", ["lasts", "13:00:00"]),
        ("unlocked_by=4", ["13:00:00"]),
        ("unlocked_by=0", ["lasts"]),
        (f"from={NEXT_DAY}", ["lasts"]),
        (f"to={DAY}", ["13:00:00"]),
        ("unlocked_by=99", ["lasts", "13:00:00"]),
        ("search=nobody", []),
    ],
)
@pytest.mark.usefixtures("company")
async def test_sessions(viewer: Visitor, asked: str, found: list[str]) -> None:
    page = await viewer.open(f"/audit/sessions?{asked}")
    shown = rows(page)
    assert len(shown) == len(found)
    assert all(ended in row for row, ended in zip(shown, found, strict=True))


@pytest.mark.parametrize("path", ["/audit", "/audit/clients", "/audit/sessions"])
async def test_the_form_keeps_what_was_looked_for(viewer: Visitor, path: str) -> None:
    typed = {"search": '"x" & <y>', "from": DAY, "to": NEXT_DAY}
    page = await viewer.open(f"{path}?search=%22x%22+%26+%3Cy%3E&from={DAY}&to={NEXT_DAY}")
    assert typed.items() <= page.forms[path].items()
    assert f'<a class="button" href="{path}">Clear</a>' in page.text
    assert "0 found" in page.words
    assert f'<a href="{path}" aria-current="page">' in page.text


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/audit/clients?search=desk", 4),
        ("/audit/clients", 4),
        ("/audit/clients?severity=1", 3),
        ("/audit/sessions", 2),
        (f"/audit/sessions?from={DAY}", 2),
        ("/audit?kind=admin", 6),
    ],
)
@pytest.mark.usefixtures("company")
async def test_pages(viewer: Visitor, path: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_ROWS", 1)
    seen = []
    while path:
        page = await viewer.open(path)
        seen += rows(page)
        found = re.search(r'rel="next" href="([^"]*)"', page.text)
        path = unescape(found[1]) if found else ""
    assert len(seen) == len(set(seen)) == count


async def test_the_history_of_a_vault_is_whole(site: Site, viewer: Visitor) -> None:
    """However much has happened since."""
    site.bench.hes.tell(HesEventKind.KEY, SERIAL, "is seen long ago")
    for _ in range(2001):
        site.bench.hes.tell(HesEventKind.ADMIN, "", "does something else")
    assert "is seen long ago" in (await viewer.open(f"/vaults/{SERIAL}")).words
