"""Mistakes with packets, answers, STATUS and what the key shows of itself."""

from __future__ import annotations

from dataclasses import replace

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.channel import Channel
from hideez_bench.emulator.key.channels import Channels
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.link import Carrier, KeyLink
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import AccessLevel, Button, Command, ErrorName, PacketKind
from hideez_bench.protocol.packets import Reassembler
from hideez_bench.protocol.values import DeviceInfo, DeviceState
from hideez_bench.protocol.wire import Wire


class FragmentsInAnyOrder(Reassembler):
    """The number of a fragment is not looked at."""

    def add(self, packet: bytes) -> tuple[PacketKind, bytes] | None:
        if packet:
            self._next = packet[0] >> 2 & 0x1F
        return super().add(packet)


class AnyLengthOfMessage(Reassembler):
    """A message may be longer than the format allows."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._limit = 2**16


class LengthNotChecked(Channels):
    """Bytes after the end of a request are not noticed."""

    def parse(self, plain: bytes) -> m.Request:
        for end in range(len(plain), 0, -1):
            try:
                return super().parse(plain[:end])
            except WireError:
                continue
        return super().parse(plain)


class UnknownCommandIsOk(Channels):
    """A command that the key does not know is answered with Ok."""

    def _take_unknown(self, channel: Channel) -> None:
        self._reply(channel, m.Reply(Command.PING, body=""))


class WrongErrorNumber(Channels):
    """A wrong code is answered with the error for a wrong master key."""

    def _reply(self, channel: Channel, reply: m.Reply) -> None:
        wrong = reply.error is ErrorName.ERR_PIN_WRONG
        super()._reply(channel, replace(reply, error=ErrorName.ERR_KEY_WRONG) if wrong else reply)


class WrongAttemptsInInfo(Firmware):
    """GET_INFO tells one attempt more than there is."""

    def device_info(self, caller: Caller) -> DeviceInfo:
        info = super().device_info(caller)
        return replace(info, unlock_attempts=info.unlock_attempts + 1)


class StatusBeforeFirstWrite(KeyLink):
    """STATUS is sent as soon as a host is connected."""

    def __init__(self, firmware: Firmware, host: str, number: int, carrier: Carrier) -> None:
        super().__init__(firmware, host, number, carrier)
        self._status_due = firmware.clock() + self._status_interval


class StatusTooRare(KeyLink):
    """STATUS comes every five seconds instead of twice in one."""

    def __init__(self, firmware: Firmware, host: str, number: int, carrier: Carrier) -> None:
        super().__init__(firmware, host, number, carrier)
        self._status_interval *= 10


class PressUnsaid(KeyLink):
    """A press of the button is not told to the host."""

    def _send_status(self, button: Button) -> None:
        super()._send_status(Button.NONE)


class LongPressUnsaid(KeyLink):
    """A long press does not tell the hosts to cancel."""

    def _tell(self, message: m.FromKey) -> None:
        if not isinstance(message, m.Cancelled):
            super()._tell(message)


class LevelChangeUnsaid(KeyLink):
    """A change of the access level is told with the next STATUS only."""

    def announce_level(self) -> None:
        self._told_level = self._level()


class WrongRssi(KeyLink):
    """STATUS has the charge where the RSSI belongs."""

    def state(self, button: Button, level: AccessLevel) -> DeviceState:
        return replace(super().state(button, level), rssi=min(self._firmware.battery, 20))


class CountsItself(KeyLink):
    """STATUS counts the host's own link among the others."""

    def state(self, button: Button, level: AccessLevel) -> DeviceState:
        return replace(super().state(button, level), other_connections=self._firmware.connections)


class BootByte(Key):
    """The info characteristic says boot mode while the application runs."""

    def info_characteristic(self) -> bytes:
        return b"\x01" + super().info_characteristic()[1:]


class NameOfTheSample(Key):
    """The Bluetooth name is that of the first sample, whatever the serial number."""

    @property
    def local_name(self) -> str:
        return f"{self.identity.model.name_prefix}-00000"


DEFECTS: dict[type, str] = {
    FragmentsInAnyOrder: "F-015",
    AnyLengthOfMessage: "F-017",
    LengthNotChecked: "F-015",
    UnknownCommandIsOk: "F-016",
    WrongErrorNumber: "C-001",
    WrongAttemptsInInfo: "C-001",
    StatusBeforeFirstWrite: "F-006",
    StatusTooRare: "F-007",
    PressUnsaid: "F-009",
    LongPressUnsaid: "E-020",
    LevelChangeUnsaid: "D-001",
    WrongRssi: "F-008",
    CountsItself: "F-007",
    BootByte: "E-013",
    NameOfTheSample: "F-002",
}
"""The classes here, and the behaviour that each breaks."""
