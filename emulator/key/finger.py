"""From a finger on the button to the codes that a key tells its hosts."""

from __future__ import annotations

from collections.abc import Callable

from hideez_bench.protocol.names import Button
from hideez_bench.protocol.profile import Profile

TAPS = (
    Button.SINGLE,
    Button.DOUBLE,
    Button.TRIPLE,
    Button.QUAD,
    Button.PENTA,
    Button.HEXA,
    Button.HEPTA,
    Button.OCTA,
)
"""By how many taps in a row; more are `MULTI`."""


class Finger:
    """The button going down and up, timed by the clock (all times are modelled, but the 10 s of a super long press).

    Taps count together while the button is down again in time; their code comes when it was not. A hold that is
    long enough is LONG when it ends, or SUPER_LONG as soon as it has lasted so long; taps right before it do not
    count. `press` is told each code.
    """

    def __init__(
        self, *, clock: Callable[[], float], profile: Profile, press: Callable[[Button], None]
    ) -> None:
        self._clock = clock
        self._press = press
        self._gap = profile.seconds("tap_gap")
        self._long = profile.seconds("long_press")
        self._super_long = profile.seconds("super_long_press")
        self._taps = 0
        self._down_since: float | None = None
        self._up_since = 0.0
        self._was_told = False

    def down(self) -> None:
        """The button is pressed down; nothing if it is."""
        if self._down_since is None:
            self._tell_taps_if_over()
            self._down_since = self._clock()
            self._was_told = False

    def up(self) -> None:
        """The button is let go; nothing if it is up."""
        if self._down_since is None:
            return
        self._tell_super_long_if_due()
        held = self._clock() - self._down_since
        self._down_since = None
        self._up_since = self._clock()
        if self._was_told:
            return
        if held < self._long:
            self._taps += 1
        else:
            self._taps = 0
            self._press(Button.LONG)

    @property
    def next_due(self) -> float | None:
        """The clock time at which `tick` has something to do."""
        if self._down_since is not None:
            return None if self._was_told else self._down_since + self._super_long
        return self._up_since + self._gap if self._taps else None

    def tick(self) -> None:
        """Tell the code whose time has come."""
        if self._down_since is None:
            self._tell_taps_if_over()
        else:
            self._tell_super_long_if_due()

    def _tell_taps_if_over(self) -> None:
        if self._taps and self._clock() >= self._up_since + self._gap:
            taps, self._taps = self._taps, 0
            self._press(TAPS[taps - 1] if taps <= len(TAPS) else Button.MULTI)

    def _tell_super_long_if_due(self) -> None:
        due = self.next_due
        if due is not None and due <= self._clock():
            self._was_told = True
            self._taps = 0
            self._press(Button.SUPER_LONG)
