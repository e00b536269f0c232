"""The encrypted channels of one link, and the requests on them from envelope to reply."""

from __future__ import annotations

from collections.abc import Callable

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.channel import Channel, Delayed
from hideez_bench.emulator.key.commands import Later, Rule, execute, rule_of
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.nvram import NvramError
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import ChannelError, ChannelKeys
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import Button, Command, Condition, ErrorName, PacketKind, WipeResult


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
        self._firmware.access.forget_channel(self._caller(number))
        if channel is not None and channel.waits_for_user:
            self._firmware.wipe_request = None
            self._tell(m.WipeStatus(WipeResult.CANCELLED))

    def close(self) -> None:
        """The link is gone."""
        if self.has_wipe_request:
            self._firmware.wipe_request = None
        self._open.clear()

    def grant(self, satisfied: Condition) -> None:
        """The user has satisfied these conditions for the link and every channel that is open."""
        for number in {self._wire.profile.channel("MAIN"), *self._open}:
            self._firmware.access.grant(self._caller(number), satisfied)

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

    def _answer(self, channel: Channel, command: Command, operation: Callable[[], m.Body | Later]) -> None:
        try:
            body = operation()
        except Refused as refused:
            reply = m.Reply(command, refused.error)
        except NvramError as error:
            self._on_fault(error)
            reply = m.Reply(command, ErrorName.ERR_HARDWARE_FAULT)
        else:
            if body is Later.LATER:
                channel.waits_for_user = True
                self._send_busy(self._firmware.clock())
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
        wipe = self._firmware.wipe_request
        if wipe is not None and self.has_wipe_request:
            dues.append(min(wipe.busy_due, wipe.ends))
        return min(dues, default=None)

    def tick(self, now: float) -> None:
        """Look at the requests whose time has come; tell the host that the key is busy, or that time is up."""
        for channel in list(self._open.values()):
            delayed = channel.delayed
            if delayed is not None and delayed.due <= now:
                channel.delayed = None
                self._execute(channel, delayed.request)
        wipe = self._firmware.wipe_request
        if wipe is None or not self.has_wipe_request:
            return
        if wipe.ends <= now:
            self._give_up_wipe(WipeResult.TIMED_OUT, ErrorName.ERR_TIMEOUT)
        elif wipe.busy_due <= now:
            self._send_busy(now)

    @property
    def has_wipe_request(self) -> bool:
        """The wipe that waits for the user was asked for on this link."""
        wipe = self._firmware.wipe_request
        return wipe is not None and wipe.caller.link == self._link

    def pressed(self, button: Button) -> None:
        """What a press means to the wipe that waits for one: hold to wipe, anything short or long to keep."""
        if not self.has_wipe_request:
            return
        if button is Button.SUPER_LONG:
            self._confirm_wipe()
        elif button in (Button.SINGLE, Button.LONG):
            self.cancel()

    def cancel(self) -> None:
        """Give up what waits for the user."""
        if self.has_wipe_request:
            self._give_up_wipe(WipeResult.CANCELLED, ErrorName.ERR_OPERATION_CANCELED)

    def _confirm_wipe(self) -> None:
        self._tell(m.WipeStatus(WipeResult.WIPE_OK))  # sent when a wipe starts, not when it has ended
        self._answer(self._end_wipe_request(), Command.WIPE, self._firmware.wipe)

    def _give_up_wipe(self, result: WipeResult, error: ErrorName) -> None:
        self._tell(m.WipeStatus(result))
        self._reply(self._end_wipe_request(), m.Reply(Command.WIPE, error))

    def _end_wipe_request(self) -> Channel:
        self._firmware.wipe_request = None
        channel = next(channel for channel in self._open.values() if channel.waits_for_user)
        channel.waits_for_user = False
        return channel

    def _send_busy(self, now: float) -> None:
        wipe = self._firmware.wipe_request
        if wipe is not None:
            wipe.busy_due = now + self._wire.profile.seconds("busy_interval")
            self._tell(m.Busy(wipe.caller.channel))

    def _tell(self, message: m.FromKey) -> None:
        self._send(PacketKind.CONTROL, self._wire.from_key.build(message))

    def _caller(self, channel: int) -> Caller:
        return Caller(self._host, self._link, channel)
