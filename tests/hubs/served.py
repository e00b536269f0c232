"""A server on a free port of this machine, in this process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.hubs.routes import LARGEST_FRAME
from tests.hubs.rig import application


@asynccontextmanager
async def served(hes: Hes) -> AsyncIterator[str]:
    """The server on a free port of this machine; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            application(hes),
            log_config=None,
            ws="websockets-sansio",
            ws_max_size=LARGEST_FRAME,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
