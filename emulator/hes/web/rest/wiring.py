"""What the handlers of REST share: the server that they speak for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, HTTPException, Request

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.context import WebContext
from hideez_bench.emulator.hes.web.events import RecentEvents


# A dependency that is no coroutine would wait for a thread, and others come in between the door and the handler.
async def _context(request: Request) -> WebContext:
    return cast(WebContext, request.app.state.context)


TheContext = Annotated[WebContext, Depends(_context)]


async def _hes(context: TheContext) -> Hes:
    return context.hes


async def _events(request: Request) -> RecentEvents:
    return cast(RecentEvents, request.app.state.events)


TheHes = Annotated[Hes, Depends(_hes)]
TheEvents = Annotated[RecentEvents, Depends(_events)]


def check_same_id(in_path: str, in_body: str) -> None:
    """The vendor wants an id twice, and the same.

    Raises:
        HTTPException: 400, they differ.
    """
    if in_path != in_body:
        raise HTTPException(400, "The id in the body is not the one in the address; nothing was changed.")
