"""A stand-in for BlueZ on a private message bus, on which unmodified bless and bleak meet.

It needs a dbus-daemon, and neither root, nor a kernel module, nor an adapter.
"""

from hideez_bench.emulator.radio.loopback.radio import LoopbackRadio

__all__ = ["LoopbackRadio"]
