"""The workstations, and the alarm. Their names come from strangers: they are never part of a path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.records import ProximityVaultView, WorkstationView
from hideez_bench.emulator.hes.web.pages.page import Pages, fields
from hideez_bench.protocol.errors import BenchError

LIST = "/workstations"


@dataclass(frozen=True)
class WorkstationRow:
    """A workstation in the list."""

    id: str
    name: str
    approved: bool
    is_online: bool
    system: str
    last_seen: datetime
    pairs: list[ProximityVaultView]


@dataclass(frozen=True)
class Question:
    """What is asked before something is done."""

    title: str
    text: str
    button: str
    is_dangerous: bool = False


_APPROVE = Question(
    "Approve the workstation",
    "The client on {} is let in: it learns whose keys it sees, and the server works on keys through it.",
    "Approve",
)
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
            route(f"{LIST}/unapprove", self.unapprove, methods=["GET", "POST"]),
            route(f"{LIST}/alarm", self.alarm, methods=["GET", "POST"]),
            route(f"{LIST}/proximity", self.proximity),
            route(f"{LIST}/proximity/add", self.add_vault, methods=["POST"]),
            route(f"{LIST}/proximity/edit", self.edit_vault, methods=["POST"]),
            route(f"{LIST}/proximity/delete", self.delete_vault, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        """The list."""
        rows = [self._row(workstation) for workstation in self._workstations.list()]
        return self._pages.show(request, "workstations.html", rows=rows)

    async def approve(self, request: Request) -> Response:
        """Ask, and let a workstation's client in."""
        workstation = self._workstations.get(await self._id(request))
        if request.method == "GET":
            return self._ask(request, _APPROVE, workstation)
        self._workstations.approve(workstation.id)
        return self._pages.onward(request, LIST, f"Workstation {workstation.id} is approved.")

    async def unapprove(self, request: Request) -> Response:
        """Ask, and shut a workstation's client out."""
        workstation = self._workstations.get(await self._id(request))
        if request.method == "GET":
            return self._ask(request, _UNAPPROVE, workstation)
        self._workstations.unapprove(workstation.id)
        return self._pages.onward(request, LIST, f"Workstation {workstation.id} is no longer approved.")

    async def alarm(self, request: Request) -> Response:
        """Ask, and raise or end the alarm."""
        if request.method == "GET":
            return self._ask(request, _END if self._hes.alarm else _RAISE, wanted=not self._hes.alarm)
        wanted = (await fields(request)).get("alarm") == "on"
        self._hes.set_alarm(wanted)
        told = "The alarm is on." if wanted else "The alarm has ended."
        return self._pages.onward(request, LIST, told, kind="warn" if wanted else "good")

    async def proximity(self, request: Request) -> Response:
        """The keys that unlock a workstation by coming near."""
        return self._proximity(request, await self._id(request))

    async def add_vault(self, request: Request) -> Response:
        """Let a key unlock a workstation."""
        typed = await fields(request)
        try:
            self._workstations.add_proximity_vault(typed.get("id", ""), typed.get("vault_id", ""))
        except BenchError as refusal:
            return self._proximity(request, typed.get("id", ""), str(refusal))
        return self._proximity(request, typed["id"])

    async def edit_vault(self, request: Request) -> Response:
        """Change how near a key locks and unlocks a workstation."""
        typed = await fields(request)
        try:
            numbers = [_number(typed.get(name, "")) for name in ("lock", "unlock", "timeout")]
            self._workstations.edit_proximity_vault(typed.get("pair_id", ""), *numbers)
        except BenchError as refusal:
            return self._proximity(request, typed.get("id", ""), str(refusal))
        return self._proximity(request, typed.get("id", ""))

    async def delete_vault(self, request: Request) -> Response:
        """Let a key no longer unlock a workstation."""
        typed = await fields(request)
        try:
            self._workstations.delete_proximity_vault(typed.get("pair_id", ""))
        except BenchError as refusal:
            return self._proximity(request, typed.get("id", ""), str(refusal))
        return self._proximity(request, typed.get("id", ""))

    async def _id(self, request: Request) -> str:
        if request.method == "GET":
            return request.query_params.get("id", "")
        return (await fields(request)).get("id", "")

    def _row(self, workstation: WorkstationView) -> WorkstationRow:
        facts = (workstation.os, workstation.client_version, workstation.ip)
        return WorkstationRow(
            id=workstation.id,
            name=workstation.name or workstation.id,
            approved=workstation.approved,
            is_online=workstation.is_online,
            system=", ".join(fact for fact in facts if fact),
            last_seen=workstation.last_seen,
            pairs=self._workstations.proximity_vaults(workstation.id),
        )

    def _ask(
        self,
        request: Request,
        question: Question,
        workstation: WorkstationView | None = None,
        *,
        wanted: bool = False,
    ) -> Response:
        hidden = {"id": workstation.id} if workstation else {"alarm": "on" if wanted else "off"}
        return self._pages.show(
            request,
            "confirm.html",
            title=question.title,
            text=question.text.format(workstation.id if workstation else ""),
            action=request.url.path,
            hidden=hidden,
            button=question.button,
            danger=question.is_dangerous,
            back=LIST,
            refusal="",
        )

    def _proximity(self, request: Request, workstation_id: str, refusal: str = "") -> Response:
        workstation = self._workstations.get(workstation_id)
        pairs = self._workstations.proximity_vaults(workstation.id)
        paired = {pair.hardware_vault_id for pair in pairs}
        return self._pages.show(
            request,
            "proximity.html",
            status=409 if refusal else 200,
            workstation=workstation,
            pairs=pairs,
            vaults=[v for v in self._hes.vaults.list() if v.employee_id and v.id not in paired],
            back=LIST,
            refusal=refusal,
        )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BenchError("Percent and seconds are whole numbers; nothing was changed.")
    return int(text)
