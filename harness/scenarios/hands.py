"""The hands on a key's button: they press when somebody is asked to, and from then on whenever the key blinks green."""

from __future__ import annotations

from collections.abc import Callable

from hideez_bench.emulator.key.view import KeyView, Led


class Hands:
    """Of somebody who looks at screen and key, if `attentive`.

    Args:
        press: is called for a short press.
        blinks: is called when the key begins to blink green, before it is pressed.
    """

    def __init__(
        self, press: Callable[[], None], blinks: Callable[[], None] = lambda: None, *, attentive: bool = True
    ) -> None:
        self.attentive = attentive
        self._press = press
        self._blinks = blinks
        self._led = Led.OFF
        self._expects_green = False

    def begin_to_pair(self) -> None:
        """A press, and from now on one at green."""
        self._expects_green = True
        self._press()

    def asked(self) -> None:
        """The client asks for a press."""
        if self.attentive:
            self.begin_to_pair()

    def saw(self, view: KeyView) -> None:
        """The key has changed before somebody's eyes."""
        began_to_blink = view.led is Led.GREEN_BLINKS and self._led is not Led.GREEN_BLINKS
        self._led = view.led
        if began_to_blink:
            self._blinks()
            if self.attentive and self._expects_green:
                self._press()
