"""The hardware vaults: the list, a vault, and what an administrator does with it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.audit.log import ServerEventFilter
from hideez_bench.emulator.hes.audit.queries import Part
from hideez_bench.emulator.hes.names import VaultStatus, VaultStatusReason
from hideez_bench.emulator.hes.records import VaultView
from hideez_bench.emulator.hes.web.pages import vault_actions
from hideez_bench.emulator.hes.web.pages.licence_file import read_licence_file
from hideez_bench.emulator.hes.web.pages.next_steps import next_steps
from hideez_bench.emulator.hes.web.pages.org_structure import is_in
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, fits, here, list_of, local
from hideez_bench.emulator.hes.web.pages.paging import paging_of, part_of
from hideez_bench.emulator.hes.web.pages.vault_actions import VaultAction
from hideez_bench.emulator.hes.web.rest.bench import import_hardware_vaults
from hideez_bench.protocol.errors import BenchError


class VaultPages:
    """`/vaults` and below, but for the activation code."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._hes = pages.hes

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        routes: list[BaseRoute] = [
            route("/vaults", self.all, viewers=True),
            route("/vaults/import", self.import_form),
            route("/vaults/import", self.import_vaults, methods=["POST"]),
            route("/vaults/{vault_id}", self.one, viewers=True),
        ]
        for action in vault_actions.ACTIONS:
            routes += self._action_routes(action)
        return routes

    async def all(self, request: Request) -> Response:
        """The list, or what of it fits a search."""
        search = request.query_params.get("search", "").strip()
        wanted = request.query_params.get("status", "")
        department = request.query_params.get("department", "")
        found = [
            vault
            for vault in self._hes.vaults.list()
            if _fits(vault, search, wanted) and is_in(vault.department, department)
        ]
        shown, paging = part_of(request, found)
        return self._pages.show(
            request,
            "vaults.html",
            vaults=[(vault, vault_actions.offered(vault)) for vault in shown],
            paging=paging,
            search=search,
            wanted=wanted,
            statuses=[(status.name, status.name) for status in VaultStatus],
            department=department,
            companies=self._hes.org_structure.companies(),
        )

    async def one(self, request: Request) -> Response:
        """A vault, and what happened to it."""
        vault = self._hes.vaults.get(request.path_params["vault_id"])
        history, audit = ServerEventFilter(serial=vault.id), self._hes.audit
        paging = paging_of(request, audit.count_server_events(history))
        return self._pages.show(
            request,
            "vault.html",
            vault=vault,
            actions=vault_actions.offered(vault),
            meaning=vault_actions.MEANINGS[vault.status],
            profile_name=self._hes.profiles.get(vault.profile_id).name,
            events=audit.server_events(history, Part(paging.start, paging.size)),
            paging=paging,
            is_filtered=False,
            next_steps=next_steps(self._hes, vault),
            listed=list_of(here(request), "/vaults"),
        )

    async def import_form(self, request: Request) -> Response:
        """Where the licence server's answer goes in."""
        back = local(request.query_params.get("back", ""), "/vaults")
        return self._pages.form(request, "import.html", back, text="")

    async def import_vaults(self, request: Request) -> Response:
        """Take keys and licences over."""
        typed = await fields(request)
        back = local(typed.get("back", ""), "/vaults")
        text = typed.get("text") or typed.get("file", "")
        try:
            new = (await import_hardware_vaults(self._hes, read_licence_file(text))).imported
        except BenchError as refusal:
            return self._pages.form(request, "import.html", back, str(refusal), text=text)
        told = f"{len(new)} {'vault was' if len(new) == 1 else 'vaults were'} imported."
        return self._pages.onward(request, back, told)

    def _action_routes(self, action: VaultAction) -> list[BaseRoute]:
        async def form(request: Request) -> Response:
            back = request.query_params.get("back", "")
            return self._form(request, action, {}, back)

        async def done(request: Request) -> Response:
            vault_id = request.path_params["vault_id"]
            typed = await fields(request)
            try:
                await self._act(action, vault_id, typed)
            except BenchError as refusal:
                return self._form(request, action, typed, typed.get("back", ""), str(refusal))
            back = local(typed.get("back", ""), f"/vaults/{vault_id}")
            return self._pages.onward(request, back, action.done.format(vault_id))

        path = f"/vaults/{{vault_id}}/{action.name}"
        return [self._pages.route(path, form), self._pages.route(path, done, methods=["POST"])]

    def _form(
        self, request: Request, action: VaultAction, typed: dict[str, str], back: str, refusal: str = ""
    ) -> Response:
        vault = self._hes.vaults.get(request.path_params["vault_id"])
        return self._pages.form(
            request,
            "vault_action.html",
            vault=vault,
            action=action,
            typed=typed,
            profiles=self._hes.profiles.list() if action is vault_actions.PROFILE else [],
            back=local(back, f"/vaults/{vault.id}"),
            refusal=refusal,
        )

    async def _act(self, action: VaultAction, vault_id: str, typed: dict[str, str]) -> None:
        """Carry an action out. Whether the status still allows it is the rules' to say."""
        description = typed.get("description", "")
        match action.name:
            case "activate":
                await self._hes.vaults.activate(vault_id, description)
            case "suspend":
                await self._hes.vaults.suspend(vault_id, description)
            case "profile":
                await self._hes.vaults.set_profile(vault_id, typed.get("profile_id", ""))
            case "rfid":
                self._hes.vaults.edit_rfid(vault_id, typed.get("rfid", ""))
            case "remove":
                reason = _reason(typed.get("reason", ""), VaultStatusReason.Withdrawal)
                await self._hes.employees.remove_hardware_vault(vault_id, reason)
            case "forget-root-key":
                await self._hes.vaults.forget_root_key(vault_id)
            case "compromise":
                await self._hes.vaults.compromise(
                    vault_id,
                    reason=_reason(typed.get("reason", ""), VaultStatusReason.None_),
                    retyped_id=typed.get("retyped_id", ""),
                    description=description,
                )


def _fits(vault: VaultView, search: str, status: str) -> bool:
    if status and vault.status.name != status:
        return False
    return fits(search, vault.id, vault.employee_name, vault.rfid, vault.mac)


def _reason(name: str, otherwise: VaultStatusReason) -> VaultStatusReason:
    return VaultStatusReason[name] if name in VaultStatusReason.__members__ else otherwise
