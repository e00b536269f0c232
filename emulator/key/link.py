"""One host's link to the key: packets to messages and back, control messages, and the notification of the state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.bootloader import refusal_of
from hideez_bench.emulator.key.channels import Channels
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.nvram import NvramError
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import ChannelError, ChannelKeys, answer_handshake, public_bytes
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.layout import UnknownMessage, WireError
from hideez_bench.protocol.names import AccessLevel, Button, ErrorName, PacketKind
from hideez_bench.protocol.packets import PacketError, Reassembler, fragment
from hideez_bench.protocol.values import DeviceState

WEAKEST_RSSI, STRONGEST_RSSI = -127, 20


@dataclass(frozen=True)
class Carrier:
    """What a link needs of those around it.

    `send` takes a packet for the host and `max_packet` tells how long one may be; `settle` is called after
    everything that may have changed the key, `closed` when the link is gone. `drop` ends the link from the key's
    side, once what was sent before is out.
    """

    send: Callable[[bytes], None]
    max_packet: Callable[[], int]
    settle: Callable[[], None]
    closed: Callable[[], None]
    on_fault: Callable[[BenchError], None]
    drop: Callable[[], None]


class KeyLink:
    """One connection of one host. Made by `Key.connect`."""

    channels_type: type[Channels] = Channels
    reassembler_type: type[Reassembler] = Reassembler

    def __init__(self, firmware: Firmware, host: str, number: int, carrier: Carrier) -> None:
        self.host = host
        self._firmware = firmware
        self._wire = firmware.wire
        self._carrier = carrier
        self._incoming = self.reassembler_type(self._wire)
        self._as_a_whole = Caller(host, number, self._wire.profile.channel("MAIN"))
        self.channels = self.channels_type(firmware, host, number, self._send, carrier.on_fault)
        self._status_interval = self._wire.profile.seconds("status_interval")
        self._is_open = True
        self._rssi: int | None = None
        self._status_due: float | None = None  # until the host's first write the key keeps silent
        self._told_level = AccessLevel(0)

    @property
    def rssi(self) -> int:
        """How well the key hears the host, in dBm (-127 to 20)."""
        return self._firmware.signal(self._firmware.clock()) if self._rssi is None else self._rssi

    @rssi.setter
    def rssi(self, value: int) -> None:
        if not WEAKEST_RSSI <= value <= STRONGEST_RSSI:
            raise BenchError(f"a signal is from {WEAKEST_RSSI} to {STRONGEST_RSSI} dBm, not {value}")
        self._rssi = value

    # --- for whoever hosts the key ---

    def receive(self, packet: bytes) -> None:
        """Take what the host wrote to the main characteristic, whatever it is."""
        if not self._is_open:
            return
        if self._status_due is None and not self._firmware.boot.runs:
            self._status_due = self._firmware.clock() + self._status_interval
            self._told_level = self._level()
        try:
            complete = self._incoming.add(packet)
        except PacketError as error:
            self._tell(m.ControlError(error.error))
            return
        if complete is not None:
            self._take(*complete)
            self._carrier.settle()

    def disconnected(self) -> None:
        """The link is gone; its channels end with it."""
        if self._is_open:
            self._is_open = False
            self.channels.close()
            self._firmware.forget_link(self._as_a_whole.link)
            self._carrier.closed()
            self._carrier.settle()

    # --- for the key ---

    def drop(self) -> None:
        """End the link, once what was sent before is out."""
        if self._is_open:
            self._carrier.drop()
            self.disconnected()

    @property
    def next_due(self) -> float | None:
        """The clock time at which `tick` has something to do."""
        dues = [due for due in (self._status_due, self.channels.next_due) if due is not None]
        return min(dues, default=None)

    def tick(self, now: float) -> None:
        """Do what is due: what the channels wait for, and STATUS."""
        self.channels.tick(now)
        if self._status_due is not None and self._status_due <= now:
            self._send_status(Button.NONE)

    def pressed(self, button: Button) -> None:
        """The button was pressed: tell the host, and end what waited for it.

        A long press says CANCELLED to every host: what it runs may be nothing that the key knows of.
        """
        self._send_status(button)
        if button is Button.LONG and self._status_due is not None:
            self._tell(m.Cancelled())
        self.channels.pressed(button)

    def announce_level(self) -> None:
        """Notify the state at once if the access level is another than the host was told."""
        if self._level() != self._told_level:
            self._send_status(Button.NONE)

    # --- control messages ---

    def _take(self, kind: PacketKind, message: bytes) -> None:
        try:
            if self._firmware.boot.runs:
                self._take_in_boot_mode(kind, message)
            elif kind is PacketKind.ENCRYPTED:
                self.channels.take(self._wire.envelope.parse(message))
            else:
                self._take_control(self._wire.to_key.parse(message))
        except UnknownMessage:
            self._tell(m.ControlError(ErrorName.ERR_UNKNOWN_MESSAGE))
        except WireError:
            self._tell(m.ControlError(ErrorName.WrongPayloadLength))

    def _take_control(self, message: m.ToKey) -> None:
        match message:
            case m.Cancel():
                self.channels.cancel()
            case m.GetRootKey():
                self._tell(m.RootKey(ErrorName.Ok, public_bytes(self._firmware.root_key)))
            case m.VerifyEncryption():
                self._verify(message)
            case m.ResetEncryption(channel):
                if self._can_be_verified(channel):
                    self.channels.drop(channel)
                    self._tell(m.EncryptionReset(ErrorName.Ok, channel))
                else:
                    self._tell(m.EncryptionReset(ErrorName.ERR_INVALID_PARAMETER))
            case _:
                # What boot mode and the serial line have, and the application over Bluetooth has not.
                self._tell(m.ControlError(ErrorName.ERR_UNSUPPORTED))

    def _take_in_boot_mode(self, kind: PacketKind, message: bytes) -> None:
        request = None if kind is PacketKind.ENCRYPTED else self._wire.to_key.parse(message)
        if isinstance(request, m.BootRequest):
            try:
                answer = self._firmware.boot.answer(request, self._firmware.battery)
            except NvramError as error:
                self._carrier.on_fault(error)
                answer = refusal_of(request, ErrorName.BOOT_STATUS_WRITE_ERROR)
            self._tell(answer)
        elif not isinstance(request, m.Cancel):
            self._tell(m.ControlError(ErrorName.ERR_UNSUPPORTED))

    def _verify(self, request: m.VerifyEncryption) -> None:
        if not self._can_be_verified(request.channel):
            self._tell(m.EncryptionVerified(ErrorName.ERR_INVALID_PARAMETER))
            return
        try:
            answer, keys = self._answer_handshake(request)
        except ChannelError:
            self._tell(m.EncryptionVerified(ErrorName.ERR_SC_INVALID_PUBKEY))
            return
        self._firmware.on_keys(request, answer, keys)
        self.channels.open(request.channel, keys)
        self._tell(answer)

    def _answer_handshake(self, request: m.VerifyEncryption) -> tuple[m.EncryptionVerified, ChannelKeys]:
        return answer_handshake(request, self._firmware.root_key, self._firmware.random)

    def _can_be_verified(self, channel: int) -> bool:
        return 0 < channel < self._wire.profile.size("channels")

    # --- what the host gets ---

    def _level(self) -> AccessLevel:
        return self._firmware.level(self._as_a_whole)

    def _send_status(self, button: Button) -> None:
        if self._status_due is None:
            return
        self._status_due = self._firmware.clock() + self._status_interval
        self._told_level = self._level()
        self._tell(m.Status(self.state(button, self._told_level)))

    def state(self, button: Button, level: AccessLevel) -> DeviceState:
        """What STATUS tells the host."""
        return DeviceState(
            battery=self._firmware.battery,
            rssi=self.rssi,
            pin_attempts=self._firmware.pin_attempts,
            storage_update_counter=self._firmware.state.storage_counter,
            button=button,
            access_level=level,
            other_connections=self._firmware.connections - 1,
        )

    def _tell(self, message: m.FromKey) -> None:
        self._send(PacketKind.CONTROL, self._wire.from_key.build(message))

    def _send(self, kind: PacketKind, message: bytes) -> None:
        # Every message leaves whole before the next one is begun, so that fragments never interleave.
        longest = max(self._carrier.max_packet(), self._wire.profile.size("packet_min"))
        for packet in fragment(self._wire, kind, message, longest):
            if self._is_open:
                self._carrier.send(packet)
