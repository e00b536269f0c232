"""The wizard that creates an employee: Profile, HardwareVault, WorkstationAccount, Overview, Activation.

What is typed is kept here, by user, so that going back loses nothing, no password travels in a page, and whoever logs
in again goes on where the session ended.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.mail.delivery import send_code
from hideez_bench.emulator.hes.names import LoginType, VaultStatus
from hideez_bench.emulator.hes.records import CompanyView
from hideez_bench.emulator.hes.web.pages.code import why_no_code
from hideez_bench.emulator.hes.web.pages.employees import belonging, details_from
from hideez_bench.emulator.hes.web.pages.memory import Draft, Step
from hideez_bench.emulator.hes.web.pages.next_steps import next_steps
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, raw_field
from hideez_bench.emulator.hes.web.security.forms import csrf_token
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import Password

NAMES = {
    Step.PROFILE: "Profile",
    Step.VAULT: "Hardware vault",
    Step.ACCOUNT: "Workstation account",
    Step.OVERVIEW: "Overview",
    Step.ACTIVATION: "Activation",
}
TITLES = {
    Step.PROFILE: "Who is it?",
    Step.VAULT: "Which vault?",
    Step.ACCOUNT: "An account for the workstation",
    Step.OVERVIEW: "Is this right?",
    Step.ACTIVATION: "Pass on the activation code",
}
ASKED = {
    Step.PROFILE: ("first_name", "last_name", "email", "phone_number", "department_id", "position_id"),
    Step.VAULT: ("vault_id",),
    Step.ACCOUNT: ("name", "login_type", "domain", "login"),
    Step.OVERVIEW: (),
}
# A workstation is logged in to by all of these but the first, which is for pages.
LOGIN_TYPES = {kind.name: kind for kind in LoginType if kind is not LoginType.WebApp}
_ORDER = list(Step)


class WizardPages:
    """`/employees/new` and below."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._hes = pages.hes

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        return [
            route("/employees/new", self.start),
            route("/employees/new/{draft}/send", self.send, methods=["POST"]),
            route("/employees/new/{draft}/{step}", self.step),
            route("/employees/new/{draft}/{step}", self.submit, methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        """A new wizard; it has an address of its own, so that two can be open side by side."""
        draft = self._pages.memory.new_draft(request.state.user.id, csrf_token(request))
        return self._pages.onward(request, _address(draft, Step.PROFILE))

    async def step(self, request: Request) -> Response:
        """A step, with what was typed into it."""
        draft, step = self._draft(request), _step(request)
        if draft is None:
            return self._lost(request)
        if draft.created is not None and step is not Step.ACTIVATION:
            return self._pages.onward(request, self._after(draft))
        if draft.created is None and step is Step.ACTIVATION:
            return self._pages.onward(request, _address(draft, Step.OVERVIEW))
        return self._show(request, draft, step)

    async def submit(self, request: Request) -> Response:
        """Take in what was typed, and go on, go back, or create."""
        draft, step = self._draft(request), _step(request)
        if draft is None:
            return self._lost(request)
        if draft.created is not None:
            return self._pages.onward(request, self._after(draft))
        typed = await fields(request)
        draft.typed[step] = {name: typed.get(name, "") for name in ASKED.get(step, ())}
        if step is Step.ACCOUNT and (password := await raw_field(request, "password")):
            draft.password = Password.from_text(password)
        if typed.get("go") == "back":
            return self._pages.onward(request, _address(draft, _neighbour(step, -1)))
        if step is Step.OVERVIEW:
            return await self._create(request, draft)
        if refusal := self._refusal(draft, step):
            return self._show(request, draft, step, refusal)
        return self._pages.onward(request, _address(draft, _neighbour(step, +1)))

    async def send(self, request: Request) -> Response:
        """Mail the code to the address that was typed."""
        draft = self._draft(request)
        if draft is None or draft.created is None:
            return self._lost(request)
        address = (await fields(request)).get("address", "")
        draft.typed[Step.ACTIVATION] = {"address": address}
        if not address:
            return self._show(request, draft, Step.ACTIVATION, "Type an e-mail address; nothing was sent.")
        vault_id = draft.value(Step.VAULT, "vault_id")
        try:
            if self._hes.vaults.get(vault_id).employee_id != draft.created:
                return self._show(request, draft, Step.ACTIVATION)
            await send_code(self._hes, self._pages.context.mail, vault_id, address)
        except BenchError as refusal:
            return self._show(request, draft, Step.ACTIVATION, str(refusal))
        # Onward, so that loading the page again does not send it again.
        told = f"The code was sent to {address}."
        return self._pages.onward(request, _address(draft, Step.ACTIVATION), told)

    async def _create(self, request: Request, draft: Draft) -> Response:
        """All at once, and once only, however often the button is pressed."""
        for step in ASKED:
            if refusal := self._refusal(draft, step):
                return self._show(request, draft, step, refusal)
        async with draft.creating:
            if draft.created is None:
                details = details_from(draft.typed.get(Step.PROFILE, {}))
                vault_id = draft.value(Step.VAULT, "vault_id") or None
                try:
                    employee = await self._hes.employees.hire(details, vault_id, _account(draft))
                except BenchError as refusal:
                    return self._show(request, draft, Step.OVERVIEW, str(refusal))
                draft.created = employee.id
                draft.password = None
                told = f"{employee.full_name} was created."
                return self._pages.onward(request, self._after(draft), told)
        return self._pages.onward(request, self._after(draft))

    def _after(self, draft: Draft) -> str:
        has_vault = bool(draft.value(Step.VAULT, "vault_id"))
        return _address(draft, Step.ACTIVATION) if has_vault else f"/employees/{draft.created}"

    def _draft(self, request: Request) -> Draft | None:
        draft_id = request.path_params["draft"]
        return self._pages.memory.draft(request.state.user.id, csrf_token(request), draft_id)

    def _lost(self, request: Request) -> Response:
        told = "What was typed is kept for half an hour only, and is gone. Nobody was created; start again."
        return self._pages.onward(request, "/employees/new", told, kind="warn")

    def _show(self, request: Request, draft: Draft, step: Step, refusal: str = "") -> Response:
        values: dict[str, Any] = {}
        match step:
            case Step.PROFILE:
                values |= belonging(self._hes)
            case Step.VAULT:
                vaults = self._hes.vaults.list()
                values["vaults"] = [vault for vault in vaults if vault.status is VaultStatus.Ready]
            case Step.ACCOUNT:
                values |= {"login_types": LOGIN_TYPES, "has_password": draft.password is not None}
            case Step.OVERVIEW:
                details = details_from(draft.typed.get(Step.PROFILE, {}))
                chosen = belonging(self._hes)
                values |= {
                    "details": details,
                    "department": _department(chosen["companies"], details.department_id),
                    "position": dict(chosen["positions"]).get(details.position_id, "none"),
                    "vault_id": draft.value(Step.VAULT, "vault_id"),
                    "account_name": draft.value(Step.ACCOUNT, "name"),
                }
            case Step.ACTIVATION:
                values |= self._activation(draft)
        return self._pages.show(
            request,
            "wizard.html",
            refusal=refusal,
            step=step,
            steps=[name for name in Step if name is not Step.ACTIVATION or self._has_activation(draft, step)],
            names=NAMES,
            titles=TITLES,
            base=f"/employees/new/{draft.id}",
            typed={name: draft.value(step, name) for name in ASKED.get(step, ())},
            **values,
        )

    def _refusal(self, draft: Draft, step: Step) -> str:
        """What is wrong with a step already; the rest is for the rules to say, when all is created."""
        if step is Step.PROFILE:
            try:
                self._hes.employees.check(details_from(draft.typed.get(step, {})))
            except HesRuleError as refusal:
                return str(refusal)
        if step is Step.ACCOUNT:
            is_begun = draft.value(step, "login") or draft.value(step, "domain") or draft.password is not None
            if is_begun and not draft.value(step, "name"):
                return "An account needs a name; leave everything empty for none."
            if draft.value(step, "name") and (not draft.value(step, "login") or draft.password is None):
                return "An account needs a login and a password; leave everything empty for none."
        return ""

    def _has_activation(self, draft: Draft, step: Step) -> bool:
        """As far as it can be told: who has not come to the vaults yet will likely choose one."""
        return step in (Step.PROFILE, Step.VAULT) or bool(draft.value(Step.VAULT, "vault_id"))

    def _activation(self, draft: Draft) -> dict[str, Any]:
        assert draft.created is not None  # noqa: S101 - nobody comes here before
        employee = self._hes.employees.get(draft.created)
        vault = self._hes.vaults.get(draft.value(Step.VAULT, "vault_id"))
        is_theirs = vault.employee_id == employee.id
        return {
            "employee": employee,
            "vault": vault,
            "address": draft.typed.get(Step.ACTIVATION, {}).get("address", employee.email),
            "missing": why_no_code(self._pages, vault) if is_theirs else f"Key {vault.id} is theirs no more.",
            "next_steps": next_steps(self._hes, vault),
            "mail_works": self._pages.context.mail is not None,
        }


def _step(request: Request) -> Step:
    name = request.path_params["step"]
    return Step(name) if name in _ORDER else Step.PROFILE


def _neighbour(step: Step, by: int) -> Step:
    return _ORDER[max(0, _ORDER.index(step) + by)]


def _address(draft: Draft, step: Step) -> str:
    return f"/employees/new/{draft.id}/{step}"


def _department(companies: list[CompanyView], department_id: str | None) -> str:
    for company in companies:
        for department in company.departments:
            if department.id == department_id:
                return f"{department.name} of {company.name}"
    return "none"


def _account(draft: Draft) -> AccountDetails | None:
    typed = draft.typed.get(Step.ACCOUNT, {})
    if not typed.get("name") or draft.password is None:
        return None
    return AccountDetails(
        name=typed["name"],
        login=typed["login"],
        domain=typed["domain"],
        login_type=LOGIN_TYPES.get(typed["login_type"], LoginType.Local),
        password=draft.password,
    )
