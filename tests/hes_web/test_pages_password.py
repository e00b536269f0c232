"""Somebody's own password."""

from __future__ import annotations

from tests.hes_web.conftest import PASSWORD, VIEWER, Site
from tests.hes_web.pages import Visitor

NEW = "another horse battery staple"


async def log_in(site: Site, password: str) -> Visitor:
    visitor = Visitor(site.visitor())
    await visitor.send("/login", email=VIEWER, password=password)
    return visitor


async def change(visitor: Visitor, old: str = PASSWORD, new: str = NEW, repeated: str = NEW) -> str:
    page = await visitor.send("/password", password=old, new_password=new, repeated=repeated)
    assert old not in page.text
    assert new not in page.text
    return page.refusal or page.words


async def test_a_viewer_sets_another_and_is_logged_out_elsewhere(site: Site, viewer: Visitor) -> None:
    here = await log_in(site, PASSWORD)
    assert "Your password was changed." in await change(here)
    assert (await here.open("/vaults")).response.url.path == "/vaults"
    assert (await viewer.open("/vaults")).response.url.path == "/login"
    assert (await (await log_in(site, NEW)).open("/vaults")).response.url.path == "/vaults"
    assert (await (await log_in(site, PASSWORD)).open("/vaults")).response.url.path == "/login"


async def test_wrong_old_passwords_count_like_a_login(site: Site, viewer: Visitor) -> None:
    for _ in range(10):
        refusal = await change(viewer, old="a wrong password")
    assert "too many wrong passwords" in refusal
    assert "too many wrong passwords" in await change(viewer)
    assert (await (await log_in(site, PASSWORD)).open("/vaults")).response.url.path == "/login"
    # The session stays: who is logged in may go on.
    assert (await viewer.open("/vaults")).response.url.path == "/vaults"


async def test_what_cannot_be_a_password_costs_no_attempt(viewer: Visitor) -> None:
    for _ in range(11):
        assert "8 characters" in await change(viewer, new="short", repeated="short")
        assert "differ" in await change(viewer, repeated="x")
    assert "Your password was changed." in await change(viewer)
