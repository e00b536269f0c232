"""How a flow can end: what the person sees, and what becomes of bond and link, as one table."""

from __future__ import annotations

from dataclasses import dataclass

from hideez_bench.harness.client.errors import FlowCancelled, GetActivationCodeTimeout
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesErrorCode


@dataclass(frozen=True)
class EndState:
    """What a failed flow leaves: whether the person is told, whether the bond is deleted. The link always ends."""

    silent: bool = False
    delete_bond: bool = False


DONGLE_FORGETS = {
    HesErrorCode.HesDeviceNotFound,
    HesErrorCode.HesDeviceCompromised,
    HesErrorCode.HesDeviceLinkedToAnotherServer,
}


def end_state(error: BenchError, stack: Stack) -> EndState:
    """The row of the client's error table for an error.

    | error                                              | person is told | bond                     |
    |----------------------------------------------------|----------------|--------------------------|
    | not found, compromised, linked to another server   | yes            | deleted with the dongle  |
    | has been wiped                                     | yes            | deleted                  |
    | no code in time, cancelled                         | no             | kept                     |
    | anything else                                      | yes            | kept                     |
    """
    if isinstance(error, HesError) and error.code is HesErrorCode.DeviceHasBeenWiped:
        return EndState(delete_bond=True)
    if isinstance(error, HesError) and error.code in DONGLE_FORGETS:
        return EndState(delete_bond=stack is Stack.DONGLE)
    if isinstance(error, GetActivationCodeTimeout | FlowCancelled):
        return EndState(silent=True)
    return EndState()
