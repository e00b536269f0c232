"""The workstations, and the alarm. Their names come from strangers: they are never part of a path."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.records import ProximityVaultView, WorkstationSettings, WorkstationView
from hideez_bench.emulator.hes.web.pages.org_structure import is_in
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, fits, local
from hideez_bench.emulator.hes.web.pages.paging import part_of
from hideez_bench.protocol.errors import BenchError

LIST = "/workstations"


@dataclass(frozen=True)
class WorkstationRow:
    """A workstation in the list; `name` falls back to its id."""

    workstation: WorkstationView
    name: str
    system: str
    pairs: list[ProximityVaultView]


@dataclass(frozen=True)
class Question:
    """What is asked before something is done."""

    title: str
    text: str
    button: str
    is_dangerous: bool = False


_UNAPPROVE = Question(
    "Unapprove the workstation",
    "The client on {} is shut out until the workstation is approved again.",
    "Unapprove",
    is_dangerous=True,
)
_RAISE = Question(
    "Raise the alarm",
    "Every client locks its computer, forgets its keys and is refused until the alarm ends. Afterwards each key must "
    "be paired again, with its button.",
    "Raise the alarm",
    is_dangerous=True,
)
_END = Question(
    "End the alarm", "The clients are served again. Each key must be paired again.", "End the alarm"
)


class WorkstationPages:
    """`/workstations` and below."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._hes = pages.hes
        self._workstations = pages.hes.workstations

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        return [
            route(LIST, self.all, viewers=True),
            route(f"{LIST}/approve", self.approve, methods=["GET", "POST"]),
            route(f"{LIST}/edit", self.edit, methods=["GET", "POST"]),
            route(f"{LIST}/unapprove", self.unapprove, methods=["GET", "POST"]),
            route(f"{LIST}/alarm", self.alarm, methods=["GET", "POST"]),
            route(f"{LIST}/proximity", self.proximity),
            route(f"{LIST}/proximity/add", self.add_vault, methods=["POST"]),
            route(f"{LIST}/proximity/edit", self.edit_vault, methods=["POST"]),
            route(f"{LIST}/proximity/delete", self.delete_vault, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        """The list, or what of it fits a search."""
        asked = request.query_params
        search, approval = asked.get("search", "").strip(), asked.get("approval", "")
        department = asked.get("department", "")
        found = [
            workstation
            for workstation in self._workstations.list()
            if _fits(workstation, search)
            and approval in ("", _approval(workstation))
            and is_in(workstation.department, department)
        ]
        shown, paging = part_of(request, found)
        return self._pages.show(
            request,
            "workstations.html",
            rows=[self._row(workstation) for workstation in shown],
            paging=paging,
            search=search,
            approval=approval,
            approvals=[(name, name) for name in ("Approved", "Waiting")],
            department=department,
            companies=self._hes.org_structure.companies(),
        )

    async def approve(self, request: Request) -> Response:
        """Ask, and let a workstation's client in, with its settings."""
        typed, workstation = await self._asked(request)
        if request.method == "GET":
            return self._settings(request, typed, workstation)
        try:
            self._workstations.approve(workstation.id, _set(typed))
        except BenchError as refusal:
            return self._settings(request, typed, workstation, str(refusal))
        return self._done(request, typed, f"Workstation {_name(workstation)} is approved.")

    async def edit(self, request: Request) -> Response:
        """Change the settings of an approved workstation."""
        typed, workstation = await self._asked(request)
        if request.method == "GET":
            return self._settings(request, typed, workstation)
        try:
            self._workstations.edit(workstation.id, _set(typed))
        except BenchError as refusal:
            return self._settings(request, typed, workstation, str(refusal))
        return self._done(request, typed, f"Workstation {_name(workstation)} was changed.")

    async def unapprove(self, request: Request) -> Response:
        """Ask, and shut a workstation's client out."""
        typed, workstation = await self._asked(request)
        if request.method == "GET":
            return self._ask(request, typed, _UNAPPROVE, workstation)
        self._workstations.unapprove(workstation.id)
        return self._done(request, typed, f"Workstation {_name(workstation)} is no longer approved.")

    async def alarm(self, request: Request) -> Response:
        """Ask, and raise or end the alarm."""
        typed = await _typed(request)
        if request.method == "GET":
            return self._ask(request, typed, _END if self._hes.alarm else _RAISE, wanted=not self._hes.alarm)
        wanted = typed.get("alarm") == "on"
        self._hes.set_alarm(wanted)
        # While it is on, every page says so.
        return self._done(request, typed, "" if wanted else "The alarm has ended.")

    async def proximity(self, request: Request) -> Response:
        """The keys that unlock a workstation by coming near."""
        return self._proximity(request, await _typed(request))

    async def add_vault(self, request: Request) -> Response:
        """Let a key unlock a workstation."""
        typed = await fields(request)
        try:
            self._workstations.add_proximity_vault(typed.get("id", ""), typed.get("vault_id", ""))
        except BenchError as refusal:
            return self._proximity(request, typed, str(refusal))
        return self._proximity(request, typed)

    async def edit_vault(self, request: Request) -> Response:
        """Change how near a key locks and unlocks a workstation."""
        typed = await fields(request)
        try:
            numbers = [_number(typed.get(name, "")) for name in ("lock", "unlock", "timeout")]
            self._workstations.edit_proximity_vault(typed.get("pair_id", ""), *numbers)
        except BenchError as refusal:
            return self._proximity(request, typed, str(refusal))
        return self._proximity(request, typed)

    async def delete_vault(self, request: Request) -> Response:
        """Let a key no longer unlock a workstation."""
        typed = await fields(request)
        try:
            self._workstations.delete_proximity_vault(typed.get("pair_id", ""))
        except BenchError as refusal:
            return self._proximity(request, typed, str(refusal))
        return self._proximity(request, typed)

    async def _asked(self, request: Request) -> tuple[dict[str, str], WorkstationView]:
        typed = await _typed(request)
        return typed, self._workstations.get(typed.get("id", ""))

    def _done(self, request: Request, typed: dict[str, str], told: str) -> Response:
        return self._pages.onward(request, _back(typed), told)

    def _row(self, workstation: WorkstationView) -> WorkstationRow:
        facts = (workstation.os, workstation.client_version, workstation.ip)
        return WorkstationRow(
            workstation=workstation,
            name=_name(workstation),
            system=", ".join(fact for fact in facts if fact),
            pairs=self._workstations.proximity_vaults(workstation.id),
        )

    def _settings(
        self, request: Request, typed: dict[str, str], workstation: WorkstationView, refusal: str = ""
    ) -> Response:
        is_sent = request.method == "POST"
        return self._pages.form(
            request,
            "workstation_edit.html",
            workstation=workstation,
            department_id=typed.get("department_id", "") if is_sent else workstation.department_id or "",
            rfid_enabled="rfid_enabled" in typed if is_sent else workstation.rfid_enabled,
            companies=self._hes.org_structure.companies(),
            back=_back(typed),
            refusal=refusal,
        )

    def _ask(
        self,
        request: Request,
        typed: dict[str, str],
        question: Question,
        workstation: WorkstationView | None = None,
        *,
        wanted: bool = False,
    ) -> Response:
        hidden = {"id": workstation.id} if workstation else {"alarm": "on" if wanted else "off"}
        text = question.text.format(_name(workstation) if workstation else "")
        return self._pages.confirm(
            request,
            _back(typed),
            question.title,
            text,
            question.button,
            danger=question.is_dangerous,
            hidden=hidden,
        )

    def _proximity(self, request: Request, typed: dict[str, str], refusal: str = "") -> Response:
        workstation = self._workstations.get(typed.get("id", ""))
        pairs = self._workstations.proximity_vaults(workstation.id)
        paired = {pair.hardware_vault_id for pair in pairs}
        return self._pages.form(
            request,
            "proximity.html",
            workstation=workstation,
            pairs=pairs,
            vaults=[v for v in self._hes.vaults.list() if v.employee_id and v.id not in paired],
            back=_back(typed),
            refusal=refusal,
        )


async def _typed(request: Request) -> dict[str, str]:
    """What a form was sent with, or asked for with."""
    return dict(request.query_params) if request.method == "GET" else await fields(request)


def _set(typed: dict[str, str]) -> WorkstationSettings:
    return WorkstationSettings(typed.get("department_id") or None, "rfid_enabled" in typed)


def _back(typed: dict[str, str]) -> str:
    return local(typed.get("back", ""), LIST)


def _name(workstation: WorkstationView) -> str:
    return workstation.name or workstation.id


def _approval(workstation: WorkstationView) -> str:
    return "Approved" if workstation.approved else "Waiting"


def _fits(workstation: WorkstationView, search: str) -> bool:
    return fits(
        search,
        workstation.id,
        workstation.name,
        workstation.domain,
        workstation.os,
        workstation.client_version,
        workstation.ip,
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BenchError("Percent and seconds are whole numbers; nothing was changed.")
    return int(text)
