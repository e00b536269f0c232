"""What can go wrong with the lab itself, as opposed to the job that runs in it."""

from __future__ import annotations

from hideez_bench.protocol.errors import BenchError


class LabUnavailable(BenchError):
    """The lab cannot run here: something is not installed, or this machine cannot have it."""


class GuestFailed(BenchError):
    """The guest did not start, or died under its job.

    Args:
        sentence: What happened and what to do.
        console: The last lines that the guest wrote on its console.
    """

    def __init__(self, sentence: str, console: list[str]) -> None:
        super().__init__(sentence)
        self.console = console
