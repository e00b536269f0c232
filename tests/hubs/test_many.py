"""Many keys at once before one server, over its REST and hubs: each is activated by its own code and no other."""

from __future__ import annotations

from collections import defaultdict
from contextlib import AsyncExitStack

import pytest

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.state import load_state
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.harness.fleet import Fleet, numbered_from
from hideez_bench.harness.hes.network import NetworkServer
from hideez_bench.harness.stage import make_key
from hideez_bench.protocol.secret import ActivationCode
from tests.flow.rig import WIRE
from tests.hubs.flow_rig import approve_all, enter_administrator, network_server
from tests.hubs.rig import application
from tests.hubs.sockets import MemorySockets


class Crowd:
    """A server, and many keys that are activated by clients over its hubs."""

    def __init__(self, count: int, each: int) -> None:
        self.identities = numbered_from(Identity.numbered(1), count)
        self.each = each
        self.memories = {identity.serial: MemoryNvram() for identity in self.identities}
        self.codes: dict[str, list[ActivationCode]] = defaultdict(list)

    async def activate(self) -> None:
        """All of them, as many at once as there are workstations."""
        async with AsyncExitStack() as stack:
            radio = MemoryRadio()
            stack.callback(radio.close)
            hes = await stack.enter_async_context(Hes("sqlite://", wire=WIRE))
            await enter_administrator(hes)
            approve_all(hes)
            self.sockets = MemorySockets(application(hes))
            self.server = network_server(hes, self.sockets)
            stack.push_async_callback(self.server.close)
            await self.server.open()
            self._note_codes(self.server)
            for identity in self.identities:
                key = make_key(identity, self.memories[identity.serial], WIRE)
                await stack.enter_async_context(
                    KeyApplication(key, profile=WIRE.profile, make_server=radio.server)
                )
            fleet = Fleet(self.identities, radio, self.server, WIRE, each=self.each)
            self.outcomes = [outcome async for outcome in fleet.activate(at_once=len(self.identities))]

    def serials_at(self) -> dict[str, set[str]]:
        """Which keys belong to which workstation."""
        found = defaultdict(set)
        for number, identity in enumerate(self.identities):
            found[f"{self.server.workstation}-{number // self.each}"].add(identity.serial)
        return found

    def _note_codes(self, server: NetworkServer) -> None:
        """Keep what the server answers when somebody reads a key's code."""
        ask = server.activation_code

        async def activation_code(serial: str) -> ActivationCode:
            self.codes[serial].append(await ask(serial))
            return self.codes[serial][-1]

        server.activation_code = activation_code  # type: ignore[method-assign]  # a spy


@pytest.mark.virtual_time
@pytest.mark.parametrize(("count", "each"), [(200, 1), (12, 4)])
async def test_every_key_is_activated_by_its_own_code_through_its_own_workstation(
    count: int, each: int
) -> None:
    crowd = Crowd(count, each)
    await crowd.activate()
    assert [str(outcome.error or outcome.status.name) for outcome in crowd.outcomes] == ["Active"] * count
    # Each code was read once, is unlike all others, and is the one that its key was locked with.
    assert [len(crowd.codes[identity.serial]) for identity in crowd.identities] == [1] * count
    codes = {serial: code for serial, [code] in crowd.codes.items()}
    assert len({code.reveal() for code in codes.values()}) == count
    for serial, code in codes.items():
        locked_with = load_state(crowd.memories[serial]).code
        assert locked_with
        assert locked_with.matches(code)
    _check_relays(crowd)


def _check_relays(crowd: Crowd) -> None:
    """Each workstation carried for its own keys, once each, and heard of no other."""
    serials = crowd.serials_at()
    everybody = set(crowd.memories)
    relayed = defaultdict(list)
    for path, socket in crowd.sockets.opened:
        workstation = socket.headers["WorkstationId"]
        text = "".join(socket.passed)
        assert {serial for serial in everybody if serial in text} <= serials[workstation]
        if path == "/deviceHub":
            relayed[workstation].append(socket.headers["DeviceId"])
            assert "RemoteCommandResponse" in text
    assert {workstation: set(keys) for workstation, keys in relayed.items()} == serials
    assert sum(map(len, relayed.values())) == len(everybody)
