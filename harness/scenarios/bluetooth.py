"""Bluetooth on the client's computer: the way to the key, the settings as a person uses them, what is in the air."""

from __future__ import annotations

from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError

from hideez_bench.emulator.key.signal import Signal
from hideez_bench.emulator.radio.memory import CENTRAL, MemoryRadio
from hideez_bench.emulator.radio.memory_server import MemoryServer
from hideez_bench.harness.client.advertisements import Advertisement
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions
from hideez_bench.harness.scenarios.story import Story, Voice
from hideez_bench.harness.stage import Stage
from hideez_bench.harness.timeline import Kind
from hideez_bench.protocol.wire import Wire


class Bluetooth:
    """Of the computer that the client of a scenario runs on.

    Attributes:
        options: how it reaches the radio.
    """

    def __init__(self, stage: Stage, story: Story, wire: Wire, *, pairs: bool) -> None:
        """`pairs`: it pairs by itself, as a dongle does; the system's own is told to in its settings."""
        self.options = stage.options
        if pairs:
            self.options = BleakOptions(stage.options.scanner, {**stage.options.client, "pair": True})
        self._stage = stage
        self._story = story
        self._wire = wire

    # --- the way to the key ---

    def link(self, seconds: float) -> BleakLink:
        """A link to the key, not entered, that has so many seconds to connect."""
        return BleakLink(self._stage.name, profile=self._wire.profile, timeout=seconds, options=self.options)

    def links(self, advertisement: Advertisement) -> OpenLink:
        """The same, to the key of an advertisement."""
        return lambda seconds: BleakLink(
            advertisement.name,
            profile=self._wire.profile,
            timeout=seconds,
            options=self.options,
            device=advertisement.device,
        )

    # --- its settings ---

    async def pair(self, host: str = CENTRAL) -> bool:
        """The person pairs the key in the settings of a computer; whether there is a bond now."""
        self._story.tell(Voice.PERSON, "pairs it in the computer's Bluetooth settings")
        backend = self.memory.backend(host)
        device = await BleakScanner.find_device_by_name(self._stage.name, backend=backend.scanner)
        paired = device is not None
        if device:
            try:
                async with BleakClient(device, backend=backend.client) as client:
                    await client.pair()
            except BleakError:
                paired = False
        told = ("The key is paired.", Kind.STEP) if paired else ("The key could not be paired.", Kind.BAD)
        self._story.tell(Voice.SETTINGS, *told)
        return paired

    async def unpair(self) -> None:
        """The person removes the key in the settings."""
        self._story.tell(Voice.PERSON, "removes the key in the computer's Bluetooth settings")
        await BleakClient(self._address, backend=self.memory.backend().client).unpair()

    @property
    def has_bond(self) -> bool:
        """Whether the computer has its side of a bond."""
        return any(central == CENTRAL for central, _ in self.memory.bonded)

    # --- what is in the air ---

    @property
    def memory(self) -> MemoryRadio:
        """The radio, for a scenario that is played on the in-process one only."""
        if self._stage.memory is None:
            raise RuntimeError("this is not the in-process radio")
        return self._stage.memory

    def hears(self, signal: Signal) -> None:
        """The key is heard so from now on."""
        self._stage.moves(signal)

    @property
    def _address(self) -> str:
        server = self._stage.application.server if self._stage.application else None
        if not isinstance(server, MemoryServer):
            raise TypeError("this is not the in-process radio")
        return server.address
