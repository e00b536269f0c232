"""Steps 9, 10 and 17: the server learns that the key hangs here, and says whose it is and what it wants done."""

from __future__ import annotations

from hideez_bench.harness.client.session import Session
from hideez_bench.harness.timeline import Actor, Kind
from hideez_bench.protocol.hes import ConnectionState


async def register(session: Session) -> None:
    """Report the key as Initializing, which every remote command needs; without a server there is nothing to do.

    Raises:
        HesError: the server refuses the key.
    """
    key = session.connected
    key.state = ConnectionState.INITIALIZING
    session.workstation.key_connected(key.serial, key.transport)
    key.registered = True
    if session.hes.is_connected:
        told = await session.hes.update_hw_vault_properties(key.report(), return_info=True)
        session.hes_info = told or session.hes_info
        session.workstation.state.owners[key.serial] = session.hes_info


def finish(session: Session) -> None:
    """The flow is at its end: the key is Online."""
    key = session.connected
    key.state = ConnectionState.ONLINE
    key.finished = True
    session.timeline.tell(Actor.CLIENT, f"has key {key.serial} online", kind=Kind.GOOD)


async def report_online(session: Session) -> None:
    """Tell the server so.

    Raises:
        HesError: it cannot be told.
    """
    if session.hes.is_connected:
        await session.hes.update_hw_vault_properties(session.connected.report(), return_info=False)
