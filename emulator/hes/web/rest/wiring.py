"""What the handlers of REST share: the server that they speak for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, HTTPException, Request

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.context import WebContext


def _context(request: Request) -> WebContext:
    return cast(WebContext, request.app.state.context)


def _hes(request: Request) -> Hes:
    return _context(request).hes


TheContext = Annotated[WebContext, Depends(_context)]
TheHes = Annotated[Hes, Depends(_hes)]


def check_same_id(in_path: str, in_body: str) -> None:
    """The vendor wants an id twice, and the same.

    Raises:
        HTTPException: 400, they differ.
    """
    if in_path != in_body:
        raise HTTPException(400, "The id in the body is not the one in the address; nothing was changed.")
