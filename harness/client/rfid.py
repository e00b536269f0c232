"""Finding a key by the radio tag in it: the server knows the address that the key has on the air."""

from __future__ import annotations

from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesConnection, HwVaultShortInfo


async def find_by_rfid(hes: HesConnection, rfid: str, behaviour: Behaviour = MEANT) -> HwVaultShortInfo:
    """Which key has this radio tag, as the server knows it.

    Raises:
        BenchError: it knows none, cannot be asked, or is never asked (as shipped).
    """
    if behaviour.rfid_fails:
        raise BenchError(
            "The key was not looked for: the shipped client reads what it knows of a key before it has asked."
        )
    return await hes.get_hw_vault_info_by_rfid(rfid)
