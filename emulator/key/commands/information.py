"""What a key tells of itself."""

from __future__ import annotations

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.values import AccessParams, DeviceInfo


def ping(firmware: Firmware, caller: Caller, request: m.Ping) -> str:
    """PING."""
    return request.text


def get_info(firmware: Firmware, caller: Caller, request: m.GetInfo) -> DeviceInfo:
    """GET_INFO."""
    return firmware.device_info(caller)


def get_access_profile(firmware: Firmware, caller: Caller, request: m.GetAccessProfile) -> AccessParams:
    """GET_ACCESS_PROFILE; before the first ACCESS there is none."""
    if firmware.state.access is None:
        raise Refused(ErrorName.ERR_NO_DATA)
    return firmware.state.access
