"""`/org/bluez`, where programs announce that they can answer questions about pairing."""

from __future__ import annotations

from hideez_bench.emulator.radio.loopback.objects import BusObject, ObjectTree, method

AGENTS = "org.bluez.AgentManager1"


class Manager(BusObject):
    """`org.bluez.AgentManager1`. Agents are welcome, as bluetoothctl registers one; nobody will ask them."""

    def __init__(self, tree: ObjectTree) -> None:
        super().__init__(tree, "/org/bluez", {AGENTS: {}})

    @method(AGENTS, "RegisterAgent", "os")
    def register(self, caller: str, path: str, capability: str) -> None:
        """Take note of an agent."""

    @method(AGENTS, "UnregisterAgent", "o")
    def unregister(self, caller: str, path: str) -> None:
        """Forget an agent."""

    @method(AGENTS, "RequestDefaultAgent", "o")
    def request_default(self, caller: str, path: str) -> None:
        """Prefer an agent."""
