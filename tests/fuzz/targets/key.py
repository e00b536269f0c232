"""A whole key: whatever hosts, fingers and the power do, it answers in its own format and comes up again as it was."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from random import Random

from hideez_bench.emulator.key.key import Key
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import HOST_TO_KEY, KEY_TO_HOST, HostHandshake, Opener, Sealer
from hideez_bench.protocol.names import Button, ErrorName, PacketKind
from hideez_bench.protocol.packets import Reassembler, fragment
from hideez_bench.protocol.wire import TAG_SIZE, default_wire
from tests.fuzz.tape import Tape, recorded
from tests.key.desk import Desk
from tests.protocol.golden import load

WIRE = default_wire()
BUTTONS = list(Button)
CHANNELS = WIRE.profile.size("channels")
MOST_ATTEMPTS = WIRE.profile.size("attempts_max")
LONGEST = WIRE.profile.size("max_message")
LONGEST_PLAIN = LONGEST - len(WIRE.envelope.build(m.Envelope(0, 0, bytes(TAG_SIZE))))
SMALLEST_PACKET = WIRE.profile.size("packet_min")
MOST_EVENTS = 60


class Event(IntEnum):
    """What can happen to a key; in brackets what the tape then holds."""

    PACKET = 0
    """A host writes one packet (piece)."""
    CONTROL = 1
    """A host sends a control message (piece)."""
    ENVELOPE = 2
    """A host sends an envelope that it did not seal (piece)."""
    VERIFY = 3
    """A host opens a channel (number)."""
    REQUEST = 4
    """A host sends a request on the channel that it opened last (piece)."""
    PRESS = 5
    """The button is pressed (how)."""
    WAIT = 6
    """Time passes (tenths of a second)."""
    RECONNECT = 7
    """A host disconnects and comes back (by how much its packets are longer than the smallest)."""
    POWER = 8
    """The power goes and comes back."""


EVENT_OF = {"packet": Event.PACKET, "to_key": Event.CONTROL, "envelope": Event.ENVELOPE}
"""How golden messages reach the key, by their layer."""


class Host:
    """A host that keeps to the rules, so that its requests get through to the commands."""

    def __init__(self, key: Key, number: int, longer: int = 0) -> None:
        self._random = Random(number)  # noqa: S311 - the same each time, on purpose
        self._longest = SMALLEST_PACKET + longer
        self._incoming = Reassembler(WIRE)
        self._answers: dict[type, m.FromKey] = {}
        self._openers: dict[int, Opener] = {}
        self._sealer: Sealer | None = None
        self.link = key.connect(f"host {number}", self._hear, lambda: self._longest)

    def send(self, kind: PacketKind, message: bytes) -> None:
        """A whole message; an empty one, or one that is too long, has no packets."""
        if 0 < len(message) <= LONGEST:
            for packet in fragment(WIRE, kind, message, self._longest):
                self.link.receive(packet)

    def verify(self, channel: int) -> None:
        """Open a channel, after CANCEL: half a message may be lying about from before."""
        handshake = HostHandshake(channel, self._random.randbytes)
        for request in (m.Cancel(), m.GetRootKey(), handshake.request):
            self.send(PacketKind.CONTROL, WIRE.to_key.build(request))
        root, answer = self._answers.pop(m.RootKey), self._answers.pop(m.EncryptionVerified)
        assert isinstance(root, m.RootKey)
        assert isinstance(answer, m.EncryptionVerified)
        assert (answer.error is ErrorName.Ok) == (0 < channel < CHANNELS)
        if answer.error is ErrorName.Ok:
            assert root.root_public is not None
            keys = handshake.finish(answer, root.root_public)
            self._sealer = Sealer(channel, HOST_TO_KEY, keys.host_to_key)
            self._openers[channel] = Opener(channel, KEY_TO_HOST, keys.key_to_host)

    def request(self, plain: bytes) -> None:
        """Send a request, if a channel was ever opened."""
        if self._sealer is not None and len(plain) <= LONGEST_PLAIN:
            self.send(PacketKind.ENCRYPTED, WIRE.envelope.build(self._sealer.seal(plain)))

    def _hear(self, packet: bytes) -> None:
        """What the key says must be well-formed to the last byte."""
        assert len(packet) <= self._longest
        complete = self._incoming.add(packet)
        if complete is None:
            return
        kind, message = complete
        if kind is PacketKind.CONTROL:
            heard = WIRE.from_key.parse(message)
            self._answers[type(heard)] = heard
        else:
            envelope = WIRE.envelope.parse(message)
            WIRE.reply.parse(self._openers[envelope.channel].open(envelope))


class Scene:
    """A key on a desk and two hosts."""

    def __init__(self) -> None:
        self._desk = Desk()
        self._hosts = [Host(self._desk.key, number) for number in range(2)]

    def happen(self, event: Event, tape: Tape, number: int) -> None:
        """One event; `number` says to which host, where it is a host's."""
        host = self._hosts[number]
        match event:
            case Event.PACKET:
                host.link.receive(tape.piece())
            case Event.CONTROL:
                host.send(PacketKind.CONTROL, tape.piece())
            case Event.ENVELOPE:
                host.send(PacketKind.ENCRYPTED, tape.piece())
            case Event.VERIFY:
                host.verify(tape.byte())
            case Event.REQUEST:
                host.request(tape.piece())
            case Event.PRESS:
                self._desk.key.press(BUTTONS[tape.byte() % len(BUTTONS)])
            case Event.WAIT:
                self._desk.advance(tape.byte() / 10)
            case Event.RECONNECT:
                host.link.disconnected()
                self._hosts[number] = Host(self._desk.key, number, tape.byte())
            case Event.POWER:
                self.power_cycle()

    def power_cycle(self) -> None:
        """Switch off and on: what a person can see of the lock is the same."""
        before = self._desk.key.view
        after = self._desk.switch_on().view
        assert (after.linked, after.lock, after.unlock_attempts) == (
            before.linked,
            before.lock,
            before.unlock_attempts,
        )
        assert 0 <= after.unlock_attempts <= MOST_ATTEMPTS
        self._hosts = [Host(self._desk.key, number) for number in range(2)]

    def end(self) -> None:
        """The memory never failed, and still holds a key."""
        assert not self._desk.faults
        self.power_cycle()


def seeds() -> Iterator[bytes]:
    """Each golden request on a fresh key and on a linked one; control messages; a wipe by hand; noise between."""
    goldens = {golden.name: golden for golden in load()}
    requests = [golden.data for golden in goldens.values() if golden.layer == "request"]
    link = next(plain for plain in requests if WIRE.request.parse(plain).command == "LINK")
    for plain in requests:
        yield recorded([Event.VERIFY, 1, Event.REQUEST, plain])
        yield recorded([Event.VERIFY, 1, Event.REQUEST, link, Event.REQUEST, plain, Event.WAIT, 20])
    yield recorded([Event.VERIFY, 4, *(part for plain in requests for part in (Event.REQUEST, plain))])
    for golden in goldens.values():
        if golden.layer in EVENT_OF:
            yield recorded([Event.VERIFY, 1, EVENT_OF[golden.layer], golden.data, Event.WAIT, 10])
    wipe = WIRE.request.build(m.Wipe(None))
    hold = BUTTONS.index(Button.SUPER_LONG)
    yield recorded([Event.VERIFY, 1, Event.REQUEST, wipe, Event.WAIT, 60, Event.PRESS, hold, Event.POWER])
    yield recorded([Event.VERIFY, 1, Event.REQUEST, wipe, Event.RECONNECT, 200, Event.WAIT, 255])


def run(data: bytes) -> None:
    """The tape holds events; the bit above them says which of two hosts."""
    scene = Scene()
    tape = Tape(data)
    for _ in range(MOST_EVENTS):
        if not tape:
            break
        code = tape.byte()
        scene.happen(Event((code & 0x0F) % len(Event)), tape, code >> 4 & 1)
    scene.end()
