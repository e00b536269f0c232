"""A key that is all script: it speaks the server's channel truly, and tells of itself what a test wants."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import (
    HOST_TO_KEY,
    KEY_TO_HOST,
    Opener,
    Sealer,
    answer_handshake,
    private_key,
    public_bytes,
)
from hideez_bench.protocol.hes import ProximitySettings
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.names import AccessLevel, Command, ErrorName, Lock
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.transport import ControlRequest, KeyRefused, MessageTransport, NoAnswer
from hideez_bench.protocol.values import AccessParams, DeviceInfo, Version
from hideez_bench.protocol.wire import default_wire


@dataclass
class FakeKey:
    """A scripted key, and the way to it.

    Attributes:
        root: its private root key; a copy of a key has the same.
        commands: every command that arrived, but for the reading of information.
        refuse: what it answers to a command instead of Ok.
        hold: a command that waits until `released`; `reached` tells that it has come.
        asks_master_key: whether its access level asks for the master key.
        writes_left: how many more records it takes; None for any number.
        records: what lies in its storage, by table and record.
        lost: every message meets a lost link; `mute`: no answer ever comes.
    """

    serial: str = "HK-1"
    link_required: bool = True
    locked: bool = False
    can_unlock: bool = False
    root: EllipticCurvePrivateKey = field(default_factory=lambda: private_key(secrets.token_bytes))
    commands: list[Command] = field(default_factory=list)
    refuse: dict[Command, ErrorName] = field(default_factory=dict)
    hold: Command | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    lost: bool = False
    mute: bool = False
    handshakes: int = 0
    master_key: MasterKey | None = None
    code: ActivationCode | None = None
    attempts: int = 0
    access_time: int = 0
    access_params: AccessParams | None = None
    asks_master_key: bool = False
    records: dict[tuple[int, int], bytes] = field(default_factory=dict)
    writes_left: int | None = None

    def __post_init__(self) -> None:
        self._ciphers: tuple[Opener, Sealer] | None = None

    @property
    def root_key(self) -> bytes:
        return public_bytes(self.root)

    def take(self, *, link_required: bool = False, locked: bool = False, can_unlock: bool = False) -> None:
        """Be in another state from now on."""
        self.link_required, self.locked, self.can_unlock = link_required, locked, can_unlock

    def replace_root_key(self) -> None:
        """Be another piece of hardware under the same serial number."""
        self.root = private_key(secrets.token_bytes)

    def forget_channel(self) -> None:
        """As a key does when its link ends."""
        self._ciphers = None

    async def control(self, request: ControlRequest, timeout: float) -> m.Answer:
        self._check_link(timeout)
        if isinstance(request, m.GetRootKey):
            return m.RootKey(ErrorName.Ok, self.root_key)
        assert isinstance(request, m.VerifyEncryption)
        self.handshakes += 1
        answer, keys = answer_handshake(request, self.root, secrets.token_bytes)
        self._ciphers = (
            Opener(request.channel, HOST_TO_KEY, keys.host_to_key),
            Sealer(request.channel, KEY_TO_HOST, keys.key_to_host),
        )
        return answer

    async def encrypted(self, envelope: m.Envelope, timeout: float) -> m.Envelope:
        self._check_link(timeout)
        if self._ciphers is None:
            raise KeyRefused("a message", ErrorName.ERR_ENCRYPTION_REQ)
        opener, sealer = self._ciphers
        request = default_wire().request.parse(opener.open(envelope))
        if request.command is self.hold:
            self.reached.set()
            await self.released.wait()
            self._check_link(timeout)
        return sealer.seal(default_wire().reply.build(self._reply(request)))

    def _check_link(self, timeout: float) -> None:
        if self.lost:
            raise LinkLost("The link to the key was lost.")
        if self.mute:
            raise NoAnswer(f"the key did not answer within {timeout:g} s")

    def _reply(self, request: m.Request) -> m.Reply:
        if isinstance(request, m.GetInfo):
            return m.Reply(request.command, body=self._info())
        self.commands.append(request.command)
        error = self.refuse.get(request.command, ErrorName.Ok)
        if isinstance(request, m.WriteStorage) and self.writes_left is not None:
            self.writes_left -= 1
            error = ErrorName.ERR_MESSAGE_TOO_LONG if self.writes_left < 0 else error
        if isinstance(request, m.DeleteStorage) and (request.table, request.record) not in self.records:
            error = ErrorName.ERR_NO_DATA
        if error is ErrorName.Ok:
            self._obey(request)
        return m.Reply(request.command, error)

    def _obey(self, request: m.Request) -> None:
        match request:
            case m.Link(key, attempts, code) | m.LockDeviceCode(key, attempts, code):
                self.master_key, self.attempts, self.code = key, attempts, code
                self.take(locked=True, can_unlock=True)
            case m.Access(time, _, params):
                self.access_time, self.access_params = time, params
            case m.Wipe(key):
                assert key == self.master_key
                self.take(link_required=True)
            case m.CheckPassphrase(key):
                assert key == self.master_key
                self.asks_master_key = False
            case m.WriteStorage(table, record, flags, offset, data):
                assert not self.asks_master_key
                assert not flags  # nothing here is so long that it takes two pieces
                assert offset == 0
                self.records[table, record] = data.reveal()
            case m.DeleteStorage(table, record):
                del self.records[table, record]
            case _:
                raise AssertionError(request)

    def _info(self) -> DeviceInfo:
        level, lock = AccessLevel(0), Lock(0)
        if self.link_required:
            level |= AccessLevel.LINK_REQUIRED
        if self.asks_master_key:
            level |= AccessLevel.MASTER_KEY_REQUIRED
        if self.locked:
            level |= AccessLevel.LOCKED
            lock |= Lock.BY_CODE
        if self.can_unlock:
            lock |= Lock.CAN_UNLOCK
        version = Version(3, 0, 0)
        return DeviceInfo(self.serial, version, version, 90, level, lock, 3, 0, 4, 1, 1, 1, 0, 0, 0, 512)


class Notices:
    """The notices that a workstation got from the server, in order, as (name, what it said)."""

    def __init__(self) -> None:
        self.notices: list[tuple[str, object]] = []

    def set_alarm_state(self, on: bool) -> None:
        self.notices.append(("set_alarm_state", on))

    def workstation_approved(self) -> None:
        self.notices.append(("workstation_approved", None))

    def workstation_unapproved(self) -> None:
        self.notices.append(("workstation_unapproved", None))

    def update_proximity_settings(self, settings: Sequence[ProximitySettings]) -> None:
        self.notices.append(("update_proximity_settings", list(settings)))

    def update_rfid_indicator_state(self, on: bool) -> None:
        self.notices.append(("update_rfid_indicator_state", on))

    def lock_hw_vault_storage(self, serial: str) -> None:
        self.notices.append(("lock_hw_vault_storage", serial))

    def lift_hw_vault_storage_lock(self, serial: str) -> None:
        self.notices.append(("lift_hw_vault_storage_lock", serial))


class FakeWorkstation(Notices):
    """A client's computer that relays to the keys on it."""

    def __init__(self, name: str, *keys: FakeKey) -> None:
        super().__init__()
        self.id = name
        self.keys = {key.serial: key for key in keys}
        self.channels: list[int] = []
        self.opens = asyncio.Event()
        self.opens.set()
        self.stubborn = False

    async def establish_remote_hw_vault_connection(self, serial: str, channel: int) -> MessageTransport:
        self.channels.append(channel)
        try:
            await self.opens.wait()
        except asyncio.CancelledError:
            if not self.stubborn:
                raise
            await self.opens.wait()
        return self.keys[serial]
