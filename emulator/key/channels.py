"""The encrypted channels of one link, and the requests on them from envelope to reply."""

from __future__ import annotations

from collections.abc import Callable

from hideez_bench.emulator.key.access import BY_BUTTON, Caller
from hideez_bench.emulator.key.channel import Channel, Delayed
from hideez_bench.emulator.key.commands.rules import Rule, execute, rule_of
from hideez_bench.emulator.key.firmware import Firmware, Waiting
from hideez_bench.emulator.key.nvram import NvramError
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import ChannelError, ChannelKeys
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import Button, Command, ErrorName, PacketKind, WipeResult


class Channels:
    """What is verified on one link. `send` takes a whole message for the host."""

    channel_type: type[Channel] = Channel

    def __init__(
        self,
        firmware: Firmware,
        host: str,
        link: int,
        send: Callable[[PacketKind, bytes], None],
        on_fault: Callable[[BenchError], None],
    ) -> None:
        self._firmware = firmware
        self._wire = firmware.wire
        self._host = host
        self._link = link
        self._send = send
        self._on_fault = on_fault
        self._open: dict[int, Channel] = {}
        numbers = self._wire.profile.numbers("command")
        self._commands = {numbers[command]: command for command in Command}

    # --- opening and closing ---

    def open(self, number: int, keys: ChannelKeys) -> None:
        """A channel was verified; one that was open under its number is closed."""
        self.drop(number)
        self._open[number] = self.channel_type(self._wire, number, keys)

    def drop(self, number: int) -> None:
        """Forget a channel's keys and what it was at work on."""
        channel = self._open.pop(number, None)
        self._firmware.forget_channel(self._caller(number))
        if channel is not None and self._stop_waiting(channel) is Command.WIPE:
            self._tell(m.WipeStatus(WipeResult.CANCELLED))

    def close(self) -> None:
        """The link is gone."""
        for channel in self._open.values():
            self._stop_waiting(channel)
        self._open.clear()

    # --- requests ---

    def take(self, envelope: m.Envelope) -> None:
        """Open an envelope and carry out the request in it, or put it off until it is due."""
        channel = self._open.get(envelope.channel)
        if channel is None:
            self._take_unverified(envelope)
            return
        try:
            plain = channel.open(envelope)
        except ChannelError:
            self.drop(channel.number)
            self._tell(m.ControlError(ErrorName.InvalidMessageSignuture))
            return
        command = self._commands.get(plain[0]) if plain else None
        if command is None:
            self._take_unknown(channel)
        elif channel.busy:
            self._reply(channel, m.Reply(command, ErrorName.ERR_CHANNEL_BUSY))
        else:
            self._take_request(channel, command, plain)

    def _take_unverified(self, envelope: m.Envelope) -> None:
        self._tell(m.ControlError(ErrorName.ERR_ENCRYPTION_REQ))

    def _take_unknown(self, channel: Channel) -> None:
        self._tell(m.ControlError(ErrorName.ERR_UNKNOWN_MESSAGE))  # a reply could not name the command

    def _take_request(self, channel: Channel, command: Command, plain: bytes) -> None:
        try:
            request = self.parse(plain)
        except WireError:
            self._reply(channel, m.Reply(command, ErrorName.ERR_INVALID_PARAMETER))
            return
        delay = self._firmware.key_delay if self.rule(request).proves_key else 0.0
        if delay:
            channel.delayed = Delayed(request, self._firmware.clock() + delay)
        else:
            self._execute(channel, request)

    def parse(self, plain: bytes) -> m.Request:
        """The request in the bytes of an envelope.

        Raises:
            WireError: they are none.
        """
        return self._wire.request.parse(plain)

    def rule(self, request: m.Request) -> Rule:
        """When the request is taken, and what it then does."""
        return rule_of(request)

    def _execute(self, channel: Channel, request: m.Request) -> None:
        caller, rule = self._caller(channel.number), self.rule(request)
        self._answer(channel, request.command, lambda: execute(rule, self._firmware, caller, request))

    def _answer(self, channel: Channel, command: Command, operation: Callable[[], m.Body | Waiting]) -> None:
        try:
            body = operation()
        except Refused as refused:
            reply = m.Reply(command, refused.error)
        except NvramError as error:
            self._on_fault(error)
            reply = m.Reply(command, ErrorName.ERR_HARDWARE_FAULT)
        else:
            if isinstance(body, Waiting):
                channel.waiting = body
                self._send_busy(channel, body, self._firmware.clock())
                return
            reply = m.Reply(command, body=body)
        self._reply(channel, reply)

    def _reply(self, channel: Channel, reply: m.Reply) -> None:
        self._send(PacketKind.ENCRYPTED, channel.seal(reply))

    # --- what waits ---

    @property
    def next_due(self) -> float | None:
        """The clock time at which `tick` has something to do."""
        dues = [channel.delayed.due for channel in self._open.values() if channel.delayed]
        dues += [min(waiting.busy_due, waiting.ends) for _, waiting in self._waiting()]
        return min(dues, default=None)

    def tick(self, now: float) -> None:
        """Look at the requests whose time has come; tell the host that the key is busy, or that time is up."""
        for channel in list(self._open.values()):
            delayed = channel.delayed
            if delayed is not None and delayed.due <= now:
                channel.delayed = None
                self._execute(channel, delayed.request)
        for channel, waiting in self._waiting():
            if waiting.ends <= now:
                self._give_up(channel, WipeResult.TIMED_OUT, ErrorName.ERR_TIMEOUT)
            elif waiting.busy_due <= now:
                self._send_busy(channel, waiting, now)

    def confirm(self) -> None:
        """A press that counts for all that is asked of the button on this link, whatever channel it is on."""
        for number in {self._wire.profile.channel("MAIN"), *self._open}:
            self._firmware.access.grant(self._caller(number), BY_BUTTON, self._firmware.time)
        for channel, waiting in self._waiting():
            if waiting.command is Command.CONFIRM:
                self._stop_waiting(channel)
                self._reply(channel, m.Reply(Command.CONFIRM))

    def pressed(self, button: Button) -> None:
        """What a press means to what waits: to a wipe, hold to wipe, anything short or long to keep."""
        for channel, waiting in self._waiting():
            is_wipe = waiting.command is Command.WIPE
            if is_wipe and button is Button.SUPER_LONG:
                self._confirm_wipe(channel)
            elif button is Button.LONG or (is_wipe and button is Button.SINGLE):
                self._cancel(channel)

    def cancel(self) -> None:
        """Give up what waits for the user."""
        for channel, _ in self._waiting():
            self._cancel(channel)

    def _waiting(self) -> list[tuple[Channel, Waiting]]:
        return [(channel, channel.waiting) for channel in self._open.values() if channel.waiting]

    def _confirm_wipe(self, channel: Channel) -> None:
        self._tell(m.WipeStatus(WipeResult.WIPE_OK))  # sent when a wipe starts, not when it has ended
        self._stop_waiting(channel)
        self._answer(channel, Command.WIPE, self._firmware.wipe)

    def _cancel(self, channel: Channel) -> None:
        self._give_up(channel, WipeResult.CANCELLED, ErrorName.ERR_OPERATION_CANCELED)

    def _give_up(self, channel: Channel, result: WipeResult, error: ErrorName) -> None:
        command = self._stop_waiting(channel)
        if command is Command.WIPE:
            self._tell(m.WipeStatus(result))
        if command is not None:
            self._reply(channel, m.Reply(command, error))

    def _stop_waiting(self, channel: Channel) -> Command | None:
        """The command that waited, if one did."""
        waiting, channel.waiting = channel.waiting, None
        if waiting is None:
            return None
        if waiting is self._firmware.wipe_request:
            self._firmware.wipe_request = None
        return waiting.command

    def _send_busy(self, channel: Channel, waiting: Waiting, now: float) -> None:
        waiting.busy_due = now + self._wire.profile.seconds("busy_interval")
        self._tell(m.Busy(channel.number))

    def _tell(self, message: m.FromKey) -> None:
        self._send(PacketKind.CONTROL, self._wire.from_key.build(message))

    def _caller(self, channel: int) -> Caller:
        return Caller(self._host, self._link, channel)
