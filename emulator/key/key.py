"""The Hideez Key without a radio."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hideez_bench.emulator.key.battery import FULL, NOTHING_USED, Battery, Rates
from hideez_bench.emulator.key.finger import Finger
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.life import BUZZER, LED, Audience, Event, Life, Mode
from hideez_bench.emulator.key.link import Carrier, KeyLink
from hideez_bench.emulator.key.nvram import Nvram
from hideez_bench.emulator.key.pairing import Answer, Pairing
from hideez_bench.emulator.key.signal import Signal, steady
from hideez_bench.emulator.key.view import Buzzer, KeyView, Led
from hideez_bench.protocol.channel import KeysMade
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.values import InfoCharacteristic
from hideez_bench.protocol.wire import Wire, default_wire


class Key:
    """A key that is switched on: packets in, packets out.

    Synchronous, and to be used from one thread: whoever hosts it calls `tick` when `next_due` has come, and asks
    for it anew after every other call. Switching it off is letting go of it; the memory stays the caller's to close.

    Args:
        nvram: its persistent memory. A new one becomes this key's own.
        identity: which key it is.
        clock: monotonic time in seconds, for everything that is due.
        utc: Unix time in whole seconds, on which the key's own clock runs once ACCESS has set it.
        random: so many random bytes.
        wire: the format it speaks.
        on_change: told of every change of `view`.
        on_fault: told when the memory failed; the host is answered with ERR_HARDWARE_FAULT.
        on_keys: told the keys of each channel that opens.
        realistic: it lives as a key on sale does, off until pressed, bonded by a green press. Without, anybody
            reaches it at any time, a pairing needs no press, and its battery never wanes.
        signal: how well it is heard; -50 dBm without.
        rates: what uses up the battery of a realistic key.

    Attributes:
        firmware_type, link_type, life_type, pairing_type: the classes that it is built of.

    Raises:
        NvramError: the memory cannot be read, means nothing, or is another key's.
    """

    firmware_type: type[Firmware] = Firmware
    link_type: type[KeyLink] = KeyLink
    life_type: type[Life] = Life
    pairing_type: type[Pairing] = Pairing

    def __init__(
        self,
        nvram: Nvram,
        *,
        identity: Identity,
        clock: Callable[[], float],
        utc: Callable[[], int],
        random: Callable[[int], bytes],
        wire: Wire | None = None,
        on_change: Callable[[KeyView], None] = lambda view: None,
        on_fault: Callable[[BenchError], None] = lambda fault: None,
        on_keys: KeysMade = lambda request, answer, keys: None,
        realistic: bool = False,
        signal: Signal | None = None,
        rates: Rates | None = None,
    ) -> None:
        self.identity = identity
        self._wire = wire or default_wire()
        self._firmware = self.firmware_type(
            nvram, identity=identity, clock=clock, utc=utc, random=random, wire=self._wire, on_keys=on_keys
        )
        self._firmware.access.press_is_given = not realistic
        self._on_change = on_change
        self._on_fault = on_fault
        self._links: dict[int, KeyLink] = {}
        self._links_made = 0
        self._is_plugged_in = False
        self._life = self.life_type(
            clock=clock,
            profile=self._wire.profile,
            realistic=realistic,
            links=lambda: len(self._links),
            bonds=lambda: len(self._firmware.state.bonds),
            charging=lambda: self._is_plugged_in,
        )
        if self._firmware.boot.runs:
            self._life.mode = Mode.BOOT
        self._firmware.signal = signal or steady()
        self._battery = Battery(
            nvram,
            clock=clock,
            life=self._life,
            links=lambda: len(self._links),
            on_fault=on_fault,
            rates=rates or (Rates() if realistic else NOTHING_USED),
        )
        self._firmware.battery = self._battery.level
        self.finger = Finger(clock=clock, profile=self._wire.profile, press=self.press)
        self._pairing = self.pairing_type(self._firmware, self._life, on_fault)
        self._shown = self.view

    # --- what a radio shows of it ---

    @property
    def local_name(self) -> str:
        """The Bluetooth name, as `HK-00203`."""
        return self.identity.local_name

    def info_characteristic(self) -> bytes:
        """The value of the info characteristic."""
        profile = self._wire.profile
        return self._wire.info.build(
            InfoCharacteristic(
                mode_byte=profile.number("mode", "BOOT" if self._firmware.boot.runs else "APPLICATION"),
                wire_major=profile.size("wire_major"),
                max_message=profile.size("max_message"),
                channels=profile.size("channels"),
            )
        )

    @property
    def device_information(self) -> dict[str, str]:
        """The texts of the Device Information service, by the profile's names of their UUIDs."""
        return {
            "manufacturer": "Hideez",
            "model": self.identity.model.code,
            "serial": self.identity.serial,
            "firmware": str(self._firmware.boot.version),
        }

    @property
    def battery(self) -> int:
        """The charge in percent."""
        return self._firmware.battery

    @battery.setter
    def battery(self, value: int) -> None:
        if not 0 <= value <= 100:
            raise BenchError(f"a battery is charged from 0 to 100 percent, not {value}")
        self._battery.set(value)
        self._settle()

    @property
    def rssi(self) -> int:
        """How well it is heard now, in dBm."""
        return self._firmware.signal(self._firmware.clock())

    def moves(self, signal: Signal) -> None:
        """It and its hosts hear each other so from now on; STATUS tells it."""
        self._firmware.signal = signal

    def plug_in(self, *, plugged: bool = True) -> None:
        """Put it on its charger, or take it off.

        Raises:
            BenchError: this model has nothing to charge.
        """
        if not self.identity.model.charges:
            raise BenchError(
                f"{self.identity.local_name} runs on a {self.identity.model.power.value}; "
                "only a Key 4 can be plugged in."
            )
        self._is_plugged_in = self._battery.is_plugged_in = plugged
        self._life.happens(Event.PLUGGED_IN if plugged else Event.UNPLUGGED)
        self._settle()

    @property
    def audience(self) -> Audience:
        """Who can reach it now; it advertises unless that is nobody."""
        return self._life.audience

    @property
    def view(self) -> KeyView:
        """What a person can see of it."""
        state = self._firmware.state
        return KeyView(
            mode=self._life.mode,
            led=self._led,
            buzzer=BUZZER.get(self._life.mode, Buzzer.SILENT)
            if self.identity.model.has_buzzer
            else Buzzer.SILENT,
            connections=len(self._links),
            bonds=len(state.bonds),
            linked=state.linked,
            lock=state.lock,
            unlock_attempts=state.attempts,
            battery=self._firmware.battery,
        )

    # --- what happens to it ---

    def connect(
        self,
        host: str,
        send: Callable[[bytes], None],
        max_packet: Callable[[], int],
        drop: Callable[[], None] = lambda: None,
    ) -> KeyLink:
        """A host has a link.

        Args:
            host: its address, the same each time.
            send: takes a packet for the host (a notification). It must not call the key before it returns.
            max_packet: how long a packet may be now, in bytes (`ATT_MTU - 3`).
            drop: ends the link from the key's side, once the packets before are out: the key restarts. It must not
                call the key before it returns.
        """
        self._links_made += 1
        number = self._links_made
        closed = partial(self._closed, number)

        def counted(packet: bytes) -> None:
            self._battery.notified()
            send(packet)

        carrier = Carrier(counted, max_packet, self._settle, closed, self._on_fault, drop)
        link = self.link_type(self._firmware, host, number, carrier)
        self._links[number] = link
        self._firmware.connections = len(self._links)
        self._firmware.note("host connected")
        self._life.happens(Event.LINK_OPENED)
        self._settle()
        return link

    def admits(self, host: str, *, secure: bool = True) -> bool:
        """Whether this host may have a link now.

        `secure` says that the host will encrypt it, by the bond that it has or the pairing that it starts: with a
        host that the key has a bond with, it insists on that.
        """
        return self._pairing.admits(host, secure=secure)

    @property
    def bonds(self) -> frozenset[str]:
        """The hosts that it has a bond with."""
        return self._firmware.state.bonds

    def is_bonded(self, host: str) -> bool:
        """Whether the key has a bond with this host."""
        return self._pairing.is_bonded(host)

    def pair(self, host: str, answer: Answer) -> None:
        """A host starts pairing.

        `answer` is called once, at once or later, with whether the key agrees; when it does, the bond is in the
        key's memory. It must not call the key before it returns.
        """
        self._pairing.ask(host, answer)
        self._settle()

    def give_up_pairing(self, host: str) -> None:
        """The host that started pairing broke it off."""
        self._pairing.give_up(host)
        self._settle()

    def press(self, button: Button) -> None:
        """The button is pressed. `NONE` is no press and does nothing.

        A press that confirms a pairing is for nothing else.
        """
        if button is Button.NONE:
            return
        if button is Button.SINGLE and self._life.mode is Mode.CONFIRMATION:
            self._pairing.confirm()
            self._settle()
            return
        confirms = button is Button.SINGLE and self._firmware.wipe_request is None
        for link in list(self._links.values()):
            if confirms:
                link.channels.confirm()
            link.pressed(button)
        if button is Button.SINGLE:
            self._life.happens(Event.SHORT_PRESS)
        elif button is Button.LONG:
            self._life.happens(Event.LONG_PRESS)
        self._settle()

    def forget_host(self, host: str) -> None:
        """The bond with this host is gone: what it satisfied since it bonded counts no longer.

        Raises:
            NvramError: nothing was changed.
        """
        self._pairing.forget(host)
        self._settle()

    def forget_hosts(self) -> None:
        """Remove all bonds, as the key's own menu does.

        Raises:
            NvramError: nothing was changed.
        """
        self._pairing.forget(*self._firmware.state.bonds)
        self._settle()

    def tick(self) -> float | None:
        """Do what is due; returns `next_due`."""
        now = self._firmware.clock()
        self.finger.tick()
        for link in list(self._links.values()):
            link.tick(now)
        if self._life.ends is not None and self._life.ends <= now:
            self._life.happens(Event.TIME_UP)
        self._settle()
        return self.next_due

    @property
    def next_due(self) -> float | None:
        """The clock time at which `tick` must be called; None while nothing is going to be due."""
        dues = [
            self._life.ends,
            self._battery.next_due,
            self.finger.next_due,
            *(link.next_due for link in self._links.values()),
        ]
        return min((due for due in dues if due is not None), default=None)

    def _closed(self, number: int) -> None:
        host = self._links.pop(number).host
        self._firmware.note("host disconnected")
        self._firmware.connections = len(self._links)
        if all(link.host != host for link in self._links.values()):
            self._pairing.give_up(host)
        if not self._links:
            self._life.happens(Event.LINKS_GONE)

    def _settle(self) -> None:
        """After anything that may have changed the key: whoever sees it or talks to it learns of the change."""
        if self._firmware.boot.restart_wanted:
            self._restart()
        self._follow()
        self._pairing.settle()
        self._battery.settle()
        self._firmware.battery = self._battery.level
        for link in list(self._links.values()):
            link.announce_level()
        view = self.view
        if view != self._shown:
            self._shown = view
            self._on_change(view)

    def _restart(self) -> None:
        """Into boot mode, or out of it: every link ends, and what only the working memory held is gone."""
        self._firmware.restart()
        self._life.happens(Event.BOOT_ENTERED if self._firmware.boot.runs else Event.BOOT_LEFT)
        for link in list(self._links.values()):
            link.drop()

    @property
    def _led(self) -> Led:
        is_full = self._life.mode is Mode.CHARGING and self._firmware.battery == FULL
        return Led.GREEN if is_full else LED[self._life.mode]

    def _follow(self) -> None:
        """The life of the key takes its course from what commands have done."""
        asked = self._firmware.wipe_request is not None
        if asked != (self._life.mode is Mode.WIPE_REQUEST):
            self._life.happens(Event.WIPE_ASKED if asked else Event.WIPE_ENDED)
        bonds = len(self._firmware.state.bonds)
        if self._life.mode is Mode.READY and not bonds:
            self._life.happens(Event.BONDS_CHANGED)  # without the real life cycle it stays where it is
