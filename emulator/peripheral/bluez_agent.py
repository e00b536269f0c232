"""Answers BlueZ when a host wants to pair: the application decides, at once or when its user has."""

from __future__ import annotations

from collections.abc import Callable

from dbus_next.constants import MessageType
from dbus_next.message import Message

from hideez_bench.emulator.peripheral.bluez_bus import BLUEZ, BluezBus
from hideez_bench.emulator.peripheral.gatt import Door

PATH = "/hideez_bench/agent"
MANAGER = "org.bluez.AgentManager1"
QUESTIONS = {"RequestAuthorization", "RequestConfirmation"}


class Agent:
    """The machine's default agent while a key is on the air: BlueZ asks no other about incoming pairings.

    Args:
        address_of: the address of a device on the key's adapter, by its path; empty for any other.
    """

    def __init__(self, bus: BluezBus, door: Door, address_of: Callable[[str], str]) -> None:
        self._bus = bus
        self._door = door
        self._address_of = address_of
        self._asking = ""

    async def register(self) -> None:
        """Offer it to BlueZ; a BlueZ without agents, as the loopback's, pairs nobody, and that is its own affair."""
        await self._ask("RegisterAgent", "os", [PATH, "NoInputNoOutput"])
        await self._ask("RequestDefaultAgent", "o", [PATH])

    async def unregister(self) -> None:
        """Leave the machine's agent as it was."""
        await self._ask("UnregisterAgent", "o", [PATH])

    def takes(self, message: Message) -> bool:
        """Whether this was a call for the agent; its answer may come later."""
        if message.message_type is not MessageType.METHOD_CALL or message.path != PATH:
            return False
        address = self._address_of(message.body[0]) if message.body else ""
        if message.member in QUESTIONS and address:
            self._asking = address
            self._door.pairing_asked(address, lambda agreed: self._answer(message, agreed=agreed))
        elif message.member == "Cancel":
            self._door.pairing_given_up(self._asking)
            self._answer(message, agreed=True)
        else:
            # A service of a bonded host may be used; what other adapters pair is not this key's affair.
            self._answer(message, agreed=message.member in ("AuthorizeService", "Release"))
        return True

    def _answer(self, question: Message, *, agreed: bool) -> None:
        if agreed:
            self._bus.send(Message.new_method_return(question))
        else:
            self._bus.send(Message.new_error(question, "org.bluez.Error.Rejected", "the key refused"))

    async def _ask(self, member: str, signature: str, body: list[str]) -> None:
        await self._bus.call(Message(BLUEZ, "/org/bluez", MANAGER, member, signature=signature, body=body))
