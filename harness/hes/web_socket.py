"""WebSockets over a network, by the library websockets; what goes wrong is `Disconnected`, in one sentence."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import CloseCode

from hideez_bench.harness.hes.signalr_client import Disconnected

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 2.0
"""A server that does not answer a Close frame keeps nobody from leaving."""
LARGEST_FRAME = 128 * 1024
NO_FAILURE = (
    CloseCode.NORMAL_CLOSURE,
    CloseCode.GOING_AWAY,
    CloseCode.NO_STATUS_RCVD,
    CloseCode.SERVICE_RESTART,
    CloseCode.TRY_AGAIN_LATER,
)
"""How a server parts that has had enough, or goes away: the connection is lost, and nothing has failed."""

# At DEBUG the library logs every header, and one of them is the workstation's key.
_logger = logging.getLogger(__name__)
_logger.setLevel(logging.INFO)


class WebSockets:
    """Opens WebSockets to the server at a URL; an `OpenSocket`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._base = parts._replace(scheme={"http": "ws", "https": "wss"}[parts.scheme])

    async def __call__(self, path: str, headers: Mapping[str, str]) -> _WebSocket:
        """See `OpenSocket`."""
        url = urlunsplit(self._base._replace(path=self._base.path.rstrip("/") + path))
        try:
            # The hub has pings of its own. No proxy for what is mostly this very machine or its network.
            connection = await connect(
                url,
                additional_headers=dict(headers),
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
                ping_interval=None,
                max_size=LARGEST_FRAME,
                compression=None,
                proxy=None,
                logger=_logger,
            )
        except InvalidStatus as refused:
            raise Disconnected(f"The server refused the connection to {path}: {_reason(refused)}") from None
        except (OSError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
            text = f"The server at {self._base.netloc} cannot be reached ({error})."
            raise Disconnected(text) from None
        return _WebSocket(connection)


class _WebSocket:
    """A `Socket`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        """See `Socket.send`."""
        try:
            await self._connection.send(text)
        except ConnectionClosed as closed:
            raise _lost(closed) from None

    async def receive(self) -> str | bytes:
        """See `Socket.receive`."""
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise _lost(closed) from None

    async def close(self) -> None:
        """See `Socket.close`."""
        await self._connection.close()


def _lost(closed: ConnectionClosed) -> Disconnected:
    reason = closed.rcvd.reason if closed.rcvd else ""
    return Disconnected(
        f"The connection to the server was lost{f' ({reason})' if reason else ''}; what it has answered stands, "
        "connect again when it is back.",
        _number(closed),
    )


def _number(closed: ConnectionClosed) -> int | None:
    """The code of a Close frame that says a failure, else the system's error number, else None."""
    if frame := closed.rcvd or closed.sent:
        return None if frame.code in NO_FAILURE else int(frame.code)
    return closed.__cause__.errno if isinstance(closed.__cause__, OSError) else None


def _reason(refused: InvalidStatus) -> str:
    """What the server says in the body of its refusal, or the bare status."""
    try:
        body = json.loads(refused.response.body or b"")
    except ValueError:
        body = None
    if isinstance(body, dict) and isinstance(body.get("error"), str):
        return str(body["error"])
    return f"status {refused.response.status_code}."
