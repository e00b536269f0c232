"""Lists that may be long: made and sent piece by piece, so that nobody else waits until all of one is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import islice
from typing import TypeVar

from starlette.responses import StreamingResponse

from hideez_bench.emulator.hes.web.rest.bodies import Answer

T = TypeVar("T")

AT_ONCE = 100
"""So many are made, in some milliseconds, before everybody else has a turn."""


def long_list(views: Iterable[T], answer: Callable[[T], Answer]) -> StreamingResponse:
    """All of them as a route's `response_model=list[…]` tells them; the same bytes as of a list that it returns."""
    return StreamingResponse(_pieces(views, answer), media_type="application/json")


async def _pieces(views: Iterable[T], answer: Callable[[T], Answer]) -> AsyncIterator[bytes]:
    left, before = iter(views), b"["
    while piece := [answer(view).model_dump_json(by_alias=True).encode() for view in islice(left, AT_ONCE)]:
        yield before + b",".join(piece)
        before = b","
        await asyncio.sleep(0)
    yield b"[]" if before == b"[" else b"]"
