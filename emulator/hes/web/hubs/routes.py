"""The hubs' routes: /appHub and /deviceHub over WebSockets, and what a client asks before it connects."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.context import WebContext
from hideez_bench.emulator.hes.web.hubs.app_hub import AppHub, nobody
from hideez_bench.emulator.hes.web.hubs.connection import HubConnection, HubLimits, Invoke
from hideez_bench.emulator.hes.web.hubs.device_hub import DeviceHub
from hideez_bench.emulator.hes.web.hubs.negotiation import (
    Caller,
    NotAdmitted,
    Present,
    Tokens,
    admit,
    answer_of,
)
from hideez_bench.emulator.hes.web.hubs.workstation import DeviceTransport
from hideez_bench.protocol.signalr import Malformed

LARGEST_FRAME = 128 * 1024
"""What a web server should be told to take in one WebSocket message; a hub refuses a quarter of it, and says so."""


def routes(context: WebContext) -> list[BaseRoute]:
    """Both hubs of a server."""
    return _Hubs(context.hes, strict_compat=context.settings.strict_compat).routes()


class _Hubs:
    """Both hubs of one server, and who is on them."""

    def __init__(self, hes: Hes, *, strict_compat: bool) -> None:
        self._hes = hes
        self._strict_compat = strict_compat
        self._limits = HubLimits()
        self._present = Present()
        self._clients: defaultdict[str, list[AppHub]] = defaultdict(list)
        self._tokens = {
            path: Tokens(lambda: asyncio.get_running_loop().time()) for path in ("/appHub", "/deviceHub")
        }

    def routes(self) -> list[BaseRoute]:
        """What to put into an application."""
        return [
            Route("/appHub/negotiate", self._negotiate, methods=["POST"]),
            Route("/deviceHub/negotiate", self._negotiate, methods=["POST"]),
            WebSocketRoute("/appHub", self._app_hub),
            WebSocketRoute("/deviceHub", self._device_hub),
        ]

    async def _negotiate(self, request: Request) -> Response:
        try:
            caller = admit(self._hes, request.headers, strict_compat=self._strict_compat)
        except NotAdmitted as refused:
            return JSONResponse({"error": str(refused)}, refused.status)
        asked = request.query_params.get("negotiateVersion", "0")
        version = int(asked) if asked in ("0", "1") else 1
        token = self._tokens[request.url.path.removesuffix("/negotiate")].issue(caller.workstation_id)
        return JSONResponse(answer_of(secrets.token_urlsafe(16), token, version))

    async def _app_hub(self, websocket: WebSocket) -> None:
        async with self._admitted(websocket, "/appHub") as caller:
            if caller:
                await self._serve_client(websocket, caller)

    async def _serve_client(self, websocket: WebSocket, caller: Caller) -> None:
        await websocket.accept()
        connection = HubConnection(websocket, self._limits)
        clients: list[AppHub] = []

        def opened() -> Invoke:
            if not caller.workstation_id:
                return nobody
            if caller.key and not self._hes.admission.bind(caller.workstation_id, caller.key):
                raise Malformed("Another key speaks for this workstation.")
            self._end_others(caller)
            client = AppHub(self._hes, caller, connection)
            clients.append(client)
            self._clients[caller.workstation_id].append(client)
            return client.invoke

        try:
            await connection.serve(opened)
        finally:
            for client in clients:
                self._leave(caller.workstation_id, client)

    def _end_others(self, caller: Caller) -> None:
        """Who came by another key, which was forgotten meanwhile, must not be approved together with this one."""
        for client in self._clients.get(caller.workstation_id, []):
            if client.key != caller.key:
                client.end("Another key speaks for this workstation.")

    def _leave(self, workstation_id: str, client: AppHub) -> None:
        self._clients[workstation_id].remove(client)
        if not self._clients[workstation_id]:
            del self._clients[workstation_id]
        client.close()

    async def _device_hub(self, websocket: WebSocket) -> None:
        async with self._admitted(websocket, "/deviceHub", self._check_awaited) as caller:
            if caller:
                await self._serve_key(websocket, caller)

    async def _serve_key(self, websocket: WebSocket, caller: Caller) -> None:
        await websocket.accept()
        connection = HubConnection(websocket, self._limits)
        transport = DeviceTransport(self._hes.wire, connection.notify, connection.end)
        taken: list[AppHub] = []

        def opened() -> Invoke:
            client = self._awaiting(caller)
            if client is None or not client.workstation.device_opened(caller.device_id, transport):
                raise Malformed("The server no longer waits for this key.")
            taken.append(client)
            return DeviceHub(transport).invoke

        try:
            await connection.serve(opened)
        finally:
            for client in taken:
                client.workstation.device_closed(caller.device_id, transport)
                if not transport.ended:
                    client.lose_key(caller.device_id)

    def _awaiting(self, caller: Caller) -> AppHub | None:
        clients = self._clients.get(caller.workstation_id, [])
        return next((client for client in clients if client.workstation.awaits(caller.device_id)), None)

    def _check_awaited(self, caller: Caller) -> None:
        if self._awaiting(caller) is None:
            raise NotAdmitted(403, "The server has not asked this workstation for that key.")

    @asynccontextmanager
    async def _admitted(
        self, websocket: WebSocket, path: str, check: Callable[[Caller], None] = lambda caller: None
    ) -> AsyncIterator[Caller | None]:
        """Who calls, counted while the connection lasts; None where it was refused."""
        with ExitStack() as stack:
            try:
                caller = admit(self._hes, websocket.headers, strict_compat=self._strict_compat)
                if token := websocket.query_params.get("id"):
                    self._tokens[path].redeem(token, caller.workstation_id)
                check(caller)
                is_approved = self._hes.admission.is_approved(caller.workstation_id)
                stack.enter_context(self._present.one_more(caller, is_approved=is_approved))
            except NotAdmitted as refused:
                await _refuse(websocket, refused)
                yield None
            except StoreError as error:
                await _refuse(websocket, NotAdmitted(503, str(error)))
                yield None
            else:
                yield caller


async def _refuse(websocket: WebSocket, refused: NotAdmitted) -> None:
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(JSONResponse({"error": str(refused)}, refused.status))
    else:
        await websocket.close(reason=str(refused))
