"""Every message, under one name: `messages as m`. Each stands in one of three modules, by where it travels."""

from __future__ import annotations

# All there is, on purpose: one name for every message is what this module is for.
from hideez_bench.protocol.boot_messages import *  # noqa: F403
from hideez_bench.protocol.command_messages import *  # noqa: F403
from hideez_bench.protocol.control_messages import *  # noqa: F403
