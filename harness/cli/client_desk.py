"""What sits at `hideez-bench client`: the service, the person's orders to it, and the administrator behind it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Self

from hideez_bench.emulator.key.signal import steady
from hideez_bench.harness.bench import Bench
from hideez_bench.harness.cli.client_adoption import Adoption
from hideez_bench.harness.cli.client_person import END, TypingPerson
from hideez_bench.harness.cli.client_scene import Scene, Screen
from hideez_bench.harness.cli.evidence import Evidence
from hideez_bench.harness.client.advertisements import Advertisement, Scan
from hideez_bench.harness.client.behaviour import Behaviour
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.met_key import MetKey, Standing
from hideez_bench.harness.client.service import ClientService
from hideez_bench.harness.client.standalone import StandaloneFlow
from hideez_bench.harness.client.triggers import WAIT_SECONDS, Why
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.links.bleak_link import BleakLink, NoBluetooth
from hideez_bench.harness.stage import Stage
from hideez_bench.protocol.background import Background
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.wire import Wire

LETTERS = {
    "q": "quit",
    "t": "tap a key",
    "l": "lock or unlock the computer",
}
SERVER_LETTERS = {
    "?": "show the code",
    "r": "read a radio tag",
    "a": "activate a Locked key again",
}
VIRTUAL_LETTERS = {
    "p": "press the key's button",
    "h": "hold it",
    "w": "walk away with the key or come back",
}
FAR_AWAY = -95
"""dBm that a key is heard at which was carried away: 10 %."""


class Desk:
    """A client, who sits at it, and the server and administrator behind it. It is the client's lock screen, too."""

    def __init__(
        self,
        *,
        stage: Stage,
        bench: Bench,
        wire: Wire,
        evidence: Evidence,
        screen: Screen,
        stack: Stack,
        behaviour: Behaviour,
        adopt: bool,
        standalone: bool,
        take_log: Callable[[str, bytes], None] | None,
        once: bool,
        enough: asyncio.Future[int],
        where: str,
        reach: Callable[[], Awaitable[bool]] | None,
    ) -> None:
        """`where` says where the server is, if any; `enough` gets the exit status when somebody has had enough.

        `reach`: see `Adoption`.
        """
        self.stage = stage
        self._bench = bench
        self._wire = wire
        self._evidence = evidence
        self._screen = screen
        self._once = once
        self._enough = enough
        self._is_far = False
        self._background = Background("the client at the terminal")
        orders, letters = self._orders(has_server=not standalone)
        self.person = TypingPerson(orders, screen.changed, is_terminal=sys.stdin.isatty())
        self.service = ClientService(
            workstation=bench.workstation,
            hes=bench.connection,
            ui=self.person,
            links=self._links,
            wire=wire,
            stack=stack,
            behaviour=behaviour,
            timeline=bench.timeline,
            on_change=self._changed,
            on_keys=evidence.on_keys,
            prepare=Adoption(
                stage, bench, wire, evidence, screen, self._links, wanted=adopt, reach=reach
            ).prepare,
            quiet=lambda: self.scan.paused(),
            take_log=take_log,
            flow_type=StandaloneFlow if standalone else ConnectionFlow,
        )
        self.scan = Scan(
            self.service.airwaves, wire.profile, stage.options, only=stage.name, on_radio=self._radio_changed
        )
        bench.workstation.state.lock_screen = self
        radio = stage.radio.partition(":")[0]
        screen.scene = Scene(
            self.service,
            self.person,
            place=f"Workstation {bench.workstation.id}, {where}, {radio}",
            letters=letters,
            clock=asyncio.get_running_loop().time,
            is_server_there=lambda: standalone or bench.connection.is_connected,
        )

    def _orders(self, *, has_server: bool) -> tuple[dict[str, Callable[[], None]], dict[str, str]]:
        """What each key of the keyboard does, and what the screen says of them."""
        orders: dict[str, Callable[[], None]] = {
            "q": self._quit,
            END: self._quit,
            "t": self._tap,
            "l": self._lock_or_unlock,
        }
        letters = LETTERS
        if has_server:
            orders |= {"?": self._show_code, "a": self._reactivate, "r": self._read_tag}
            if sys.stdin.isatty():  # a reader that is a keyboard does not press r before
                orders |= {digit: partial(self._read_tag, digit) for digit in "0123456789"}
            letters = letters | SERVER_LETTERS
        if self.stage.application:
            orders |= {"p": partial(self._press, Button.SINGLE), "h": partial(self._press, Button.LONG)}
            orders |= {"w": self._walk}
            letters = letters | VIRTUAL_LETTERS
        return orders, letters

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._background.close()

    # --- the way to a key ---

    def _links(self, advertisement: Advertisement) -> OpenLink:
        def open_link(seconds: float) -> BleakLink:
            return BleakLink(
                advertisement.name or advertisement.address,
                profile=self._wire.profile,
                timeout=seconds,
                options=self.stage.options,
                device=advertisement.device,
            )

        return self._evidence.link(open_link)

    # --- the lock screen ---

    async def raise_and_wait(self) -> None:
        """See `LockScreen.raise_and_wait`; here it is always up."""

    async def unlock(self, serial: str) -> bool:
        """See `LockScreen.unlock`."""
        self._screen.say(f"The computer is unlocked, by key {serial}.")
        return True

    # --- what happens ---

    def _changed(self) -> None:
        self._screen.changed()
        if not self._once or self._enough.done():
            return
        standings = {key.standing for key in self.service.keys.values()}
        if Standing.ONLINE in standings:
            self._enough.set_result(0)
        elif Standing.STOPPED in standings:
            self._enough.set_result(1)

    def _radio_changed(self, gone: NoBluetooth | None) -> None:
        if gone:
            self._screen.radio(f"{gone} The client looks for it again until it is there.", is_there=False)
            self.service.radio_gone()
        else:
            self._screen.radio("Bluetooth is back; keys are looked for again.", is_there=True)

    # --- orders ---

    def _quit(self) -> None:
        if not self._enough.done():
            self._enough.set_result(0)

    def _walk(self) -> None:
        identity = self.stage.identity
        assert identity is not None  # noqa: S101 - only a virtual key has this order
        if self._is_far:
            self._come_back()
            self._screen.say(f"You are back with {identity.local_name}.")
            return
        self._is_far = True
        self.stage.moves(steady(FAR_AWAY))
        unlocked = not self.service.state.session_locked and self.service.state.unlocked_by == identity.serial
        end = (
            "."
            if unlocked
            else "; it did not unlock the computer, which stays as it is (l locks it, t unlocks it)."
        )
        self._screen.say(f"You walk away with {identity.local_name}{end}")

    def _come_back(self) -> None:
        self._is_far = False
        self.stage.moves(steady())

    def _tap(self) -> None:
        if self._is_far:
            self._come_back()
        key = self._latest(Standing.STOPPED, Standing.IN_REACH)
        if key is None and (working := self._latest(Standing.WORKING)):
            self._screen.say(f"{working.name} is being connected already.")
        elif key is None:
            self._screen.say("There is no key in reach that is not connected.")
        elif not self.service.connect(key, Why.TAP):
            self._screen.say("Another key is being connected; its turn comes first.")

    def _lock_or_unlock(self) -> None:
        if self.service.state.session_locked:
            self.service.unlock_session()
            self._screen.say("The computer is unlocked, by hand.")
        else:
            self.service.state.lock_session()
            self._screen.say("The computer is locked; its keys are disconnected. A tap unlocks it again.")

    def _show_code(self) -> None:
        key = self._latest(*Standing)
        if key is None or not key.serial:
            self._screen.say("There is no key yet that has a code.")
            return
        self._background.spawn(self._tell_code(key))

    async def _tell_code(self, key: MetKey) -> None:
        try:
            code = await self._bench.administrator.code(key.serial)
        except BenchError as error:
            self._screen.say(str(error))
        else:
            self._screen.say(f"The code of {key.name} is {code.reveal().decode()}.")

    def _reactivate(self) -> None:
        key = self._latest(*Standing)
        if key is None or not key.serial:
            self._screen.say("There is no key yet that could be activated again.")
            return
        self._background.spawn(self._activate_again(key))

    async def _activate_again(self, key: MetKey) -> None:
        try:
            await self._bench.administrator.reactivate(key.serial)
        except BenchError as error:
            self._screen.say(str(error))
        else:
            self.service.connect(key)

    def _read_tag(self, typed: str = "") -> None:
        if self.person.is_asked:
            self._screen.say("Something else is asked for; answer that first, or give it up.")
            return
        self._background.spawn(self._connect_by_tag(self.person.get_tag(typed)))

    async def _connect_by_tag(self, asked: Awaitable[str | None]) -> None:
        tag = await asked
        if tag is None:
            return
        try:
            found = await self.service.triggers.rfid.read(tag)
        except BenchError as error:
            self._screen.say(str(error))
        else:
            if not found:
                self._screen.say(
                    f"The key of this tag was not heard within {WAIT_SECONDS:g} s; one that is online needs no tag."
                )

    def _press(self, button: Button) -> None:
        if self.stage.application:
            self.stage.application.press(button)

    def _latest(self, *standings: Standing) -> MetKey | None:
        """The key that something happened to last, of those that stand so."""
        keys = [key for key in self.service.keys.values() if key.standing in standings]
        return max(keys, key=lambda key: (key.standing is Standing.WORKING, key.since), default=None)
