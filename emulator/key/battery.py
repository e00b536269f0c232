"""The battery of a key: what uses it up, how it charges, and what is left when the power returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hideez_bench.emulator.key.life import LED, Audience, Life, Mode
from hideez_bench.emulator.key.nvram import Nvram, NvramError
from hideez_bench.emulator.key.view import Colour
from hideez_bench.protocol.errors import BenchError

STORED = "battery"
HOUR = 3600


@dataclass(frozen=True)
class Rates:
    """Percent an hour, but for the notification. All modelled: a cell lasts six months of advertising (published)."""

    advertising: float = 100 / (182 * 24)
    connection: float = 0.1
    """For each link."""
    light: float = 2.0
    """While the light is not off."""
    notification: float = 0.000_01
    """For each, in percent."""
    charging: float = 50.0


NOTHING_USED = Rates(advertising=0, connection=0, light=0, notification=0)
FULL = 100


class Battery:
    """The charge of one key, kept in its memory by whole percents.

    Args:
        on_fault: told when the memory cannot keep it; the key goes on.
    """

    def __init__(
        self,
        nvram: Nvram,
        *,
        clock: Callable[[], float],
        life: Life,
        links: Callable[[], int],
        on_fault: Callable[[BenchError], None],
        rates: Rates,
    ) -> None:
        self.is_plugged_in = False
        self._nvram = nvram
        self._clock = clock
        self._life = life
        self._links = links
        self._on_fault = on_fault
        self._rates = rates
        self._since = clock()
        self._charge = _stored(nvram)
        self._kept = self.level
        self._change_per_second = self._rate()

    @property
    def level(self) -> int:
        """Percent, rounded up: it is 0 only when it is empty."""
        return -int(-self._charge // 1)

    def set(self, percent: int) -> None:
        """Have another charge from now on."""
        self._charge = float(percent)
        self._keep()

    def notified(self) -> None:
        """A notification was sent."""
        self._charge = max(0.0, self._charge - self._rates.notification)

    def settle(self) -> None:
        """Count what was used since it was last asked, at the rate of then; what uses it may have changed now."""
        now = self._clock()
        self._charge += (now - self._since) * self._change_per_second
        self._charge = min(100.0, max(0.0, self._charge))
        self._since = now
        self._change_per_second = self._rate()
        self._keep()

    @property
    def next_due(self) -> float | None:
        """The clock time at which the level will be another; None if it stays."""
        rate = self._change_per_second
        if rate > 0 and self._charge < 100:
            return self._since + max(1.0, (self._charge // 1 + 1 - self._charge) / rate)
        if rate < 0 and self._charge > 0:
            return self._since + max(1.0, (self._charge - (self.level - 1)) / -rate)
        return None

    def _rate(self) -> float:
        if self.is_plugged_in:
            return self._rates.charging / HOUR
        used = self._rates.connection * self._links()
        if self._life.audience is not Audience.NOBODY:
            used += self._rates.advertising
        if LED[self._life.mode].colour is not Colour.NONE and self._life.mode is not Mode.CHARGING:
            used += self._rates.light
        return -used / HOUR

    def _keep(self) -> None:
        if self.level == self._kept:
            return
        try:
            self._nvram.commit({STORED: str(self.level).encode()})
        except NvramError as error:
            self._on_fault(error)
        self._kept = self.level


def _stored(nvram: Nvram) -> float:
    try:
        level = int(nvram.get(STORED) or b"100")
    except ValueError:
        level = -1
    if not 0 <= level <= 100:
        raise NvramError("the key's memory is damaged (battery); delete it to start with a factory key")
    return float(level)
