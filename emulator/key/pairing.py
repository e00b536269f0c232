"""Who may connect to a key and bond with it: the table of bonds, and a pairing that waits for the green press."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.life import Audience, Event, Life, Mode
from hideez_bench.emulator.key.nvram import NvramError
from hideez_bench.protocol.errors import BenchError

Answer = Callable[[bool], None]


@dataclass(frozen=True)
class _Asked:
    host: str
    answer: Answer


class Pairing:
    """The bonds of one key. `on_fault` is told when the memory cannot keep one; the host is then refused."""

    def __init__(self, firmware: Firmware, life: Life, on_fault: Callable[[BenchError], None]) -> None:
        self._firmware = firmware
        self._life = life
        self._on_fault = on_fault
        self._asked: _Asked | None = None

    def is_bonded(self, host: str) -> bool:
        """Whether the key has a bond with this host."""
        return host in self._firmware.state.bonds

    def admits(self, host: str, *, secure: bool) -> bool:
        """Whether this host may have a link now; see `Key.admits`."""
        audience = self._life.audience
        if not self._life.realistic or audience is Audience.NOBODY:
            return audience is not Audience.NOBODY
        return secure if self.is_bonded(host) else audience is Audience.ANYBODY

    def ask(self, host: str, answer: Answer) -> None:
        """A host starts pairing; `answer` is called once, now or when the user or the clock has decided."""
        bonds = self._firmware.state.bonds
        has_room = host in bonds or len(bonds) < self._firmware.wire.profile.size("bonds")
        # A stranger's time is the pairing window, however long its link may last.
        in_time = self._life.mode is Mode.PAIRING or self.is_bonded(host)
        if not has_room or self._asked is not None:
            answer(False)
        elif not self._life.realistic:
            answer(self._bond(host))
        elif in_time and self._life.happens(Event.PAIRING_ASKED):
            self._asked = _Asked(host, answer)
        else:
            answer(False)

    def confirm(self) -> None:
        """The green press."""
        asked, self._asked = self._asked, None
        bonded = asked is not None and self._bond(asked.host)
        self._life.happens(Event.SHORT_PRESS)
        if asked is not None:
            asked.answer(bonded)

    def give_up(self, host: str) -> None:
        """The host that asked is gone, or thought better of it."""
        if self._asked is not None and self._asked.host == host:
            self._life.happens(Event.PAIRING_GIVEN_UP)

    def forget(self, *hosts: str) -> None:
        """Remove these bonds.

        Raises:
            NvramError: nothing was changed.
        """
        bonds = self._firmware.state.bonds.difference(hosts)
        self._firmware.change(bonds=bonds, **self._nothing_given(*hosts))

    def settle(self) -> None:
        """Refuse what the key no longer asks the user about."""
        if self._asked is not None and self._life.mode is not Mode.CONFIRMATION:
            asked, self._asked = self._asked, None
            asked.answer(False)

    def _nothing_given(self, *hosts: str) -> dict[str, dict[str, int]]:
        """The change of state that takes back what hosts satisfied since they bonded."""
        state = self._firmware.state
        return {
            "master_key_given": {
                host: time for host, time in state.master_key_given.items() if host not in hosts
            },
            "pin_given": {host: time for host, time in state.pin_given.items() if host not in hosts},
        }

    def _bond(self, host: str) -> bool:
        state = self._firmware.state
        try:
            self._firmware.change(bonds=state.bonds | {host}, **self._nothing_given(host))
        except NvramError as error:
            self._on_fault(error)
            return False
        return True
