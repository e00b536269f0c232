"""The activation code: shown on request, and sent by mail. It is in no page's source."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.mail.delivery import send_code
from hideez_bench.emulator.hes.records import VaultView
from hideez_bench.emulator.hes.web.pages.next_steps import next_steps
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, local
from hideez_bench.protocol.errors import BenchError


class CodePages:
    """`/vaults/…/code`: the dialog, and what its buttons ask for."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._hes = pages.hes

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        return [
            route("/vaults/{vault_id}/code", self.dialog),
            route("/vaults/{vault_id}/code", self.code, methods=["POST"]),
            route("/vaults/{vault_id}/code/send", self.send, methods=["POST"]),
        ]

    async def dialog(self, request: Request) -> Response:
        """The dialog, with the code masked."""
        return self._dialog(request, request.query_params.get("back", ""))

    async def code(self, request: Request) -> Response:
        """The code itself, for a page that somebody holds the button on."""
        try:
            code = self._hes.vaults.activation_code(request.path_params["vault_id"])
        except BenchError as refusal:
            return JSONResponse({"error": str(refusal)}, 409)
        return JSONResponse({"code": code.reveal().decode()})

    async def send(self, request: Request) -> Response:
        """Mail the code to the employee."""
        back = (await fields(request)).get("back", "")
        try:
            delivery = await send_code(self._hes, self._pages.context.mail, request.path_params["vault_id"])
        except BenchError as refusal:
            return self._dialog(request, back, refusal=str(refusal))
        return self._dialog(request, back, sent_to=delivery.address)

    def _dialog(self, request: Request, back: str, refusal: str = "", sent_to: str = "") -> Response:
        vault = self._hes.vaults.get(request.path_params["vault_id"])
        email = self._hes.employees.get(vault.employee_id).email if vault.employee_id else ""
        missing = why_no_code(self._pages, vault)
        return self._pages.show(
            request,
            "code.html",
            status=409 if refusal or missing else 200,
            vault=vault,
            email=email,
            can_mail=bool(email) and self._pages.context.mail is not None,
            why_no_mail=_why_no_mail(email),
            missing=missing,
            refusal="" if missing else refusal,
            sent_to=sent_to,
            next_steps=next_steps(self._hes, vault),
            back=local(back, f"/vaults/{vault.id}"),
        )


def why_no_code(pages: Pages, vault: VaultView) -> str:
    """Why a vault's code cannot be shown; empty if it can."""
    try:
        pages.hes.vaults.activation_code(vault.id)
    except HesRuleError as refusal:
        return str(refusal)
    return ""


def _why_no_mail(email: str) -> str:
    if not email:
        return "The employee has no e-mail address, so the code cannot be sent."
    return "This server was started without a mail server, so the code cannot be sent."
