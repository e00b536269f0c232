"""A key that lives as one on sale does, the vendor's dongle, and a person who presses when it is time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.session import ConnectRequest, Mode
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions
from hideez_bench.harness.people import Entry, ScriptedPerson
from hideez_bench.harness.scenarios.hands import Hands
from hideez_bench.protocol.names import Button
from tests.flow.rig import RIGHT, WIRE, Rig, rig_on
from tests.radio.radios import Memory

DONGLE = "02:00:00:00:00:0D"


def presser(rig: Rig, entries: Iterable[Entry], *, attentive: bool = True) -> ScriptedPerson:
    """Somebody who presses when asked to, and whenever the light blinks green, unless not `attentive`."""
    hands = Hands(lambda: rig.application.press(Button.SINGLE), attentive=attentive)
    rig.on_change = hands.saw
    return ScriptedPerson(entries, rig.code, press=hands.asked)


class Desk:
    """The key, the dongle and the person."""

    def __init__(self, rig: Rig, radio: Memory) -> None:
        self.rig = rig
        self.radio = radio._radio
        self.seconds: list[float] = []

    def link(self, seconds: float) -> BleakLink:
        if seconds:
            self.seconds.append(seconds)
        host = self.radio.backend(DONGLE)
        options = BleakOptions({"backend": host.scanner}, {"backend": host.client, "pair": True})
        name = self.rig.identity.local_name
        return BleakLink(name, profile=WIRE.profile, timeout=seconds, options=options)

    def flow(
        self, person: ScriptedPerson, mode: Mode = Mode.CONNECT_AND_UNLOCK, behaviour: Behaviour = MEANT
    ) -> ConnectionFlow:
        self.seconds.clear()
        request = ConnectRequest(Stack.DONGLE, mode)
        return self.rig.client(
            person, flow_type=ConnectionFlow, request=request, behaviour=behaviour, open_link=self.link
        )

    async def connect(
        self, person: ScriptedPerson, mode: Mode = Mode.CONNECT_AND_UNLOCK, behaviour: Behaviour = MEANT
    ) -> FlowResult:
        async with self.flow(person, mode, behaviour) as flow:
            return await flow.run()

    @property
    def bonded(self) -> bool:
        """The dongle has a bond."""
        return any(central == DONGLE for central, _ in self.radio.bonded)

    async def activate(self) -> None:
        result = await self.connect(presser(self.rig, [RIGHT]))
        assert result.succeeded, result.error


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    """A new key, as it comes out of its box."""
    async with Memory() as radio, rig_on(radio, realistic=True) as rig:
        yield Desk(rig, radio)
