"""All pages, put together."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from hideez_bench.emulator.hes.web.context import WebContext
from hideez_bench.emulator.hes.web.pages.accounts import AccountPages
from hideez_bench.emulator.hes.web.pages.audit import AuditPages
from hideez_bench.emulator.hes.web.pages.code import CodePages
from hideez_bench.emulator.hes.web.pages.employees import EmployeePages
from hideez_bench.emulator.hes.web.pages.live import Live
from hideez_bench.emulator.hes.web.pages.login import FIRST_PAGE, LoginPages
from hideez_bench.emulator.hes.web.pages.org_structure import OrgStructurePages
from hideez_bench.emulator.hes.web.pages.own_password import OwnPasswordPage
from hideez_bench.emulator.hes.web.pages.page import HERE, Pages
from hideez_bench.emulator.hes.web.pages.profiles import ProfilePages
from hideez_bench.emulator.hes.web.pages.settings import SettingsPages
from hideez_bench.emulator.hes.web.pages.shared_accounts import SharedAccountPages
from hideez_bench.emulator.hes.web.pages.two_factor import TwoFactorPages
from hideez_bench.emulator.hes.web.pages.vaults import VaultPages
from hideez_bench.emulator.hes.web.pages.wizard import WizardPages
from hideez_bench.emulator.hes.web.pages.workstations import WorkstationPages


def routes(context: WebContext, clock: Callable[[], float] = time.monotonic) -> list[BaseRoute]:
    """What the pages answer. `clock`: seconds that never go back, for what is kept for a while."""
    pages = Pages(context, clock)
    live = Live(context)

    async def first(request: Request) -> Response:
        return RedirectResponse(FIRST_PAGE, 303)

    return [
        pages.route("/", first, viewers=True),
        pages.route("/events", live.stream, viewers=True),
        *LoginPages(pages, live).routes(),
        *OwnPasswordPage(pages).routes(),
        *TwoFactorPages(pages).routes(),
        # The wizard's and the code's paths are also those of an employee and a vault, so they come first.
        *WizardPages(pages).routes(),
        *EmployeePages(pages).routes(),
        *AccountPages(pages).routes(),
        *SharedAccountPages(pages).routes(),
        *OrgStructurePages(pages).routes(),
        *CodePages(pages).routes(),
        *VaultPages(pages).routes(),
        *ProfilePages(pages).routes(),
        *WorkstationPages(pages).routes(),
        *AuditPages(pages).routes(),
        *SettingsPages(pages).routes(),
        Mount("/static", _Static(directory=HERE / "static")),
    ]


class _Static(StaticFiles):
    """Style and scripts: kept by the browser, which asks each time whether they are still the same."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response
