"""News for open pages: a stream of server-sent events that says when something changed, and never what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.emulator.hes.web.context import WebContext
from hideez_bench.emulator.hes.web.security.sessions import session_token
from hideez_bench.protocol.secret import SessionToken

HEARTBEAT_SECONDS = 15.0
MOST_STREAMS = 200
MOST_OF_A_SESSION = 20
"""More than a browser opens to one server, so that nobody takes what is the others'."""


class Live:
    """The open streams, and what each has not sent yet."""

    def __init__(self, context: WebContext, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self._context = context
        self._heartbeat = heartbeat
        self._streams: set[_Stream] = set()
        context.hes.subscribe(self._told)

    async def stream(self, request: Request) -> Response:
        """The news, for as long as the session lasts and the server runs."""
        token = session_token(request)
        if token is None or len(self._streams) >= MOST_STREAMS:
            return Response(status_code=503)
        if sum(stream.token == token for stream in self._streams) >= MOST_OF_A_SESSION:
            return Response(status_code=503)
        return StreamingResponse(
            self._news(token),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    def session_ended(self, token: SessionToken) -> None:
        """End the streams of a session at once."""
        for stream in self._streams:
            if stream.token == token:
                stream.woken.set()

    async def _news(self, token: SessionToken) -> AsyncIterator[str]:
        stream = _Stream(token)
        self._streams.add(stream)
        stopping = asyncio.create_task(self._context.stopping.wait())
        stopping.add_done_callback(lambda _: stream.woken.set())
        try:
            yield "retry: 2000\n\n"
            while not self._context.stopping.is_set():
                stream.woken.clear()
                try:
                    user = self._context.hes.users.session(token)
                except StoreError:
                    return  # the page connects again
                if user is None:
                    yield "event: ended\ndata:\n\n"
                    return
                if stream.changed:
                    serials, stream.changed = sorted(stream.changed), set()
                    yield f"event: changed\ndata: {json.dumps(serials)}\n\n"
                try:
                    await asyncio.wait_for(stream.woken.wait(), self._heartbeat)
                except TimeoutError:
                    yield ": nothing new\n\n"
        finally:
            stopping.cancel()
            self._streams.discard(stream)

    def _told(self, event: HesEvent) -> None:
        for stream in self._streams:
            stream.changed.add(event.serial)
            stream.woken.set()


class _Stream:
    """What one page has yet to hear: the serial numbers, and an empty one for what is about no key."""

    def __init__(self, token: SessionToken) -> None:
        self.token = token
        self.changed: set[str] = set()
        self.woken = asyncio.Event()
