"""A connection of the in-process radio: what crosses the air between one central and one peripheral."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

from hideez_bench.emulator.peripheral.gatt import AttError

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.memory_server import MemoryServer

_T = TypeVar("_T")


PAIRING_TIMEOUT = 30
"""Seconds that one step of a pairing may take (Bluetooth Core 5.4, Vol 3, Part H, 3.4)."""


class Link:
    """Carries requests, commands and notifications, each in a loop step of its own, in order.

    Args:
        server: the peripheral.
        central: the address of the central.
        mtu: the ATT MTU in bytes.
        on_lost: called once, on the central's side, when the link is gone.
    """

    def __init__(self, server: MemoryServer, central: str, mtu: int, on_lost: Callable[[], None]) -> None:
        self.server = server
        self.central = central
        self.mtu = mtu
        self.is_open = True
        self.subscribed: dict[str, None] = {}
        """The characteristics whose notifications the peripheral sends, in the order of subscription."""
        self.listeners: dict[str, Callable[[bytearray], None]] = {}
        """The characteristics whose notifications the central takes."""
        self.gone = asyncio.Event()
        """Set when both sides have seen the end of the link."""
        self._on_lost = on_lost
        self._unanswered: set[asyncio.Future[Any]] = set()

    async def request(self, operation: Callable[[], _T]) -> _T:
        """Have `operation` done on the peripheral's side, and bring back its result.

        Raises:
            BleakGATTProtocolError: the peripheral answered with an ATT error; 0x0E if it failed otherwise.
            BleakError: the link was lost before the answer came.
        """
        self._check_open()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_T] = loop.create_future()
        self._unanswered.add(answer)
        loop.call_soon(self._perform, operation, answer)
        try:
            return await answer
        finally:
            self._unanswered.discard(answer)

    async def pair(self) -> bool:
        """Ask the peripheral to bond, and wait for what it says.

        Raises:
            BleakError: the link was lost before.
            TimeoutError: it said nothing in the time that a pairing may take.
        """
        self._check_open()
        loop = asyncio.get_running_loop()
        decision: asyncio.Future[bool] = loop.create_future()
        self._unanswered.add(decision)

        def answer(agreed: bool) -> None:
            if not decision.done():
                decision.set_result(agreed)

        loop.call_soon(self.server.pair, self, answer)
        try:
            async with asyncio.timeout(PAIRING_TIMEOUT):
                return await decision
        except (TimeoutError, asyncio.CancelledError):
            self.server.give_up_pairing(self)
            raise
        finally:
            self._unanswered.discard(decision)

    async def command(self, operation: Callable[[], None]) -> None:
        """Have `operation` done on the peripheral's side; its errors do not come back.

        Returns once it is done, as a host slows down a writer that is faster than the air.

        Raises:
            BleakError: the link is gone.
        """
        self._check_open()
        asyncio.get_running_loop().call_soon(self._perform_quietly, operation)
        await asyncio.sleep(0)

    def notify(self, uuid: str, value: bytes) -> None:
        """Send a notification to the central if it subscribed; what exceeds the MTU is cut off."""
        if uuid in self.subscribed:
            asyncio.get_running_loop().call_soon(self._hear, uuid, value[: self.mtu - 3])

    def end(self) -> None:
        """Close the link after what was sent before has arrived."""
        asyncio.get_running_loop().call_soon(self.close)

    def close(self) -> None:
        """Close the link at once: what is on its way is lost. Both sides learn of it in steps of their own."""
        if not self.is_open:
            return
        self.is_open = False
        for answer in self._unanswered:
            if not answer.done():
                answer.set_exception(_not_connected())
        loop = asyncio.get_running_loop()
        loop.call_soon(self.server.lose, self)
        loop.call_soon(self._tell_central)

    def _check_open(self) -> None:
        if not self.is_open:
            raise _not_connected()

    def _perform(self, operation: Callable[[], _T], answer: asyncio.Future[_T]) -> None:
        if not self.is_open:
            return
        # A failure that is no ATT error is the application's own: the loop reports it, the central gets 0x0E.
        error = BleakGATTProtocolError(BleakGATTProtocolErrorCode.UNLIKELY_ERROR)
        try:
            result = operation()
            if not answer.done():
                answer.set_result(result)
        except AttError as refused:
            error = BleakGATTProtocolError(refused.code)
        finally:
            if not answer.done():
                answer.set_exception(error)

    def _perform_quietly(self, operation: Callable[[], None]) -> None:
        if self.is_open:
            with suppress(AttError):
                operation()

    def _hear(self, uuid: str, value: bytes) -> None:
        listener = self.listeners.get(uuid)
        if self.is_open and listener is not None:
            listener(bytearray(value))

    def _tell_central(self) -> None:
        try:
            self._on_lost()
        finally:
            self.gone.set()


def _not_connected() -> BleakError:
    return BleakError("Not connected")
