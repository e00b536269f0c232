"""The host's view of a key, by the vendor's command names, on one encrypted channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import (
    HOST_TO_KEY,
    KEY_TO_HOST,
    AnotherRootKey,
    ChannelError,
    HostHandshake,
    KeysMade,
    Opener,
    Random,
    Sealer,
)
from hideez_bench.protocol.names import Command, ErrorName, WriteFlag
from hideez_bench.protocol.secret import ActivationCode, MasterKey, Otp, Pin, StorageData
from hideez_bench.protocol.transport import KeyRefused, MessageTransport, NoAnswer
from hideez_bench.protocol.values import (
    AccessParams,
    DeviceInfo,
    License,
    LogChunk,
    StorageChunk,
    StorageRecords,
)
from hideez_bench.protocol.wire import TAG_SIZE, Wire

B = TypeVar("B")
BLOCK = 128


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a host waits for each kind of answer; `block` for each 128 bytes of a command after the first."""

    command: float = 5.0
    root_key: float = 2.0
    verify: float = 10.0
    block: float = 0.0

    def of_command(self, size: int) -> float:
        """How long to wait for the answer to a command of so many bytes."""
        return self.command + max(size - 1, 0) // BLOCK * self.block


LOCAL = Timeouts()
"""On a link of one's own (client settings DefaultCommandTimeout, GetRootKeyCommandTimeout, VerifyCommandTimeout)."""

REMOTE = Timeouts(command=10.0, root_key=10.0, verify=10.0, block=10.0)
"""Through a relay (client settings DefaultRemoteCommandTimeout, RemoteGetRootkeyTimeout, RemoteVerify…)."""

Traffic = m.Request | m.Reply


class KeyDevice:
    """One channel to one key.

    Every command raises `KeyRefused` when the key answers with an error, `NoAnswer` when it does not answer in
    time, and `LinkLost` when the link goes.

    Attributes:
        root_key: the key's public root key. None until it is first seen; given at the start, it is insisted upon.
    """

    def __init__(
        self,
        transport: MessageTransport,
        channel: int,
        *,
        wire: Wire,
        random: Random,
        timeouts: Timeouts = LOCAL,
        root_key: bytes | None = None,
        observe: Callable[[bool, Traffic], None] = lambda to_key, message: None,
        on_keys: KeysMade = lambda request, answer, keys: None,
    ) -> None:
        self.channel = channel
        self.root_key = root_key
        self._transport = transport
        self._wire = wire
        self._random = random
        self._timeouts = timeouts
        self._observe = observe
        self._on_keys = on_keys
        self._ciphers: tuple[Sealer, Opener] | None = None
        self._info: DeviceInfo | None = None

    @property
    def info(self) -> DeviceInfo:
        """What the latest `refresh_device_info` told."""
        if self._info is None:
            raise RuntimeError("refresh_device_info comes first")
        return self._info

    async def verify_and_initialize(self) -> DeviceInfo:
        """Open the channel as `verify`, and read the key's information."""
        await self.verify()
        return await self.refresh_device_info()

    async def verify(self) -> None:
        """Open the channel and make sure of the key.

        Raises:
            ChannelError: the key did not prove itself; `AnotherRootKey` where it is another than `root_key` says.
        """
        answer = await self._transport.control(m.GetRootKey(), self._timeouts.root_key)
        if not isinstance(answer, m.RootKey):
            raise ChannelError("the key answered GET_ROOT_KEY with another message")
        if answer.root_public is None:
            raise KeyRefused("GET_ROOT_KEY", answer.error)
        if self.root_key is not None and answer.root_public != self.root_key:
            raise AnotherRootKey(
                "this key shows another root key than it did before; nothing was sent to it. "
                "It is another key under the same serial number, or somebody stands in between"
            )
        handshake = HostHandshake(self.channel, self._random)
        verified = await self._transport.control(handshake.request, self._timeouts.verify)
        if not isinstance(verified, m.EncryptionVerified):
            raise ChannelError("the key answered the handshake with another message")
        if verified.error is not ErrorName.Ok:
            raise KeyRefused("VERIFY_ENCRYPTION", verified.error)
        keys = handshake.finish(verified, answer.root_public)
        self._on_keys(handshake.request, verified, keys)
        self.root_key = answer.root_public
        self._ciphers = (
            Sealer(self.channel, HOST_TO_KEY, keys.host_to_key),
            Opener(self.channel, KEY_TO_HOST, keys.key_to_host),
        )

    async def refresh_device_info(self) -> DeviceInfo:
        """Read the key's information again; `info` holds it from then on."""
        self._info = await self._ask(m.GetInfo(), DeviceInfo)
        return self._info

    async def ping(self, text: str) -> str:
        """Say something; the key says it back."""
        return await self._ask(m.Ping(text), str)

    async def link(self, key: MasterKey, code: ActivationCode, attempts: int) -> None:
        """Give a factory key its master key; it is then locked by `code`."""
        await self.request(m.Link(key, attempts, code))

    async def access(self, time: int, key: MasterKey, params: AccessParams) -> None:
        """Set the clock (Unix seconds) and the access profile."""
        await self.request(m.Access(time, key, params))

    async def lock_device_code(self, key: MasterKey, code: ActivationCode, attempts: int) -> None:
        """Lock the key with a new code."""
        await self.request(m.LockDeviceCode(key, attempts, code))

    async def unlock_device_code(self, code: ActivationCode) -> None:
        """Try an activation code."""
        await self.request(m.UnlockDeviceCode(code))

    async def check_passphrase(self, key: MasterKey) -> None:
        """Satisfy what the access profile asks of the master key."""
        await self.request(m.CheckPassphrase(key))

    async def change_passphrase(self, old: MasterKey, new: MasterKey) -> None:
        """Replace the master key."""
        await self.request(m.ChangePassphrase(old, new))

    async def get_access_profile(self) -> AccessParams:
        """Read the access profile in force."""
        return await self._ask(m.GetAccessProfile(), AccessParams)

    async def enter_boot(self, key: MasterKey) -> None:
        """Restart the key in boot mode; the link drops after its reply."""
        await self.request(m.EnterBoot(key))

    async def unlock(self, key: MasterKey) -> None:
        """Unlock with the master key."""
        await self.request(m.Unlock(key))

    async def wipe(self, key: MasterKey | None) -> None:
        """Back to factory: at once with the master key; without it the user confirms on the key."""
        await self.request(m.Wipe(key))

    async def load_license(self, data: bytes, slot: int | None = None) -> None:
        """Store a licence, in a slot of the key's choice where none is named."""
        await self.request(m.LoadLicense(slot, data))

    async def query_license(self, slot: int) -> License:
        """Read the licence of a slot."""
        return await self._ask(m.QueryLicense(slot), License)

    async def query_active_license(self) -> License:
        """Read the licence that is in force."""
        return await self._ask(m.QueryActiveLicense(), License)

    # --- PIN and button ---

    async def set_pin(self, new: Pin, old: Pin | None = None) -> None:
        """Set a PIN, by the old one where there is one."""
        await self.request(m.SetPin(new, old))

    async def force_set_pin(self, new: Pin, key: MasterKey) -> None:
        """Set a PIN by the master key."""
        await self.request(m.ForceSetPin(new, key))

    async def enter_pin(self, pin: Pin) -> None:
        """Satisfy what the access profile asks of the PIN."""
        await self.request(m.EnterPin(pin))

    async def confirm(self, seconds: int = 15) -> None:
        """Have the user press the button within so many seconds."""
        await self.request(m.Confirm(seconds))

    # --- storage and log: whole records, in as many messages as they take ---

    async def read_storage(self, table: int, record: int) -> StorageData:
        """Read a record."""
        read = bytearray()
        while True:
            chunk = await self._ask(m.ReadStorage(table, record, len(read)), StorageChunk)
            read += self._more(chunk.data.reveal(), len(read), chunk.total, "READ_STORAGE")
            if len(read) >= chunk.total:
                return StorageData(bytes(read))

    async def write_storage(self, table: int, record: int, data: StorageData) -> None:
        """Write a record; it takes effect as a whole, with its last piece."""
        whole = data.reveal()
        step = self._room_for_data(m.WriteStorage(table, record, WriteFlag(0), 0, StorageData(b"")))
        for offset in range(0, max(len(whole), 1), step):
            flags = WriteFlag.MORE_FOLLOWS if offset + step < len(whole) else WriteFlag(0)
            piece = StorageData(whole[offset : offset + step])
            await self.request(m.WriteStorage(table, record, flags, offset, piece))

    async def delete_storage(self, table: int, record: int) -> None:
        """Delete a record."""
        await self.request(m.DeleteStorage(table, record))

    async def enum_records(self, table: int) -> list[int]:
        """The numbers of all records of a table, ascending; record 0 is not among them."""
        found = [0]
        while True:
            answer = await self._ask(m.EnumStorage(table, found[-1]), StorageRecords)
            if not answer.records:
                return found[1:]
            if sorted({found[-1], *answer.records}) != [found[-1], *answer.records]:
                raise ChannelError("the key answered ENUM_STORAGE with records out of order")
            found += answer.records

    async def get_otp(self, table: int, record: int) -> Otp:
        """The one-time password of now, made from the secret in a record."""
        return await self._ask(m.GetOtp(table, record), Otp)

    async def fetch_log(self) -> bytes:
        """Read the key's log."""
        read = bytearray()
        while True:
            chunk = await self._ask(m.FetchLog(len(read)), LogChunk)
            read += self._more(chunk.data, len(read), chunk.total, "FETCH_LOG")
            if len(read) >= chunk.total:
                return bytes(read)

    async def clear_log(self) -> None:
        """Empty the key's log."""
        await self.request(m.ClearLog())

    # --- any request ---

    async def request(self, request: m.Request) -> m.Body:
        """Send any request and return the body of its reply."""
        self._observe(True, request)
        reply = await self._exchange(self._wire.request.build(request), request.command)
        self._observe(False, reply)
        if reply.error is not ErrorName.Ok:
            raise KeyRefused(request.command, reply.error)
        return reply.body

    async def request_raw(self, plain: bytes) -> m.Reply:
        """Send bytes as they are, for tests of what a key makes of them. Returns the reply, refused or not."""
        return await self._exchange(plain, None)

    async def _ask(self, request: m.Request, kind: type[B]) -> B:
        """Send a request whose reply has a body of this kind."""
        body = await self.request(request)
        if not isinstance(body, kind):
            raise ChannelError(f"the key answered {request.command} with something else")
        return body

    @staticmethod
    def _more(data: bytes, read: int, total: int, what: str) -> bytes:
        """What a chunk adds; a chunk that adds nothing before the end would be asked for for ever."""
        if read + len(data) > total or (not data and read < total):
            raise ChannelError(f"the key answered {what} with {read + len(data)} bytes of {total}")
        return data

    def _room_for_data(self, request: m.Request) -> int:
        """How many bytes more than this request a message holds."""
        sealed = self._wire.request.build(request) + bytes(TAG_SIZE)
        envelope = self._wire.envelope.build(m.Envelope(self.channel, 0, sealed))
        return self._wire.profile.size("max_message") - len(envelope)

    async def _exchange(self, plain: bytes, command: Command | None) -> m.Reply:
        if self._ciphers is None:
            raise ChannelError(f"channel {self.channel} is not open; verify it first")
        sealer, opener = self._ciphers
        try:
            sealed = sealer.seal(plain)
            answer = await self._transport.encrypted(sealed, self._timeouts.of_command(len(sealed.sealed)))
        except (NoAnswer, asyncio.CancelledError):
            # A late reply must not be taken for the answer to a later request.
            self._ciphers = None
            raise
        reply = self._wire.reply.parse(opener.open(answer))
        if command is not None and reply.command is not command:
            raise ChannelError(f"the key answered {command} with a reply to {reply.command}")
        return reply
