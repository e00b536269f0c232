"""Loading licences and asking for them."""

from __future__ import annotations

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.licences import active_license, choose_slot
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.values import License


def load_license(firmware: Firmware, caller: Caller, request: m.LoadLicense) -> None:
    """LOAD_LICENSE."""
    firmware.check_license(request.data)
    licenses = firmware.state.licenses
    slot = request.slot
    if slot is None:
        slot = choose_slot(firmware.wire, licenses, request.data)
    firmware.change(licenses={**licenses, slot: request.data})


def query_license(firmware: Firmware, caller: Caller, request: m.QueryLicense) -> License:
    """QUERY_LICENSE."""
    data = firmware.state.licenses.get(request.slot)
    if data is None:
        raise Refused(ErrorName.ERR_NO_LICENSE)
    return firmware.wire.license.parse(data)


def query_active_license(firmware: Firmware, caller: Caller, request: m.QueryActiveLicense) -> License:
    """QUERY_ACTIVE_LICENSE."""
    if not firmware.state.licenses:
        raise Refused(ErrorName.ERR_NO_LICENSE)
    return active_license(firmware.wire, firmware.state.licenses, firmware.time)
